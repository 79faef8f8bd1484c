//===- Compose.cpp - Ops that handlers of several families put together -----===//
#include "compiler/import/onnx/Compose.h"

using namespace mlir;

namespace glmc::onnximport {

/// Longest count that is written out.
constexpr int64_t maxCounted = int64_t(1) << 24;

Value transpose(OnnxNode &node, Value x, ArrayRef<int64_t> permutation) {
  glm::TransposeOp::Properties properties;
  properties.permutation = node.integers(permutation);
  return node.make<glm::TransposeOp>(x, properties);
}

Value concat(OnnxNode &node, ArrayRef<Value> inputs, int64_t axis) {
  glm::ConcatOp::Properties properties;
  properties.axis = node.integer(axis);
  return node.make<glm::ConcatOp>(inputs, properties);
}

Value slice(OnnxNode &node, Value x, int64_t axis, int64_t start, int64_t size) {
  if (!x)
    return {};
  SmallVector<int64_t> shape(shapeOf(x)), starts(shape.size()), steps(shape.size(), 1);
  if (start == 0 && size == shape[axis])
    return x;
  shape[axis] = size;
  // An empty slice has to start inside too.
  starts[axis] = size ? start : 0;
  glm::SliceOp::Properties properties;
  properties.starts = node.integers(starts);
  properties.steps = node.integers(steps);
  RankedTensorType result = node.type(OnnxNode::elementOf(x), shape);
  return result ? node.make<glm::SliceOp>(x, properties, result) : Value();
}

Value expand(OnnxNode &node, Value x, ArrayRef<int64_t> shape) {
  if (!x || shapeOf(x) == shape)
    return x;
  RankedTensorType result = node.type(OnnxNode::elementOf(x), shape);
  return result ? node.make<glm::ExpandOp>(x, {}, result) : Value();
}

Value gather(OnnxNode &node, Value x, Value indices, int64_t axis) {
  glm::GatherOp::Properties properties;
  properties.axis = node.integer(axis);
  return node.make<glm::GatherOp>({x, indices}, properties);
}

Value counting(OnnxNode &node, ArrayRef<int64_t> shape, int64_t axis, int64_t start) {
  RankedTensorType type = node.type(node.builder().getI64Type(), shape);
  if (!type)
    return {};
  if (type.getNumElements() > maxCounted) {
    node.error() << "counts " << type.getNumElements() << " elements, expected at most " << maxCounted;
    return {};
  }
  reference::Tensor values(type);
  const int64_t inner = ShapedType::getNumElements(shape.drop_front(axis + 1));
  for (int64_t i = 0; i < values.size(); ++i)
    values.setInt(i, start + i / inner % shape[axis]);
  return node.constant(reference::attributeOf(values));
}

Value splitHeads(OnnxNode &node, Value x, int64_t heads) {
  if (!x)
    return {};
  ArrayRef<int64_t> shape = shapeOf(x);
  return transpose(node, node.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

Value joinHeads(OnnxNode &node, Value x) {
  if (!x)
    return {};
  ArrayRef<int64_t> shape = shapeOf(x);
  return node.reshape(transpose(node, x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

Value rotary(OnnxNode &node, Value x, Value cos, Value sin, int64_t heads, bool interleaved) {
  if (!x)
    return {};
  glm::RotaryOp::Properties properties;
  properties.heads = node.integer(heads);
  if (interleaved)
    properties.interleaved = node.builder().getUnitAttr();
  return node.make<glm::RotaryOp>({x, cos, sin}, properties, OnnxNode::typeOf(x));
}

LogicalResult requireInt(OnnxNode &node, StringRef attribute, int64_t expected) {
  int64_t value = node.intAttribute(attribute, expected);
  if (value == expected)
    return success();
  return node.error() << "'" << attribute << "' is " << value << ", expected " << expected
                      << ": nothing else is supported";
}

LogicalResult requireFloat(OnnxNode &node, StringRef attribute, float expected) {
  float value = node.floatAttribute(attribute, expected);
  if (value == expected)
    return success();
  return node.error() << "'" << attribute << "' is " << value << ", expected " << expected
                      << ": nothing else is supported";
}

LogicalResult requireString(OnnxNode &node, StringRef attribute, StringRef expected) {
  std::string value = node.stringAttribute(attribute, expected);
  if (value == expected)
    return success();
  return node.error() << "'" << attribute << "' is '" << value << "', expected '" << expected
                      << "': nothing else is supported";
}

LogicalResult requireAbsent(OnnxNode &node, unsigned input, StringRef name) {
  if (!node.input(input))
    return success();
  return node.error() << "has input '" << name << "' ('" << node.proto.input(input) << "'), which is not supported";
}

} // namespace glmc::onnximport
