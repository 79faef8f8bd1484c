//===- Signature.cpp - A model's inputs and outputs as it declares them -----===//
#include "compiler/import/onnx/Signature.h"

#include "compiler/import/onnx/OnnxTypes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

ModelSignature::Tensor tensorOf(MLIRContext *context, const onnx::ValueInfoProto &info) {
  ModelSignature::Tensor tensor;
  tensor.name = info.name();
  if (!info.type().has_tensor_type())
    return tensor;
  const auto &type = info.type().tensor_type();
  tensor.element = elementType(context, type.elem_type());
  tensor.elementName = dataTypeName(type.elem_type());
  tensor.hasShape = type.has_shape();
  for (int axis = 0; axis < type.shape().dim_size(); ++axis) {
    const auto &dim = type.shape().dim(axis);
    if (auto size = declaredSize(dim))
      tensor.shape.push_back({*size, ""});
    else
      tensor.shape.push_back({-1, freeDimensionName(info, axis)});
  }
  return tensor;
}

} // namespace

std::optional<int64_t> declaredSize(const onnx::TensorShapeProto::Dimension &dim) {
  if (dim.has_dim_value()) // -1 is some exporters' way to say that it is free.
    return dim.dim_value() < 0 ? std::nullopt : std::optional<int64_t>(dim.dim_value());
  int64_t size = 0;
  const llvm::StringRef name = dim.dim_param();
  if (name.empty() || !llvm::all_of(name, llvm::isDigit) || name.getAsInteger(10, size))
    return std::nullopt;
  return size;
}

std::string freeDimensionName(const onnx::ValueInfoProto &tensor, int axis) {
  const std::string &name = tensor.type().tensor_type().shape().dim(axis).dim_param();
  return name.empty() ? tensor.name() + "[" + std::to_string(axis) + "]" : name;
}

ModelSignature signatureOf(MLIRContext *context, const onnx::ModelProto &model) {
  ModelSignature signature;
  llvm::StringSet<> stored;
  for (const onnx::TensorProto &initializer : model.graph().initializer())
    stored.insert(initializer.name());
  for (const onnx::ValueInfoProto &input : model.graph().input())
    if (!stored.contains(input.name()))
      signature.inputs.push_back(tensorOf(context, input));
  for (const onnx::ValueInfoProto &output : model.graph().output())
    signature.outputs.push_back(tensorOf(context, output));
  return signature;
}

} // namespace glmc::onnximport
