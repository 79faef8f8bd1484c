//===- ImportPool.cpp - Pools -----------------------------------------------===//
//
// A global pool is one window, as large as space.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Registry.h"
#include "compiler/import/onnx/Windows.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

LogicalResult importPool(OnnxNode &node, StringRef kind) {
  Value x = node.input(0);
  if (node.hasOutput(1))
    return node.error() << "'Indices' is read, expected the first output only: nothing else is supported";
  if (failed(requireInt(node, "storage_order", 0)))
    return failure();
  FailureOr<Windows> windows = windowsOf(node, x, {});
  if (failed(windows))
    return failure();
  glm::PoolOp::Properties properties;
  properties.kind = node.builder().getStringAttr(kind);
  properties.kernel = node.integers(windows->kernel);
  properties.strides = node.integers(windows->strides);
  properties.dilations = node.integers(windows->dilations);
  properties.pads = node.integers(windows->pads);
  if (node.intAttribute("ceil_mode", 0) != 0)
    properties.ceil_mode = node.builder().getUnitAttr();
  if (kind == "average" && node.intAttribute("count_include_pad", 0) != 0)
    properties.count_include_pad = node.builder().getUnitAttr();
  return node.setOutput(node.make<glm::PoolOp>(x, properties));
}

LogicalResult importGlobalPool(OnnxNode &node, StringRef kind) {
  Value x = node.input(0);
  if (shapeOf(x).size() < 2)
    return node.error() << "input is " << x.getType() << ", expected a batch and channels at least";
  ArrayRef<int64_t> space = shapeOf(x).drop_front(2);
  glm::PoolOp::Properties properties;
  properties.kind = node.builder().getStringAttr(kind);
  properties.kernel = node.integers(space);
  properties.strides = properties.dilations = node.integers(SmallVector<int64_t>(space.size(), 1));
  properties.pads = node.integers(SmallVector<int64_t>(2 * space.size(), 0));
  return node.setOutput(node.make<glm::PoolOp>(x, properties));
}

} // namespace

void addPool(Registry &registry) {
  registry.add("MaxPool", 1, [](OnnxNode &node) { return importPool(node, "max"); });
  registry.add("AveragePool", 1, [](OnnxNode &node) { return importPool(node, "average"); });
  registry.add("GlobalMaxPool", 1, [](OnnxNode &node) { return importGlobalPool(node, "max"); });
  registry.add("GlobalAveragePool", 1, [](OnnxNode &node) { return importGlobalPool(node, "average"); });
}

} // namespace glmc::onnximport
