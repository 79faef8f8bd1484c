//===- ImportOnnx.h - From an ONNX file to the glm dialect ------------------===//
//
// The way in: everything about protobuf, ONNX's versions and its library ends
// in this folder. What comes out is one `glm.graph` a binding, at tensor level.
//
// A model is read in four steps, each a file here:
//   1. WireScan cuts big payloads out of the file's bytes, so that weights
//      never enter protobuf's memory; their places in the file are kept.
//   2. ModelCheck refuses what glmc has no import for (all such nodes at once)
//      and runs ONNX's own checker over the rest.
//   3. GraphImport walks the nodes in order, once a binding. A handler an
//      operator, found in the Registry and grouped by family in Import*.cpp,
//      makes glm ops.
//   4. Operators without a handler that ONNX defines as functions, and the
//      model's own functions, are expanded where they are called, with the
//      types that the call has.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H
#define GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H

#include "dialects/glm/reference/Tensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace glmc {

/// What a model is imported for: one graph of static shapes.
struct ImportOptions {
  /// Sizes of free dimensions by their name in the model, or as "x[1]" where
  /// dimension 1 of input x has none. Each free dimension of an input needs one.
  std::map<std::string, int64_t> dims;
  /// Inputs that are constants, by name; they are then no arguments.
  std::map<std::string, reference::Tensor> constants;
  std::string entry = "run"; ///< Name of the graph.
  /// A step of a program with state (glm-bind-state): the first argument is the
  /// state `length`, the graph says `tokens`, and arguments their role.
  bool stateful = false;
  int64_t tokens = 1;
  std::map<std::string, std::string> roles; ///< By name: what inputs are for.
  /// A tensor of more bytes is an error instead of a surprise later.
  int64_t maxTensorBytes = int64_t(1) << 40;
};

/// A model's inputs and outputs as it declares them.
struct ModelSignature {
  struct Dimension {
    int64_t size = -1; ///< Negative: free.
    std::string name;  ///< Of a free one, as ImportOptions::dims has it.
    bool isFree() const { return size < 0; }
  };
  struct Tensor {
    std::string name;
    mlir::Type element;      ///< Null for one that glmc has not, and for what is no tensor.
    std::string elementName; ///< "float32".
    std::vector<Dimension> shape;
    bool hasShape = false; ///< False: not even the rank is known.
  };
  std::vector<Tensor> inputs, outputs;
};

/// A model that was read from its file, to be imported as often as wanted.
class OnnxModel {
public:
  /// Reads and checks the model at `path`. Null after errors were emitted as
  /// diagnostics, at nodeLocation()s where a node is to blame. The context
  /// needs no dialect loaded.
  static std::unique_ptr<OnnxModel> read(mlir::MLIRContext *context, llvm::StringRef path);
  ~OnnxModel();

  const ModelSignature &signature() const;

  /// A module with a graph for each binding, in order; null after errors. Where
  /// a shape depends on values of inputs, so that those have to be constants,
  /// `shapeInputs` gets their names.
  mlir::OwningOpRef<mlir::ModuleOp> import(llvm::ArrayRef<ImportOptions> bindings,
                                           std::vector<std::string> *shapeInputs = nullptr);

private:
  struct Parts;
  explicit OnnxModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts;
};

/// Reads the model at `path` and imports it for one binding.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(mlir::MLIRContext *context, llvm::StringRef path,
                                             const ImportOptions &options = {});

/// Whether a file of these first bytes may be an ONNX model; text is not.
bool looksLikeOnnx(llvm::StringRef bytes);

/// What `glmc info` says about a model without importing it.
struct ModelSummary {
  struct Operator {
    std::string name; ///< With domain where it is not ONNX's own.
    int opset = 0;
    int64_t count = 0;
    bool supported = false;
  };
  int64_t irVersion = 0;
  std::string producer;                   ///< Name and version.
  std::map<std::string, int64_t> opsets;  ///< By domain; "ai.onnx" is ONNX's own.
  int64_t nodes = 0;
  std::vector<Operator> operators;        ///< Most frequent first.
  ModelSignature signature;
  int64_t parameters = 0;                 ///< Elements of initializers and Constants.
  int64_t parameterBytes = 0;
};

/// Reads `path` without building IR; nothing after an error was emitted.
std::optional<ModelSummary> summariseOnnx(mlir::MLIRContext *context, llvm::StringRef path);

} // namespace glmc

#endif // GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H
