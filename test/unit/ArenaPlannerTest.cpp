//===- ArenaPlannerTest.cpp - Properties of every plan ----------------------===//
#include "lowering/memory/ArenaPlanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

using namespace glmc::memory;

namespace {

ArenaPlan plan(const std::vector<ArenaBlock> &blocks) {
  ArenaPlan plan;
  std::string error;
  EXPECT_TRUE(planArena(blocks, plan, error)) << error;
  return plan;
}

std::string refusal(const std::vector<ArenaBlock> &blocks) {
  ArenaPlan plan;
  std::string error;
  EXPECT_FALSE(planArena(blocks, plan, error));
  return error;
}

/// What must hold of any plan, counted in the slowest and plainest way.
void expectSound(const std::vector<ArenaBlock> &blocks, const ArenaPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), blocks.size());
  int64_t naive = 0, steps = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_GE(plan.offsets[i], 0);
    EXPECT_EQ(plan.offsets[i] % arenaAlignment, 0);
    EXPECT_LE(plan.offsets[i] + blocks[i].bytes, plan.arenaBytes);
    naive += alignedSize(blocks[i].bytes);
    steps = std::max(steps, blocks[i].lastUse + 1);
    for (size_t j = 0; j < i; ++j) {
      bool inTime = blocks[i].firstUse <= blocks[j].lastUse && blocks[j].firstUse <= blocks[i].lastUse;
      bool inSpace = blocks[i].bytes > 0 && blocks[j].bytes > 0 &&
                     plan.offsets[i] < plan.offsets[j] + blocks[j].bytes &&
                     plan.offsets[j] < plan.offsets[i] + blocks[i].bytes;
      EXPECT_FALSE(inTime && inSpace) << "blocks " << j << " and " << i;
    }
  }
  int64_t bound = 0;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t live = 0;
    for (const ArenaBlock &block : blocks)
      if (block.firstUse <= step && step <= block.lastUse)
        live += (block.bytes + 63) / 64 * 64;
    if (step == plan.peak.step) {
      EXPECT_EQ(live, plan.peak.bytes);
    }
    bound = std::max(bound, live);
  }
  EXPECT_EQ(plan.peak.bytes, bound);
  EXPECT_GE(plan.arenaBytes, bound);
  EXPECT_LE(plan.arenaBytes, naive);
  EXPECT_EQ(plan.arenaBytes % arenaAlignment, 0);
}

TEST(ArenaPlanner, HoldsOnRandomBlocks) {
  std::mt19937 random(20240607);
  auto below = [&](int64_t n) { return int64_t(random() % uint64_t(n)); };
  for (int round = 0; round < 200; ++round) {
    int64_t count = below(60), steps = 1 + below(30), largest = 1 + below(round % 2 ? 200 : 100000);
    std::vector<ArenaBlock> blocks;
    for (int64_t i = 0; i < count; ++i) {
      int64_t first = below(steps);
      blocks.push_back({"b" + std::to_string(i), below(largest), first, first + below(steps - first)});
    }
    ArenaPlan result = plan(blocks);
    expectSound(blocks, result);
    EXPECT_EQ(plan(blocks).offsets, result.offsets);
  }
}

TEST(ArenaPlanner, ChainsHitTheBound) {
  // As in a network without branches: each step reads one value and makes the
  // next, of equal, rising or falling size.
  std::mt19937 random(7);
  for (int round = 0; round < 99; ++round) {
    std::vector<int64_t> sizes(40, 1 + random() % 5000);
    for (size_t i = 1; i < sizes.size() && round % 3; ++i)
      sizes[i] = sizes[i - 1] + 64 + random() % 5000;
    if (round % 3 == 1)
      std::reverse(sizes.begin(), sizes.end());
    std::vector<ArenaBlock> blocks;
    for (int64_t i = 0; i < 40; ++i)
      blocks.push_back({"v", sizes[i], i, i + 1});
    ArenaPlan result = plan(blocks);
    expectSound(blocks, result);
    EXPECT_EQ(result.arenaBytes, result.peak.bytes);
  }
}

TEST(ArenaPlanner, SaysWhatIsLiveAtThePeak) {
  std::vector<ArenaBlock> blocks{
      {"a", 100, 0, 2}, {"b", 64, 1, 1}, {"empty", 0, 2, 2}, {"c", 256, 2, 3}, {"d", 64, 3, 3}};
  ArenaPlan result = plan(blocks);
  EXPECT_EQ(result.peak.bytes, 384);
  EXPECT_EQ(result.peak.step, 2);
  EXPECT_EQ(result.peak.blocks, (std::vector<size_t>{0, 3}));
  EXPECT_EQ(result.arenaBytes, 384);
  EXPECT_EQ(result.offsets[3], 0); // The largest goes first.
  EXPECT_EQ(result.offsets[0], 256);
  EXPECT_EQ(result.offsets[1], 0); // The lowest gap.
}

TEST(ArenaPlanner, TakesNoBlocksAndEmptyBlocks) {
  EXPECT_EQ(plan({}).arenaBytes, 0);
  EXPECT_TRUE(plan({}).peak.blocks.empty());
  std::vector<ArenaBlock> blocks{{"a", 0, 0, 9}, {"b", 0, 3, 3}};
  EXPECT_EQ(plan(blocks).arenaBytes, 0);
  EXPECT_TRUE(plan(blocks).peak.blocks.empty());
}

TEST(ArenaPlanner, TakesHugeBlocks) {
  int64_t tebibytes = int64_t(1) << 60;
  std::vector<ArenaBlock> blocks{{"a", tebibytes, 0, 1}, {"b", tebibytes + 1, 1, 2}, {"c", tebibytes, 2, 2}};
  ArenaPlan result = plan(blocks);
  expectSound(blocks, result);
  EXPECT_EQ(result.arenaBytes, 2 * tebibytes + 64);
}

TEST(ArenaPlanner, RefusesWhatOverflows) {
  int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(refusal({{"w", most, 0, 0}}),
            "'w' of 9223372036854775807 bytes brings the sum of all blocks over 2^63 bytes");
  EXPECT_EQ(refusal({{"v", most / 2, 0, 0}, {"w", most / 2 + 1, 1, 1}}),
            "'w' of 4611686018427387904 bytes brings the sum of all blocks over 2^63 bytes");
}

TEST(ArenaPlanner, RefusesBlocksThatMakeNoSense) {
  EXPECT_EQ(refusal({{"w", -1, 0, 0}}), "'w' has -1 bytes");
  EXPECT_EQ(refusal({{"w", 1, 2, 1}}), "'w' lives from step 2 to step 1");
  EXPECT_EQ(refusal({{"w", 1, -1, 1}}), "'w' lives from step -1 to step 1");
}

TEST(ArenaPlanner, PlansTenThousandBlocksQuickly) {
  // What is too large for a search is left out of it; a cubic planner would not
  // end within the test's limit.
  std::mt19937 random(3);
  std::vector<ArenaBlock> blocks;
  for (int64_t i = 0; i < 10000; ++i)
    blocks.push_back({"v", int64_t(random() % 100000), i, i + int64_t(random() % 50)});
  ArenaPlan result = plan(blocks);
  EXPECT_GE(result.arenaBytes, result.peak.bytes);
  EXPECT_LE(result.arenaBytes, 2 * result.peak.bytes);
}

} // namespace
