//===- LengthValues.cpp - What a value is when the caches hold so many tokens ===//
#include "lowering/simplify/LengthValues.h"

#include "dialects/glm/reference/Evaluate.h"

#include <set>

using namespace mlir;

namespace glmc {

using reference::Tensor;

/// Masks are made by few ops; a longer way is no mask's.
constexpr unsigned deepest = 256;
/// Elements of a tensor on the way, at most: a mask of a large context.
constexpr int64_t mostElements = int64_t(1) << 28;

const Tensor *LengthValues::find(Value value, unsigned depth) {
  if (auto it = known.find(value); it != known.end())
    return it->second ? &*it->second : nullptr;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  if (!type || depth > deepest || type.getNumElements() > mostElements)
    return nullptr;
  std::optional<Tensor> found;
  if (value == length) {
    found.emplace(type);
    found->setInt(0, count);
  } else if (auto constant = dyn_cast_or_null<glm::ConstantOp>(op)) {
    if (auto tensor = reference::tensorOf(constant.getValue()); succeeded(tensor))
      found = std::move(*tensor);
  } else if (op && op->getNumOperands() > 0) {
    std::vector<Tensor> operands;
    for (Value operand : op->getOperands()) {
      const Tensor *tensor = find(operand, depth + 1);
      if (!tensor)
        break;
      operands.push_back(*tensor);
    }
    if (operands.size() == op->getNumOperands())
      if (auto result = reference::evaluate(op, operands); succeeded(result))
        found = std::move(*result);
  }
  auto &entry = known[value];
  entry = std::move(found);
  return entry ? &*entry : nullptr;
}

std::optional<Tensor> LengthValues::at(Value value, int64_t tokens) {
  known.clear();
  count = tokens;
  const Tensor *found = find(value, 0);
  return found ? std::optional<Tensor>(*found) : std::nullopt;
}

std::vector<int64_t> sampledLengths(int64_t most) {
  std::set<int64_t> lengths;
  for (int64_t length : {int64_t(0), int64_t(1), int64_t(2), most / 3, most / 2, most - 1, most})
    if (length >= 0 && length <= most)
      lengths.insert(length);
  return {lengths.begin(), lengths.end()};
}

} // namespace glmc
