//===- Quantize.h - What handlers of quantised operators share --------------===//
//
// Quantised tensors stay as they are stored: integers, scales and zero points
// meet in a glm.dequantize only, so that a product can read them as they are.
// Everything here gives null after an error, as Compose.h does.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_QUANTIZE_H
#define GLMC_COMPILER_IMPORT_ONNX_QUANTIZE_H

#include "compiler/import/onnx/Compose.h"

namespace glmc::onnximport {

/// Which elements of a tensor share a scale, as glm.dequantize says it: `group`
/// of them along `axis`; `shape` is that of the scales, with 1 where all indices
/// of a dimension share them.
struct Granularity {
  llvm::SmallVector<int64_t> shape;
  int64_t axis = 0, group = 1;
};

inline bool isNumbers(mlir::Value value) { return llvm::isa<mlir::FloatType>(OnnxNode::elementOf(value)); }
inline bool isFourBit(mlir::Value value) { return OnnxNode::elementOf(value).isInteger(4); }

/// Blocks of `blockSize` along `axis` of a tensor of `shape`; the last one may
/// have less. An error if 'scales' is not made for them.
mlir::FailureOr<Granularity> blocksOf(OnnxNode &node, llvm::ArrayRef<int64_t> shape, mlir::Value scales, int64_t axis,
                                      int64_t blockSize);

/// glm.dequantize; scales and zeros (which may be null) are reshaped to the
/// granularity. Zeros that are all 0 are left out, and of constants that are all
/// equal there is one.
mlir::Value dequantize(OnnxNode &node, mlir::Value q, const Granularity &granularity, mlir::Value scales,
                       mlir::Value zeros, mlir::Type result);

/// x / scale, rounded with halves to even, plus zero, saturated at the range of
/// `integers`. Operands are f32, scale and zero (which may be null) broadcast.
mlir::Value quantize(OnnxNode &node, mlir::Value x, mlir::Value scale, mlir::Value zero, mlir::IntegerType integers);

/// The same of x that is divided by its scale already.
mlir::Value roundTo(OnnxNode &node, mlir::Value x, mlir::Value zero, mlir::IntegerType integers);

/// An input of ONNX Runtime's packed bytes as unsigned integers of 4 or 8 bits of
/// `shape`; rows, along the last dimension, start in new bytes. Integers of 4
/// bits have to be constant; they stay in their file where they can.
mlir::Value packedIntegers(OnnxNode &node, unsigned input, llvm::StringRef name, int64_t bits,
                           llvm::ArrayRef<int64_t> shape);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_QUANTIZE_H
