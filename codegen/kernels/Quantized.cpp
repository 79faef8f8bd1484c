//===- Quantized.cpp - Numbers from integers as index functions -------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"

using namespace Halide;

namespace glmc::kernels {

namespace {

/// The index of the group that an element belongs to, in scales or zeros.
Index groupOf(const Node &node, const Index &index, const Shape &shape) {
  Index group = index;
  const size_t axis = static_cast<size_t>(integer(node, "axis"));
  group[axis] = group[axis] / static_cast<int>(std::min<int64_t>(integer(node, "group"), INT32_MAX));
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1)
      group[i] = 0;
  return group;
}

/// (q - zero) * scale in f32. Each operation is rounded on its own in both modes.
Expr dequantizeAt(Builder &builder, const Node &node, const Index &index) {
  const Kernel &kernel = builder.kernel;
  auto number = [&](int value, const Index &at) { return cast<float>(builder.computeAt(value, at)); };
  const int scales = node.operands.at(1);
  Expr q = number(node.operands.at(0), index);
  if (node.operands.size() > 2)
    q = q - number(node.operands[2], groupOf(node, index, kernel.typeOf(node.operands[2]).shape));
  return fromCompute(q * number(scales, groupOf(node, index, kernel.typeOf(scales).shape)), node.type.element);
}

} // namespace

void addQuantizedOps(OpTable &table) { table["dequantize"] = dequantizeAt; }

} // namespace glmc::kernels
