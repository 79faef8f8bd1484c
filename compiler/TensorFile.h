//===- TensorFile.h - Tensors in files: TensorProto and .npy ------------------===//
//
// What `glmc run` is fed and writes, and what ONNX test folders hold. The format
// is known by the file's name: `.npy` is NumPy's, everything else is an ONNX
// TensorProto (`.pb`). Nothing in a file is trusted: sizes are checked against
// the bytes that are there before anything is allocated.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_TENSORFILE_H
#define GLMC_COMPILER_TENSORFILE_H

#include "dialects/glm/reference/Tensor.h"

#include <optional>
#include <string>

namespace glmc {

struct NamedTensor {
  std::string name; ///< As a TensorProto gives it; empty for .npy.
  reference::Tensor tensor;
};

/// Reads `path`. Returns nothing if it cannot (no such file, another format, a
/// type that glmc has not, wrong size); `error` is then the line to print:
/// "PATH: error: ...".
std::optional<NamedTensor> readTensorFile(mlir::MLIRContext &context, const std::string &path, std::string &error);

/// The same of a file's contents; `error` lacks the path.
std::optional<NamedTensor> parseNpy(mlir::MLIRContext &context, llvm::StringRef text, std::string &error);
std::optional<NamedTensor> parseTensorProto(mlir::MLIRContext &context, llvm::StringRef text, std::string &error);

/// A file's contents. NumPy has no bf16: printNpy then sets `error` and returns
/// nothing.
std::optional<std::string> printNpy(const reference::Tensor &tensor, std::string &error);
std::string printTensorProto(const NamedTensor &tensor);

/// Writes `path` in the format of its name, whole or not at all. `error` is as
/// readTensorFile's.
bool writeTensorFile(const std::string &path, const NamedTensor &tensor, std::string &error);

/// "float32[1, 7, 256]": element type as NumPy names it, and shape.
std::string describeType(mlir::RankedTensorType type);

} // namespace glmc

#endif // GLMC_COMPILER_TENSORFILE_H
