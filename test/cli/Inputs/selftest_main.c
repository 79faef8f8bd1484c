/* Runs the self-test of a program with prefix net. */
#include "net.h"

#include <stdio.h>

int main(void) {
  int32_t bad = 77;
  printf("before init: %d, null: %d\n", net_selftest(&net_default, &bad), net_selftest(NULL, &bad));
  net_init(&net_default);
  printf("null: %d, %d\n", net_selftest(&net_default, NULL), (int)bad);
  for (int i = 0; i < 2; ++i) {
    const int status = net_selftest(&net_default, &bad);
    printf("selftest: %s, first bad launch %d\n", net_status_text(status), (int)bad);
  }
#ifdef LAYERS
  printf("nodes: '%s', '%s', '%s'\n", net_launch_nodes(0), bad < 0 ? "" : net_launch_nodes(bad), net_launch_nodes(9999));
#endif
  return 0;
}
