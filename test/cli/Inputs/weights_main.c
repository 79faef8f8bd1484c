/* Runs the model `tiny`, compiled with prefix net and its weights in a file:
 *   weights_main WEIGHTS FOLDER [null|misaligned|short]
 * and compares with what ONNX Runtime computed: FOLDER's x.npy, ids.npy, y.npy. */
#include "map_file.h"
#include "net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_npy(const char *folder, const char *name, void *to, size_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 128, SEEK_SET) != 0 || fread(to, 1, bytes, file) != bytes)
    exit(2);
  fclose(file);
}

int main(int argc, char **argv) {
  static net_context context;
  static float x[32], unused[2], y[48], expected[48], s;
  int64_t ids[3], bytes;
  if (argc < 3)
    return 2;
  const char *how = argc > 3 ? argv[3] : "";
  read_npy(argv[2], "x.npy", x, sizeof x);
  read_npy(argv[2], "ids.npy", ids, sizeof ids);
  read_npy(argv[2], "y.npy", expected, sizeof expected);
  const char *weights = map_file(argv[1], &bytes);
  if (!weights)
    return 2;
  printf("before: %s\n", net_status_text(net_check_weights(&context)));
  if (strcmp(how, "misaligned") == 0)
    weights += 32, bytes -= 32;
  const int status = net_init(&context, strcmp(how, "null") == 0 ? NULL : weights,
                              strcmp(how, "short") == 0 ? NET_WEIGHTS_FILE_BYTES - 1 : bytes);
  printf("init: %d, %s\n", status, net_status_text(status));
  printf("run: %d\n", net_run(&context, x, ids, unused, y, &s));
  if (status != NET_OK)
    return 1;
  float worst = 0;
  for (int i = 0; i < 48; ++i)
    worst = fmaxf(worst, fabsf(y[i] - expected[i]));
  printf("outputs: %s\n", worst < 1e-5f ? "right" : "wrong");
  printf("check: %d\n", net_check_weights(&context));
  printf("null: %d\n", net_check_weights(NULL));
  return 0;
}
