//===- root.cpp - Square roots for processors that have none ------------------===//
#include "runtime-min/root.h"

#include <stdint.h>

// Kernels have a loop for it in common, not each its copy.
#define GLM_INLINE static __attribute__((noinline, unused))
#define GLM_METHOD inline __attribute__((unused))
#include "runtime-min/vector.h"

#include "runtime-min/math.h"

extern "C" float glmc_square_root_f32(float x) { return square_root_digits<float, uint32_t, 24, 127>(x); }
extern "C" double glmc_square_root_f64(double x) { return square_root_digits<double, uint64_t, 53, 1023>(x); }
