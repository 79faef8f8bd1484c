//===- NpyFile.cpp - NumPy's .npy files ---------------------------------------===//
//
// A .npy file is a magic number, a version, the length of a header, the header
// (a Python dictionary of three known keys, in any order) and the elements.
// Little and big endian and both orders are read; little endian, C order,
// version 1.0 is written, as NumPy itself does.
//
//===----------------------------------------------------------------------===//
#include "compiler/TensorFile.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>

using namespace mlir;

namespace glmc {
namespace {

constexpr llvm::StringLiteral magic("\x93NUMPY");

struct Header {
  std::string descr;
  bool fortranOrder = false;
  SmallVector<int64_t> shape;
};

/// The part of a Python literal's syntax that headers are written in.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : text(text) {}

  bool parse(Header &header) {
    bool seen[3] = {};
    if (!eat("{"))
      return false;
    while (!eat("}")) {
      std::string key;
      if (!string(key) || !eat(":"))
        return false;
      if (key == "descr")
        seen[0] = string(header.descr);
      else if (key == "fortran_order")
        seen[1] = boolean(header.fortranOrder);
      else if (key == "shape")
        seen[2] = tuple(header.shape);
      else
        return false;
      if (!eat(",") && !text.ltrim().starts_with("}"))
        return false;
    }
    return seen[0] && seen[1] && seen[2] && text.trim().empty();
  }

private:
  bool eat(StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }
  bool string(std::string &value) {
    text = text.ltrim();
    if (!text.starts_with("'") && !text.starts_with("\""))
      return false;
    const size_t end = text.find(text.front(), 1);
    if (end == StringRef::npos)
      return false;
    value = text.slice(1, end).str();
    text = text.substr(end + 1);
    return true;
  }
  bool boolean(bool &value) {
    value = eat("True");
    return value || eat("False");
  }
  bool tuple(SmallVector<int64_t> &values) {
    if (!eat("("))
      return false;
    while (!eat(")")) {
      int64_t value = 0;
      text = text.ltrim();
      if (text.consumeInteger(10, value) || value < 0 || values.size() == 64)
        return false;
      text.consume_front("L"); // Python 2 wrote long integers so.
      values.push_back(value);
      if (!eat(",") && !text.ltrim().starts_with(")"))
        return false;
    }
    return true;
  }

  StringRef text;
};

Type elementOf(MLIRContext &context, StringRef kind) {
  Builder builder(&context);
  return llvm::StringSwitch<Type>(kind)
      .Cases({"b1", "?"}, builder.getI1Type())
      .Case("i1", builder.getI8Type())
      .Case("i2", builder.getI16Type())
      .Case("i4", builder.getI32Type())
      .Case("i8", builder.getI64Type())
      .Case("u1", builder.getIntegerType(8, false))
      .Case("u2", builder.getIntegerType(16, false))
      .Case("u4", builder.getIntegerType(32, false))
      .Case("u8", builder.getIntegerType(64, false))
      .Case("f2", builder.getF16Type())
      .Case("f4", builder.getF32Type())
      .Case("f8", builder.getF64Type())
      .Default(Type());
}

/// Elements in C order of elements in Fortran order.
std::vector<uint8_t> reorder(ArrayRef<int64_t> shape, StringRef data, int64_t width) {
  std::vector<uint8_t> result(data.size());
  SmallVector<int64_t> index(shape.size(), 0), strides(shape.size());
  int64_t stride = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  for (size_t i = 0; i * width < data.size(); ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      from += index[d] * strides[d];
    std::copy_n(data.bytes_begin() + from * width, width, result.begin() + i * width);
    for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];)
      index[d] = 0;
  }
  return result;
}

