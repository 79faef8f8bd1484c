//===- Boundary.h - Where the reason for a launch is written ----------------===//
#ifndef GLMC_LOWERING_KERNELS_BOUNDARY_H
#define GLMC_LOWERING_KERNELS_BOUNDARY_H

#include "llvm/ADT/StringRef.h"

namespace glmc {

/// Discardable attribute of a launch, planned or not: an array of strings, a
/// line for each launch that makes one of its operands, why the two are not one.
constexpr llvm::StringLiteral boundaryAttr = "glm.boundary";

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_BOUNDARY_H
