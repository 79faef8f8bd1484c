//===- KernelRegion.h - Making and changing glm.kernel regions --------------===//
//
// What the passes of this room share: outlining, and changing the type of an
// argument. Two launches become one in LaunchFuser.h.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_KERNELREGION_H
#define GLMC_LOWERING_KERNELS_KERNELREGION_H

#include "dialects/glm/GlmOps.h"

namespace glmc {

/// Moves `op` of a graph into a new kernel called after `name` and launches it.
/// Constants of one element come along; other operands become arguments.
glm::LaunchOp outline(mlir::Operation *op, mlir::SymbolTable &symbols, llvm::StringRef name);

/// Sets the type of argument `index`, in the region and the signature.
void setArgumentType(glm::KernelOp kernel, unsigned index, mlir::Type type);

/// The kernel that a launch runs.
glm::KernelOp kernelOf(glm::LaunchOp launch);

/// The value whose bytes `value` is a view of: follows glm.reshape to an argument
/// of the graph or a result of a launch, constant or weight.
mlir::Value withoutViews(mlir::Value value);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_KERNELREGION_H
