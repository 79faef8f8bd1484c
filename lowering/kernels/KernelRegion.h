//===- KernelRegion.h - Making and changing glm.kernel regions --------------===//
//
// What the passes of this room share: outlining, merging two kernels, and
// changing the type of an argument.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_KERNELREGION_H
#define GLMC_LOWERING_KERNELS_KERNELREGION_H

#include "dialects/glm/GlmOps.h"

namespace glmc {

/// Moves `op` of a graph into a new kernel called after `name` and launches it.
/// Constants of one element come along; other operands become arguments.
glm::LaunchOp outline(mlir::Operation *op, mlir::SymbolTable &symbols, llvm::StringRef name);

/// A kernel that computes `producer`, feeds its one result to every argument of
/// `consumer` that reads it, and gives `consumer`'s results. Equal operands
/// become one argument. `operands` receives what the merged launch reads. The
/// kernel is not in any symbol table yet.
glm::KernelOp merge(glm::LaunchOp producer, glm::KernelOp producerKernel, glm::LaunchOp consumer,
                    glm::KernelOp consumerKernel, llvm::SmallVectorImpl<mlir::Value> &operands);

/// Sets the type of argument `index`, in the region and the signature.
void setArgumentType(glm::KernelOp kernel, unsigned index, mlir::Type type);

/// The kernel that a launch runs.
glm::KernelOp kernelOf(glm::LaunchOp launch);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_KERNELREGION_H
