//===- ArenaPortfolioTest.cpp - How good plans are --------------------------===//
//
// Against optima that are known: by construction (rectangles cut apart), by
// looking at all plans (small blocks), from the architecture (networks).
//
//===----------------------------------------------------------------------===//
#include "GuillotineBlocks.h"
#include "lowering/memory/ArenaPlanner.h"
#include "lowering/memory/BranchAndBound.h"
#include "lowering/memory/GreedyPlanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

using namespace glmc::memory;
using glmc::test::Guillotine;
using glmc::test::guillotineBlocks;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool isSanitized = true;
#else
constexpr bool isSanitized = false;
#endif

ArenaPlan plan(const std::vector<ArenaBlock> &blocks) {
  ArenaPlan plan;
  std::string error;
  EXPECT_TRUE(planArena(blocks, plan, error)) << error;
  return plan;
}

bool overlap(const std::vector<ArenaBlock> &blocks, const ArenaPlan &plan) {
  for (size_t i = 0; i < blocks.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (blocks[i].firstUse <= blocks[j].lastUse && blocks[j].firstUse <= blocks[i].lastUse &&
          plan.offsets[i] < plan.offsets[j] + blocks[j].bytes && plan.offsets[j] < plan.offsets[i] + blocks[i].bytes)
        return true;
  return false;
}

//===----------------------------------------------------------------------===//
// Rectangles cut apart
//===----------------------------------------------------------------------===//

/// GLMC_GUILLOTINE_SEEDS=100 measures all; by default a part, for time.
size_t guillotineSeeds() {
  const char *wanted = std::getenv("GLMC_GUILLOTINE_SEEDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : isSanitized ? 3 : 12;
}

/// 154 to 454 blocks, as MiniMalloc's hard instances have.
void expectNearOptimum(const Guillotine &guillotine) {
  size_t seeds = guillotineSeeds();
  double sum = 0, worst = 0, slowest = 0;
  for (size_t seed = 0; seed < seeds; ++seed) {
    size_t count = seeds == 1 ? 454 : 154 + 300 * seed / (seeds - 1);
    std::vector<ArenaBlock> blocks = guillotineBlocks(guillotine, count, seed);
    std::clock_t start = std::clock(); // Of this process: others do not count.
    ArenaPlan result = plan(blocks);
    double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_FALSE(overlap(blocks, result)) << "seed " << seed;
    EXPECT_EQ(result.peak.bytes, guillotine.bytes);
    double height = double(result.arenaBytes) / double(guillotine.bytes);
    sum += height;
    worst = std::max(worst, height);
    slowest = std::max(slowest, seconds);
  }
  std::printf("  %zu seeds: mean %.4f, worst %.4f of the optimum; slowest %.2f s\n", seeds, sum / double(seeds), worst,
              slowest);
  EXPECT_LE(sum / double(seeds), 1.10);
  EXPECT_LE(worst, 1.20);
  if (!isSanitized) {
    EXPECT_LE(slowest, 2);
  }
}

TEST(ArenaPortfolio, IsNearTheOptimumOfLongLives) { expectNearOptimum({100, 1 << 20, false, 0.1}); }
TEST(ArenaPortfolio, IsNearTheOptimumOfFineSteps) { expectNearOptimum({2000, 1 << 20, true, 0.2}); }
TEST(ArenaPortfolio, IsNearTheOptimumOfCoarseSteps) { expectNearOptimum({60, 1 << 20, true, 0.1}); }
TEST(ArenaPortfolio, IsNearTheOptimumOfEverySize) { expectNearOptimum({500, 1 << 20, false, 0}); }

TEST(ArenaPortfolio, SolvesSmallRectangles) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<ArenaBlock> blocks = guillotineBlocks({40, 64 * 64, true, 0.1}, 16, seed);
    ArenaPlan result = plan(blocks);
    EXPECT_EQ(result.arenaBytes, 64 * 64) << "seed " << seed;
    EXPECT_TRUE(result.optimal);
  }
}

//===----------------------------------------------------------------------===//
// All plans of few blocks
//===----------------------------------------------------------------------===//

/// Whether blocks from `index` on can be placed below `height`, by trying every
/// aligned offset of every block.
bool fits(const std::vector<ArenaBlock> &blocks, int64_t height, std::vector<int64_t> &offsets, size_t index) {
  if (index == blocks.size())
    return true;
  const ArenaBlock &block = blocks[index];
  for (int64_t offset = 0; offset + block.bytes <= height; offset += arenaAlignment) {
    bool isFree = true;
    for (size_t i = 0; i < index; ++i)
      isFree &= blocks[i].lastUse < block.firstUse || block.lastUse < blocks[i].firstUse ||
                offset + block.bytes <= offsets[i] || offsets[i] + blocks[i].bytes <= offset;
    offsets[index] = offset;
    if (isFree && fits(blocks, height, offsets, index + 1))
      return true;
  }
  return false;
}

