//===- MatmulTiles.cpp - How a matrix product is cut for a target ------------===//
//
// What decides, in order:
//
//   registers  A tile is `rows` by some vectors of one panel; it leaves registers
//              for a row of the panel and one broadcast element. 6 rows by 2
//              vectors on 16 registers, by 4 on 32 (HALIDE.md, section 4).
//   latency    An addition takes about 4 cycles and two begin in each, so a tile
//              needs 8 sums in flight: fewer rows than that takes are as slow as
//              that many. Rows are cut so that no tile is small: of 128 rows 18
//              tiles of 6 and 4 of 5, not 21 and a slow one of 2.
//   stack      The sums of a block of rows take 4096 bytes at most.
//   memory     One row reads the weight once and nothing else: it goes through
//              panels in order, as memory likes it.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/MatmulTiles.h"

#include <algorithm>

namespace glmc {

namespace {

/// Rows of a register tile at most.
constexpr int64_t tileRows = 6;
/// Sums that must be in flight to keep both multipliers busy.
constexpr int64_t sumsInFlight = 8;
/// Panels that one row reads at once.
constexpr int64_t streams = 4;
/// Bytes that the sums of a block of rows may take on the stack.
constexpr int64_t sumBytes = 4096;
/// Tasks that a parallel kernel is cut into, about: many enough for threads to
/// even out, few enough for each to read memory in long runs.
constexpr int64_t tasks = 32;

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t lanesOf(int64_t columns, int64_t elementBytes, const targets::Target &target) {
  int64_t lanes = 1;
  while (lanes * 2 <= std::min(target.vectorBytes / elementBytes, columns))
    lanes *= 2;
  return lanes;
}

/// Vectors side by side in a register tile.
int64_t tileVectors(const targets::Target &target) { return target.vectorRegisters >= 32 ? 4 : 2; }

struct RowCut {
  int64_t rows, tailRows = 0, tailTiles = 0;
};

/// Tiles of `largest` rows and of one smaller size, of the least cost: a tile
/// costs its rows, but not less than `fewest`, and a little for itself.
RowCut cutRows(int64_t rows, int64_t largest, int64_t fewest) {
  if (rows <= largest)
    return {std::max<int64_t>(rows, 1)};
  auto cost = [&](int64_t size) { return 8 * std::max(size, fewest) + 1; };
  RowCut best = {largest, rows % largest, rows % largest ? 1 : 0};
  int64_t least = rows / largest * cost(largest) + (rows % largest ? cost(rows % largest) : 0);
  for (int64_t size = largest - 1; size > 0; --size)
    for (int64_t count = 1; count <= largest && count * size < rows; ++count) {
      if ((rows - count * size) % largest)
        continue;
      int64_t total = (rows - count * size) / largest * cost(largest) + count * cost(size);
      if (total < least) {
        least = total;
        best = {largest, size, count};
      }
    }
  // Few rows: one size less may do without a rest, 7 = 4 + 3.
  if (rows < 2 * largest)
    best = {divideUp(rows, 2), rows / 2, 1};
  return best;
}

} // namespace

int64_t matmulPanelWidth(int64_t columns, int64_t elementBytes, const targets::Target &target) {
  int64_t lanes = lanesOf(columns, elementBytes, target);
  return std::min(lanes * tileVectors(target), divideUp(columns, lanes) * lanes);
}

std::map<std::string, int64_t> chooseMatmulTiles(const MatmulProblem &problem, const targets::Target &target) {
  const bool packed = problem.panelWidth != 0;
  const int64_t lanes = lanesOf(problem.columns, problem.elementBytes, target);
  const int64_t width = packed ? problem.panelWidth : lanes * tileVectors(target);
  const int64_t vectors = std::max<int64_t>(1, width / lanes);
  const RowCut cut = cutRows(problem.rows, tileRows, divideUp(sumsInFlight, vectors));

  std::map<std::string, int64_t> schedule;
  schedule["vector"] = lanes;
  schedule["rows"] = cut.rows;
  if (cut.tailTiles) {
    schedule["tail_rows"] = cut.tailRows;
    schedule["tail_tiles"] = cut.tailTiles;
  }
  schedule["row_block"] =
      std::max<int64_t>(1, std::min(divideUp(problem.rows, cut.rows), sumBytes / (cut.rows * width * problem.elementBytes)));
  schedule["panels"] = packed ? 1 : problem.transposed ? 4 : tileVectors(target);
  // One row: several panels at once, so that memory has several streams to fetch
  // ahead in (4 reach 1.7 times the bandwidth of 1).
  if (packed && problem.rows == 1)
    schedule["panels"] = std::max<int64_t>(1, std::min(streams, problem.columns / width));
  schedule["unroll_k"] = 4;
  if (problem.prologue && !problem.batched && !problem.transposed)
    schedule["stage_lhs"] = 1;
  if (problem.parallel) {
    schedule["parallel"] = 1;
    schedule["column_block"] = std::max<int64_t>(1, problem.columns / (width * schedule["panels"]) / tasks);
  }
  return schedule;
}

} // namespace glmc
