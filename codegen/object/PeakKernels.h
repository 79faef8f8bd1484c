//===- PeakKernels.h - What a processor can do at most ------------------------===//
//
// Two small loops, emitted for a target as kernels are, that show the most a
// machine gives to code for it: multiply-adds from registers, and reading memory
// once from end to end. `glmc bench` runs them between runs of the model.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_PEAKKERNELS_H
#define GLMC_CODEGEN_OBJECT_PEAKKERNELS_H

#include "targets/Target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace glmc::object {

/// Both take a buffer of peakResultBytes that holds floats of 0.5, aligned to 64:
/// no factor is known when they are compiled, no number becomes denormal, and
/// what they leave there keeps their work from being optimised away.
constexpr int64_t peakResultBytes = 2048;
/// `void(int64_t n, void *result)`: n times `flopsPerStep` operations.
using PeakMultiplyAdd = void (*)(int64_t, void *);
constexpr const char *peakMultiplyAddName = "glmc_peak_multiply_add";
/// `void(const void *memory, int64_t n, int64_t distance, void *result)`: n times
/// reads `bytesPerStep` bytes, in order from each of peakReadStreams places,
/// `distance` bytes apart. All are multiples of 64. One place at a time does not
/// get all that memory gives to a core, nor do distances of a power of two.
using PeakRead = void (*)(const void *, int64_t, int64_t, void *);
constexpr int64_t peakReadStreams = 3;
constexpr const char *peakReadName = "glmc_peak_read";

struct PeakKernels {
  std::string error; ///< Not empty: nothing else is set.
  std::vector<char> object;
  int64_t flopsPerStep = 0; ///< f32; a multiply-add is two.
  int64_t bytesPerStep = 0;
};

PeakKernels emitPeakKernels(const targets::Target &target);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_PEAKKERNELS_H
