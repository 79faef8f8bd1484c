//===- AttentionSizes.cpp - What one attention node computes ----------------===//
#include "codegen/kernels/AttentionSizes.h"

#include "codegen/kernels/Builder.h"

namespace glmc::kernels {

AttentionSizes sizesOf(const Kernel &kernel, const Node &node) {
  auto refuse = [] { throw BuildError("operands of attention do not fit it"); };
  if (node.operands.size() < 3 || node.operands.size() > 4)
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
  if (node.operands.size() == 4) {
    const Shape &mask = kernel.typeOf(node.operands[3]).shape;
    const Shape full = {s.batch, s.heads, s.queries, s.keys};
    for (size_t i = 0; i < 4; ++i)
      if (mask.size() != 4 || (mask[i] != 1 && mask[i] != full[i]))
        refuse();
  }
  return s;
}

} // namespace glmc::kernels