/// Splits a file into its header's text and its elements.
bool split(StringRef text, StringRef &header, StringRef &data, std::string &error) {
  if (!text.consume_front(magic)) {
    error = "is not a .npy file: it does not begin with \"\\x93NUMPY\"";
    return false;
  }
  if (text.size() < 4) {
    error = "ends within the .npy header";
    return false;
  }
  const uint8_t major = text[0];
  if (major < 1 || major > 3) {
    error = "has .npy version " + std::to_string(major) + ", expected 1, 2 or 3";
    return false;
  }
  const size_t lengthBytes = major == 1 ? 2 : 4;
  size_t length = 0;
  text = text.drop_front(2);
  for (size_t i = 0; i < lengthBytes && i < text.size(); ++i)
    length |= size_t(uint8_t(text[i])) << 8 * i;
  if (text.size() < lengthBytes || text.size() - lengthBytes < length) {
    error = "ends within the .npy header";
    return false;
  }
  header = text.substr(lengthBytes, length);
  data = text.substr(lengthBytes + length);
  return true;
}

} // namespace

std::optional<NamedTensor> parseNpy(MLIRContext &context, StringRef text, std::string &error) {
  StringRef headerText, data;
  if (!split(text, headerText, data, error))
    return std::nullopt;
  Header header;
  if (!HeaderParser(headerText).parse(header)) {
    error = "has a .npy header that is not {'descr': ..., 'fortran_order': ..., 'shape': ...}";
    return std::nullopt;
  }
  StringRef kind = header.descr;
  const bool bigEndian = kind.starts_with(">");
  if (!kind.empty() && StringRef("<>|=").contains(kind.front()))
    kind = kind.drop_front();
  Type element = elementOf(context, kind);
  if (!element) {
    error = "has elements of type '" + header.descr + "', expected bool, an integer or a float of up to 64 bits";
    return std::nullopt;
  }
  // Before any type is made of it: how many elements the file can hold.
  const int64_t width = reference::elementBytes(element);
  const bool empty = llvm::is_contained(header.shape, 0);
  int64_t elements = empty ? 0 : 1;
  for (int64_t dim : header.shape)
    if (!empty && llvm::MulOverflow(elements, dim, elements))
      elements = -1, error = "has a shape of too many elements";
  if (elements < 0 || uint64_t(elements) > data.size() / width || uint64_t(elements * width) != data.size()) {
    if (error.empty())
      error = "holds " + std::to_string(data.size()) + " bytes of elements, expected " + std::to_string(elements) +
              " elements of " + std::to_string(width);
    return std::nullopt;
  }
  NamedTensor result;
  result.tensor.type = RankedTensorType::get(header.shape, element);
  result.tensor.bytes = header.fortranOrder && header.shape.size() > 1
                            ? reorder(header.shape, data, width)
                            : std::vector<uint8_t>(data.bytes_begin(), data.bytes_end());
  if (bigEndian)
    for (size_t i = 0; i < result.tensor.bytes.size(); i += width)
      std::reverse(result.tensor.bytes.begin() + i, result.tensor.bytes.begin() + i + width);
  if (element.isInteger(1))
    for (uint8_t &byte : result.tensor.bytes)
      byte = byte != 0;
  return result;
}

std::optional<std::string> printNpy(const reference::Tensor &tensor, std::string &error) {
  Type element = tensor.type.getElementType();
  if (element.isBF16()) {
    error = "NumPy has no bfloat16; write a .pb file instead";
    return std::nullopt;
  }
  const int64_t width = reference::elementBytes(element);
  const char kind = element.isInteger(1)          ? 'b'
                    : isa<FloatType>(element)     ? 'f'
                    : element.isUnsignedInteger() ? 'u'
                                                  : 'i';
  std::string header = "{'descr': '";
  header += width == 1 ? '|' : '<';
  header += kind + std::to_string(width) + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < tensor.shape().size(); ++i)
    header += (i ? ", " : "") + std::to_string(tensor.shape()[i]);
  header += tensor.shape().size() == 1 ? ",), }" : "), }";
  // Elements begin at a multiple of 64 bytes; a newline ends the header.
  const size_t before = magic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  std::string text = magic.str();
  text += '\1';
  text += '\0';
  text += char(header.size() & 0xff);
  text += char(header.size() >> 8);
  text += header;
  text.append(tensor.bytes.begin(), tensor.bytes.end());
  return text;
}

} // namespace glmc
