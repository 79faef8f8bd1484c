//===- ImportMatmul.cpp - Matrix products -----------------------------------===//
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return OnnxNode::typeOf(value).getShape(); }

/// glm.matmul takes matrices only; ONNX takes a vector for a row on the left
/// and a column on the right, and drops that dimension from the result.
LogicalResult importMatMul(OnnxNode &node) {
  Value lhs = node.input(0), rhs = node.input(1);
  if (shapeOf(lhs).empty() || shapeOf(rhs).empty())
    return node.error() << "inputs are " << lhs.getType() << " and " << rhs.getType()
                        << ", expected one or more dimensions";
  bool row = shapeOf(lhs).size() == 1, column = shapeOf(rhs).size() == 1;
  if (row)
    lhs = node.reshape(lhs, {1, shapeOf(lhs)[0]});
  if (column)
    rhs = node.reshape(rhs, {shapeOf(rhs)[0], 1});
  Value product = node.make<glm::MatmulOp>({lhs, rhs});
  if (!product)
    return failure();
  SmallVector<int64_t> shape(shapeOf(product));
  if (column)
    shape.pop_back();
  if (row)
    shape.erase(shape.end() - (column ? 1 : 2));
  return node.setOutput(node.reshape(product, shape));
}

Value scaled(OnnxNode &node, Value value, float factor) {
  if (factor == 1 || !value)
    return value;
  Value scalar = node.splatOf(node.elementOf(value), {}, factor);
  return node.make<glm::MulOp>({value, scalar});
}

LogicalResult importGemm(OnnxNode &node) {
  Value a = node.input(0), b = node.input(1), c = node.input(2);
  if (shapeOf(a).size() != 2 || shapeOf(b).size() != 2)
    return node.error() << "'A' and 'B' are " << a.getType() << " and " << b.getType() << ", expected two dimensions";
  float alpha = node.floatAttribute("alpha", 1), beta = node.floatAttribute("beta", 1);
  if (!isa<FloatType>(node.elementOf(a)) && (alpha != int64_t(alpha) || beta != int64_t(beta)))
    return node.error() << "'alpha' is " << alpha << " and 'beta' " << beta << ", expected integers for "
                        << a.getType();
  if (node.intAttribute("transA", 0)) {
    glm::TransposeOp::Properties swap;
    swap.permutation = node.integers({1, 0});
    a = node.make<glm::TransposeOp>(a, swap);
  }
  glm::MatmulOp::Properties properties;
  if (node.intAttribute("transB", 0))
    properties.transpose_rhs = node.builder().getUnitAttr();
  Value product = node.make<glm::MatmulOp>({a, b}, properties);
  Value result = scaled(node, product, alpha);
  if (!result)
    return failure();
  if (c && beta != 0) {
    result = node.make<glm::AddOp>({result, scaled(node, c, beta)});
    // The bias broadcasts to the product, never the other way round.
    if (result && result.getType() != product.getType())
      return node.error() << "'C' is " << c.getType() << ", which does not broadcast to " << product.getType();
  }
  return node.setOutput(result);
}

} // namespace

void addMatmul(Registry &registry) {
  registry.add("MatMul", 2, importMatMul);
  registry.add("Gemm", 2, importGemm);
}

} // namespace glmc::onnximport
