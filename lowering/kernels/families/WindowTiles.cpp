//===- WindowTiles.cpp - How convolutions and pools are cut for a target -----===//
//
// A tile is some pixels by the vectors of one panel, all sums of which are in
// registers. Pixels of a row are cut into tiles that differ by one at most, so
// that no tile is small. Where code is to be small or has no vectors, ends of rows,
// which would have code of their own for each tap, are done one pixel after the
// other, and tiles have few pixels.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/WindowTiles.h"

#include <algorithm>

namespace glmc {

namespace {

/// Sums of a tile, in registers that leave some for operands.
int64_t registerSums(const WindowProblem &problem, int64_t lanes, const targets::Target &target) {
  if (lanes == 1 && problem.isInteger) // General registers, of which there are 13 on small machines.
    return 4;
  // One step a tap has as many operands as sums: more of these only take longer.
  if (target.vectorRegisters >= 32)
    return lanes == 1 || problem.isShallow ? 12 : 24;
  return target.vectorRegisters >= 16 ? 12 : 4;
}
/// Vectors of a tile that no panels decide.
int64_t tileVectors(const WindowProblem &problem, int64_t lanes, const targets::Target &target) {
  if (lanes == 1)
    return 2;
  return problem.isSmall ? 1 : target.vectorRegisters >= 32 ? 4 : 2;
}
/// Pixels of a tile at most, for the sake of code.
constexpr int64_t tilePixels = 12, smallTilePixels = 4;

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

} // namespace

WindowProblem windowProblem(mlir::RankedTensorType result, llvm::ArrayRef<int64_t> kernel,
                            llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> pads) {
  WindowProblem problem;
  const size_t dims = kernel.size();
  bool isFlat = true;
  for (size_t i = 0; i < dims; ++i)
    isFlat &= kernel[i] == 1 && strides[i] == 1 && pads[i] == 0 && pads[dims + i] == 0;
  problem.channels = result.getShape().back();
  problem.pixels = isFlat ? result.getNumElements() / std::max<int64_t>(problem.channels, 1)
                          : result.getDimSize(result.getRank() - 2);
  problem.hasEdges = !isFlat && (pads[dims - 1] > 0 || pads[2 * dims - 1] > 0);
  return problem;
}

std::map<std::string, int64_t> chooseWindowTiles(const WindowProblem &problem, const targets::Target &target) {
  std::map<std::string, int64_t> schedule;
  int64_t lanes = problem.isScalar ? 1 : std::max<int64_t>(1, target.vectorBytes / problem.elementBytes);
  while (lanes > 1 && (lanes > problem.channels || (problem.panelWidth && problem.panelWidth % lanes)))
    lanes /= 2;
  int64_t vectors = problem.panelWidth ? problem.panelWidth / lanes : tileVectors(problem, lanes, target);
  vectors = std::clamp<int64_t>(vectors, 1, std::max<int64_t>(1, problem.channels / lanes));
  const bool isSmall = problem.isSmall || lanes == 1;
  const int64_t most = std::clamp<int64_t>(registerSums(problem, lanes, target) / vectors, 1,
                                           isSmall ? smallTilePixels : tilePixels);
  const int64_t tiles = std::max<int64_t>(1, divideUp(problem.pixels, most));
  schedule["vector"] = lanes;
  schedule["rows"] = std::max<int64_t>(1, divideUp(problem.pixels, tiles));
  if (!problem.panelWidth)
    schedule["panels"] = vectors;
  if (problem.hasEdges && isSmall)
    schedule["edges"] = 1;
  if (problem.parallel)
    schedule["parallel"] = 1;
  return schedule;
}

} // namespace glmc
