//===- Compare.h - How far two tensors are apart ------------------------------===//
#ifndef GLMC_COMPILER_COMPARE_H
#define GLMC_COMPILER_COMPARE_H

#include "dialects/glm/reference/Tensor.h"

namespace glmc {

/// An element may be off by absolute + relative * |expected|.
struct Tolerance {
  double absolute = 1e-4, relative = 0;
};

struct Difference {
  double maxAbsolute = 0; ///< Infinite where only one of the two is finite.
  double maxRelative = 0; ///< To |expected|, or to 1e-6 where that is smaller.
  int64_t worst = -1;     ///< Element of the largest absolute difference.
  bool within = true;     ///< Every element is within the tolerance.
};

/// Equal NaNs and infinities differ by nothing. Precondition: as many elements.
Difference compare(const reference::Tensor &actual, const reference::Tensor &expected, const Tolerance &tolerance);

/// Whether the types are the same, but for dimensions of 1 (exporters store a
/// scalar as one element) and elements that are kept the same.
bool sameButForOnes(mlir::RankedTensorType a, mlir::RankedTensorType b);

} // namespace glmc

#endif // GLMC_COMPILER_COMPARE_H
