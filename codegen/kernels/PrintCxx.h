//===- PrintCxx.h - Halide's lowered statement as C++ ------------------------===//
//
// Prints one lowered kernel as one readable C++17 function with raw pointers
// and GNU vector extensions. Halide's own C output is many times slower under
// g++ and twenty times longer (HALIDE.md, section 3). A construct that cannot
// be printed faithfully is an error that names it; nothing is approximated.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_PRINTCXX_H
#define GLMC_CODEGEN_KERNELS_PRINTCXX_H

#include "codegen/kernels/KernelDescription.h"

#include <Halide.h>

#include <set>
#include <string>

namespace glmc::kernels {

struct CxxFunction {
  std::string error; ///< Not empty: what could not be printed; nothing else set.
  /// Definition of `GLM_KERNEL void NAME(const f32 *a0, ..., f32 *r0, ...)`:
  /// parameters a0.. are the kernel's arguments, r0.. results, s0.. scratch.
  /// A kernel that Halide gives a user context has `void *pool` before them.
  std::string text;
  /// Pieces of runtime-min/vector.h, math.h and parallel.h that `text` uses, and the
  /// vector types, as "f32x8" (element and lanes).
  std::set<std::string> needs;
};

/// Prints `function`, whose buffers are in order those of `kernel`'s calling
/// convention (CompileKernel.h). Buffers that launches place at one address
/// (kernel.inPlace) are not __restrict. The text depends on the statement only,
/// not on Halide's unique suffixes. `tasks` are the bodies of its parallel
/// loops; each becomes a function of its own, before the kernel's.
CxxFunction printCxx(const Halide::Internal::LoweredFunc &function, const Kernel &kernel,
                     const std::vector<Halide::Internal::LoweredFunc> &tasks = {});

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_PRINTCXX_H
