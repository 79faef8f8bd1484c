//===- PackWeight.cpp - Writes a constant in the layout that kernels read ---===//
#include "codegen/PackWeight.h"

#include <cstring>

namespace glmc {

std::vector<uint8_t> packWeight(const kernels::TensorType &type, const std::vector<uint8_t> &elements) {
  if (type.layout.kind == kernels::Layout::plain)
    return elements;
  std::vector<uint8_t> packed(type.storageBytes(), 0);
  int64_t bytes = kernels::byteSize(type.element), width = type.layout.width;
  int64_t sizeN = type.shape[type.layout.dim], sizeK = type.shape[1 - type.layout.dim];
  int64_t strideN = type.layout.dim == 0 ? sizeK : 1, strideK = type.layout.dim == 0 ? 1 : sizeN;
  for (int64_t n = 0; n < sizeN; ++n)
    for (int64_t k = 0; k < sizeK; ++k)
      std::memcpy(&packed[(((n / width) * sizeK + k) * width + n % width) * bytes],
                  &elements[(n * strideN + k * strideK) * bytes], bytes);
  return packed;
}

} // namespace glmc
