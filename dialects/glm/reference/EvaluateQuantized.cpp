//===- EvaluateQuantized.cpp - Numbers from integers by definition ----------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::reference {
namespace {

/// Elements that belong to scales or zeros: for each of q its position in them.
template <typename Body>
void walkGroups(glm::DequantizeOp op, const Tensor &q, const Tensor &scales, Body body) {
  ArrayRef<int64_t> shape = q.shape();
  Dims strides = broadcastStrides(scales.shape(), shape), index(shape.size(), 0);
  const size_t axis = op.getAxis();
  // Along the axis a step goes further in scales only where a group ends.
  for (int64_t i = 0; i < q.size(); ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      at += (d == axis ? index[d] / op.getGroup() : index[d]) * strides[d];
    body(i, at);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

FailureOr<Tensor> evaluateDequantize(Operation *operation, Operands operands, RankedTensorType type) {
  auto op = cast<glm::DequantizeOp>(operation);
  std::vector<double> scales = floatsOf(operands[1]), values(type.getNumElements());
  std::vector<int64_t> q = integersOf(operands[0]);
  walkGroups(op, operands[0], operands[1], [&](int64_t i, int64_t at) { values[i] = scales[at]; });
  std::vector<float> numbers(q.begin(), q.end());
  if (operands.size() > 2) {
    std::vector<double> zeros(operands[2].size());
    for (int64_t i = 0; i < operands[2].size(); ++i)
      zeros[i] = isFloat(operands[2]) ? operands[2].getFloat(i) : double(operands[2].getInt(i));
    walkGroups(op, operands[0], operands[2],
               [&](int64_t i, int64_t at) { numbers[i] = static_cast<float>(double(numbers[i]) - zeros[at]); });
  }
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(numbers[i]) * static_cast<float>(values[i]);
  return tensorOfFloats(type, values);
}

} // namespace

void addQuantized(Registry &registry) { registry[glm::DequantizeOp::getOperationName()] = evaluateDequantize; }

} // namespace glmc::reference
