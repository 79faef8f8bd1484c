//===- LayerColumns.h - A weight, a strip of columns at a time ------------------===//
//
// For work on single layers: the weight is read where it lies, and what is made of
// it is small, so that a layer of any size takes little memory.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_LAYERCOLUMNS_H
#define GLMC_COMPILER_LAYERCOLUMNS_H

#include "dialects/glm/WeightSource.h"
#include "lowering/compress/Readings.h"

#include <Eigen/Core>

namespace glmc {

/// An element of a weight, or of its parts, as a float: any float type, or an
/// integer of a byte.
float floatAt(mlir::Type element, const uint8_t *bytes, int64_t i);

/// A weight as columns of what its products sum over (of a table, its features):
/// column n is (o, i) of the dimensions before and behind that one.
class LayerColumns {
public:
  /// Elements that a strip is best made of.
  static constexpr int64_t stripElements = int64_t(1) << 22;

  /// Precondition: `weight` outlives this, and its base is a glm.weight or a
  /// glm.constant.
  explicit LayerColumns(const ReadWeight &weight);

  /// Finds the elements; `source` has to outlive this. Fails after an error was
  /// emitted.
  mlir::LogicalResult read(WeightSource &source);

  int64_t axis() const { return dimension; } ///< That is summed over.
  int64_t depth() const { return size; }     ///< Its size.
  int64_t count() const { return outer * inner; }
  int64_t width() const; ///< Columns of a strip.
  /// Where element k of column n is.
  int64_t positionOf(int64_t k, int64_t n) const { return (n / inner * size + k) * inner + n % inner; }
  /// Where the group k / group of column n is among scales.
  int64_t groupPositionOf(int64_t group, int64_t n, int64_t groups) const {
    return (n / inner * groups + group) * inner + n % inner;
  }
  /// The elements, row-major.
  llvm::ArrayRef<uint8_t> elements() const { return bytes; }
  /// `columns` [depth, n] from column `first` on.
  void strip(int64_t first, Eigen::MatrixXf &columns) const;

private:
  const ReadWeight &weight;
  int64_t dimension = 0, outer = 1, size = 1, inner = 1;
  std::vector<uint8_t> copied; ///< Elements that are not mapped as they are needed.
  llvm::ArrayRef<uint8_t> bytes;
};

} // namespace glmc

#endif // GLMC_COMPILER_LAYERCOLUMNS_H
