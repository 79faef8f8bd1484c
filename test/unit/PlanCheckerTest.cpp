//===- PlanCheckerTest.cpp - Every way that a plan can be wrong -------------===//
//
// Each test breaks one thing in a plan that passes: two inputs, a weight, a sum
// in place, a kernel with scratch, a copy to a second output.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/PlanChecker.h"

#include "lowering/memory/ArenaPlanner.h"

#include <gtest/gtest.h>

#include <random>

using namespace glmc::memory;

namespace {

enum : size_t { arena, weights, input, output0, output1 };
enum : size_t { x, w, scaled, sum, other, result };

CheckedPlan rightPlan() {
  CheckedPlan plan;
  plan.memories = {{"arena", 320}, {"weights", 128, false}, {"input 0", 64, false}, {"output 0", 64}, {"output 1", 64}};
  plan.initial = {{{input, 0, 64}, x}, {{weights, 64, 64}, w}};
  plan.steps.resize(5);
  plan.steps[0] = {"scale", false, {{{input, 0, 64}, x}, {{weights, 64, 64}, w}}, {{{arena, 0, 64}, scaled}}, {}, {}};
  plan.steps[1] = {"other", false, {{{input, 0, 64}, x}}, {{{arena, 64, 100}, other}}, {{arena, 192, 128}}, {}};
  plan.steps[2] = {"add", false,   {{{arena, 0, 64}, scaled}, {{arena, 64, 100}, other}}, {{{arena, 0, 64}, sum}},
                   {},    {{0, 0}}};
  plan.steps[3] = {"finish", false, {{{arena, 0, 64}, sum}, {{arena, 64, 100}, other}}, {{{output0, 0, 64}, result}},
                   {},       {}};
  plan.steps[4] = {"copy", true, {{{output0, 0, 64}, 0}}, {{{output1, 0, 64}, 0}}, {}, {}};
  plan.results = {{{output0, 0, 64}, result}, {{output1, 0, 64}, result}};
  return plan;
}

TEST(PlanChecker, AcceptsARightPlan) { EXPECT_EQ(checkPlan(rightPlan()), ""); }

TEST(PlanChecker, FindsAValueOverwrittenWhileNeeded) {
  CheckedPlan plan = rightPlan();
  plan.steps[1].writes[0].range = {arena, 0, 100};
  EXPECT_EQ(checkPlan(plan), "add: reads value 2 at arena[0:64], which holds value 4 from other");
}

TEST(PlanChecker, FindsAValueOverwrittenInPart) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].writes[0].range = {arena, 128, 64};
  plan.steps[2].reads.pop_back();
  plan.steps[3].reads[0].range = {arena, 128, 64};
  EXPECT_EQ(checkPlan(plan), "finish: reads value 4 at arena[64:100], which holds bytes spoiled by add");
}

TEST(PlanChecker, DoesNotTakeTheRestOfAValueForTheValue) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].writes[0].range = {arena, 128, 64};
  plan.steps[2].reads.pop_back();
  plan.steps[3].reads = {{{arena, 64, 64}, other}};
  EXPECT_EQ(checkPlan(plan), "finish: reads value 4 at arena[64:64], which holds bytes spoiled by add");
}

TEST(PlanChecker, FindsTheUpperRestOfAValue) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].writes[0].range = {arena, 0, 128};
  plan.steps[2].reads = {};
  plan.steps[3].reads = {{{arena, 128, 36}, other}};
  EXPECT_EQ(checkPlan(plan), "finish: reads value 4 at arena[128:36], which holds bytes spoiled by add");
}

TEST(PlanChecker, FindsReadsOfNothingAndOfTheWrongSize) {
  CheckedPlan plan = rightPlan();
  plan.steps[3].reads[1].range = {arena, 256, 64};
  EXPECT_EQ(checkPlan(plan), "finish: reads value 4 at arena[256:64], which holds bytes spoiled by other");
  plan = rightPlan();
  plan.steps[0].reads[1].range = {weights, 0, 64};
  EXPECT_EQ(checkPlan(plan), "scale: reads value 1 at weights[0:64], which holds nothing");
  plan = rightPlan();
  plan.steps[3].reads[1].range.bytes = 64;
  EXPECT_EQ(checkPlan(plan), "finish: reads value 4 at arena[64:64], which holds value 4 from other");
}

