//===- OnnxTypes.h - ONNX's element types, tensor types and small tensors ---===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_ONNXTYPES_H
#define GLMC_COMPILER_IMPORT_ONNX_ONNXTYPES_H

#include "dialects/glm/reference/Tensor.h"

#include "onnx/onnx_pb.h"

#include <string>

namespace glmc::onnximport {

/// The element type for a TensorProto.DataType; null for one that is no type of
/// what a model computes with: 4-bit integers are of stored tensors only.
mlir::Type elementType(mlir::MLIRContext *context, int dataType);

/// The TensorProto.DataType of an element type; 0 if there is none.
int dataTypeOf(mlir::Type element);

/// "float32", "string", or "type 77" of a number that ONNX has not.
std::string dataTypeName(int dataType);

/// "[1, 7]".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// A static tensor type whose size is checked: no negative dimension, no
/// overflow, at most `maxBytes` bytes. Null with `why` set otherwise.
mlir::RankedTensorType tensorType(mlir::Type element, llvm::ArrayRef<int64_t> shape, int64_t maxBytes,
                                  std::string &why);

/// The elements of a TensorProto that holds them itself, as a tensor of `type`,
/// which is its type. False with `why` set if they do not match it.
bool readTensor(const onnx::TensorProto &proto, mlir::RankedTensorType type, reference::Tensor &tensor,
                std::string &why);

/// An attribute of `type` with all elements equal; integers and bools take
/// the value's integer part.
mlir::ElementsAttr splat(mlir::RankedTensorType type, double value);

/// "" for both names of ONNX's own domain.
inline llvm::StringRef canonicalDomain(llvm::StringRef domain) { return domain == "ai.onnx" ? "" : domain; }

/// "MatMul", "com.microsoft.FusedMatMul".
std::string operatorName(const onnx::NodeProto &node);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_ONNXTYPES_H
