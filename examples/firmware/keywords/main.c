/* Keyword spotting (MLPerf Tiny's DS-CNN, int8) on a microcontroller: scores of 12 words for each of a few recordings,
   beside what ONNX Runtime computed, which they equal to the bit. The model is keywords.h with keywords.o or
   keywords.cpp, which glmc makes for the board's processor. */
#include "board.h"
#include "features.h"
#include "keywords.h"

#include <string.h>

static float scores[wordCount];

static void check(int status) {
  if (status) {
    board_print("error: ");
    board_print(keywords_status_text(status));
    board_print("\n");
    board_exit(1);
  }
}

static int likeliest(const float *of) {
  int best = 0;
  for (int i = 1; i < wordCount; ++i)
    if (of[i] > of[best])
      best = i;
  return best;
}

int main(void) {
  int differing = 0;
  uint64_t instructions = 0;
  board_paint_stack();
  check(keywords_init(&keywords_default));
  for (int i = 0; i < exampleCount; ++i) {
    const uint64_t start = board_ticks();
    check(keywords_run(&keywords_default, features[i], scores));
    instructions = board_instructions(board_ticks() - start);
    board_report("word ", (uint64_t)likeliest(scores));
    differing += memcmp(scores, expected[i], sizeof scores) != 0;
  }
  board_report("recordings that differ from ONNX Runtime: ", (uint64_t)differing);
  board_report("instructions an inference: ", instructions);
  board_report("bytes of stack: ", board_stack_used());
  board_report("bytes of context: ", KEYWORDS_CONTEXT_BYTES);
  return differing != 0;
}
