//===- ImportNorm.cpp - RMS normalisations ----------------------------------===//
//
// ONNX's RMSNormalization, and ONNX Runtime's two older forms of it: one of
// them has no domain although ONNX does not define it, the other adds a
// residual first. All compute in f32. Of narrower floats ONNX Runtime's round
// once, as glm.rms_norm does, and ONNX's rounds before it scales, too.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

#include <cmath>

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// x / sqrt(mean of squares over dimensions from `axis` on + epsilon) * scale.
Value rmsNorm(OnnxNode &node, Value x, Value scale, int64_t axis, double epsilon, bool roundsTwice) {
  if (!x || !scale)
    return {};
  ArrayRef<int64_t> shape = shapeOf(x);
  const int64_t rank = shape.size();
  Type element = OnnxNode::elementOf(x);
  const bool isWide = element.isF32() || element.isF64();
  if (axis == rank - 1 && (isWide || !roundsTwice) &&
      OnnxNode::typeOf(scale) == RankedTensorType::get({shape.back()}, element)) {
    glm::RmsNormOp::Properties properties;
    properties.epsilon = node.builder().getF64FloatAttr(epsilon);
    return node.make<glm::RmsNormOp>({x, scale}, properties, OnnxNode::typeOf(x));
  }
  Value wide = isWide ? x : node.cast(x, node.builder().getF32Type());
  glm::ReduceOp::Properties mean;
  mean.kind = node.builder().getStringAttr("mean");
  mean.axes = node.integers(llvm::to_vector(llvm::seq<int64_t>(axis, rank)));
  Value squares = node.make<glm::ReduceOp>(node.make<glm::MulOp>({wide, wide}), mean);
  Value root = node.make<glm::SqrtOp>(withScalar<glm::AddOp>(node, squares, epsilon));
  Value normalised = node.make<glm::DivOp>({wide, root});
  Type result = OnnxNode::elementOf(scale);
  if (roundsTwice)
    return node.make<glm::MulOp>({node.cast(normalised, result), scale});
  return node.cast(node.make<glm::MulOp>({normalised, node.cast(scale, OnnxNode::elementOf(wide))}), result);
}

/// RMSNormalization-23 and SimplifiedLayerNormalization.
LogicalResult importRmsNorm(OnnxNode &node, bool roundsTwice) {
  Value x = node.input(0), scale = node.input(1);
  if (!isa<FloatType>(node.elementOf(x)) || !isa<FloatType>(node.elementOf(scale)))
    return node.error() << "inputs are " << x.getType() << " and " << scale.getType()
                        << ", expected floating-point tensors";
  // 1 is f32: narrower sums would be another computation.
  if (failed(requireInt(node, "stash_type", 1)))
    return failure();
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", -1), shapeOf(x).size());
  if (failed(axis))
    return failure();
  const float epsilon = node.floatAttribute("epsilon", 1e-5f);
  if (!std::isfinite(epsilon) || epsilon < 0)
    return node.error() << "'epsilon' is " << epsilon << ", expected 0 or more";
  Value result = rmsNorm(node, x, scale, *axis, epsilon, roundsTwice);
  if (result && shapeOf(result) != shapeOf(x))
    return node.error() << "scale is " << scale.getType() << ", which does not broadcast to " << x.getType();
  return node.setOutput(result);
}

/// Output 0 is the norm of the sum of input, skip and bias, output 3 the sum.
LogicalResult importSkipRmsNorm(OnnxNode &node) {
  Value x = node.input(0), skip = node.input(1), gamma = node.input(2), bias = node.input(3);
  if (!isa<FloatType>(node.elementOf(x)) || shapeOf(x).empty())
    return node.error() << "input is " << x.getType() << ", expected a floating-point tensor of rows";
  const float epsilon = node.floatAttribute("epsilon", 1e-12f);
  if (!std::isfinite(epsilon) || epsilon < 0)
    return node.error() << "'epsilon' is " << epsilon << ", expected 0 or more";
  Value sum = node.make<glm::AddOp>({x, skip});
  if (bias)
    sum = node.make<glm::AddOp>({sum, bias});
  if (!sum)
    return failure();
  if (shapeOf(sum) != shapeOf(x))
    return node.error() << "skip or bias do not broadcast to the input, " << x.getType();
  Value result = rmsNorm(node, sum, gamma, shapeOf(x).size() - 1, epsilon, /*roundsTwice=*/false);
  if (result && result.getType() != x.getType())
    return node.error() << "gamma is " << gamma.getType() << ", expected one element for each of a row of "
                        << x.getType();
  return success(succeeded(node.setOutput(result)) && succeeded(node.setOutput(sum, 3)));
}

} // namespace

void addNorm(Registry &registry) {
  registry.add("RMSNormalization", 2, [](OnnxNode &node) { return importRmsNorm(node, true); });
  registry.add("SimplifiedLayerNormalization", 2, [](OnnxNode &node) { return importRmsNorm(node, false); });
  registry.add("com.microsoft.SkipSimplifiedLayerNormalization", 3, importSkipRmsNorm);
}

} // namespace glmc::onnximport
