//===- ImportOnnx.h - From an ONNX file to the glm dialect ------------------===//
//
// The way in: everything about protobuf, ONNX's versions and its library ends
// in this folder. What comes out is one `glm.graph @run` at tensor level.
//
// A model is read in four steps, each a file here:
//   1. WireScan cuts big payloads out of the file's bytes, so that weights
//      never enter protobuf's memory; their places in the file are kept.
//   2. ModelCheck refuses what glmc has no import for (all such nodes at once)
//      and runs ONNX's own checker over the rest.
//   3. GraphImport walks the nodes in order. A handler an operator, found in
//      the Registry and grouped by family in Import*.cpp, makes glm ops.
//   4. Operators without a handler that ONNX defines as functions, and the
//      model's own functions, are expanded where they are called, with the
//      types that the call has.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H
#define GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace glmc {

struct ImportOptions {
  /// Values of free dimensions by their name in the model: --dim batch=1.
  std::map<std::string, int64_t> dims;
  /// A tensor of more bytes is an error instead of a surprise later.
  int64_t maxTensorBytes = int64_t(1) << 40;
};

/// Reads the model at `path`. Null after errors were emitted as diagnostics,
/// at nodeLocation()s where a node is to blame. The context needs no dialect
/// loaded.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(mlir::MLIRContext *context, llvm::StringRef path,
                                             const ImportOptions &options = {});

/// Whether a file of these first bytes may be an ONNX model; text is not.
bool looksLikeOnnx(llvm::StringRef bytes);

/// What `glmc info` says about a model without importing it.
struct ModelSummary {
  struct Tensor {
    std::string name;
    std::string element;            ///< "float32".
    std::vector<std::string> shape; ///< Sizes, or names of free dimensions.
  };
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
  std::vector<Tensor> inputs, outputs;
  int64_t parameters = 0;                 ///< Elements of initializers and Constants.
  int64_t parameterBytes = 0;
};

/// Reads `path` without building IR; nothing after an error was emitted.
std::optional<ModelSummary> summariseOnnx(mlir::MLIRContext *context, llvm::StringRef path);

} // namespace glmc

#endif // GLMC_COMPILER_IMPORT_ONNX_IMPORTONNX_H
