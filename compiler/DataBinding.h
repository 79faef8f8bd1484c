//===- DataBinding.h - A model bound to the data that it is run on ------------===//
#ifndef GLMC_COMPILER_DATABINDING_H
#define GLMC_COMPILER_DATABINDING_H

#include "compiler/Bindings.h"

namespace glmc {

/// Adds to `request` what a data set's inputs say: the sizes of free dimensions
/// and, where a shape depends on an input's values, those values. Inputs that
/// are constants then leave `inputs`. False, with `error` set, where the data
/// contradicts itself or the flags.
bool bindToData(mlir::MLIRContext &context, OnnxModel &model, BindingRequest &request, std::vector<NamedTensor> &inputs,
                std::string &error);

/// Whether both bind a model to the same.
bool sameData(const BindingRequest &a, const BindingRequest &b);

} // namespace glmc

#endif // GLMC_COMPILER_DATABINDING_H
