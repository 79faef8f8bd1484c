//===- OnnxTypes.cpp - ONNX's element types, tensor types and small tensors -===//
#include "compiler/import/onnx/OnnxTypes.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/CheckedArithmetic.h"

#include <cstring>

using namespace mlir;
using onnx::TensorProto;

namespace glmc::onnximport {

Type elementType(MLIRContext *context, int dataType) {
  Builder builder(context);
  switch (dataType) {
  case TensorProto::BOOL: return builder.getI1Type();
  case TensorProto::INT8: return builder.getI8Type();
  case TensorProto::INT16: return builder.getI16Type();
  case TensorProto::INT32: return builder.getI32Type();
  case TensorProto::INT64: return builder.getI64Type();
  case TensorProto::UINT8: return builder.getIntegerType(8, false);
  case TensorProto::UINT16: return builder.getIntegerType(16, false);
  case TensorProto::UINT32: return builder.getIntegerType(32, false);
  case TensorProto::UINT64: return builder.getIntegerType(64, false);
  case TensorProto::FLOAT16: return builder.getF16Type();
  case TensorProto::BFLOAT16: return builder.getBF16Type();
  case TensorProto::FLOAT: return builder.getF32Type();
  case TensorProto::DOUBLE: return builder.getF64Type();
  default: return {};
  }
}

int dataTypeOf(Type element) {
  if (element.isInteger(4))
    return element.isUnsignedInteger() ? TensorProto::UINT4 : TensorProto::INT4;
  for (int dataType = TensorProto::FLOAT; dataType <= TensorProto::BFLOAT16; ++dataType)
    if (elementType(element.getContext(), dataType) == element)
      return dataType;
  return TensorProto::UNDEFINED;
}

std::string dataTypeName(int dataType) {
  switch (dataType) {
  case TensorProto::FLOAT: return "float32";
  case TensorProto::DOUBLE: return "float64";
  case TensorProto::UNDEFINED: return "undefined";
  default: break;
  }
  if (!onnx::TensorProto_DataType_IsValid(dataType))
    return "type " + std::to_string(dataType);
  return StringRef(onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(dataType))).lower();
}

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream << "[");
  stream << "]";
  return text;
}

RankedTensorType tensorType(Type element, ArrayRef<int64_t> shape, int64_t maxBytes, std::string &why) {
  // Zeros are skipped when counting: a tensor without elements may still have
  // sizes whose product, taken in another order, overflows.
  std::optional<int64_t> bytes = reference::elementBytes(element);
  for (int64_t dim : shape) {
    if (dim < 0) {
      why = "has a dimension of " + std::to_string(dim);
      return {};
    }
    if (dim > 0 && bytes)
      bytes = llvm::checkedMul(*bytes, dim);
  }
  if (!bytes || *bytes > maxBytes) {
    why = "takes " + (bytes ? std::to_string(*bytes) : "more than 2^63") + " bytes, expected at most " +
          std::to_string(maxBytes);
    return {};
  }
  if (shape.size() > 64) {
    why = "has " + std::to_string(shape.size()) + " dimensions, expected at most 64";
    return {};
  }
  return RankedTensorType::get(shape, element);
}

namespace {

/// Appends a typed field's elements as `width` little-endian bytes each.
template <typename Elements>
void append(const Elements &elements, int64_t width, std::vector<uint8_t> &bytes) {
  for (auto element : elements) {
    size_t at = bytes.size();
    bytes.resize(at + width);
    std::memcpy(bytes.data() + at, &element, std::min<size_t>(width, sizeof(element)));
  }
}

/// Elements outside raw_data; each type has one field for them.
void appendTyped(const TensorProto &proto, int64_t width, std::vector<uint8_t> &bytes) {
  switch (proto.data_type()) {
  case TensorProto::FLOAT: return append(proto.float_data(), width, bytes);
  case TensorProto::DOUBLE: return append(proto.double_data(), width, bytes);
  case TensorProto::INT64: return append(proto.int64_data(), width, bytes);
  case TensorProto::UINT32:
  case TensorProto::UINT64: return append(proto.uint64_data(), width, bytes);
  default: return append(proto.int32_data(), width, bytes);
  }
}

} // namespace

bool readTensor(const TensorProto &proto, RankedTensorType type, reference::Tensor &tensor, std::string &why) {
  int64_t width = reference::elementBytes(type.getElementType());
  std::vector<uint8_t> bytes;
  if (proto.has_raw_data())
    bytes.assign(proto.raw_data().begin(), proto.raw_data().end());
  else
    appendTyped(proto, width, bytes);
  size_t expected = type.getNumElements() * width;
  if (bytes.size() != expected) {
    why = "has " + std::to_string(bytes.size()) + " bytes of data, expected " + std::to_string(expected);
    return false;
  }
  if (type.getElementType().isInteger(1))
    for (uint8_t &byte : bytes)
      byte = byte != 0;
  tensor.type = type;
  tensor.bytes = std::move(bytes);
  return true;
}

ElementsAttr splat(RankedTensorType type, double value) {
  Type element = type.getElementType();
  Attribute scalar;
  if (isa<FloatType>(element))
    scalar = FloatAttr::get(element, value);
  else
    scalar = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(int64_t(value)),
                                             /*isSigned=*/false, /*implicitTrunc=*/true));
  return DenseElementsAttr::get(type, scalar);
}

std::string operatorName(const onnx::NodeProto &node) {
  StringRef domain = canonicalDomain(node.domain());
  return (domain.empty() ? "" : domain.str() + ".") + node.op_type();
}

} // namespace glmc::onnximport