TEST(PlanChecker, FindsInPlaceWithoutAPair) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].inPlace.clear();
  EXPECT_EQ(checkPlan(plan), "add: writes arena[0:64] while it reads arena[0:64]");
  plan.steps[2].inPlace = {{1, 0}};
  EXPECT_EQ(checkPlan(plan), "add: writes arena[0:64] while it reads arena[0:64]");
}

TEST(PlanChecker, FindsInPlaceOfAnOperandThatIsReadTwice) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].reads[1] = plan.steps[2].reads[0];
  EXPECT_EQ(checkPlan(plan), "add: writes arena[0:64] while it reads arena[0:64]");
}

TEST(PlanChecker, FindsInPlaceAtAnotherRange) {
  CheckedPlan plan = rightPlan();
  plan.steps[2].inPlace = {{1, 0}};
  plan.steps[2].writes[0].range = {arena, 64, 64};
  EXPECT_EQ(checkPlan(plan), "add: writes arena[64:64] while it reads arena[64:100]");
}

TEST(PlanChecker, FindsInPlaceOverAValueNeededLater) {
  CheckedPlan plan = rightPlan();
  plan.steps[3].reads[0] = {{arena, 0, 64}, scaled};
  EXPECT_EQ(checkPlan(plan), "finish: reads value 2 at arena[0:64], which holds value 3 from add");
}

TEST(PlanChecker, FindsWritesThatOverlap) {
  CheckedPlan plan = rightPlan();
  plan.steps[0].writes.push_back({{arena, 0, 32}, other});
  EXPECT_EQ(checkPlan(plan), "scale: writes arena[0:32] and arena[0:64]");
}

TEST(PlanChecker, FindsScratchOverItsOwnStep) {
  CheckedPlan plan = rightPlan();
  plan.steps[1].scratch = {{arena, 128, 64}};
  EXPECT_EQ(checkPlan(plan), "other: has scratch at arena[128:64], which it reads or writes too");
  plan = rightPlan();
  plan.steps[2].scratch = {{arena, 64, 64}};
  EXPECT_EQ(checkPlan(plan), "add: has scratch at arena[64:64], which it reads or writes too");
  plan = rightPlan();
  plan.steps[1].scratch.push_back({arena, 256, 64});
  EXPECT_EQ(checkPlan(plan), "other: has scratch at arena[256:64] twice");
}

TEST(PlanChecker, FindsScratchOverAValueNeededLater) {
  CheckedPlan plan = rightPlan();
  plan.steps[1].scratch = {{arena, 0, 64}};
  EXPECT_EQ(checkPlan(plan), "add: reads value 2 at arena[0:64], which holds bytes spoiled by other");
}

TEST(PlanChecker, FindsRangesOutsideTheirMemory) {
  CheckedPlan plan = rightPlan();
  plan.memories[arena].bytes = 319;
  EXPECT_EQ(checkPlan(plan), "other: arena[192:128] is not within the 319 bytes of arena");
  plan = rightPlan();
  plan.steps[0].writes[0].range.offset = INT64_MAX - 63;
  EXPECT_EQ(checkPlan(plan), "scale: arena[9223372036854775744:64] is not within the 320 bytes of arena");
  plan = rightPlan();
  plan.steps[0].writes[0].range.offset = -64;
  EXPECT_EQ(checkPlan(plan), "scale: arena[-64:64] is not within the 320 bytes of arena");
  plan = rightPlan();
  plan.steps[0].writes[0].range.memory = 5;
  EXPECT_EQ(checkPlan(plan), "scale: names memory 5 of 5");
}

TEST(PlanChecker, FindsRangesThatAreNotAligned) {
  CheckedPlan plan = rightPlan();
  plan.steps[1].scratch[0].offset = 184;
  EXPECT_EQ(checkPlan(plan), "other: arena[184:128] is not aligned to 64");
}

TEST(PlanChecker, FindsWritesToReadOnlyMemory) {
  CheckedPlan plan = rightPlan();
  plan.steps[3].writes[0].range = {input, 0, 64};
  EXPECT_EQ(checkPlan(plan), "finish: writes input 0[0:64], which is read-only");
  plan = rightPlan();
  plan.steps[1].scratch[0] = {weights, 0, 64};
  EXPECT_EQ(checkPlan(plan), "other: has scratch at weights[0:64], which is read-only");
}

