//===- Algebra.h - The patterns of glm-simplify-algebra ----------------------===//
//
// Each pattern is one equation, named by what it rewrites. All of them hold for
// NaN and infinities too, so they need no `--math` mode. A file for what changes
// numbers, for what only moves them, for slices, and for quantised weights.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_ALGEBRA_H
#define GLMC_LOWERING_SIMPLIFY_ALGEBRA_H

#include "mlir/IR/PatternMatch.h"

namespace glmc {

/// Neutral operands, cheaper equals, involutions, casts there and back.
void addNumberAlgebra(mlir::RewritePatternSet &patterns);
/// Transposes, expands, gathers and concats that can be spared or absorbed.
void addMovementAlgebra(mlir::RewritePatternSet &patterns);
/// Only that of transposes behind each other.
void addMergedTransposes(mlir::RewritePatternSet &patterns);
/// Slices move towards inputs, so that what they leave out is not computed.
void addSliceAlgebra(mlir::RewritePatternSet &patterns);
/// Movement between quantised weights and what reads them goes where it is free.
void addDequantizeAlgebra(mlir::RewritePatternSet &patterns);

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_ALGEBRA_H
