//===- Signature.h - A model's inputs and outputs as it declares them -------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_SIGNATURE_H
#define GLMC_COMPILER_IMPORT_ONNX_SIGNATURE_H

#include "compiler/import/onnx/ImportOnnx.h"

#include "onnx/onnx_pb.h"

namespace glmc::onnximport {

/// The size that a dimension is declared with; nothing for a free one. PyTorch's
/// exporter writes some sizes as names: "16".
std::optional<int64_t> declaredSize(const onnx::TensorShapeProto::Dimension &dim);

/// What binds dimension `axis` of a tensor that has no size for it: its name in
/// the model, or "x[1]" where it has none.
std::string freeDimensionName(const onnx::ValueInfoProto &tensor, int axis);

/// Inputs are those without a stored value.
ModelSignature signatureOf(mlir::MLIRContext *context, const onnx::ModelProto &model);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_SIGNATURE_H
