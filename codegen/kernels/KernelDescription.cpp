//===- KernelDescription.cpp - A kernel as plain data -----------------------===//
#include "codegen/kernels/KernelDescription.h"

namespace glmc::kernels {

namespace {
struct ElementFacts {
  int64_t bytes;
  const char *name;
  const char *cType;
};

const ElementFacts &facts(Element element) {
  static const ElementFacts table[] = {
      {1, "i1", "uint8_t"},    {1, "i8", "int8_t"},     {2, "i16", "int16_t"},   {4, "i32", "int32_t"},
      {8, "i64", "int64_t"},   {1, "ui8", "uint8_t"},   {2, "ui16", "uint16_t"}, {4, "ui32", "uint32_t"},
      {8, "ui64", "uint64_t"}, {2, "f16", "uint16_t"},  {2, "bf16", "uint16_t"}, {4, "f32", "float"},
      {8, "f64", "double"},    {1, "i4", "int8_t"},     {1, "ui4", "uint8_t"}};
  return table[static_cast<size_t>(element)];
}
} // namespace

int64_t byteSize(Element element) { return facts(element).bytes; }
const char *name(Element element) { return facts(element).name; }
const char *cType(Element element) { return facts(element).cType; }

int64_t TensorType::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

int64_t TensorType::storageBytes() const {
  if (layout.kind == Layout::plain)
    return elements() * byteSize(element);
  int64_t columns = shape[layout.dim];
  int64_t padded = (columns + layout.width - 1) / layout.width * layout.width;
  int64_t depth = (shape[1 - layout.dim] + layout.step - 1) / layout.step * layout.step;
  return element == Element::i4 || element == Element::u4 ? padded * depth / 2 : padded * depth * byteSize(element);
}

} // namespace glmc::kernels
