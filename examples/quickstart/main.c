/* Runs one step of a compiled GLM and compares it with stored outputs.
 *
 *   quickstart FOLDER    a folder with input_0.pb ... and output_0.pb ...,
 *                        a TensorProto file each, as ONNX stores test data
 *
 * The model itself is glm.o and glm.h, which glmc wrote; everything that it
 * needs at run time is the context struct glm_default. All else in this file
 * reads the test data. */
#include "glm.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read of a TensorProto: its name and its bytes. */
typedef struct {
  char name[64];
  void *data;
  size_t bytes;
} Tensor;

static void fail(const char *what, const char *path) {
  fprintf(stderr, "quickstart: %s: %s\n", path, what);
  exit(1);
}

static uint64_t readVarint(const unsigned char **at, const unsigned char *end) {
  uint64_t value = 0;
  for (int shift = 0; *at < end && shift < 64; shift += 7) {
    unsigned char byte = *(*at)++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128)
      break;
  }
  return value;
}

/* Takes name (field 8) and raw_data (field 9) from the protobuf; every other
 * field is skipped. Exits unless there are `expected` bytes. */
static Tensor readTensor(const char *folder, const char *kind, int index, size_t expected) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s_%d.pb", folder, kind, index);
  FILE *file = fopen(path, "rb");
  if (!file)
    fail("cannot be read", path);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  unsigned char *text = malloc(size > 0 ? (size_t)size : 1);
  if (!text || size < 0 || fread(text, 1, (size_t)size, file) != (size_t)size)
    fail("cannot be read", path);
  fclose(file);

  Tensor tensor = {"", calloc(1, expected + 1), 0};
  const unsigned char *at = text, *end = text + size;
  while (at < end) {
    uint64_t key = readVarint(&at, end), length = 0;
    if ((key & 7) == 0) {
      readVarint(&at, end);
      continue;
    }
    if ((key & 7) == 2)
      length = readVarint(&at, end);
    if ((key & 7) != 2 || length > (uint64_t)(end - at))
      fail("is not a TensorProto", path);
    if (key >> 3 == 8)
      snprintf(tensor.name, sizeof tensor.name, "%.*s", (int)length, (const char *)at);
    if (key >> 3 == 9 && length == expected) {
      memcpy(tensor.data, at, length);
      tensor.bytes = length;
    }
    at += length;
  }
  free(text);
  if (tensor.bytes != expected)
    fail("has another size than the model's tensor", path);
  return tensor;
}

/* Prints the first values and returns the largest error. */
static double compare(const char *folder, int index, const float *found, size_t bytes) {
  Tensor stored = readTensor(folder, "output", index, bytes);
  const float *expected = stored.data;
  double worst = 0;
  for (size_t i = 0; i < bytes / sizeof(float); ++i) {
    double error = fabs((double)found[i] - expected[i]);
    if (!(error <= worst)) /* so that a NaN counts as an error too */
      worst = isnan(error) ? HUGE_VAL : error;
  }
  printf("%-18s", stored.name);
  for (int i = 0; i < 4; ++i)
    printf(" %9.5f", found[i]);
  printf(" ...  max error %.2g\n", worst);
  free(stored.data);
  return worst;
}

int main(int argc, char **argv) {
  if (argc != 2)
    fail("needs a folder with input_*.pb and output_*.pb", argv[0]);
  const char *folder = argv[1];

  static const size_t inputBytes[] = {GLM_RUN_INPUT_INPUT_IDS_BYTES,
                                      GLM_RUN_INPUT_ATTENTION_MASK_BYTES,
                                      GLM_RUN_INPUT_POSITION_IDS_BYTES,
                                      GLM_RUN_INPUT_PAST_KEY_VALUES_0_KEY_BYTES,
                                      GLM_RUN_INPUT_PAST_KEY_VALUES_0_VALUE_BYTES,
                                      GLM_RUN_INPUT_PAST_KEY_VALUES_1_KEY_BYTES,
                                      GLM_RUN_INPUT_PAST_KEY_VALUES_1_VALUE_BYTES};
  void *input[7];
  for (int i = 0; i < 7; ++i)
    input[i] = readTensor(folder, "input", i, inputBytes[i]).data;

  static float logits[GLM_RUN_OUTPUT_LOGITS_BYTES / sizeof(float)];
  static float key0[GLM_RUN_OUTPUT_PRESENT_0_KEY_BYTES / sizeof(float)], value0[GLM_RUN_OUTPUT_PRESENT_0_VALUE_BYTES / sizeof(float)];
  static float key1[GLM_RUN_OUTPUT_PRESENT_1_KEY_BYTES / sizeof(float)], value1[GLM_RUN_OUTPUT_PRESENT_1_VALUE_BYTES / sizeof(float)];

  int status = glm_init(&glm_default);
  if (!status)
    status = glm_run(&glm_default, input[0], input[1], input[2], input[3], input[4], input[5], input[6], logits, key0,
                     value0, key1, value1);
  if (status)
    fail(glm_status_text(status), "glm");

  double worst = compare(folder, 0, logits, sizeof logits);
  worst = fmax(worst, compare(folder, 1, key0, sizeof key0));
  worst = fmax(worst, compare(folder, 2, value0, sizeof value0));
  worst = fmax(worst, compare(folder, 3, key1, sizeof key1));
  worst = fmax(worst, compare(folder, 4, value1, sizeof value1));
  printf("max error against PyTorch's outputs: %.2g (tolerance 1e-4)\n", worst);
  for (int i = 0; i < 7; ++i)
    free(input[i]);
  return worst <= 1e-4 ? 0 : 1;
}
