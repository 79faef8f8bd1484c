//===- FitIntrinsics.h - Instructions that Halide chose, as the target has them -===//
//
// Halide knows 8-bit dot products only with AVX-512, so a target with AVX-VNNI is
// compiled by Halide as one with AVX-512, and LLVM makes of everything what the
// target has. What LLVM cannot are intrinsics of 512 bits, which Halide takes for
// vectors that are twice as wide as the target's: they become two of 256 bits.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_FITINTRINSICS_H
#define GLMC_CODEGEN_OBJECT_FITINTRINSICS_H

#include "targets/Target.h"

#include "llvm/IR/Function.h"

#include <string>

namespace glmc::object {

/// Splits intrinsics of `function` that are too wide for the target. False:
/// `error` names one that the target lacks altogether.
bool fitIntrinsics(llvm::Function &function, const targets::Target &target, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_FITINTRINSICS_H
