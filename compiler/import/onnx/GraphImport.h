//===- GraphImport.h - Nodes in order, each to glm ops ----------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_GRAPHIMPORT_H
#define GLMC_COMPILER_IMPORT_ONNX_GRAPHIMPORT_H

#include "compiler/import/onnx/Functions.h"
#include "compiler/import/onnx/ImportOnnx.h"
#include "compiler/import/onnx/Initializers.h"
#include "compiler/import/onnx/OnnxNode.h"

#include "llvm/ADT/StringMap.h"

namespace glmc::onnximport {

/// Imports a model that checkModel accepted, for one binding. One use.
class GraphImport {
public:
  GraphImport(mlir::MLIRContext *context, const onnx::ModelProto &model, const Functions &functions,
              const Initializers &initializers, WeightSource &weights, const ImportOptions &options);

  /// Adds a glm.graph to `module`. Fails after errors were emitted; the module is
  /// then of no use.
  mlir::LogicalResult run(mlir::ModuleOp module);
  /// After run() failed: inputs that have to be constants, because a shape depends
  /// on their values. There may be more than those found so far.
  std::vector<std::string> shapeInputs() const;

private:
  /// Tensors by name: of the graph, or of one call of a function.
  using Scope = llvm::StringMap<mlir::Value>;

  mlir::LogicalResult checkDimensions();
  mlir::LogicalResult checkConstants();
  mlir::RankedTensorType inputType(const onnx::ValueInfoProto &input);
  mlir::LogicalResult addInputs(glm::GraphOp graph);
  mlir::LogicalResult addConstant(const std::string &name, mlir::RankedTensorType type);
  mlir::DictionaryAttr argumentAttributes(const std::string &name);
  mlir::LogicalResult addInitializers();
  mlir::LogicalResult addOutputs(glm::GraphOp graph);
  mlir::LogicalResult checkOutput(const onnx::ValueInfoProto &output, mlir::RankedTensorType type);

  mlir::LogicalResult importNode(const onnx::NodeProto &node, const Opsets &opsets, mlir::Location loc, Scope &scope,
                                 int depth);
  mlir::LogicalResult importCall(const onnx::NodeProto &call, const onnx::FunctionProto &body, const Opsets &opsets,
                                 mlir::Location loc, Scope &scope, int depth);
  mlir::LogicalResult importNative(const onnx::NodeProto &node, int opset, mlir::Location loc, Scope &scope);
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> inputsOf(const onnx::NodeProto &node, mlir::Location loc,
                                                           const Scope &scope);

  mlir::MLIRContext *context;
  const onnx::ModelProto &model;
  const Functions &functions;
  const Initializers &initializers;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  ConstantEvaluator constants;
  NodeContext shared;
  mlir::Location unknown;
  Scope values;
  llvm::StringMap<std::string> unmade; ///< Outputs that handlers do not make: what to say to who reads them.
  int64_t expanded = 0; ///< Nodes of function bodies so far.
};

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_GRAPHIMPORT_H
