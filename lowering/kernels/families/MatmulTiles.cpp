//===- MatmulTiles.cpp - How a matrix product is cut for a target ------------===//
//
// What decides, in order:
//
//   registers  A tile is `rows` by some vectors of one panel; it leaves registers
//              for a row of the panel and one broadcast element. 6 rows by 2
//              vectors on 16 registers, by 4 on 32 (HALIDE.md, section 4).
//   latency    An addition takes about 4 cycles and two begin in each, so a tile
//              needs 8 sums in flight: fewer rows than that takes are as slow as
//              that many. Rows are cut so that no tile is small: of 128 rows 32
//              tiles of 4, not 21 of 6 and a slow one of 2.
//   stack      The sums of a block of rows take 4096 bytes at most.
//   caches     All rows pass over a group of panels of about 1 MiB before the next
//              group, so the weight comes from memory once.
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
/// A left side that is only read is staged from so many rows on, if its rows are
/// longer than this: shorter ones lie close enough together as they are.
constexpr int64_t stagedRows = 32, stagedDepth = 512;
/// Panels that one row reads at once.
constexpr int64_t streams = 4;
/// Bytes that the sums of a block of rows may take on the stack, on any target.
constexpr int64_t sumBytes = 4096;
/// Tasks that a parallel kernel is cut into, about: many enough for threads to
/// even out, few enough for each to read memory in long runs.
constexpr int64_t tasks = 32;

/// Vectors of a panel of integers, on any machine: sums of one row are few enough
/// for any, and as many panels as there are streams have enough in flight.
constexpr int64_t integerVectors = 2;
/// Columns of one where there are no vectors.
constexpr int64_t scalarColumns = 4;
/// Steps of k of integers that are unrolled: a group of the usual size.
constexpr int64_t integerSteps = 32, integerStepsOfRows = 8;
/// The same without vectors, where a step is many instructions.
constexpr int64_t scalarSteps = 16;
/// Values of `dots`.
constexpr int64_t dotsOfFloats = 1, dotsOfWords = 2, dotsOfBytes = 3, dotsOfSignedBytes = 4, dotsOfHalves = 5,
                  dotsOfRuns = 6;

/// What the target multiplies a rounded left side with.
int64_t dotsOf(const targets::Target &target) {
  return target.dot == "vnni"                                                          ? dotsOfBytes
         : target.dot == "smull" || target.dot == "sdot" || target.dot == "smmla" ? dotsOfSignedBytes
         : target.dot == "smlad"                                                       ? dotsOfHalves
         : target.dot == "mve"                                                         ? dotsOfRuns
                                                                                       : dotsOfWords;
}

/// Tiles of rows between a block of k and the next.
constexpr int64_t blockTiles = 4;

/// Bytes of a group of panels: some times the second-level cache, which it is
/// read past in order (1 MiB where that has 256 KiB: measured, 0.5 to 2 is flat).
int64_t groupBytes(const targets::Target &target) { return 4 * target.l2Bytes; }

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t lanesOf(int64_t columns, int64_t elementBytes, const targets::Target &target) {
  int64_t lanes = 1;
  while (lanes * 2 <= std::min(target.vectorBytes / elementBytes, columns))
    lanes *= 2;
  return lanes;
}

/// Sums of vectors that the registers hold beside what is added to them. A panel
/// may be wider than this target wants it: of a program with versions, all read the
/// layout of the most capable one.
int64_t registerSums(const targets::Target &target) { return std::max<int64_t>(1, target.vectorRegisters - 2); }

/// Vectors side by side in a register tile.
int64_t tileVectors(const targets::Target &target) { return target.vectorRegisters >= 32 ? 4 : 2; }

struct RowCut {
  int64_t rows, tailRows = 0, tailTiles = 0;
};

