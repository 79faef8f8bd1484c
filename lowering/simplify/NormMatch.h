//===- NormMatch.h - Statistics of rows, and products around them -----------===//
//
// What RMS norm and layer norm have in common. Exporters spell x / sqrt(m + e) * g
// in many ways; all are products of powers, so a product is flattened and its
// factors are looked at:
//
//     (x * (1 / sqrt(m + e))) * g   =   x^1 (m + e)^-0.5 g^1
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_NORMMATCH_H
#define GLMC_LOWERING_SIMPLIFY_NORMMATCH_H

#include "lowering/simplify/Idiom.h"

namespace glmc {

/// base^power.
struct Factor {
  mlir::Value base;
  double power;
  /// What the product reads, where unary ops and reshapes lie between.
  mlir::Value read;
};

/// The factors of `root`, a product or quotient, and in `ops` the ops between;
/// factors of 1 are dropped. Goes into values with one reader only.
llvm::SmallVector<Factor> factorsOf(mlir::Operation *root, OpSet &ops);

/// The x of which `value` is the mean over the last dimension, whatever shape
/// of as many elements it has; null if it is none.
mlir::Value meanOfRows(mlir::Value value, OpSet &ops);

/// The x of which `value` is x * x; null if it is no square.
mlir::Value squareOf(mlir::Value value, OpSet &ops);

/// Whether `value` broadcasts to x with one element a row.
bool isOneARow(mlir::Value value, mlir::Value x);

/// Takes `value` = statistic + constant apart. Without a sum the constant is 0.
struct Shifted {
  mlir::Value statistic;
  double epsilon;
};
std::optional<Shifted> statisticPlusEpsilon(mlir::Value value, OpSet &ops);

/// The m of which centred = x - m, with m the mean of the rows of x; null if
/// `centred` is no such difference.
mlir::Value meanTakenFrom(mlir::Value centred, OpSet &ops);

/// The factor that is the scale of a norm whose others are at `taken`: a vector
/// of `size`. Null if there is none left; nothing if what is left is no scale.
std::optional<mlir::Value> scaleAmong(llvm::ArrayRef<Factor> factors, llvm::ArrayRef<size_t> taken, int64_t size);

/// Whether a vector of ones (or zeros) of this size is worth a norm whose scale
/// (or bias) is missing.
inline bool isCheapVector(int64_t size) { return size <= 16 * 1024; }

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_NORMMATCH_H
