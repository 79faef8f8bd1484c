//===- GivenInputs.h - Inputs from files named on the command line ------------===//
#ifndef GLMC_COMPILER_GIVENINPUTS_H
#define GLMC_COMPILER_GIVENINPUTS_H

#include "compiler/Slots.h"

namespace glmc {

/// Reads what `--input [NAME=]FILE` names. Nothing: the error was printed.
std::optional<std::vector<NamedTensor>> readGivenInputs(mlir::MLIRContext &context,
                                                        const std::vector<std::string> &files);

/// One tensor an input of the model, as `inputs`. False, with `error` set: a name
/// or type is not the model's, or a tensor that it needs is missing.
bool placeGivenInputs(const std::vector<Slot> &slots, std::vector<NamedTensor> tensors,
                      std::vector<reference::Tensor> &inputs, std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_GIVENINPUTS_H
