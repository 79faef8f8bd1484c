//===- TensorFile.cpp - Tensors in files: TensorProto, and any format ---------===//
#include "compiler/TensorFile.h"
#include "compiler/WriteFile.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>
#include <limits>

#include "onnx/onnx_pb.h"

using namespace mlir;
using onnx::TensorProto;

namespace glmc {
namespace {

/// The types that glmc and ONNX share, by ONNX's number.
struct Format {
  int dataType;
  Type element;
};

SmallVector<Format> formats(MLIRContext &context) {
  Builder builder(&context);
  return {{TensorProto::BOOL, builder.getI1Type()},
          {TensorProto::INT8, builder.getI8Type()},
          {TensorProto::INT16, builder.getI16Type()},
          {TensorProto::INT32, builder.getI32Type()},
          {TensorProto::INT64, builder.getI64Type()},
          {TensorProto::UINT8, builder.getIntegerType(8, false)},
          {TensorProto::UINT16, builder.getIntegerType(16, false)},
          {TensorProto::UINT32, builder.getIntegerType(32, false)},
          {TensorProto::UINT64, builder.getIntegerType(64, false)},
          {TensorProto::FLOAT16, builder.getF16Type()},
          {TensorProto::BFLOAT16, builder.getBF16Type()},
          {TensorProto::FLOAT, builder.getF32Type()},
          {TensorProto::DOUBLE, builder.getF64Type()}};
}

/// Copies a typed field's elements as `width` little-endian bytes each.
template <typename Field>
std::vector<uint8_t> bytesOf(const Field &field, int64_t width) {
  std::vector<uint8_t> bytes(field.size() * width);
  for (int i = 0; i < field.size(); ++i) {
    auto value = field.Get(i);
    std::memcpy(bytes.data() + i * width, &value, width);
  }
  return bytes;
}

/// Elements that a TensorProto holds outside raw_data, each type in the field
/// that ONNX's specification says.
std::vector<uint8_t> typedBytes(const TensorProto &proto, int64_t width) {
  switch (proto.data_type()) {
  case TensorProto::FLOAT:
    return bytesOf(proto.float_data(), width);
  case TensorProto::DOUBLE:
    return bytesOf(proto.double_data(), width);
  case TensorProto::INT64:
    return bytesOf(proto.int64_data(), width);
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return bytesOf(proto.uint64_data(), width);
  default:
    return bytesOf(proto.int32_data(), width);
  }
}

bool isNpy(StringRef path) { return path.ends_with_insensitive(".npy"); }

} // namespace

std::optional<NamedTensor> parseTensorProto(MLIRContext &context, StringRef text, std::string &error) {
  TensorProto proto;
  if (text.size() > size_t(std::numeric_limits<int>::max()) || !proto.ParseFromArray(text.data(), text.size())) {
    error = "is not an ONNX TensorProto";
    return std::nullopt;
  }
  Type element;
  for (const Format &format : formats(context))
    if (format.dataType == proto.data_type())
      element = format.element;
  if (!element) {
    error = "has element type " +
            (TensorProto::DataType_IsValid(proto.data_type())
                 ? TensorProto::DataType_Name(TensorProto::DataType(proto.data_type()))
                 : std::to_string(proto.data_type())) +
            ", expected BOOL, an integer of 8 to 64 bits or a float of 16 to 64 bits";
    return std::nullopt;
  }
  if (proto.data_location() == TensorProto::EXTERNAL) {
    error = "refers to external data, expected the elements in the file itself";
    return std::nullopt;
  }
  NamedTensor result;
  result.name = proto.name();
  const int64_t width = reference::elementBytes(element);
  int64_t bytes = width;
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  const bool empty = llvm::is_contained(shape, 0);
  for (int64_t dim : shape)
    if (dim < 0 || (!empty && llvm::MulOverflow(bytes, dim, bytes))) {
      error = "has a dimension of " + std::to_string(dim) + " elements";
      return std::nullopt;
    }
  bytes = empty ? 0 : bytes;
  result.tensor.bytes = proto.has_raw_data() ? std::vector<uint8_t>(proto.raw_data().begin(), proto.raw_data().end())
                                             : typedBytes(proto, width);
  if (int64_t(result.tensor.bytes.size()) != bytes) {
    error =
        "holds " + std::to_string(result.tensor.bytes.size()) + " bytes of elements, expected " + std::to_string(bytes);
    return std::nullopt;
  }
  result.tensor.type = RankedTensorType::get(shape, element);
  if (element.isInteger(1))
    for (uint8_t &byte : result.tensor.bytes)
      byte = byte != 0;
  return result;
}

std::string printTensorProto(const NamedTensor &tensor) {
  TensorProto proto;
  for (int64_t dim : tensor.tensor.shape())
    proto.add_dims(dim);
  for (const Format &format : formats(*tensor.tensor.type.getContext()))
    if (format.element == tensor.tensor.type.getElementType())
      proto.set_data_type(format.dataType);
  proto.set_name(tensor.name);
  proto.set_raw_data(tensor.tensor.bytes.data(), tensor.tensor.bytes.size());
  return proto.SerializeAsString();
}

std::optional<NamedTensor> readTensorFile(MLIRContext &context, const std::string &path, std::string &error) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = path + ": error: cannot be read: " + buffer.getError().message();
    return std::nullopt;
  }
  StringRef text = (*buffer)->getBuffer();
  auto tensor = isNpy(path) ? parseNpy(context, text, error) : parseTensorProto(context, text, error);
  if (!tensor)
    error = path + ": error: " + error;
  return tensor;
}

bool writeTensorFile(const std::string &path, const NamedTensor &tensor, std::string &error) {
  std::optional<std::string> text = isNpy(path) ? printNpy(tensor.tensor, error) : printTensorProto(tensor);
  if (text && writeFile(path, *text, error))
    return true;
  error = path + ": error: " + error;
  return false;
}

std::string describeType(RankedTensorType type) {
  Type element = type.getElementType();
  std::string name = element.isInteger(1) ? "bool"
                     : element.isBF16()   ? "bfloat16"
                                          : (isa<FloatType>(element)       ? "float"
                                             : element.isUnsignedInteger() ? "uint"
                                                                           : "int") +
                                              std::to_string(element.getIntOrFloatBitWidth());
  name += "[";
  for (size_t i = 0; i < type.getShape().size(); ++i)
    name += (i ? ", " : "") + std::to_string(type.getShape()[i]);
  return name + "]";
}

} // namespace glmc
