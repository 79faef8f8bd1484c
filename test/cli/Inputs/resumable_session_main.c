/* A language model (prefix glm) takes tokens whole and in pieces; logits, lengths and
 * what is remembered must be the same bits. */
#include "glm.h"

#include <stdio.h>
#include <string.h>

enum { prompt_tokens = 7 };

static glm_context whole, pieces;
static float expected[GLM_VOCABULARY], logits[GLM_VOCABULARY];
static unsigned char first[GLM_SNAPSHOT_BYTES_MAX], second[GLM_SNAPSHOT_BYTES_MAX];
static int64_t prompt[prompt_tokens] = {3, 14, 15, 9, 2, 6, 5};

/* Steps until the run is done; 0: something else came of one. */
static int finish(int32_t budget) {
  int calls = 1, status;
  while ((status = glm_step(&pieces, budget)) == GLM_MORE)
    ++calls;
  return status == GLM_OK ? calls : 0;
}

static const char *compare(void) {
  const int64_t bytes = glm_snapshot_bytes(&whole);
  if (glm_length(&whole) != glm_length(&pieces) || bytes != glm_snapshot_bytes(&pieces) ||
      glm_snapshot(&whole, first, sizeof first) || glm_snapshot(&pieces, second, sizeof second) ||
      memcmp(first, second, (size_t)bytes) != 0)
    return "other state";
  return memcmp(logits, expected, sizeof logits) == 0 ? "same bits" : "other bits";
}

int main(void) {
  if (glm_init(&whole) != GLM_OK || glm_init(&pieces) != GLM_OK)
    return 1;
  printf("idle: %d\n", glm_step(&pieces, 1));
  const int32_t budgets[] = {1, 2, 5, 1000000};
  for (int i = 0; i < 4; ++i) {
    glm_reset(&whole);
    glm_reset(&pieces);
    memset(logits, 0xff, sizeof logits);
    glm_prefill(&whole, prompt, prompt_tokens, expected);
    const int started = glm_prefill_start(&pieces, prompt, prompt_tokens, logits);
    const int calls = finish(budgets[i]);
    printf("prefill by %d: %d, %s, %s\n", (int)budgets[i], started, calls > 1 || i == 3 ? "calls" : "one call",
           compare());
    for (int64_t token = 1; token < 4; ++token) {
      glm_decode(&whole, token, expected);
      glm_decode_start(&pieces, token, logits);
      const int done = finish(budgets[i]);
      printf("decode: %s, %s\n", done ? "done" : "not done", compare());
    }
  }
  printf("refused: %d, %d, %d, %d\n", glm_prefill_start(&pieces, prompt, 0, logits),
         glm_decode_start(&pieces, GLM_VOCABULARY, logits),
         glm_prefill_start(&pieces, prompt, GLM_CONTEXT_TOKENS, logits), glm_decode_start(&pieces, 1, NULL));
  /* What changes the length ends a run, and leaves what was taken by then. */
  const int64_t length = glm_length(&pieces);
  glm_prefill_start(&pieces, prompt, prompt_tokens, logits);
  printf("first piece: %d\n", glm_step(&pieces, 1));
  const int refused = glm_rollback(&pieces, length + 1);
  printf("a refused call changes nothing: %d, %d\n", refused, glm_step(&pieces, 1));
  const int taken = glm_rollback(&pieces, 0);
  printf("rollback: %d, then %d, length %s\n", taken, glm_step(&pieces, 1),
         glm_length(&pieces) == length ? "as before" : "changed");
  glm_decode_start(&pieces, 1, logits);
  glm_decode(&pieces, 1, logits);
  printf("decode: %d\n", glm_step(&pieces, 1));
  glm_decode(&whole, 1, expected);
  printf("in the end: %s\n", compare());
  return 0;
}
