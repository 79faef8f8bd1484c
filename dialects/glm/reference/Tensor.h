//===- Tensor.h - A tensor's value, for evaluation when compiling -----------===//
//
// Row-major bytes and an MLIR type: what constant folding, packing and
// `glmc verify` compute with. A bool takes one byte, 0 or 1; 16-bit floats are
// stored as their bits.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_REFERENCE_TENSOR_H
#define GLMC_DIALECTS_GLM_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cstdint>
#include <vector>

namespace glmc::reference {

/// Bytes that one element takes: 1 for i1, i4 and ui4, otherwise bits / 8.
int64_t elementBytes(mlir::Type element);

struct Tensor {
  mlir::RankedTensorType type; ///< Static shape.
  std::vector<uint8_t> bytes;

  Tensor() = default;
  /// A tensor of zeros.
  explicit Tensor(mlir::RankedTensorType type);

  int64_t size() const { return type.getNumElements(); }
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }

  /// Element i in row-major order. Floats of any width read as double, integers
  /// and bools as int64_t (ui64 by its bits). Setting rounds to the element
  /// type: nearest even for floats, modulo 2^bits for integers, `!= 0` for bool.
  /// A float set into an integer truncates and saturates, NaN becomes 0.
  double getFloat(int64_t i) const;
  int64_t getInt(int64_t i) const;
  void setFloat(int64_t i, double value);
  void setInt(int64_t i, int64_t value);
};

/// Whether the evaluator can hold a tensor of this type: a static shape, an
/// element type of the dialect, and few enough bytes not to exhaust memory
/// (64 GiB), so that a hostile shape is refused instead of allocated.
bool isHoldable(mlir::RankedTensorType type);

/// The elements of a constant. Fails on an elided resource and on types that
/// are not holdable.
mlir::FailureOr<Tensor> tensorOf(mlir::ElementsAttr attr);
/// The attribute for a constant: dense up to 4 KB, above that a resource blob
/// that the context owns (printing can elide it).
mlir::ElementsAttr attributeOf(const Tensor &tensor);

} // namespace glmc::reference

#endif // GLMC_DIALECTS_GLM_REFERENCE_TENSOR_H
