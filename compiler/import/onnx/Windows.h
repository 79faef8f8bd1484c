//===- Windows.h - Kernels, strides and pads as nodes give them -------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_WINDOWS_H
#define GLMC_COMPILER_IMPORT_ONNX_WINDOWS_H

#include "compiler/import/onnx/Compose.h"

namespace glmc::onnximport {

/// What slides over the dimensions of space of a tensor [n, c, space...]; one
/// number a dimension, of pads first those before, then those behind.
struct Windows {
  llvm::SmallVector<int64_t> kernel, strides, dilations, pads;
};

/// 'strides', 'dilations', 'pads' and 'auto_pad' of a node. `kernel` has the sizes
/// that 'kernel_shape' must agree with; if it is empty that attribute has them.
mlir::FailureOr<Windows> windowsOf(OnnxNode &node, mlir::Value x, llvm::ArrayRef<int64_t> kernel);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_WINDOWS_H
