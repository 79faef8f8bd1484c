//===- Initializers.cpp - A model's stored tensors as glm ops ---------------===//
#include "compiler/import/onnx/Initializers.h"

#include "compiler/import/onnx/OnnxTypes.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using onnx::TensorProto;

namespace glmc::onnximport {
namespace {

bool isExternal(const TensorProto &proto) { return proto.data_location() == TensorProto::EXTERNAL; }

/// The field of TensorProto that holds elements of a type besides raw_data.
unsigned typedField(int dataType) {
  switch (dataType) {
  case TensorProto::FLOAT: return 4;
  case TensorProto::DOUBLE: return 10;
  case TensorProto::INT64: return 7;
  case TensorProto::UINT32:
  case TensorProto::UINT64: return 11;
  default: return 5;
  }
}

/// Whether a tensor holds elements itself, in whatever field.
bool hasData(const TensorProto &proto) {
  return proto.has_raw_data() || proto.float_data_size() || proto.int32_data_size() || proto.int64_data_size() ||
         proto.double_data_size() || proto.uint64_data_size() || proto.string_data_size();
}

bool isFourBitType(int dataType) { return dataType == TensorProto::INT4 || dataType == TensorProto::UINT4; }

/// A number of bytes in an external_data entry.
bool parseBytes(const std::string &text, StringRef key, uint64_t &value, std::string &why) {
  if (!StringRef(text).getAsInteger(10, value))
    return true;
  why = "has external data with " + key.str() + " '" + text + "', expected a number of bytes";
  return false;
}

} // namespace

bool isCut(const TensorProto &proto) {
  return llvm::any_of(proto.external_data(), [](const auto &entry) { return entry.key() == cutKey; });
}

RankedTensorType Initializers::typeOf(MLIRContext *context, const TensorProto &proto, std::string &why) const {
  Type element = elementType(context, proto.data_type());
  if (isFourBitType(proto.data_type()))
    element = proto.data_type() == TensorProto::INT4 ? IntegerType::get(context, 4)
                                                     : IntegerType::get(context, 4, IntegerType::Unsigned);
  if (!element) {
    why = "has elements of " + dataTypeName(proto.data_type()) + ", which is not supported";
    return {};
  }
  if (proto.has_segment()) {
    why = "is stored in segments, which is not supported";
    return {};
  }
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  return tensorType(element, shape, maxTensorBytes, why);
}

glm::StoredAttr Initializers::cutData(const TensorProto &proto, RankedTensorType type, std::string &why) const {
  uint64_t number = 0;
  unsigned found = 0;
  for (const auto &entry : proto.external_data())
    if (entry.key() == cutKey && !StringRef(entry.value()).getAsInteger(10, number))
      ++found;
  if (found != 1 || number >= cuts.size() || isExternal(proto) || hasData(proto)) {
    why = "holds its data in more than one place";
    return {};
  }
  const Cut &cut = cuts[number];
  if (cut.field != 9 && cut.field != typedField(proto.data_type())) {
    why = "holds " + dataTypeName(proto.data_type()) + " elements in field " + std::to_string(cut.field) +
          " of TensorProto, expected field " + std::to_string(typedField(proto.data_type())) + " or raw_data";
    return {};
  }
  uint64_t expected = glm::denseBytes(type), elements = type.getNumElements();
  if (!cut.isVarint() && cut.bytes != expected) {
    why = "has " + std::to_string(cut.bytes) + " bytes of data, expected " + std::to_string(expected);
    return {};
  }
  if (cut.isVarint()) {
    std::optional<uint64_t> count = countVarints(file.substr(cut.offset, cut.bytes));
    if (!count || *count != elements) {
      why = "has " + (count ? std::to_string(*count) : "a broken number of") + " elements of data, expected " +
            std::to_string(elements);
      return {};
    }
  }
  return glm::StoredAttr::get(type.getContext(), fileName, cut.offset, cut.bytes, cut.isVarint() ? "varint" : "raw");
}

glm::StoredAttr Initializers::externalData(const TensorProto &proto, RankedTensorType type, std::string &why) const {
  std::string location;
  uint64_t expected = glm::denseBytes(type), offset = 0, length = expected;
  for (const auto &entry : proto.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset" && !parseBytes(entry.value(), "offset", offset, why))
      return {};
    else if (entry.key() == "length" && !parseBytes(entry.value(), "length", length, why))
      return {};
  }
  if (location.empty() || hasData(proto)) {
    why = location.empty() ? "has external data without a location" : "holds its data in more than one place";
    return {};
  }
  std::string inside;
  if (!weights.isInside(location, inside)) {
    why = "has external data in '" + location + "', which " + inside;
    return {};
  }
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, location);
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    why = "has external data in '" + std::string(path) + "', which cannot be opened: " + error.message();
    return {};
  }
  if (!llvm::sys::fs::is_regular_file(status)) {
    why = "has external data in '" + std::string(path) + "', which is not a regular file";
    return {};
  }
  if (length != expected) {
    why = "has external data of length " + std::to_string(length) + ", expected " + std::to_string(expected);
    return {};
  }
  if (offset > status.getSize() || length > status.getSize() - offset) {
    why = "has external data at offset " + std::to_string(offset) + " of length " + std::to_string(length) +
          ", expected it within the " + std::to_string(status.getSize()) + " bytes of '" + std::string(path) + "'";
    return {};
  }
  return glm::StoredAttr::get(type.getContext(), location, offset, length, "raw");
}

