//===- SeededInputs.h - Inputs for a model that comes without data ------------===//
#ifndef GLMC_COMPILER_SEEDEDINPUTS_H
#define GLMC_COMPILER_SEEDEDINPUTS_H

#include "dialects/glm/reference/Evaluate.h"

namespace glmc {

/// Inputs with what the reference evaluator computes from them.
struct ReferenceRun {
  std::vector<reference::Tensor> inputs, outputs;
};

/// In how many ways seedInputs makes inputs.
constexpr int seedWays = 5;

/// Inputs of these types, the same ones always. What integers mean is not known;
/// way 0 makes them small tokens, the others smaller: lengths, indices, masks.
std::vector<reference::Tensor> seedInputs(mlir::ArrayRef<mlir::RankedTensorType> types, int way);

/// Whether no element is NaN or infinite.
bool isFinite(const reference::Tensor &tensor);

/// The same inputs for the same types, always: floats in [-1, 1), integers like
/// small tokens. Integers are often indices, lengths or masks, so that few
/// ranges make sense; smaller ones are tried until the model computes something
/// finite. Emits why the last attempt failed.
mlir::FailureOr<ReferenceRun> runSeeded(glm::GraphOp graph, WeightSource &weights);

} // namespace glmc

#endif // GLMC_COMPILER_SEEDEDINPUTS_H