int64_t optimumOf(const std::vector<ArenaBlock> &blocks) {
  std::vector<int64_t> offsets(blocks.size());
  int64_t height = peakOf(blocks).bytes;
  while (!fits(blocks, height, offsets, 0))
    height += arenaAlignment;
  return height;
}

/// At each step two blocks end and two of the same bytes together start, so that
/// the arena is full all the time and often cannot be kept at the bound.
std::vector<ArenaBlock> churningBlocks(std::mt19937_64 &random, int64_t steps) {
  auto size = [&] { return int64_t(1 + random() % 6) * 64; };
  std::vector<ArenaBlock> blocks{{"b", size(), 0, 0}, {"b", size(), 0, 0}, {"b", size(), 0, 0}, {"b", size(), 0, 0}};
  for (int64_t step = 1; step < steps; ++step) {
    std::vector<size_t> live;
    for (size_t i = 0; i < blocks.size(); ++i)
      if (blocks[i].lastUse == step - 1)
        live.push_back(i);
    size_t first = random() % live.size(), second = (first + 1 + random() % (live.size() - 1)) % live.size();
    for (size_t i = 0; i < live.size(); ++i)
      blocks[live[i]].lastUse += i != first && i != second;
    int64_t freed = blocks[live[first]].bytes + blocks[live[second]].bytes;
    int64_t part = int64_t(1 + random() % uint64_t(freed / 64 - 1)) * 64;
    blocks.push_back({"b", part, step, step});
    blocks.push_back({"b", freed - part, step, step});
  }
  return blocks;
}

TEST(ArenaPortfolio, BranchAndBoundIsExact) {
  std::mt19937_64 random(5);
  size_t aboveBound = 0;
  for (int round = 0; round < (isSanitized ? 20 : 300); ++round) {
    std::vector<ArenaBlock> blocks = churningBlocks(random, 1 + round % 9);
    int64_t optimum = optimumOf(blocks), height = 0;
    for (const PlanningProblem &problem : planningProblems(blocks)) {
      // From the worst start: one on another.
      Placement start;
      for (const PlanningBlock &block : problem.blocks) {
        start.offsets.push_back(start.height);
        start.height += block.size;
      }
      auto result = planByBranchAndBound(SkylineIndex(problem), start, problem.bound, 1000000);
      EXPECT_TRUE(result.optimal);
      EXPECT_EQ(heightOf(problem, result.placement.offsets), result.placement.height);
      height = std::max(height, result.placement.height);
      aboveBound += result.placement.height > problem.bound;
    }
    EXPECT_EQ(height, optimum) << "round " << round;
    ArenaPlan whole = plan(blocks);
    EXPECT_EQ(whole.arenaBytes, optimum) << "round " << round;
    EXPECT_TRUE(whole.optimal);
  }
  EXPECT_GT(aboveBound, isSanitized ? 0u : 10u);
}

TEST(ArenaPortfolio, SaysWhenItDoesNotKnow) {
  std::vector<ArenaBlock> blocks = guillotineBlocks({60, 1 << 20, true, 0.1}, 300, 1);
  for (ArenaBlock &block : blocks)
    block.bytes -= block.bytes / 3;
  ArenaPlan result = plan(blocks);
  EXPECT_EQ(result.optimal, result.arenaBytes == result.peak.bytes);
}

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

/// Each value is made from the one before, the first from the input.
std::vector<ArenaBlock> chain(const std::vector<int64_t> &sizes) {
  std::vector<ArenaBlock> blocks;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t made = int64_t(i);
    blocks.push_back({"layer " + std::to_string(i), sizes[i], made, made + (i + 1 < sizes.size())});
  }
  return blocks;
}

void expectBound(const std::vector<ArenaBlock> &blocks, int64_t bound) {
  ArenaPlan result = plan(blocks);
  EXPECT_EQ(result.arenaBytes, bound);
  EXPECT_EQ(result.peak.bytes, bound);
  EXPECT_FALSE(overlap(blocks, result));
  EXPECT_TRUE(result.optimal);
}

// MLPerf Tiny, int8, inputs and outputs in the arena.

TEST(ArenaPortfolio, ReachesTheBoundOfAnomalyDetection) {
  expectBound(chain({640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640}), 768);
}

