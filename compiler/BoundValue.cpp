//===- BoundValue.cpp - A value that --bind gives an input --------------------===//
#include "compiler/BoundValue.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// More is no shape or mask, but data.
constexpr int64_t mostElements = int64_t(1) << 26;

/// Whether `value` is within the integers of the type.
bool isInRange(IntegerType type, int64_t value) {
  const unsigned bits = type.getWidth();
  if (type.isUnsigned())
    return value >= 0 && (bits >= 64 || value < int64_t(1) << bits);
  return bits >= 64 || (value >= -(int64_t(1) << (bits - 1)) && value < int64_t(1) << (bits - 1));
}

bool setElement(Tensor &tensor, int64_t i, llvm::StringRef text) {
  if (isa<FloatType>(tensor.type.getElementType())) {
    double value = 0;
    if (text.getAsDouble(value))
      return false;
    tensor.setFloat(i, value);
    return true;
  }
  auto type = cast<IntegerType>(tensor.type.getElementType());
  int64_t value = 0;
  if (type.getWidth() == 1) {
    if (text != "0" && text != "1" && text != "true" && text != "false")
      return false;
    value = text == "1" || text == "true";
  } else if (text.getAsInteger(10, value) || !isInRange(type, value)) {
    return false;
  }
  tensor.setInt(i, value);
  return true;
}

} // namespace

std::optional<Tensor> parseBoundValue(const ModelSignature::Tensor &input, llvm::ArrayRef<int64_t> shape,
                                      const std::vector<std::string> &values, std::string &error) {
  auto fail = [&](const std::string &text) {
    error = "--bind: input '" + input.name + "' " + text;
    return std::nullopt;
  };
  if (!input.element || !input.hasShape)
    return fail("is no tensor of a known shape, expected one to give a value to");
  std::string shapeText;
  std::optional<int64_t> elements = 1;
  for (int64_t size : shape) {
    elements = elements ? llvm::checkedMul(*elements, size) : std::nullopt;
    shapeText += (shapeText.empty() ? "" : ", ") + std::to_string(size);
  }
  const std::string type = input.elementName + "[" + shapeText + "]";
  if (!elements || *elements < 0 || *elements > mostElements)
    return fail("is " + type + ", expected at most " + std::to_string(mostElements) + " elements to give a value to");
  if (values.size() != 1 && int64_t(values.size()) != *elements)
    return fail("is " + type + ", but " + std::to_string(values.size()) + " values are given, expected " +
                std::to_string(*elements) + ", or one for all");
  Tensor tensor(RankedTensorType::get(shape, input.element));
  for (int64_t i = 0; i < *elements; ++i) {
    const std::string &text = values[values.size() == 1 ? 0 : size_t(i)];
    if (!setElement(tensor, i, text))
      return fail("is " + type + ", but element " + std::to_string(i) + " is given as '" + text + "'");
  }
  return tensor;
}

} // namespace glmc
