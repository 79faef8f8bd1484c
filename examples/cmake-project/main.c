/* Reads a prompt of token numbers through a compiled GLM and prints the token
 * that the model finds likeliest to follow.
 *
 *   next-token 172 47 117 192 67 251 195 */
#include "prefill.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  tokens = PREFILL_RUN_INPUT_INPUT_IDS_BYTES / sizeof(int64_t),
  vocabulary = PREFILL_RUN_OUTPUT_LOGITS_BYTES / sizeof(float) / tokens
};

int main(int argc, char **argv) {
  if (argc != tokens + 1) {
    fprintf(stderr, "usage: next-token and %d token numbers\n", (int)tokens);
    return 2;
  }
  int64_t ids[tokens], mask[tokens], positions[tokens];
  for (int i = 0; i < tokens; ++i) {
    ids[i] = strtol(argv[i + 1], NULL, 10);
    if (ids[i] < 0 || ids[i] >= vocabulary) {
      fprintf(stderr, "next-token: '%s' is not a token, expected 0 to %d\n", argv[i + 1], vocabulary - 1);
      return 2;
    }
    mask[i] = 1;
    positions[i] = i;
  }

  /* What the model writes: scores for every position, and its KV cache. */
  static float logits[tokens * vocabulary];
  static float key0[PREFILL_RUN_OUTPUT_PRESENT_0_KEY_BYTES / sizeof(float)];
  static float value0[PREFILL_RUN_OUTPUT_PRESENT_0_VALUE_BYTES / sizeof(float)];
  static float key1[PREFILL_RUN_OUTPUT_PRESENT_1_KEY_BYTES / sizeof(float)];
  static float value1[PREFILL_RUN_OUTPUT_PRESENT_1_VALUE_BYTES / sizeof(float)];

  int status = prefill_init(&prefill_default);
  if (!status)
    status = prefill_run(&prefill_default, ids, mask, positions, logits, key0, value0, key1, value1);
  if (status) {
    fprintf(stderr, "next-token: %s\n", prefill_status_text(status));
    return 1;
  }

  const float *last = logits + (tokens - 1) * vocabulary;
  int best = 0;
  for (int i = 1; i < vocabulary; ++i)
    if (last[i] > last[best])
      best = i;
  printf("%d\n", best);
  return 0;
}
