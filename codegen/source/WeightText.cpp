//===- WeightText.cpp - Weights in a C++ file -------------------------------===//
//
// Weights are one string literal, in octal escapes: compilers read that ten
// times faster than a list of numbers, and adjacent literals let every weight
// have its comment. They are read through may_alias types.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/WeightText.h"

#include "codegen/source/EmitHeader.h"

namespace glmc::source {

void WeightPrinter::endLine() {
  if (line.empty())
    return;
  text += "  \"" + line + "\"\n";
  line.clear();
  if (text.size() > 1 << 16) {
    write(text);
    text.clear();
  }
}

void WeightPrinter::byte(uint8_t b) {
  while (next < program.weights.size() && program.weights[next].offset == at) {
    const Weight &w = program.weights[next++];
    endLine();
    std::string shape;
    for (int64_t n : w.type.shape)
      shape += (shape.empty() ? " " : "x") + std::to_string(n);
    const char *layout = w.type.layout.kind == kernels::Layout::panels ? ", in panels" : "";
    text += commentLines(
        std::to_string(w.offset) + ": " + w.name + ", " + kernels::name(w.type.element) + shape + layout, "  // ");
  }
  ++at;
  const bool plain = b >= ' ' && b < 127 && b != '"' && b != '\\' && b != '?';
  if (plain)
    line += (char)b;
  else {
    const char octal[] = {'\\', (char)('0' + (b >> 6)), (char)('0' + (b >> 3 & 7)), (char)('0' + (b & 7))};
    line.append(octal, 4);
  }
  if (line.size() >= 108)
    endLine();
}

void WeightPrinter::take(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i)
    byte(bytes[i]);
}

void WeightPrinter::finish() {
  endLine();
  write(text);
}

} // namespace glmc::source
