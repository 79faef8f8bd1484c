//===- NodeLocation.cpp - ONNX nodes as locations ---------------------------===//
#include "dialects/glm/NodeLocation.h"

#include "mlir/IR/BuiltinAttributes.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace glmc::glm {

Location nodeLocation(MLIRContext *context, const NodeLocation &node) {
  std::string kind = node.type + ":" + std::to_string(node.opset);
  auto inner = NameLoc::get(StringAttr::get(context, kind), UnknownLoc::get(context));
  return NameLoc::get(StringAttr::get(context, node.name), inner);
}

static void collect(Location loc, std::vector<NodeLocation> &nodes, llvm::StringSet<> &seen) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collect(part, nodes, seen);
    return;
  }
  auto outer = dyn_cast<NameLoc>(loc);
  if (!outer)
    return;
  NodeLocation node{outer.getName().str(), "", 0};
  if (auto inner = dyn_cast<NameLoc>(outer.getChildLoc())) {
    auto [type, opset] = inner.getName().getValue().rsplit(':');
    node.type = type.str();
    opset.getAsInteger(10, node.opset);
  }
  if (seen.insert(node.name).second)
    nodes.push_back(node);
}

std::vector<NodeLocation> nodesOf(Location loc) {
  std::vector<NodeLocation> nodes;
  llvm::StringSet<> seen;
  collect(loc, nodes, seen);
  return nodes;
}

std::string describe(Location loc) {
  auto nodes = nodesOf(loc);
  if (nodes.empty())
    return {};
  std::string text = "node '" + nodes.front().name + "'";
  if (!nodes.front().type.empty())
    text += " (" + nodes.front().type + ", opset " + std::to_string(nodes.front().opset) + ")";
  return text;
}

} // namespace glmc::glm
