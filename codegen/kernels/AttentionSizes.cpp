//===- AttentionSizes.cpp - What one attention node computes ----------------===//
#include "codegen/kernels/AttentionSizes.h"

#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Schedules.h"

namespace glmc::kernels {

/// How many keys there are at run time has to be in a buffer, because loops go
/// by it, and these visit whole blocks.
static void checkPast(const Kernel &kernel, int past, const AttentionSizes &sizes) {
  const Element element = kernel.typeOf(past).element;
  if (past >= static_cast<int>(kernel.arguments.size()) || (element != Element::i32 && element != Element::i64))
    throw BuildError("past of attention is an i32 or i64 argument of the kernel");
  if (sizes.keys % reductionLanes || sizes.keys < sizes.queries)
    throw BuildError("attention with past has room for " + std::to_string(sizes.keys) +
                     " keys, expected a multiple of " + std::to_string(reductionLanes) + " and at least " +
                     std::to_string(sizes.queries));
}

ScaledRows scaledRows(const Kernel &kernel, int operand) {
  const int arguments = static_cast<int>(kernel.arguments.size());
  const Shape &shape = kernel.typeOf(operand).shape;
  if (operand < arguments || shape.size() != 4 || kernel.nodes[operand - arguments].op != "mul")
    return {operand};
  const Node &product = kernel.nodes[operand - arguments];
  Shape factors = shape;
  factors[3] = 1;
  for (int side : {0, 1})
    if (kernel.typeOf(product.operands.at(side)).shape == shape &&
        kernel.typeOf(product.operands.at(1 - side)).shape == factors && shape[3] > 1 &&
        kernel.typeOf(product.operands.at(side)).element == product.type.element)
      return {product.operands.at(side), product.operands.at(1 - side)};
  return {operand};
}

AttentionSizes sizesOf(const Kernel &kernel, const Node &node) {
  auto refuse = [] { throw BuildError("operands of attention do not fit it"); };
  if (node.operands.size() < 3 || node.operands.size() > 5)
    refuse();
  const Shape &q = kernel.typeOf(node.operands[0]).shape, &k = kernel.typeOf(node.operands[1]).shape,
              &v = kernel.typeOf(node.operands[2]).shape, &y = node.type.shape;
  AttentionSizes s;
  s.heads = integer(node, "heads"), s.kvHeads = integer(node, "kv_heads");
  s.headMajorKeys = k.size() == 4, s.headMajorValues = v.size() == 4;
  if (q.size() != 3 || y.size() != 3 || k.size() < 3 || k.size() > 4 || v.size() < 3 || v.size() > 4 || s.heads < 1 ||
      s.kvHeads < 1 || s.heads % s.kvHeads != 0 || q[2] % s.heads != 0 || y[2] % s.heads != 0)
    refuse();
  s.group = static_cast<int>(s.heads / s.kvHeads);
  s.batch = q[0], s.queries = q[1], s.features = q[2] / s.heads, s.valueFeatures = y[2] / s.heads;
  s.keys = k[k.size() - 2];
  Shape tokenMajorK = {s.batch, s.keys, s.kvHeads * s.features}, headMajorK = {s.batch, s.kvHeads, s.keys, s.features};
  Shape tokenMajorV = {s.batch, s.keys, s.kvHeads * s.valueFeatures},
        headMajorV = {s.batch, s.kvHeads, s.keys, s.valueFeatures};
  if (k != (s.headMajorKeys ? headMajorK : tokenMajorK) || v != (s.headMajorValues ? headMajorV : tokenMajorV) ||
      y != Shape{s.batch, s.queries, s.heads * s.valueFeatures} || s.keys < 1 || s.features < 1)
    refuse();
  for (int i = 3; i < static_cast<int>(node.operands.size()); ++i) {
    const TensorType &type = kernel.typeOf(node.operands[i]);
    // The mask comes first, and has four dimensions.
    if (type.shape.size() == 4 && i == 3)
      s.mask = i;
    else if (type.shape == Shape{1} && s.past < 0)
      s.past = i;
    else
      refuse();
  }
  if (s.mask >= 0) {
    const Shape &mask = kernel.typeOf(node.operands[s.mask]).shape;
    const Shape full = {s.batch, s.heads, s.queries, s.keys};
    for (size_t i = 0; i < 4; ++i)
      if (mask[i] != 1 && mask[i] != full[i])
        refuse();
  }
  if (s.past >= 0)
    checkPast(kernel, node.operands[s.past], s);
  return s;
}

} // namespace glmc::kernels
