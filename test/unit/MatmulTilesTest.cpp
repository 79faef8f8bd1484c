//===- MatmulTilesTest.cpp - What a matmul's tiles must keep to -------------===//
#include "lowering/kernels/families/MatmulTiles.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace glmc;

namespace {

using Schedule = std::map<std::string, int64_t>;

int64_t get(const Schedule &schedule, const char *name, int64_t otherwise) {
  auto it = schedule.find(name);
  return it == schedule.end() ? otherwise : it->second;
}

targets::Target target(int64_t vectorBytes, int64_t registers) {
  targets::Target t;
  t.vectorBytes = vectorBytes, t.vectorRegisters = registers;
  t.l1Bytes = 32768, t.l2Bytes = 262144, t.stackLimit = 4096;
  return t;
}

const targets::Target machines[] = {target(16, 16), target(32, 16), target(64, 32), target(16, 32)};

/// A product over a weight that is packed as the target likes it.
MatmulProblem packed(int64_t rows, int64_t columns, int64_t depth, const targets::Target &t) {
  MatmulProblem problem;
  problem.rows = rows, problem.columns = columns, problem.depth = depth;
  problem.panelWidth = matmulPanelWidth(columns, 4, t);
  return problem;
}

TEST(MatmulTiles, FitRegistersAndStackAndCoverAllRows) {
  for (const targets::Target &t : machines)
    for (int64_t rows : {1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 61, 127, 128, 129, 512, 2048})
      for (int64_t columns : {1, 7, 16, 100, 2048, 6144}) {
        MatmulProblem problem = packed(rows, columns, 2048, t);
        Schedule s = chooseMatmulTiles(problem, t);
        const int64_t tile = s["rows"], tail = get(s, "tail_rows", 1) * get(s, "tail_tiles", 0);
        const int64_t lanes = s["vector"], vectors = problem.panelWidth / lanes;
        EXPECT_EQ((rows - tail) % tile, 0) << rows << " rows, tiles of " << tile;
        EXPECT_LE(tail, rows);
        EXPECT_LE(get(s, "tail_rows", 1), tile);
        EXPECT_EQ(problem.panelWidth % lanes, 0);
        EXPECT_LE(tile * vectors * get(s, "panels", 1) + vectors + 1, t.vectorRegisters);
        EXPECT_LE(get(s, "row_block", 1) * tile * problem.panelWidth * get(s, "panels", 1) * 4, t.stackLimit);
        EXPECT_EQ(512 % s["unroll_k"], 0);
      }
}

TEST(MatmulTiles, EveryTileHasEnoughSumsInFlight) {
  for (const targets::Target &t : machines)
    for (int64_t rows = 12; rows < 300; ++rows) {
      MatmulProblem problem = packed(rows, 2048, 2048, t);
      Schedule s = chooseMatmulTiles(problem, t);
      // 8, or 6 where that saves a second pass over the weight: 21 = 7 * 3.
      EXPECT_GE(s["rows"] * problem.panelWidth / s["vector"], 6) << rows << " rows";
      if (s.count("tail_rows")) {
        EXPECT_GE(s["tail_rows"] * problem.panelWidth / s["vector"], 8) << rows << " rows";
      }
    }
}

/// Versions of one program read one layout, which is not what each would choose.
TEST(MatmulTiles, PanelsOfOtherTargetsFitRegistersToo) {
  for (const targets::Target &other : machines)
    for (const targets::Target &t : machines)
      for (int64_t rows : {1, 2, 6, 7, 21, 128})
        for (int64_t columns : {7, 16, 100, 2048}) {
          MatmulProblem problem = packed(rows, columns, 2048, other);
          Schedule s = chooseMatmulTiles(problem, t);
          const int64_t vectors = problem.panelWidth / s["vector"];
          EXPECT_EQ(problem.panelWidth % s["vector"], 0);
          EXPECT_LE(s["rows"] * vectors * get(s, "panels", 1), std::max(vectors, t.vectorRegisters - 2));
          EXPECT_EQ((rows - get(s, "tail_rows", 1) * get(s, "tail_tiles", 0)) % s["rows"], 0);
        }
}

TEST(MatmulTiles, ParallelTasksAreManyAndLong) {
  for (const targets::Target &t : machines)
    for (int64_t rows : {1, 128}) {
      MatmulProblem problem = packed(rows, 12288, 2048, t);
      EXPECT_EQ(chooseMatmulTiles(problem, t).count("parallel"), 0u);
      problem.parallel = true;
      Schedule s = chooseMatmulTiles(problem, t);
      EXPECT_EQ(s["parallel"], 1);
      const int64_t tasks = 12288 / (problem.panelWidth * s["panels"] * s["column_block"]);
      EXPECT_GE(tasks, 16);
      EXPECT_LE(tasks, rows == 1 ? 64 : 192);
    }
}

/// Right sides of integers: one row reads four streams of memory, or one of 4 bits
/// with integer dots, what is computed is stored, and the instruction is the target's.
TEST(MatmulTiles, IntegersAreReadInStreams) {
  for (targets::Target t : machines)
    for (int64_t rows : {1, 2, 7, 128})
      for (int64_t columns : {1, 7, 16, 100, 6144})
        for (int64_t bits : {4, 8}) {
          MatmulProblem problem = packed(rows, columns, 2048, t);
          problem.panelWidth = integerPanelWidth(columns, t);
          problem.integerBits = bits;
          Schedule s = chooseIntegerTiles(problem, t);
          EXPECT_EQ(s["dots"], 1);
          EXPECT_EQ(problem.panelWidth % s["vector"], 0);
          EXPECT_EQ((rows - get(s, "tail_rows", 1) * get(s, "tail_tiles", 0)) % s["rows"], 0);
          EXPECT_EQ(s["panels"], rows > 1 ? 1 : std::clamp<int64_t>(columns / problem.panelWidth, 1, 4));
          EXPECT_EQ(s.count("stage_lhs"), 0u);
          // Sums of a tile, but for the one that is added to, may lie on the stack.
          EXPECT_LE(s["rows"] * problem.panelWidth * s["panels"] * 4, t.stackLimit);
          problem.isLeftRounded = problem.prologue = true;
          Schedule rounded = chooseIntegerTiles(problem, t);
          EXPECT_EQ(rounded["dots"], 2);
          if (bits == 4) {
            EXPECT_EQ(rounded["panels"], 1);
          }
          EXPECT_EQ(chooseIntegerTiles(problem, t)["stage_lhs"], 1);
          t.dot = "vnni";
          EXPECT_EQ(chooseIntegerTiles(problem, t)["dots"], 3);
          t.dot = "none";
        }
  EXPECT_EQ(integerParts(5, 8), 2);
  EXPECT_EQ(integerParts(5, 4), 4);
  EXPECT_EQ(integerParts(6, 8), 1);
  EXPECT_EQ(integerParts(2, 8), 2);
  EXPECT_EQ(integerParts(3, 8), 1);
  EXPECT_EQ(integerParts(3, 4), 2);
}

/// Processors without vectors, and with sums over them.
TEST(MatmulTiles, IntegersOfMicrocontrollers) {
  targets::Target t = machines[0];
  MatmulProblem problem = packed(1, 100, 2048, t);
  problem.integerBits = 8;
  problem.isLeftRounded = true;
  t.vectorBytes = 4;
  t.stackLimit = 512;
  t.dot = "smlad";
  problem.panelWidth = integerPanelWidth(100, t);
  EXPECT_EQ(problem.panelWidth, 4);
  Schedule s = chooseIntegerTiles(problem, t);
  EXPECT_EQ(s["dots"], 5);
  EXPECT_EQ(s["vector"], 1);
  EXPECT_EQ(s["unroll_k"], 16);
  problem.isSmall = true;
  EXPECT_EQ(chooseIntegerTiles(problem, t)["unroll_k"], 8);
  t.vectorBytes = 16;
  t.dot = "mve"; // A panel is a column, and its vectors are steps of k.
  problem.panelWidth = integerPanelWidth(100, t);
  EXPECT_EQ(problem.panelWidth, 1);
  s = chooseIntegerTiles(problem, t);
  EXPECT_EQ(s["dots"], 6);
  EXPECT_EQ(s["vector"], 4);
  t.dot = "sdot";
  problem.panelWidth = integerPanelWidth(100, t);
  EXPECT_EQ(chooseIntegerTiles(problem, t)["dots"], 4);
  EXPECT_FALSE(hasIntegerBias(4, 8, true));
  EXPECT_TRUE(hasIntegerBias(4, 8, false));
  EXPECT_TRUE(hasIntegerBias(4, 4, true));
  EXPECT_FALSE(hasIntegerBias(5, 8, false));
  EXPECT_TRUE(hasIntegerBias(3, 8, true));
}

TEST(MatmulTiles, SmallCodeUnrollsLittle) {
  MatmulProblem problem = packed(1, 512, 512, machines[0]);
  problem.isSmall = true;
  Schedule s = chooseMatmulTiles(problem, machines[0]);
  EXPECT_EQ(s["unroll_k"], 1);
  EXPECT_LE(s["panels"], 2);
}

TEST(MatmulTiles, PrologueIsStagedWhereItCanBe) {
  MatmulProblem problem = packed(7, 64, 64, machines[1]);
  EXPECT_EQ(chooseMatmulTiles(problem, machines[1]).count("stage_lhs"), 0u);
  problem.prologue = true;
  EXPECT_EQ(chooseMatmulTiles(problem, machines[1])["stage_lhs"], 1);
  problem.batched = true;
  EXPECT_EQ(chooseMatmulTiles(problem, machines[1]).count("stage_lhs"), 0u);
}

TEST(MatmulTiles, NarrowProductsTakeNarrowPanels) {
  EXPECT_EQ(matmulPanelWidth(2048, 4, machines[1]), 16);
  EXPECT_EQ(matmulPanelWidth(2048, 4, machines[2]), 64);
  EXPECT_EQ(matmulPanelWidth(2048, 8, machines[1]), 8);
  EXPECT_EQ(matmulPanelWidth(5, 4, machines[1]), 8);
  EXPECT_EQ(matmulPanelWidth(1, 4, machines[1]), 1);
  Schedule s = chooseMatmulTiles(packed(1, 5, 64, machines[1]), machines[1]);
  EXPECT_EQ(s["vector"], 4);
}

} // namespace