TEST(ArenaPortfolio, ReachesTheBoundOfKeywordSpotting) {
  // DS-CNN: a convolution to 25 x 5 x 64, four depthwise separable ones.
  std::vector<int64_t> sizes{49 * 10};
  sizes.insert(sizes.end(), 9, 25 * 5 * 64);
  sizes.insert(sizes.end(), {64, 12, 12});
  expectBound(chain(sizes), 16000);
}

TEST(ArenaPortfolio, ReachesTheBoundOfVisualWakeWords) {
  // MobileNet v1 x 0.25 at 96 x 96: each pair is a depthwise and a pointwise
  // convolution.
  std::vector<int64_t> sizes{96 * 96 * 3,  48 * 48 * 8,  48 * 48 * 8,  48 * 48 * 16, 24 * 24 * 16,
                             24 * 24 * 32, 24 * 24 * 32, 24 * 24 * 32, 12 * 12 * 32, 12 * 12 * 64,
                             12 * 12 * 64, 12 * 12 * 64, 6 * 6 * 64,   6 * 6 * 128};
  sizes.insert(sizes.end(), 10, 6 * 6 * 128);
  sizes.insert(sizes.end(), {3 * 3 * 128, 3 * 3 * 256, 3 * 3 * 256, 3 * 3 * 256, 256, 2, 2});
  expectBound(chain(sizes), 55296);
}

/// ResNet-8 at 32 x 32: three stacks of two convolutions and a skip, which is a
/// convolution where the shape changes. With `inPlace` the second convolution
/// adds to the skip where it lies.
std::vector<ArenaBlock> imageClassification(bool inPlace) {
  std::vector<ArenaBlock> blocks{{"input", 32 * 32 * 3, 0, 1}, {"conv", 32 * 32 * 16, 1, 0}};
  int64_t step = 2, channels[] = {16, 32, 64};
  size_t entry = 1; // What the stack reads.
  for (int64_t stack = 0, side = 32; stack < 3; ++stack, side /= 2) {
    int64_t bytes = side * side * channels[stack];
    size_t skip = entry;
    if (stack > 0) {
      blocks.push_back({"skip", bytes, step, 0});
      skip = blocks.size() - 1;
      ++step;
    }
    blocks.push_back({"first", bytes, step, step + 1});
    blocks[entry].lastUse = std::max(blocks[entry].lastUse, step);
    ++step;
    if (inPlace) {
      blocks[skip].lastUse = step; // And on as what the next stack reads.
      entry = skip;
    } else {
      blocks.push_back({"second", bytes, step, step + 1});
      ++step;
      blocks[skip].lastUse = step;
      blocks.push_back({"sum", bytes, step, step});
      entry = blocks.size() - 1;
    }
    ++step;
  }
  blocks[entry].lastUse = step;
  blocks.push_back({"pool", 64, step, step + 1});
  blocks.push_back({"dense", 10, step + 1, step + 2});
  return blocks;
}

TEST(ArenaPortfolio, ReachesTheBoundOfImageClassification) {
  expectBound(imageClassification(false), 49152);
  expectBound(imageClassification(true), 32768);
}

TEST(ArenaPortfolio, ReachesTheBoundOfAChainOfRandomLayers) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> sizes;
    for (int i = 0; i < 60; ++i)
      sizes.push_back(int64_t(1 + random() % 100000));
    ArenaPlan result = plan(chain(sizes));
    EXPECT_EQ(result.arenaBytes, result.peak.bytes);
  }
}

TEST(ArenaPortfolio, ReachesTheBoundOfATransformer) {
  // Prefill of 128 tokens, hidden 2048: residual, norm, q k v, attention,
  // projection, gate and up, and masks that every layer reads.
  std::vector<ArenaBlock> blocks;
  constexpr int64_t token = 128 * 4, hidden = 2048 * token;
  int64_t layers = 12, end = layers * 6 + 1;
  blocks.push_back({"cos", 64 * token, 0, end - 3});
  blocks.push_back({"mask", 128 * 128, 0, end - 3});
  for (int64_t layer = 0; layer < layers; ++layer) {
    int64_t step = 1 + layer * 6;
    blocks.push_back({"x", hidden, step - 1, step + 2});
    blocks.push_back({"q", hidden, step, step + 1});
    blocks.push_back({"k", hidden / 4, step, step + 1});
    blocks.push_back({"v", hidden / 4, step, step + 1});
    blocks.push_back({"staged", hidden, step, step});
    blocks.push_back({"context", hidden, step + 1, step + 2});
    blocks.push_back({"h", hidden, step + 2, step + 5});
    blocks.push_back({"norm", hidden, step + 3, step + 4});
    blocks.push_back({"gated", 3 * hidden, step + 4, step + 5});
  }
  ArenaPlan result = plan(blocks);
  EXPECT_EQ(result.arenaBytes, result.peak.bytes);
  EXPECT_FALSE(overlap(blocks, result));
}

