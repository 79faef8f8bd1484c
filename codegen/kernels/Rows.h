//===- Rows.h - Reductions along rows, for every family ---------------------===//
//
// Private to codegen/kernels. How a row becomes one value, in an order that
// depends on its length only; and the statistics of rms_norm and layer_norm on
// top of it, which let any family evaluate those ops where it reads them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_ROWS_H
#define GLMC_CODEGEN_KERNELS_ROWS_H

#include "codegen/kernels/Builder.h"

namespace glmc::kernels {

/// How to combine two values, and what to start from.
struct Combiner {
  Expr (*combine)(const Expr &, const Expr &);
  Expr start;
};
/// For sum, mean (a sum), prod, max and min.
Combiner combinerOf(const std::string &kind, Halide::Type type);

struct RowReduction {
  std::string name;
  Combiner combiner;
  std::vector<Var> rows; ///< Which row; the result's variables.
  int count = 0;         ///< Elements of a row.
  int lanes = 1;         ///< Of vectors; the result does not depend on it.
  Halide::LoopLevel level;
  int rowsAtOnce = 1; ///< Rows that the loop at `level` needs, at most.
};

/// A Func of `rows`, on the stack at `level`: `element(j)` for j in [0, count)
/// combined in the order that Schedules.h gives for reductionLanes.
Func reduceRow(const RowReduction &row, const std::function<Expr(const Expr &)> &element);

/// Defines the values of every rms_norm and layer_norm node of the kernel that has
/// no definition yet, until Builder::forget(). The statistics of a row become Funcs of one variable, the
/// row-major position of the operand's leading dimensions, computed at `level`:
/// a loop that all uses lie inside of and that reads at most `rowsAtOnce`
/// consecutive rows. Funcs are called by `suffix`, which differs between calls.
void defineNorms(Builder &builder, const Halide::LoopLevel &level, const std::string &suffix, int rowsAtOnce = 1);

bool isNorm(const Node &node);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_ROWS_H
