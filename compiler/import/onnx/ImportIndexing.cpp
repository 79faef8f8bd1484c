//===- ImportIndexing.cpp - Operators that read or write at indices ---------===//
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Indices of a constant are checked here, where the node can be blamed.
LogicalResult checkIndices(OnnxNode &node, Value indices, int64_t size) {
  const reference::Tensor *tensor = node.context.constants.constantOf(indices);
  for (int64_t i = 0; tensor && i < tensor->size(); ++i)
    if (int64_t index = tensor->getInt(i); index < -size || index >= size)
      return node.error() << "'indices' has " << index << ", expected -" << size << " to " << size - 1;
  return success();
}

LogicalResult requireIndexType(OnnxNode &node, Value indices) {
  Type element = node.elementOf(indices);
  if (element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return success();
  return node.error() << "'indices' is " << indices.getType() << ", expected int32 or int64 elements";
}

LogicalResult importGather(OnnxNode &node) {
  Value x = node.input(0), indices = node.input(1);
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 0), node.typeOf(x).getRank());
  if (failed(axis) || failed(requireIndexType(node, indices)) ||
      failed(checkIndices(node, indices, node.typeOf(x).getDimSize(*axis))))
    return failure();
  glm::GatherOp::Properties properties;
  properties.axis = node.integer(*axis);
  return node.setOutput(node.make<glm::GatherOp>({x, indices}, properties));
}

LogicalResult importGatherNd(OnnxNode &node) {
  if (failed(requireIndexType(node, node.input(1))))
    return failure();
  glm::GatherNdOp::Properties properties;
  properties.batch_dims = node.integer(node.intAttribute("batch_dims", 0));
  return node.setOutput(node.make<glm::GatherNdOp>({node.input(0), node.input(1)}, properties));
}

LogicalResult importScatterNd(OnnxNode &node) {
  std::string reduction = node.stringAttribute("reduction", "none");
  if (reduction != "none")
    return node.error() << "'reduction' is '" << reduction << "', expected 'none': no other is supported";
  if (failed(requireIndexType(node, node.input(1))))
    return failure();
  return node.setOutput(node.make<glm::ScatterNdOp>({node.input(0), node.input(1), node.input(2)}));
}

/// Largest mask that Trilu makes: a square of 8192.
constexpr int64_t maxMaskElements = int64_t(1) << 26;

/// Keeps the upper or lower triangle of the last two dimensions, by a constant
/// mask over them.
LogicalResult importTrilu(OnnxNode &node) {
  Value x = node.input(0);
  ArrayRef<int64_t> shape = node.typeOf(x).getShape();
  if (shape.size() < 2)
    return node.error() << "input is " << x.getType() << ", expected two or more dimensions";
  int64_t diagonal = 0;
  if (node.input(1)) {
    FailureOr<SmallVector<int64_t>> k = node.constantInts(1, "k");
    if (failed(k))
      return failure();
    if (k->size() != 1)
      return node.error() << "'k' has " << k->size() << " values, expected 1";
    diagonal = k->front();
  }
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  if (columns != 0 && rows > maxMaskElements / columns)
    return node.error() << "input is " << x.getType() << ", expected at most " << maxMaskElements
                        << " elements in its last two dimensions";
  bool upper = node.intAttribute("upper", 1) != 0;
  // Sizes are far below 2^62, so clamping changes no comparison.
  diagonal = std::clamp(diagonal, -rows - 1, columns + 1);
  reference::Tensor mask(RankedTensorType::get({rows, columns}, node.builder().getI1Type()));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      mask.setInt(i * columns + j, upper ? j - i >= diagonal : j - i <= diagonal);
  Value zero = node.splatOf(node.elementOf(x), {}, 0);
  return node.setOutput(node.make<glm::WhereOp>({node.constant(reference::attributeOf(mask)), x, zero}));
}

} // namespace

void addIndexing(Registry &registry) {
  registry.add("Gather", 2, importGather);
  registry.add("GatherND", 2, importGatherNd);
  registry.add("ScatterND", 3, importScatterNd);
  registry.add("Trilu", 1, importTrilu);
}

} // namespace glmc::onnximport
