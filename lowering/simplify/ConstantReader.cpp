//===- ConstantReader.cpp - Values of constants and weights, for matching --===//
#include "lowering/simplify/ConstantReader.h"

using namespace mlir;

namespace glmc {

/// Larger tensors are weights of a layer, which decide no idiom.
constexpr int64_t largestRead = int64_t(1) << 24;
/// Scales and fill values are scalars, or were expanded to something small.
constexpr int64_t largestSplat = 4096;

const reference::Tensor *ConstantReader::read(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *source = value.getDefiningOp();
  if (!type || type.getNumElements() > largestRead || !isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(source))
    return nullptr;
  auto [at, isNew] = tensors.try_emplace(value);
  if (!isNew)
    return at->second.get();
  reference::Tensor tensor;
  if (auto weight = dyn_cast<glm::WeightOp>(source)) {
    tensor.type = type;
    if (failed(weights.read(weight.getSource(), type, weight.getLoc(), tensor.bytes)))
      return nullptr;
  } else {
    auto elements = reference::tensorOf(cast<glm::ConstantOp>(source).getValue());
    if (failed(elements))
      return nullptr;
    tensor = std::move(*elements);
  }
  at->second = std::make_unique<reference::Tensor>(std::move(tensor));
  return at->second.get();
}

std::optional<double> ConstantReader::splat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getNumElements() == 0 || type.getNumElements() > largestSplat)
    return std::nullopt;
  const reference::Tensor *tensor = read(value);
  if (!tensor)
    return std::nullopt;
  bool isFloat = isa<FloatType>(type.getElementType());
  auto at = [&](int64_t i) { return isFloat ? tensor->getFloat(i) : double(tensor->getInt(i)); };
  for (int64_t i = 1; i < tensor->size(); ++i)
    if (!(at(i) == at(0)))
      return std::nullopt;
  return at(0);
}

} // namespace glmc
