//===- MatmulTiles.h - How a matrix product is cut for a target --------------===//
//
// The numbers of a matmul kernel's schedule as a pure function of its sizes and
// the target, so that they can be tested without a kernel. What the numbers
// mean: codegen/kernels/Schedules.h. Why these: MatmulTiles.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_FAMILIES_MATMULTILES_H
#define GLMC_LOWERING_KERNELS_FAMILIES_MATMULTILES_H

#include "targets/Target.h"

#include <cstdint>
#include <map>
#include <string>

namespace glmc {

/// The sizes that matter. Several results of one kernel share one choice.
struct MatmulProblem {
  int64_t rows = 1;    ///< Of the left side, leading dimensions included.
  int64_t columns = 1; ///< Of the widest result.
  int64_t depth = 1;   ///< k.
  int64_t elementBytes = 4; ///< Of an accumulator: 4, or 8 for f64.
  int64_t panelWidth = 0;   ///< 0: the right side is not in panels.
  bool transposed = false;  ///< The right side is plain and transposed.
  bool batched = false;     ///< The right side has leading dimensions.
  int64_t sums = 1; ///< Sums that one element of a result needs: 2 for swiglu.
  bool prologue = false; ///< The left side is computed, not an argument.
  bool parallel = false; ///< Compiled for more than one thread.
  int64_t integerBits = 0;    ///< Of a right side of integers, else 0.
  bool isLeftRounded = false; ///< The left side is rounded to integers, too.
  bool isSmall = false;       ///< Code is to be small (--optimize size).
};

/// The schedule of the kernel; what has its default is left out.
std::map<std::string, int64_t> chooseMatmulTiles(const MatmulProblem &problem, const targets::Target &target);

/// The same for a right side of integers that are multiplied as they are.
std::map<std::string, int64_t> chooseIntegerTiles(const MatmulProblem &problem, const targets::Target &target);

/// Columns of a panel of these.
int64_t integerPanelWidth(int64_t columns, const targets::Target &target);

/// Words of the rounded left side that a word of the right side is multiplied
/// with, for a value of `dots` (codegen/kernels/Schedules.h).
int64_t integerParts(int64_t dots, int64_t bits);

/// Whether integers are shifted by a bias before `dots` multiplies them.
bool hasIntegerBias(int64_t dots, int64_t bits, bool isSigned);

/// Columns of a panel of a packed weight with `columns` columns; `elementBytes`
/// of what is accumulated, not of what is stored.
int64_t matmulPanelWidth(int64_t columns, int64_t elementBytes, const targets::Target &target);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FAMILIES_MATMULTILES_H
