//===- GlmOps.h - The glm dialect in C++ ------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_GLMOPS_H
#define GLMC_DIALECTS_GLM_GLMOPS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/glm/GlmDialect.h.inc"

namespace glmc::glm {

/// Element i of the result depends on element i, after broadcasting, of the
/// operands only.
template <typename Op>
class Pointwise : public mlir::OpTrait::TraitBase<Op, Pointwise> {};
/// Every element of the result is a copy of some element of an operand.
template <typename Op>
class Movement : public mlir::OpTrait::TraitBase<Op, Movement> {};

/// The tensor type of a value: of a packed weight, its logical type.
mlir::RankedTensorType logicalType(mlir::Type type);

/// Whether a tensor's bytes can be counted and added up without overflow: less
/// than 2^48 of them.
bool isCountable(mlir::Type type);

/// Bytes that an element takes in a tensor: one for bools and 4-bit integers.
int64_t elementBytes(mlir::Type element);

/// Bytes of a dense row-major tensor.
int64_t denseBytes(mlir::RankedTensorType type);

/// Bytes that a value of `type` takes in memory, padding of a layout included.
int64_t storageBytes(mlir::Type type);

/// The shape to which shapes broadcast as in ONNX; nothing if they do not.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

} // namespace glmc::glm

#define GET_ATTRDEF_CLASSES
#include "dialects/glm/GlmAttributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/glm/GlmTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/glm/GlmOps.h.inc"

#endif // GLMC_DIALECTS_GLM_GLMOPS_H
