//===- ImportReduction.cpp - Reductions and softmax -------------------------===//
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Axes to reduce: an attribute before opset `since`, an input afterwards. All
/// of them if none is given, unless `noop_with_empty_axes`.
FailureOr<SmallVector<int64_t>> reducedAxes(OnnxNode &node, int64_t rank, int since) {
  SmallVector<int64_t> axes;
  if (node.opset < since) {
    axes = node.intsAttribute("axes").value_or(SmallVector<int64_t>());
  } else if (node.input(1)) {
    FailureOr<SmallVector<int64_t>> given = node.constantInts(1, "axes");
    if (failed(given))
      return failure();
    axes = std::move(*given);
  }
  if (axes.empty() && node.intAttribute("noop_with_empty_axes", 0) == 0)
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(i);
  return node.axesOf(axes, rank);
}

LogicalResult importReduce(OnnxNode &node, StringRef kind, int since) {
  Value x = node.input(0);
  if (node.elementOf(x).isInteger(1))
    return node.error() << "input is " << x.getType() << ", expected numbers: bools are not supported";
  ArrayRef<int64_t> shape = node.typeOf(x).getShape();
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(node, shape.size(), since);
  if (failed(axes))
    return failure();
  if (axes->empty())
    return node.setOutput(x);
  glm::ReduceOp::Properties properties;
  properties.kind = node.builder().getStringAttr(kind);
  properties.axes = node.integers(*axes);
  Value result = node.make<glm::ReduceOp>(x, properties);
  if (!result || node.intAttribute("keepdims", 1) != 0)
    return node.setOutput(result);
  SmallVector<int64_t> kept;
  for (auto [i, size] : llvm::enumerate(shape))
    if (!llvm::is_contained(*axes, int64_t(i)))
      kept.push_back(size);
  return node.setOutput(node.reshape(result, kept));
}

LogicalResult importSoftmax(OnnxNode &node) {
  Value x = node.input(0);
  if (!isa<FloatType>(node.elementOf(x)))
    return node.error() << "input is " << x.getType() << ", expected a floating-point tensor";
  SmallVector<int64_t> shape(node.typeOf(x).getShape());
  int64_t rank = shape.size();
  bool flattens = node.opset < 13;
  int64_t axis = node.intAttribute("axis", flattens ? 1 : -1);
  if (flattens && (axis == rank || rank == 0)) {
    // Rows of one element each; ONNX allows an axis after the last dimension.
    x = node.reshape(x, {ShapedType::getNumElements(shape), 1});
    axis = 1;
  } else {
    FailureOr<int64_t> valid = node.axisOf(axis, rank);
    if (failed(valid))
      return failure();
    axis = *valid;
    if (flattens && axis != rank - 1) {
      // Until opset 13 the input was a matrix: dimensions before and from axis.
      ArrayRef<int64_t> dims(shape);
      x = node.reshape(x, {ShapedType::getNumElements(dims.take_front(axis)),
                           ShapedType::getNumElements(dims.drop_front(axis))});
      axis = 1;
    }
  }
  glm::SoftmaxOp::Properties properties;
  properties.axis = node.integer(axis);
  return node.setOutput(node.reshape(node.make<glm::SoftmaxOp>(x, properties), shape));
}

Handler reduction(StringRef kind, int since) {
  return [kind, since](OnnxNode &node) { return importReduce(node, kind, since); };
}

} // namespace

void addReduction(Registry &registry) {
  registry.add("ReduceSum", 1, reduction("sum", 13));
  registry.add("ReduceMean", 1, reduction("mean", 18));
  registry.add("ReduceMax", 1, reduction("max", 18));
  registry.add("ReduceMin", 1, reduction("min", 18));
  registry.add("ReduceProd", 1, reduction("prod", 18));
  registry.add("Softmax", 1, importSoftmax);
}

} // namespace glmc::onnximport
