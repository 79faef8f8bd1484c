//===- NodeLocation.h - ONNX nodes as locations -----------------------------===//
//
// An op that came from an ONNX node has the location
//   NameLoc(node name, NameLoc("Type:opset", UnknownLoc));
// fusion makes FusedLocs of them. Diagnostics, comments in emitted code and
// reports get their node names here.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_NODELOCATION_H
#define GLMC_DIALECTS_GLM_NODELOCATION_H

#include "mlir/IR/Location.h"

#include <string>
#include <vector>

namespace glmc::glm {

struct NodeLocation {
  std::string name; ///< Of the node: "/layers.0/mlp/MatMul".
  std::string type; ///< "MatMul", with domain where it is not ONNX's own.
  int opset = 0;
};

mlir::Location nodeLocation(mlir::MLIRContext *context, const NodeLocation &node);

/// All ONNX nodes behind a location, in order of first occurrence, each once.
std::vector<NodeLocation> nodesOf(mlir::Location loc);

/// "node 'conv1' (Conv, opset 13)" of the first node; empty if there is none.
std::string describe(mlir::Location loc);

} // namespace glmc::glm

#endif // GLMC_DIALECTS_GLM_NODELOCATION_H