/// Tiles of one size and of a smaller one, of the least cost in eighths of a row:
/// a tile costs its rows, but not less than `fewest`, and a little for itself;
/// a second size costs one more pass over the weight, which takes memory as long
/// as ten rows take the multipliers. No tile has more than `most` rows.
RowCut cutRows(int64_t rows, int64_t fewest, int64_t most) {
  if (rows <= most)
    return {std::max<int64_t>(rows, 1)};
  auto cost = [&](int64_t size) { return 8 * std::max(size, fewest) + 3; };
  RowCut best = {1};
  int64_t least = rows * cost(1);
  for (int64_t size = most; size > 1; --size)
    for (int64_t tail = size - 1; tail >= 0; --tail)
      for (int64_t count = tail ? 1 : 0; count <= (tail ? size : 0) && count * tail < rows; ++count) {
        const int64_t whole = rows - count * tail;
        const int64_t total = whole / size * cost(size) + (count ? count * cost(tail) + 80 : 0);
        const bool slow = count && tail < fewest && rows >= 2 * tileRows; // can always be avoided
        if (whole % size == 0 && !slow && total < least) {
          least = total;
          best = {size, tail, count};
        }
      }
  return best;
}

} // namespace

int64_t matmulPanelWidth(int64_t columns, int64_t elementBytes, const targets::Target &target) {
  int64_t lanes = lanesOf(columns, elementBytes, target);
  return std::min(lanes * tileVectors(target), divideUp(columns, lanes) * lanes);
}

int64_t integerPanelWidth(int64_t columns, const targets::Target &target) {
  // A run is of one column.
  if (dotsOf(target) == dotsOfRuns)
    return 1;
  const int64_t lanes = lanesOf(columns, 4, target);
  if (lanes == 1)
    return std::min(scalarColumns, columns);
  return std::min(lanes * integerVectors, divideUp(columns, lanes) * lanes);
}

int64_t integerParts(int64_t dots, int64_t bits) {
  const int64_t parts = bits == 8 ? 1 : 2;
  return dots == dotsOfHalves || (dots == dotsOfWords && parts == 1) ? 2 * parts : parts;
}

bool hasIntegerBias(int64_t dots, int64_t bits, bool isSigned) {
  if (bits == 4)
    return isSigned;
  if (dots == dotsOfSignedBytes || dots == dotsOfRuns)
    return !isSigned;
  return isSigned && dots != dotsOfHalves;
}

std::map<std::string, int64_t> chooseIntegerTiles(const MatmulProblem &problem, const targets::Target &target) {
  const int64_t width = problem.panelWidth, lanes = std::min(lanesOf(problem.columns, 4, target), width & -width);
  std::map<std::string, int64_t> schedule;
  // What is made of the left side is in vectors even where its columns are not.
  schedule["dots"] = problem.isLeftRounded ? dotsOf(target) : dotsOfFloats;
  schedule["vector"] = schedule["dots"] == dotsOfRuns ? lanesOf(problem.depth, 4, target) : lanes;
  // Several rows have their sums of a piece in registers, and little room for what
  // is made of the right side; sums of words of 4 bits are one register a piece.
  // Two rows' sums of a whole piece become products of matrices (MatrixProducts.h).
  const bool isRoomy = problem.rows == 1 || target.dot == "smmla" || (schedule["dots"] == dotsOfWords && problem.integerBits == 4);
  const int64_t steps = target.vectorBytes > 4 ? integerSteps : scalarSteps;
  schedule["unroll_k"] = isRoomy && !problem.isSmall ? steps : schedule["dots"] == dotsOfRuns ? integerSteps : integerStepsOfRows;
  if (problem.prologue)
    schedule["stage_lhs"] = 1;
  const int64_t vectors = std::max<int64_t>(1, width / lanes);
  const RowCut cut = cutRows(problem.rows, 1, std::clamp<int64_t>(tileRows * integerVectors / vectors, 1, tileRows));
  schedule["rows"] = cut.rows;
  if (cut.tailTiles) {
    schedule["tail_rows"] = cut.tailRows;
    schedule["tail_tiles"] = cut.tailTiles;
  }
  // One row: several streams of memory, as above; of 4 bits with integer dots one,
  // which is quicker by 2 to 8 % on AVX-512 and by 18 % on AVX2 (GLM-Edge, 4 layers).
  // Without vectors the sums of one panel are what registers hold.
  // Several rows: a panel stays in the first-level cache while all pass over it.
  const bool isOneStream = problem.integerBits == 4 || schedule["dots"] == dotsOfHalves;
  const int64_t wanted = isOneStream && schedule["dots"] != dotsOfFloats ? 1 : streams;
  const int64_t together = std::min({wanted, problem.columns / width, wanted * integerVectors / vectors});
  schedule["panels"] = problem.rows == 1 ? std::max<int64_t>(1, together) : 1;
  if (problem.rows > 1)
    schedule["column_block"] = 1;
  if (problem.parallel) {
    const int64_t tiles = std::max<int64_t>(1, problem.columns / (width * schedule["panels"]));
    schedule["parallel"] = 1;
    schedule["column_block"] = std::max<int64_t>(1, tiles / tasks);
  }
  return schedule;
}

