//===- Evaluate.h - A slow, plain evaluator of every tensor-level op --------===//
//
// The independent meaning of the dialect: constant folding and `glmc verify`
// use it, and kernels are tested against it. It is written for being obviously
// right: floats are computed in double and rounded once per op, loops follow
// the definition, nothing is shared with code generation.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_REFERENCE_EVALUATE_H
#define GLMC_DIALECTS_GLM_REFERENCE_EVALUATE_H

#include "dialects/glm/GlmOps.h"
#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"

#include <functional>

namespace glmc::reference {

/// Evaluates one tensor-level op other than glm.weight and structure ops on
/// given operands; the result has the op's result type. Fails without a
/// diagnostic for an op that it does not know, or where the op's meaning is an
/// error (an integer division by zero, an index outside).
mlir::FailureOr<Tensor> evaluate(mlir::Operation *op, llvm::ArrayRef<Tensor> operands);

/// Evaluates a whole glm.graph (tensor or kernel level: launches run their
/// kernel's region; packed weights are read by their logical type). `observe`,
/// when set, is called with each op of the graph and its results. Emits an
/// error at the op that fails.
mlir::FailureOr<std::vector<Tensor>>
evaluateGraph(glm::GraphOp graph, llvm::ArrayRef<Tensor> inputs, WeightSource &weights,
              llvm::function_ref<void(mlir::Operation *, llvm::ArrayRef<Tensor>)> observe = {});

} // namespace glmc::reference

#endif // GLMC_DIALECTS_GLM_REFERENCE_EVALUATE_H
