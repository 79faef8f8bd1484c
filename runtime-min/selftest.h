//===- selftest.h - Does the program compute here what it should? --------------===//
//
// Compares what a run left with golden data that was made when compiling: outputs
// element by element, what single launches leave by four numbers. All members take
// four bytes, so that tables are the same bytes on every machine. Used as text in
// generated C++ and as bitcode in generated objects.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_SELFTEST_H
#define GLMC_RUNTIME_MIN_SELFTEST_H

#include <stdint.h>

//# piece selftest_types
// What is to be compared: `count` elements at `at` bytes of the arena or of the buffer
// of outputs.
struct glmc_selftest_place {
  int32_t in_arena, at, element, count;
};

// An output. Where `is_exact` is 0, an element may be off by `tolerance`.
struct glmc_selftest_output {
  struct glmc_selftest_place place;
  int32_t expected; // Where its bytes are in the golden data.
  int32_t is_exact;
  float tolerance;
};

// What launch number `launch` leaves: mean, mean magnitude, least and greatest of its
// finite elements, each of which may be off by `tolerance`.
struct glmc_selftest_launch {
  int32_t launch;
  struct glmc_selftest_place place;
  float mean, magnitude, least, most, tolerance;
};

// Elements.
enum {
  glmc_selftest_i8,
  glmc_selftest_u8,
  glmc_selftest_i16,
  glmc_selftest_u16,
  glmc_selftest_i32,
  glmc_selftest_u32,
  glmc_selftest_i64,
  glmc_selftest_u64,
  glmc_selftest_f16,
  glmc_selftest_bf16,
  glmc_selftest_f32,
  glmc_selftest_f64,
};

// Goes on by `budget` launches; 0 when the run is done, 11 when it is not.
typedef int (*glmc_selftest_step)(void *context, int32_t budget);
//# end

#ifdef __cplusplus
extern "C" {
#endif
/// Whether `count` outputs are as they should be.
int glmc_selftest_outputs(const struct glmc_selftest_output *golden, int32_t count, const void *arena,
                          const void *outputs, const void *data);
/// Runs what was started, launch by launch, the first of which is number `first`; the
/// number of the first that departs, -1 if none does.
int32_t glmc_selftest_launches(const struct glmc_selftest_launch *golden, int32_t count, int32_t first,
                               glmc_selftest_step step, void *context, const void *arena,
                               const void *outputs);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_SELFTEST_H