std::map<std::string, int64_t> chooseMatmulTiles(const MatmulProblem &problem, const targets::Target &target) {
  const bool packed = problem.panelWidth != 0;
  const int64_t wanted = lanesOf(problem.columns, problem.elementBytes, target);
  // A panel's width is a multiple of the vectors, whoever chose it.
  const int64_t lanes = packed ? std::min(wanted, problem.panelWidth & -problem.panelWidth) : wanted;
  const int64_t width = packed ? problem.panelWidth : lanes * tileVectors(target);
  const int64_t vectors = std::max<int64_t>(1, width / lanes);
  const int64_t most = std::clamp<int64_t>(registerSums(target) / vectors, 1, tileRows);
  const RowCut cut = cutRows(problem.rows, std::min(most, divideUp(sumsInFlight, vectors)), most);

  std::map<std::string, int64_t> schedule;
  schedule["vector"] = lanes;
  schedule["rows"] = cut.rows;
  if (cut.tailTiles) {
    schedule["tail_rows"] = cut.tailRows;
    schedule["tail_tiles"] = cut.tailTiles;
  }
  // At most a few tiles between a block of k and the next, and at most what the
  // stack takes; of those, what divides the tiles.
  const int64_t whole = (problem.rows - cut.tailRows * cut.tailTiles) / cut.rows;
  int64_t block = std::max<int64_t>(1, std::min(blockTiles, std::min(sumBytes, target.stackLimit) / (cut.rows * width * problem.elementBytes)));
  while (block > 1 && whole % block)
    --block;
  schedule["row_block"] = block;
  schedule["panels"] = packed ? 1 : problem.transposed ? 4 : tileVectors(target);
  // One row: several panels at once, so that memory has several streams to fetch
  // ahead in (4 reach 1.7 times the bandwidth of 1).
  if (packed && problem.rows == 1)
    schedule["panels"] =
        std::max<int64_t>(1, std::min({streams, problem.columns / width, registerSums(target) / vectors}));
  schedule["unroll_k"] = 4;
  if (problem.isSmall) {
    schedule["unroll_k"] = 1;
    schedule["panels"] = std::min<int64_t>(schedule["panels"], 2);
  }
  // What is computed is computed once; what is read by many tiles of columns is
  // laid out for them (87 instead of 77 % of peak at 128 rows).
  if ((problem.prologue || (packed && problem.rows >= stagedRows && problem.depth > stagedDepth)) && !problem.batched && !problem.transposed)
    schedule["stage_lhs"] = 1;
  // All rows pass over a group of panels that stays in the cache of all cores,
  // then over the next: the weight comes from memory once.
  const int64_t tileWidth = packed ? width * schedule["panels"] : width;
  const int64_t tiles = std::max<int64_t>(1, problem.columns / tileWidth);
  const int64_t panelBytes = std::max<int64_t>(1, tileWidth * problem.depth * problem.elementBytes);
  if (problem.rows > 1)
    schedule["column_block"] = std::max<int64_t>(1, groupBytes(target) / panelBytes);
  if (problem.parallel) {
    schedule["parallel"] = 1;
    const int64_t task = std::max<int64_t>(1, tiles / tasks);
    schedule["column_block"] = problem.rows > 1 ? std::min(task, schedule["column_block"]) : task;
  }
  return schedule;
}

} // namespace glmc
