//===- RoundedParts.h - A constant, rounded, as ops -------------------------===//
//
// A glm.weight becomes glm.weights with a #glm.rounding, which are computed when
// they are written; a glm.constant has its elements in the IR, so they are rounded
// here, by the same code.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_COMPRESS_ROUNDEDPARTS_H
#define GLMC_LOWERING_COMPRESS_ROUNDEDPARTS_H

#include "dialects/glm/GlmOps.h"

namespace glmc {

/// How a constant is rounded: `to` f16 or bf16, or integers by groups along `axis`.
struct RoundingPlan {
  mlir::Type to;
  int64_t axis = 0, group = 0;

  bool hasZeros() const { return to.isUnsignedInteger(); }
};

/// The parts of one constant in one graph; zeros are null where there are none,
/// and scales with them for 16-bit floats.
struct RoundedParts {
  mlir::Value values, scales, zeros;
};

/// Parts that `glm.rounded` of the module has of the weight `base`, made behind it;
/// null values if it has none that `plan` asks for.
mlir::FailureOr<RoundedParts> makeGivenParts(mlir::Operation *base, const RoundingPlan &plan);

/// Makes them behind `base`, a glm.weight without rounding or a glm.constant.
mlir::FailureOr<RoundedParts> makeRoundedParts(mlir::Operation *base, const RoundingPlan &plan);

} // namespace glmc

#endif // GLMC_LOWERING_COMPRESS_ROUNDEDPARTS_H
