/* Runs the model `tiny` (prefix net) whole and in pieces of every size, and compares
 * the bits of its outputs. */
#include "net.h"

#include <stdio.h>
#include <string.h>

struct outputs {
  float y[NET_RUN_OUTPUT_Y_ELEMENTS], s[NET_RUN_OUTPUT_S_ELEMENTS];
};

static net_context context, other;
static float x[NET_RUN_INPUT_X_ELEMENTS], more[NET_RUN_INPUT_X_ELEMENTS], unused[NET_RUN_INPUT_UNUSED_ELEMENTS];
static const int64_t ids[NET_RUN_INPUT_IDS_ELEMENTS] = {2, 0, 1};

static int start(struct outputs *to) { return net_run_start(&context, x, ids, unused, to->y, to->s); }

/* Calls of step until the run is done; -1: something else came of one. */
static int finish(int32_t budget) {
  int calls = 1, status;
  while ((status = net_step(&context, budget)) == NET_MORE)
    ++calls;
  return status == NET_OK ? calls : -1;
}

int main(void) {
  static struct outputs whole, pieces, second;
  for (int i = 0; i < NET_RUN_INPUT_X_ELEMENTS; ++i) {
    x[i] = (float)(i * 7 % 11) * 0.25f - 1;
    more[i] = x[i] * 2 + 1;
  }
  printf("before init: %d, %d\n", start(&pieces), net_step(&context, 1));
  if (net_init(&context) != NET_OK || net_init(&other) != NET_OK)
    return 1;
  printf("before start: %s\n", net_status_text(net_step(&context, 1)));
  printf("null: %d, %d\n", net_step(NULL, 1), net_run_start(&context, x, NULL, unused, pieces.y, pieces.s));
  net_run(&context, x, ids, unused, whole.y, whole.s);
  for (int32_t budget = 1; budget <= 4; ++budget) {
    memset(&pieces, 0xff, sizeof pieces);
    const int started = start(&pieces), calls = finish(budget);
    const int same = memcmp(&pieces, &whole, sizeof whole) == 0;
    printf("budget %d: %d, %d calls, %s, then %d\n", (int)budget, started, calls, same ? "same bits" : "other bits",
           net_step(&context, budget));
  }
  start(&pieces);
  printf("budget 0: %d, budget -1: %d\n", net_step(&context, 0), net_step(&context, -1));
  printf("first piece: %s\n", net_status_text(net_step(&context, 1)));
  /* Another start forgets the first, in this context and in no other. */
  net_run_start(&other, more, ids, unused, second.y, second.s);
  start(&pieces);
  printf("started again: %d calls\n", finish(1));
  printf("the other context: %d\n", net_step(&other, INT32_MAX));
  net_run(&context, more, ids, unused, pieces.y, pieces.s);
  printf("its outputs: %s\n", memcmp(&pieces, &second, sizeof second) == 0 ? "right" : "wrong");
  /* A whole run ends what was under way; so does init. */
  start(&pieces);
  net_step(&context, 1);
  net_run(&context, x, ids, unused, whole.y, whole.s);
  printf("after a whole run: %d\n", net_step(&context, 1));
  start(&pieces);
  net_init(&context);
  printf("after init: %d\n", net_step(&context, 1));
  return 0;
}
