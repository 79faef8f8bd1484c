//===- MatmulIntegers.h - Right sides of products that are integers ----------===//
//
// A product whose right side is a constant, converted on the way: what it is read
// from, and whether the matmul template multiplies its integers as they are
// (codegen/kernels/MatmulGroups.cpp) or makes numbers of them one by one.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_FAMILIES_MATMULINTEGERS_H
#define GLMC_LOWERING_KERNELS_FAMILIES_MATMULINTEGERS_H

#include "dialects/glm/GlmOps.h"

#include <optional>

namespace glmc {

/// The weight of a product: its right side, or what that converts.
mlir::BlockArgument weightOf(glm::MatmulOp product);

/// The dimension of a weight that the product's columns come from.
int64_t columnDimension(glm::MatmulOp product);

/// The integers of a right side that a product can multiply as they are.
struct RightIntegers {
  mlir::BlockArgument values;
  mlir::BlockArgument scales, zeros; ///< Null where one constant is all of them.
  bool hasZeros = false;
  mlir::Type element;
  int64_t group = 0;    ///< Steps of k that share a scale, at most all.
  int64_t lhsGroup = 0; ///< Steps of k that the left side is rounded by; 0: floats.

  int64_t bits() const { return element.getIntOrFloatBitWidth(); }
  int64_t step() const { return 32 / bits(); } ///< Of its panels.
  bool isSigned() const { return !element.isUnsignedInteger(); }
  /// Whether one kernel can have both.
  bool isLike(const RightIntegers &other) const {
    return element == other.element && group == other.group && lhsGroup == other.lhsGroup && hasZeros == other.hasZeros;
  }
};

/// None if the right side is something else, or of a kind that only elements are
/// read of: groups along the columns, or of a size that words do not fit.
std::optional<RightIntegers> rightIntegersOf(glm::MatmulOp product);

/// Whether all products of a kernel are of a kind that it can have together.
bool areRightSidesAlike(llvm::ArrayRef<glm::MatmulOp> products);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FAMILIES_MATMULINTEGERS_H
