/* Runs every version of tiny/model.onnx that this machine can, and compares their
   outputs: `main` prints a line a version, and which one init takes. */
#include "net.h"

#include <math.h>
#include <stdio.h>

static int run(net_context *context, float *y, float *s) {
  float x[NET_RUN_INPUT_X_ELEMENTS], unused[NET_RUN_INPUT_UNUSED_ELEMENTS] = {0};
  const int64_t ids[] = {3, 0, 2};
  for (int i = 0; i < NET_RUN_INPUT_X_ELEMENTS; i++)
    x[i] = (float)(i % 7 - 3) * 0.37f;
  return net_run(context, x, ids, unused, y, s);
}

int main(void) {
  static net_context context;
  float first[NET_RUN_OUTPUT_Y_ELEMENTS], y[NET_RUN_OUTPUT_Y_ELEMENTS], s[NET_RUN_OUTPUT_S_ELEMENTS];
  printf("before: '%s' '%s' %d\n", net_version(NULL), net_version(&context), run(&context, y, s));
  int version = 0, status, best = -1, isFirst = 1;
  for (; (status = net_init_version(&context, version)) != NET_ERROR_COUNT; version++) {
    if (status != NET_OK) {
      printf("%d: %s\n", version, net_status_text(status));
      continue;
    }
    best = version;
    if (run(&context, y, s) != NET_OK)
      return 1;
    float worst = 0;
    for (int i = 0; i < NET_RUN_OUTPUT_Y_ELEMENTS; i++) {
      first[i] = isFirst ? y[i] : first[i];
      worst = fmaxf(worst, fabsf(y[i] - first[i]));
    }
    isFirst = 0;
    printf("%d: %s, %s\n", version, net_version(&context), worst <= 1e-5f ? "same outputs" : "other outputs");
  }
  printf("negative: %s\n", net_status_text(net_init_version(&context, -1)));
  printf("after: '%s' %d\n", net_version(&context), run(&context, y, s));
  status = net_init(&context);
  if (best < 0)
    return status != NET_ERROR_CPU;
  printf("init: %s, best %d of %d\n", net_version(&context), best, version);
  return status != NET_OK || run(&context, y, s) != NET_OK;
}