//===----------------------------------------------------------------------===//
// The portfolio itself
//===----------------------------------------------------------------------===//

TEST(ArenaPortfolio, SaysWhoWon) {
  EXPECT_EQ(plan({}).planner, "");
  EXPECT_TRUE(plan({}).optimal);
  EXPECT_EQ(plan({{"a", 1, 0, 0}}).planner, "greedy by size");
  // Where cheap orders fail, a search wins.
  std::vector<ArenaBlock> blocks = guillotineBlocks({200, 1 << 20, true, 0.2}, 200, 4);
  ArenaPlan result = plan(blocks);
  EXPECT_NE(result.planner, "");
  EXPECT_EQ(result.planner.find("greedy"), std::string::npos) << result.planner;
}

TEST(ArenaPortfolio, NoGreedyPlannerIsBetter) {
  std::mt19937_64 random(3);
  for (int round = 0; round < (isSanitized ? 5 : 40); ++round) {
    std::vector<ArenaBlock> blocks;
    for (int64_t i = 0, count = 20 + int64_t(random() % 60); i < count; ++i) {
      int64_t first = int64_t(random() % 40);
      blocks.push_back({"b", int64_t(random() % 50000), first, first + int64_t(random() % 12)});
    }
    ArenaPlan result = plan(blocks);
    for (const GreedyPlanner &greedy : greedyPlanners()) {
      int64_t height = 0;
      for (const PlanningProblem &problem : planningProblems(blocks))
        height = std::max(height, planGreedily(problem, greedy).height);
      EXPECT_LE(result.arenaBytes, height) << greedy.name;
    }
  }
}

TEST(ArenaPortfolio, PlansPartsOfAProgramByThemselves) {
  // Two rectangles one after the other, each held together by a block that lives
  // through all of it.
  std::vector<ArenaBlock> blocks{{"low", 64, 0, 49}, {"high", 128, 50, 99}};
  for (const ArenaBlock &block : guillotineBlocks({50, (1 << 14) - 64, true, 0.2}, 40, 2))
    blocks.push_back(block);
  for (ArenaBlock block : guillotineBlocks({50, (1 << 16) - 128, true, 0.2}, 40, 3)) {
    block.firstUse += 50;
    block.lastUse += 50;
    blocks.push_back(block);
  }
  ASSERT_EQ(planningProblems(blocks).size(), 2u);
  ArenaPlan result = plan(blocks);
  EXPECT_FALSE(overlap(blocks, result));
  EXPECT_EQ(result.peak.bytes, 1 << 16);
  EXPECT_LE(result.arenaBytes, (1 << 16) * 6 / 5);
}

TEST(ArenaPortfolio, MergesStepsThatMakeNoDifference) {
  // Sets of live blocks: {a, b} at 100, {b, c} at 300; at 200 only b.
  auto problems = planningProblems({{"a", 64, 0, 100}, {"b", 65, 50, 300}, {"empty", 0, 0, 999}, {"c", 64, 300, 900}});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].load, (std::vector<int64_t>{192, 192}));
  EXPECT_EQ(problems[0].bound, 192);
  ASSERT_EQ(problems[0].blocks.size(), 3u);
  EXPECT_EQ(problems[0].blocks[1].first, 0u);
  EXPECT_EQ(problems[0].blocks[1].last, 1u);
  EXPECT_EQ(problems[0].blocks[2].source, 3u);
}

TEST(ArenaPortfolio, IsDeterministic) {
  for (uint64_t seed : {1, 2}) {
    std::vector<ArenaBlock> blocks = guillotineBlocks({60, 1 << 20, true, 0.1}, 180, seed);
    ArenaPlan first = plan(blocks), second = plan(blocks);
    EXPECT_EQ(first.offsets, second.offsets);
    EXPECT_EQ(first.planner, second.planner);
    // Names and where in time it all happens do not matter.
    for (ArenaBlock &block : blocks) {
      block.name = "other";
      block.firstUse = 3 * block.firstUse + 7;
      block.lastUse = 3 * block.lastUse + 8;
    }
    EXPECT_EQ(plan(blocks).offsets, first.offsets);
  }
}

} // namespace
