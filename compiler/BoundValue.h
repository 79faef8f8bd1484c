//===- BoundValue.h - A value that --bind gives an input ----------------------===//
#ifndef GLMC_COMPILER_BOUNDVALUE_H
#define GLMC_COMPILER_BOUNDVALUE_H

#include "compiler/InputRoles.h"

namespace glmc {

/// A tensor of the input's element type and this shape from elements as text: as
/// many as it has, or one for all. Nothing, with `error` set, if there are more
/// or fewer, or one is no such number.
std::optional<reference::Tensor> parseBoundValue(const ModelSignature::Tensor &input, llvm::ArrayRef<int64_t> shape,
                                                 const std::vector<std::string> &values, std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_BOUNDVALUE_H
