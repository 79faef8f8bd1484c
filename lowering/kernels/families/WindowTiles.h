//===- WindowTiles.h - How convolutions and pools are cut for a target -------===//
//
// The numbers of a schedule as a pure function of sizes and the target. What they
// mean: codegen/kernels/Schedules.h.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_FAMILIES_WINDOWTILES_H
#define GLMC_LOWERING_KERNELS_FAMILIES_WINDOWTILES_H

#include "targets/Target.h"

#include "mlir/IR/BuiltinTypes.h"

#include <map>
#include <string>

namespace glmc {

struct WindowProblem {
  int64_t pixels = 1;   ///< Of a row, or all of them where windows are one element.
  int64_t channels = 1; ///< Of the result.
  bool hasEdges = false; ///< Some windows reach over an end of the row.
  int64_t elementBytes = 4; ///< Of what is added up.
  int64_t panelWidth = 0;   ///< Of weights; 0: there are none, or not in panels.
  bool parallel = false;
  bool isInteger = false; ///< What is added up.
  bool isScalar = false;  ///< No vectors of channels, even if the target has some.
  bool isShallow = false; ///< A tap adds one product, or one element.
  bool isSmall = false;   ///< Code is to be small (--optimize size).
};

/// The sizes of windows that give a `result` with channels last.
WindowProblem windowProblem(mlir::RankedTensorType result, llvm::ArrayRef<int64_t> kernel,
                            llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads);

/// The schedule of the kernel; what has its default is left out.
std::map<std::string, int64_t> chooseWindowTiles(const WindowProblem &problem, const targets::Target &target);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FAMILIES_WINDOWTILES_H
