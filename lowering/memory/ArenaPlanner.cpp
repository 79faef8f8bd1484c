//===- ArenaPlanner.cpp - A portfolio of planners ---------------------------===//
//
//   1. Refuse blocks whose numbers make no sense or whose sum overflows: after
//      that no addition in any planner can.
//   2. Sweep over the steps for the peak, which is the lower bound.
//   3. Plan each stretch of the program that no block spans by itself, until it
//      is as low as the highest of the bounds:
//        a. greedily, in several orders;
//        b. by branch and bound with few nodes, which solves or proves what is
//           small;
//        c. by beam search, by hill-climbing from its result;
//        d. by branch and bound with more nodes.
//
// Planning is NP-hard, so what is not at the bound may be optimal or not; step b
// and d say so where they know. Nothing looks at a clock: limits count what is
// looked at, so that equal blocks give equal plans on every machine. They are
// set for well below two seconds.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/ArenaPlanner.h"

#include "lowering/memory/BeamPlanner.h"
#include "lowering/memory/BranchAndBound.h"
#include "lowering/memory/GreedyPlanner.h"
#include "lowering/memory/HillClimbPlanner.h"

#include <algorithm>
#include <limits>
#include <map>

namespace glmc::memory {
namespace {

/// What the searches may spend on all problems of a plan.
constexpr double beamWork = 150e6, climbWork = 10e6, greedyWork = 1e8;
constexpr double fewNodes = 2000, moreNodes = 20000;
/// Blocks beyond which branch and bound cannot get anywhere, and would keep a
/// front for each.
constexpr size_t exactBlocks = 2000;

/// Plans one problem with all planners in turn.
class Portfolio {
public:
  /// `share` is the part of the limits that this problem gets.
  Portfolio(const PlanningProblem &problem, int64_t target, double share)
      : problem(problem), target(target), share(share) {}

  void plan() {
    planByGreed();
    if (done())
      return;
    SkylineIndex index(problem);
    planExactly(index, fewNodes);
    if (done())
      return;
    // Small problems do not get better by more trials.
    double count = double(problem.blocks.size());
    double trials = std::min(beamWork * share, 3000 * count * count);
    offer("beam search", planByBeams(index, best, target, size_t(trials)));
    if (done())
      return;
    offer("hill-climb", planByHillClimbing(index, best, target, size_t(climbWork * share)));
    if (!done())
      planExactly(index, moreNodes);
  }

  Placement best{{}, std::numeric_limits<int64_t>::max()};
  std::string winner;
  bool optimal = false; ///< No lower placement of this problem exists.

private:
  bool done() const { return optimal || best.height <= target; }

  void offer(const char *name, Placement placement) {
    if (placement.height >= best.height)
      return;
    best = std::move(placement);
    winner = name;
  }

  void planByGreed() {
    // Each looks at every pair of blocks; on huge problems only the first runs.
    double count = double(problem.blocks.size()), pairs = count * count / 2, spent = 0;
    for (const GreedyPlanner &planner : greedyPlanners()) {
      if (done() || (spent += pairs) > greedyWork * share + pairs)
        return;
      offer(planner.name, planGreedily(problem, planner));
    }
    if (!done())
      offer("greedy by conflicts", planByConflicts(problem));
  }

  void planExactly(const SkylineIndex &index, double nodes) {
    if (problem.blocks.size() > exactBlocks)
      return;
    BranchAndBoundResult result = planByBranchAndBound(index, best, target, size_t(nodes * share));
    optimal = result.optimal;
    offer("branch and bound", std::move(result.placement));
  }

  const PlanningProblem &problem;
  int64_t target;
  double share;
};

} // namespace

int64_t alignedSize(int64_t bytes) { return (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment; }

std::string checkBlocks(const std::vector<ArenaBlock> &blocks) {
  int64_t total = 0;
  for (const ArenaBlock &block : blocks) {
    if (block.bytes < 0)
      return "'" + block.name + "' has " + std::to_string(block.bytes) + " bytes";
    if (block.firstUse < 0 || block.lastUse < block.firstUse || block.lastUse == std::numeric_limits<int64_t>::max())
      return "'" + block.name + "' lives from step " + std::to_string(block.firstUse) + " to step " +
             std::to_string(block.lastUse);
    int64_t left = std::numeric_limits<int64_t>::max() - total;
    if (block.bytes > left - arenaAlignment)
      return "'" + block.name + "' of " + std::to_string(block.bytes) +
             " bytes brings the sum of all blocks over 2^63 bytes";
    total += alignedSize(block.bytes);
  }
  return {};
}

ArenaPeak peakOf(const std::vector<ArenaBlock> &blocks) {
  std::map<int64_t, int64_t> change; // Bytes that come and go at a step.
  for (const ArenaBlock &block : blocks) {
    change[block.firstUse] += alignedSize(block.bytes);
    change[block.lastUse + 1] -= alignedSize(block.bytes);
  }
  ArenaPeak peak;
  int64_t live = 0;
  for (auto [step, bytes] : change) {
    live += bytes;
    if (live > peak.bytes) {
      peak.bytes = live;
      peak.step = step;
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].bytes > 0 && blocks[i].firstUse <= peak.step && peak.step <= blocks[i].lastUse)
      peak.blocks.push_back(i);
  return peak;
}

bool planArena(const std::vector<ArenaBlock> &blocks, ArenaPlan &plan, std::string &error) {
  error = checkBlocks(blocks);
  if (!error.empty())
    return false;
  plan = {};
  plan.peak = peakOf(blocks);
  plan.offsets.assign(blocks.size(), 0);
  std::vector<PlanningProblem> problems = planningProblems(blocks);
  // From high to low: what the first cannot reach, the others need not.
  std::stable_sort(problems.begin(), problems.end(),
                   [](const PlanningProblem &a, const PlanningProblem &b) { return a.bound > b.bound; });
  double count = 0;
  for (const PlanningProblem &problem : problems)
    count += double(problem.blocks.size());
  plan.optimal = true;
  for (const PlanningProblem &problem : problems) {
    int64_t target = std::max(plan.peak.bytes, plan.arenaBytes);
    Portfolio portfolio(problem, target, double(problem.blocks.size()) / count);
    portfolio.plan();
    for (size_t i = 0; i < problem.blocks.size(); ++i)
      plan.offsets[problem.blocks[i].source] = portfolio.best.offsets[i];
    if (portfolio.best.height <= plan.arenaBytes)
      continue;
    plan.arenaBytes = portfolio.best.height;
    plan.planner = portfolio.winner;
    plan.optimal = portfolio.optimal || plan.arenaBytes <= target;
  }
  return true;
}

} // namespace glmc::memory
