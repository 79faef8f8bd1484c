//===- Families.h - Which function evaluates which op -----------------------===//
//
// Each family's file adds its ops to one registry; `evaluate` looks an op up by
// its name. Evaluators may rely on what verifiers guarantee about types and on
// operands of the types that the op says; values they must check themselves.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_REFERENCE_FAMILIES_H
#define GLMC_DIALECTS_GLM_REFERENCE_FAMILIES_H

#include "dialects/glm/reference/Tensor.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

#include <functional>

namespace glmc::reference {

using Operands = llvm::ArrayRef<Tensor>;
/// Computes an op's result, which has the given type.
using Evaluator = std::function<mlir::FailureOr<Tensor>(mlir::Operation *, Operands, mlir::RankedTensorType)>;
using Registry = llvm::StringMap<Evaluator>;

void addConv(Registry &registry);
void addElementwise(Registry &registry);
void addMovement(Registry &registry);
void addMatmul(Registry &registry);
void addQuantized(Registry &registry);
void addReduction(Registry &registry);
void addTransformer(Registry &registry);

} // namespace glmc::reference

#endif // GLMC_DIALECTS_GLM_REFERENCE_FAMILIES_H
