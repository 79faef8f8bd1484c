/* The command model of examples/command on a microcontroller: reads a sentence a line, writes its command and what it
   cost. The model is command.h with command.o or command.cpp, which glmc makes for the board's processor. A token is a
   byte, or one of the marks below; decoding is greedy. */
#include "board.h"
#include "command.h"

enum { begin = 256, separator = 257, longestSentence = COMMAND_CONTEXT_TOKENS - 48, longestAnswer = 48 };

static char sentence[longestSentence + 1];
static char answer[longestAnswer + 1];
static int64_t prompt[longestSentence + 2];
static float logits[COMMAND_VOCABULARY];

/* What all sentences took so far. */
static struct {
  uint64_t prompt, prompt_instructions, decoded, decode_instructions;
} total;

static void check(int status) {
  if (status) {
    board_print("error: ");
    board_print(command_status_text(status));
    board_print("\n");
    board_exit(1);
  }
}

static int64_t likeliest(void) {
  int64_t best = 0;
  for (int64_t i = 1; i < COMMAND_VOCABULARY - 1; ++i) /* The last one is padding. */
    if (logits[i] > logits[best])
      best = i;
  return best;
}

/* The command for sentence[length], in `answer`. */
static void understand(int length) {
  int64_t count = 0;
  prompt[count++] = begin;
  for (int i = 0; i < length; ++i)
    prompt[count++] = (unsigned char)sentence[i];
  prompt[count++] = separator;

  uint64_t start = board_ticks();
  check(command_reset(&command_default));
  check(command_prefill(&command_default, prompt, count, logits));
  total.prompt += (uint64_t)count;
  total.prompt_instructions += board_instructions(board_ticks() - start);

  int written = 0;
  start = board_ticks();
  for (int64_t token = likeliest(); token < begin && written < longestAnswer; token = likeliest()) {
    answer[written++] = (char)token;
    check(command_decode(&command_default, token, logits));
    ++total.decoded;
  }
  total.decode_instructions += board_instructions(board_ticks() - start);
  answer[written] = 0;
}

int main(void) {
  board_paint_stack();
  check(command_init(&command_default));
  for (int length; (length = board_read_line(sentence, sizeof sentence)) >= 0;) {
    understand(length);
    board_print(answer);
    board_print("\n");
  }
  if (!total.prompt || !total.decoded)
    return 0;
  board_report("instructions a token of a prompt: ", total.prompt_instructions / total.prompt);
  board_report("instructions a token of an answer: ", total.decode_instructions / total.decoded);
  board_report("bytes of stack: ", board_stack_used());
  board_report("bytes of context: ", COMMAND_CONTEXT_BYTES);
  return 0;
}