TEST(PlanChecker, FindsInputsThatOverlap) {
  CheckedPlan plan = rightPlan();
  plan.initial.push_back({{weights, 64, 32}, other});
  EXPECT_EQ(checkPlan(plan), "start: value 4 at weights[64:32] overlaps value 1 from start");
}

TEST(PlanChecker, FindsOutputsThatAreMissingOrLost) {
  CheckedPlan plan = rightPlan();
  plan.steps.pop_back();
  EXPECT_EQ(checkPlan(plan), "end: reads value 5 at output 1[0:64], which holds nothing");
  plan = rightPlan();
  plan.steps[4].reads[0].range = {arena, 0, 64};
  EXPECT_EQ(checkPlan(plan), "end: reads value 5 at output 1[0:64], which holds value 3 from copy");
}

TEST(PlanChecker, FindsCopiesThatAreNone) {
  CheckedPlan plan = rightPlan();
  plan.steps[4].reads[0].range = {arena, 192, 64};
  EXPECT_EQ(checkPlan(plan), "copy: copies arena[192:64], which does not hold one value");
  plan = rightPlan();
  plan.steps[4].reads[0].range = {arena, 64, 64};
  EXPECT_EQ(checkPlan(plan), "copy: copies arena[64:64], which does not hold one value");
  plan = rightPlan();
  plan.steps[4].reads[0].range.bytes = 32;
  EXPECT_EQ(checkPlan(plan), "copy: copies 32 bytes to 64");
  plan = rightPlan();
  plan.steps[4].writes[0].range = {output0, 0, 64};
  EXPECT_EQ(checkPlan(plan), "copy: writes output 0[0:64] while it reads output 0[0:64]");
  plan = rightPlan();
  plan.steps[4].reads.clear();
  EXPECT_EQ(checkPlan(plan), "copy: is a copy with other than one read and one write");
}

TEST(PlanChecker, RefusesMemoriesThatMakeNoSense) {
  CheckedPlan plan = rightPlan();
  plan.memories[arena].bytes = -1;
  EXPECT_EQ(checkPlan(plan), "memory 'arena' has -1 bytes aligned to 64");
}

TEST(PlanChecker, IgnoresEmptyRanges) {
  CheckedPlan plan = rightPlan();
  plan.steps[0].writes.push_back({{arena, 0, 0}, 9});
  plan.steps[1].reads.push_back({{arena, 0, 0}, 9});
  plan.steps[1].scratch.push_back({arena, 64, 0});
  EXPECT_EQ(checkPlan(plan), "");
}

/// A chain of steps whose blocks are at `offsets`: step i makes value i and
/// reads those that live until then.
CheckedPlan programOf(const std::vector<ArenaBlock> &blocks, const std::vector<int64_t> &offsets, int64_t bytes) {
  CheckedPlan plan;
  plan.memories = {{"arena", bytes}};
  for (size_t i = 0; i < blocks.size(); ++i) {
    CheckedStep &step = plan.steps.emplace_back();
    step.name = "step " + std::to_string(i);
    for (size_t j = 0; j < i; ++j)
      if (blocks[j].lastUse == int64_t(i))
        step.reads.push_back({{0, offsets[j], blocks[j].bytes}, j});
    step.writes = {{{0, offsets[i], blocks[i].bytes}, i}};
  }
  return plan;
}

TEST(PlanChecker, AgreesWithThePlannerAndFindsEveryCollision) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaBlock> blocks;
    for (int64_t i = 0; i < 30; ++i)
      blocks.push_back({"v", int64_t(1 + random() % 500), i, std::min<int64_t>(29, i + 1 + random() % 6)});
    ArenaPlan plan;
    std::string error;
    ASSERT_TRUE(planArena(blocks, plan, error)) << error;
    EXPECT_EQ(checkPlan(programOf(blocks, plan.offsets, plan.arenaBytes)), "");
    // A value put onto another that is alive when it is made.
    size_t victim = random() % 29;
    std::vector<int64_t> broken = plan.offsets;
    broken[victim + 1] = broken[victim];
    EXPECT_NE(checkPlan(programOf(blocks, broken, plan.arenaBytes + 512)), "");
  }
}

} // namespace
