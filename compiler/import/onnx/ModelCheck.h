//===- ModelCheck.h - What is refused before anything is imported -----------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_MODELCHECK_H
#define GLMC_COMPILER_IMPORT_ONNX_MODELCHECK_H

#include "compiler/import/onnx/Functions.h"

#include "mlir/IR/Location.h"

namespace glmc::onnximport {

/// "conv1", or "Conv_17" for the unnamed node 17.
std::string nodeName(const onnx::NodeProto &node, int index);

/// Location of a node of the main graph.
mlir::Location locationOf(mlir::MLIRContext *context, const onnx::NodeProto &node, int index, const Opsets &opsets);

/// Why glmc cannot import a node; empty if it can.
std::string whyUnsupported(const onnx::NodeProto &node, const Opsets &opsets, const Functions &functions);

/// Versions, unsupported nodes (all of them), order of nodes, and what ONNX's
/// own checker finds. Emits everything it refuses.
mlir::LogicalResult checkModel(mlir::MLIRContext *context, const onnx::ModelProto &model, const Functions &functions);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_MODELCHECK_H