reference::Tensor unpackNibbles(RankedTensorType type, ArrayRef<uint8_t> bytes) {
  reference::Tensor elements(type);
  for (int64_t i = 0; i < elements.size(); ++i)
    elements.setInt(i, bytes[i / 2] >> (i % 2 * 4) & 15);
  return elements;
}

Value Initializers::importFourBit(OpBuilder &builder, Location loc, const TensorProto &proto, const std::string &name,
                                  RankedTensorType type, std::string &why) const {
  auto packed = RankedTensorType::get({(type.getNumElements() + 1) / 2}, builder.getIntegerType(8, false));
  reference::Tensor halves;
  if (isCut(proto) || isExternal(proto)) {
    glm::StoredAttr stored = isCut(proto) ? cutData(proto, packed, why) : externalData(proto, packed, why);
    if (!stored)
      return {};
    if (stored.getEncoding() == "raw")
      return glm::WeightOp::create(
          builder, loc, type, builder.getStringAttr(name),
          glm::StoredAttr::get(loc.getContext(), stored.getFile(), stored.getOffset(), stored.getBytes(), "nibbles"));
    if (failed(weights.read(stored, packed, loc, halves.bytes)))
      return {};
  } else if (!readTensor(proto, packed, halves, why)) {
    return {};
  }
  return glm::ConstantOp::create(builder, loc, type, reference::attributeOf(unpackNibbles(type, halves.bytes)));
}

Value Initializers::import(OpBuilder &builder, Location loc, const TensorProto &proto, const std::string &name,
                           StringRef what) const {
  std::string why;
  RankedTensorType type = typeOf(builder.getContext(), proto, why);
  auto fail = [&] {
    auto diagnostic = emitError(loc) << what << " '" << name << "'";
    if (type)
      diagnostic << " of type " << type;
    diagnostic << " " << why;
    return Value();
  };
  if (!type)
    return fail();
  if (isFourBitType(proto.data_type())) {
    Value value = importFourBit(builder, loc, proto, name, type, why);
    return value || why.empty() ? value : fail();
  }
  if (isCut(proto) || isExternal(proto)) {
    glm::StoredAttr stored = isCut(proto) ? cutData(proto, type, why) : externalData(proto, type, why);
    if (!stored)
      return fail();
    return glm::WeightOp::create(builder, loc, type, builder.getStringAttr(name), stored);
  }
  reference::Tensor tensor;
  if (!readTensor(proto, type, tensor, why))
    return fail();
  return glm::ConstantOp::create(builder, loc, type, reference::attributeOf(tensor));
}

} // namespace glmc::onnximport
