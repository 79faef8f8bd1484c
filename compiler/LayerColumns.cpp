//===- LayerColumns.cpp - A weight, a strip of columns at a time ----------------===//
#include "compiler/LayerColumns.h"

#include "dialects/glm/reference/Tensor.h"

#include <cstring>

using namespace mlir;

namespace glmc {

float floatAt(Type element, const uint8_t *bytes, int64_t i) {
  if (element.isF32()) {
    float value;
    std::memcpy(&value, bytes + i * sizeof(value), sizeof(value));
    return value;
  }
  if (element.isF64()) {
    double value;
    std::memcpy(&value, bytes + i * sizeof(value), sizeof(value));
    return float(value);
  }
  if (isa<FloatType>(element)) {
    uint16_t bits;
    std::memcpy(&bits, bytes + i * sizeof(bits), sizeof(bits));
    return element.isF16() ? float(Eigen::numext::bit_cast<Eigen::half>(bits))
                           : float(Eigen::numext::bit_cast<Eigen::bfloat16>(bits));
  }
  return element.isUnsignedInteger() ? float(bytes[i]) : float(int8_t(bytes[i]));
}

LayerColumns::LayerColumns(const ReadWeight &weight) : weight(weight) {
  dimension = weight.readings.front().depthDimension();
  for (const Reading &reading : llvm::reverse(weight.readings))
    if (reading.matmul())
      dimension = reading.depthDimension();
  for (auto [i, dim] : llvm::enumerate(weight.type.getShape()))
    (int64_t(i) < dimension ? outer : int64_t(i) > dimension ? inner : size) *= dim;
}

LogicalResult LayerColumns::read(WeightSource &source) {
  Operation *base = weight.readings.front().base;
  if (auto op = dyn_cast<glm::ConstantOp>(base)) {
    auto tensor = reference::tensorOf(op.getValue());
    if (failed(tensor))
      return base->emitError() << "has no elements: was it elided from a dump?";
    copied = std::move(tensor->bytes);
    bytes = copied;
    return success();
  }
  auto op = cast<glm::WeightOp>(base);
  if (op.getStored().getEncoding() != "raw" || op.getRounding()) {
    const LogicalResult result = source.read(op.getSource(), weight.type, op.getLoc(), copied);
    bytes = copied;
    return result;
  }
  auto mapped = source.map(op.getStored(), op.getLoc());
  if (failed(mapped))
    return failure();
  if (int64_t(mapped->size()) != glm::denseBytes(weight.type))
    return op.emitError() << "has " << mapped->size() << " bytes, expected " << glm::denseBytes(weight.type);
  bytes = *mapped;
  return success();
}

int64_t LayerColumns::width() const {
  return std::clamp<int64_t>(stripElements / std::max<int64_t>(size, 1), 1, std::max<int64_t>(count(), 1));
}

void LayerColumns::strip(int64_t first, Eigen::MatrixXf &columns) const {
  const Type element = weight.type.getElementType();
  for (int64_t n = 0; n < columns.cols(); ++n)
    for (int64_t k = 0; k < size; ++k)
      columns(k, n) = floatAt(element, bytes.data(), positionOf(k, first + n));
}

} // namespace glmc
