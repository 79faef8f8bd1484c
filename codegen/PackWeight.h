//===- PackWeight.h - Writes a constant in the layout that kernels read -----===//
#ifndef GLMC_CODEGEN_PACKWEIGHT_H
#define GLMC_CODEGEN_PACKWEIGHT_H

#include "codegen/kernels/KernelDescription.h"

namespace glmc {

/// `elements` of type.shape, row-major, in type.layout (KernelDescription.h
/// defines the layouts); padding is zero. The result has type.storageBytes().
std::vector<uint8_t> packWeight(const kernels::TensorType &type, const std::vector<uint8_t> &elements);

} // namespace glmc

#endif // GLMC_CODEGEN_PACKWEIGHT_H
