//===- PackWeight.h - Writes a constant in the layout that kernels read -----===//
//
// A weight may be as large as memory, so it is packed a piece at a time.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_PACKWEIGHT_H
#define GLMC_CODEGEN_PACKWEIGHT_H

#include "codegen/kernels/KernelDescription.h"

#include <functional>

namespace glmc {

/// Takes `elements` of type.shape, row-major and aligned to nothing, and writes
/// them in type.layout (KernelDescription.h defines the layouts), in order;
/// padding is zero. Altogether type.storageBytes() bytes.
void packWeight(const kernels::TensorType &type, const uint8_t *elements,
                const std::function<void(const uint8_t *, size_t)> &write);

} // namespace glmc

#endif // GLMC_CODEGEN_PACKWEIGHT_H
