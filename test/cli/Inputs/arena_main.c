/* Runs the model `tiny` (prefix net), whose arena is apart from its contexts, in the
 * shared arena and in one of a context's own. */
#include "net.h"

#include <stdio.h>
#include <string.h>

static net_context first, second;
static _Alignas(64) uint8_t own[NET_ARENA_BYTES];
static float x[NET_RUN_INPUT_X_ELEMENTS], unused[NET_RUN_INPUT_UNUSED_ELEMENTS];
static const int64_t ids[NET_RUN_INPUT_IDS_ELEMENTS] = {2, 0, 1};
static float y[NET_RUN_OUTPUT_Y_ELEMENTS], s[1], again[NET_RUN_OUTPUT_Y_ELEMENTS];

static int is_touched(const uint8_t *bytes) {
  for (int i = 0; i < NET_ARENA_BYTES; ++i)
    if (bytes[i] != 0x55)
      return 1;
  return 0;
}

int main(void) {
  int32_t bad;
  for (int i = 0; i < NET_RUN_INPUT_X_ELEMENTS; ++i)
    x[i] = (float)(i * 7 % 11) * 0.25f - 1;
  printf("before init: %d\n", net_use_arena(&second, own));
  if (net_init(&first) != NET_OK || net_init(&second) != NET_OK)
    return 1;
  printf("null: %d, %d; own: %d\n", net_use_arena(NULL, own), net_use_arena(&second, NULL), net_use_arena(&second, own));
  memset(net_arena, 0x55, NET_ARENA_BYTES);
  memset(own, 0x55, sizeof own);
  net_run(&first, x, ids, unused, y, s);
  printf("shared: %d, own: %d\n", is_touched(net_arena), is_touched(own));
  memset(net_arena, 0x55, NET_ARENA_BYTES);
  net_run(&second, x, ids, unused, again, s);
  printf("shared: %d, own: %d\n", is_touched(net_arena), is_touched(own));
  printf("outputs: %s\n", memcmp(y, again, sizeof y) == 0 ? "same" : "other");
  printf("selftest: %d, %d\n", net_selftest(&first, &bad), net_selftest(&second, &bad));
  return 0;
}
