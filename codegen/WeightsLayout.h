//===- WeightsLayout.h - What a weights image holds where ---------------------===//
//
// A program whose weights are in a file of their own (runtime-min/weights.h)
// knows that file by a hash of its layout: names, types, packings and offsets,
// not values, so that a model that was trained on can be exchanged alone.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_WEIGHTSLAYOUT_H
#define GLMC_CODEGEN_WEIGHTSLAYOUT_H

#include "codegen/Program.h"

namespace glmc {

inline uint64_t weightsLayout(const Program &program) {
  std::string text = std::to_string(program.weightBytes);
  for (const Weight &weight : program.weights) {
    // A name may hold anything: its length keeps it apart from what follows.
    text += "\n" + std::to_string(weight.name.size()) + " " + weight.name + " " + kernels::name(weight.type.element);
    for (int64_t size : weight.type.shape)
      text += " " + std::to_string(size);
    if (weight.type.layout.kind == kernels::Layout::panels)
      text += " panels " + std::to_string(weight.type.layout.dim) + " " + std::to_string(weight.type.layout.width);
    if (weight.type.layout.step != 1)
      text += " step " + std::to_string(weight.type.layout.step);
    text += " at " + std::to_string(weight.offset) + " " + std::to_string(weight.bytes);
  }
  uint64_t hash = 0xcbf29ce484222325; // FNV-1a.
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

} // namespace glmc

#endif // GLMC_CODEGEN_WEIGHTSLAYOUT_H
