//===- ImportMatmul.cpp - Matrix products -----------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// glm.matmul takes matrices only; ONNX takes a vector for a row on the left
/// and a column on the right, and drops that dimension from the result. Null
/// after an error.
Value product(OnnxNode &node, Value lhs, Value rhs, bool transposeRhs) {
  if (!lhs || !rhs)
    return {};
  if (shapeOf(lhs).empty() || shapeOf(rhs).empty()) {
    node.error() << "inputs are " << lhs.getType() << " and " << rhs.getType() << ", expected one or more dimensions";
    return {};
  }
  bool row = shapeOf(lhs).size() == 1, column = shapeOf(rhs).size() == 1;
  if (row)
    lhs = node.reshape(lhs, {1, shapeOf(lhs)[0]});
  if (column)
    rhs = node.reshape(rhs, {shapeOf(rhs)[0], 1});
  glm::MatmulOp::Properties properties;
  if (transposeRhs && !column)
    properties.transpose_rhs = node.builder().getUnitAttr();
  Value result = node.make<glm::MatmulOp>({lhs, rhs}, properties);
  if (!result)
    return {};
  SmallVector<int64_t> shape(shapeOf(result));
  if (column)
    shape.pop_back();
  if (row)
    shape.erase(shape.end() - (column ? 1 : 2));
  return node.reshape(result, shape);
}

LogicalResult importMatMul(OnnxNode &node) {
  return node.setOutput(product(node, node.input(0), node.input(1), false));
}

Value scaled(OnnxNode &node, Value value, float factor) {
  if (factor == 1 || !value)
    return value;
  Value scalar = node.splatOf(node.elementOf(value), {}, factor);
  return node.make<glm::MulOp>({value, scalar});
}

/// ONNX Runtime's MatMul with transpositions of the last two dimensions, which
/// leave vectors as they are, and a factor.
LogicalResult importFusedMatMul(OnnxNode &node) {
  if (failed(requireInt(node, "transBatchA", 0)) || failed(requireInt(node, "transBatchB", 0)))
    return failure();
  Value lhs = node.input(0), rhs = node.input(1);
  if (!isa<FloatType>(node.elementOf(lhs)))
    return node.error() << "inputs are " << lhs.getType() << " and " << rhs.getType()
                        << ", expected floating-point tensors";
  const int64_t rank = shapeOf(lhs).size();
  if (node.intAttribute("transA", 0) != 0 && rank > 1) {
    SmallVector<int64_t> swap = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    std::swap(swap[rank - 1], swap[rank - 2]);
    lhs = transpose(node, lhs, swap);
  }
  Value result = product(node, lhs, rhs, node.intAttribute("transB", 0) != 0);
  return node.setOutput(scaled(node, result, node.floatAttribute("alpha", 1)));
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
  registry.add("com.microsoft.FusedMatMul", 2, importFusedMatMul);
}

} // namespace glmc::onnximport
