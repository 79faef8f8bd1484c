//===- WindowTiles.cpp - How convolutions and pools are cut for a target -----===//
//
// A tile is some pixels by the vectors of one panel, all sums of which are in
// registers. Pixels of a row are cut into tiles that differ by one at most, so
// that no tile is small. Targets without vectors have little memory for code, and
// few registers: tiles are two pixels by two channels, and ends of rows, which
// would have code of their own for each tap, are done one pixel after the other.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/WindowTiles.h"

#include <algorithm>

namespace glmc {

namespace {

/// Sums of a tile, in registers that leave some for operands.
int64_t registerSums(const targets::Target &target) { return target.vectorRegisters >= 32 ? 24 : 12; }
/// Vectors of a tile that no panels decide.
int64_t tileVectors(const targets::Target &target) { return target.vectorRegisters >= 32 ? 4 : 2; }
/// Pixels of a tile at most, for the sake of code.
constexpr int64_t tilePixels = 12;

bool isSmall(const targets::Target &target) { return target.vectorBytes <= 4; }

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
  int64_t lanes = std::max<int64_t>(1, target.vectorBytes / problem.elementBytes);
  while (lanes > 1 && (lanes > problem.channels || (problem.panelWidth && problem.panelWidth % lanes)))
    lanes /= 2;
  int64_t vectors = problem.panelWidth ? problem.panelWidth / lanes : tileVectors(target);
  vectors = std::clamp<int64_t>(vectors, 1, std::max<int64_t>(1, problem.channels / lanes));
  const int64_t most = isSmall(target) ? 2 : std::clamp<int64_t>(registerSums(target) / vectors, 1, tilePixels);
  const int64_t tiles = std::max<int64_t>(1, divideUp(problem.pixels, most));
  schedule["vector"] = lanes;
  schedule["rows"] = std::max<int64_t>(1, divideUp(problem.pixels, tiles));
  if (!problem.panelWidth)
    schedule["panels"] = vectors;
  if (problem.hasEdges && isSmall(target))
    schedule["edges"] = 1;
  if (problem.parallel)
    schedule["parallel"] = 1;
  return schedule;
}

} // namespace glmc
