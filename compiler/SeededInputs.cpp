//===- SeededInputs.cpp - Inputs for a model that comes without data ----------===//
#include "compiler/SeededInputs.h"

#include "mlir/IR/Diagnostics.h"

#include <cmath>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Integers that one attempt draws: [least, least + count).
struct Range {
  int64_t least, count;
};
/// Tokens; then what is in range of short tables; then masks; then a full mask.
constexpr Range ranges[seedWays] = {{0, 100}, {0, 8}, {0, 2}, {1, 1}, {0, 1}};

/// splitmix64: well mixed, and the same on every machine.
uint64_t next(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

Tensor seeded(RankedTensorType type, uint64_t seed, Range range) {
  Tensor tensor(type);
  Type element = type.getElementType();
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const uint64_t random = next(seed);
    if (isa<FloatType>(element))
      tensor.setFloat(i, double(random >> 11) * 0x1p-52 - 1);
    else
      tensor.setInt(i, range.least + int64_t(random % uint64_t(range.count)));
  }
  return tensor;
}

FailureOr<ReferenceRun> attempt(glm::GraphOp graph, WeightSource &weights, int way) {
  SmallVector<RankedTensorType> types;
  for (auto [i, type] : llvm::enumerate(graph.getArgumentTypes())) {
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (!ranked || !reference::isHoldable(ranked))
      return graph.emitError() << "input '" << graph.getInputName(i) << "' has type " << type
                               << ", for which no data can be made";
    types.push_back(ranked);
  }
  ReferenceRun run;
  run.inputs = seedInputs(types, way);
  auto outputs = reference::evaluateGraph(graph, run.inputs, weights);
  if (failed(outputs))
    return failure();
  run.outputs = std::move(*outputs);
  return run;
}

} // namespace

bool isFinite(const Tensor &tensor) {
  if (isa<FloatType>(tensor.type.getElementType()))
    for (int64_t i = 0; i < tensor.size(); ++i)
      if (!std::isfinite(tensor.getFloat(i)))
        return false;
  return true;
}

std::vector<Tensor> seedInputs(ArrayRef<RankedTensorType> types, int way) {
  std::vector<Tensor> inputs;
  for (auto [i, type] : llvm::enumerate(types))
    inputs.push_back(seeded(type, i + 1, ranges[way]));
  return inputs;
}

FailureOr<ReferenceRun> runSeeded(glm::GraphOp graph, WeightSource &weights) {
  std::optional<ReferenceRun> notFinite;
  for (int way = 0; way < seedWays; ++way) {
    // What a rejected attempt complains about is of no interest.
    ScopedDiagnosticHandler silence(graph.getContext(), [](Diagnostic &) { return success(); });
    auto run = attempt(graph, weights, way);
    if (failed(run))
      continue;
    if (llvm::all_of(run->outputs, isFinite))
      return run;
    if (!notFinite)
      notFinite = std::move(*run);
  }
  if (notFinite)
    return std::move(*notFinite);
  return attempt(graph, weights, 0);
}

} // namespace glmc
