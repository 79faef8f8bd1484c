//===- CompileKernel.h - One kernel through Halide --------------------------===//
//
// The plain interface to Halide. No Halide or MLIR header is needed to use it,
// and no exception leaves it. Safe to call from several threads at once; the
// result depends on the arguments only (HALIDE.md, section 7), but for the order
// in which the tables of bitcode list names, which no object keeps.
//
// Calling convention of a compiled kernel: one buffer an argument in order,
// then one a result, then one a scratch.
//   bitcode:  int32_t NAME(halide_buffer_t *, ...), reading only `host`;
//   C++:      static void NAME(const A0 *a0, ..., R0 *r0, ..., S0 *s0, ...).
// A kernel whose schedule has `parallel` takes the pool of threads before all
// of that: void *pool, the storage of runtime-min/pool.h.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_COMPILEKERNEL_H
#define GLMC_CODEGEN_KERNELS_COMPILEKERNEL_H

#include "codegen/kernels/KernelDescription.h"

#include <set>

namespace glmc::kernels {

/// What Halide has to know of the target; comes from the target's data file.
struct HalideTarget {
  std::string halide; ///< Halide target without glmc's own suffixes:
                      ///< "x86-64-linux-sse41-avx-avx2-fma-f16c".
  int vectorBytes = 16; ///< Natural vector width.
  /// The target's `dot`: of "smlad", bitcode may call the functions of Dots.h for it,
  /// which codegen/object replaces.
  std::string dot = "none";
};

/// What is wanted of a compile; each costs time.
struct Wanted {
  bool bitcode = false;
  bool cxx = false;
  bool lowered = false;  ///< Halide's lowered statement, for --dump-ir.
  bool assembly = false; ///< Target assembly of the kernel alone, for --dump-ir.
};

struct CompiledKernel {
  std::string error; ///< Not empty: compiling failed, and why; nothing else set.
  std::vector<uint8_t> bitcode; ///< LLVM 21 bitcode, no undefined symbols but
                                ///< memcpy, memset and memmove and, if it
                                ///< takes the pool, halide_do_par_for.
  std::string cxx;   ///< Definition of one static function, see above.
  bool takesPool = false; ///< Its first parameter is the pool.
  /// Names of the pieces of runtime-min/vector.h that `cxx` uses, so that the
  /// source emitter pastes those and no other.
  std::set<std::string> cxxNeeds;
  std::string lowered;
  std::string assembly;
};

CompiledKernel compileKernel(const Kernel &kernel, const HalideTarget &target,
                             const Wanted &wanted);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_COMPILEKERNEL_H
