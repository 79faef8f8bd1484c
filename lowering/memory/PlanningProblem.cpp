//===- PlanningProblem.cpp - Merge steps, split where nothing is live -------===//
//
// Walk over starts and ends in time. A set of live blocks matters only if no
// later set contains it: at an end that follows a start. Each such moment
// becomes a section. Where nothing is live after an end, a problem is complete.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/PlanningProblem.h"

#include <algorithm>
#include <numeric>

namespace glmc::memory {
namespace {

struct Event {
  int64_t step;
  bool end; ///< The step after the last use. Sorts before starts of that step.
  size_t block;
};

std::vector<Event> eventsOf(const std::vector<ArenaBlock> &blocks) {
  std::vector<Event> events;
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].bytes > 0) {
      events.push_back({blocks[i].firstUse, false, i});
      events.push_back({blocks[i].lastUse + 1, true, i});
    }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event &a, const Event &b) { return a.step != b.step ? a.step < b.step : a.end > b.end; });
  return events;
}

/// Puts the blocks in the order given and sums up the load.
void finish(PlanningProblem &problem, size_t sections) {
  std::sort(problem.blocks.begin(), problem.blocks.end(),
            [](const PlanningBlock &a, const PlanningBlock &b) { return a.source < b.source; });
  problem.load.assign(sections + 1, 0);
  for (const PlanningBlock &block : problem.blocks) {
    problem.load[block.first] += block.size;
    problem.load[block.last + 1] -= block.size;
  }
  problem.load.pop_back();
  std::partial_sum(problem.load.begin(), problem.load.end(), problem.load.begin());
  problem.bound = *std::max_element(problem.load.begin(), problem.load.end());
}

} // namespace

std::vector<PlanningProblem> planningProblems(const std::vector<ArenaBlock> &blocks) {
  std::vector<PlanningProblem> problems;
  std::vector<size_t> indexOf(blocks.size()); // In its problem.
  PlanningProblem problem;
  size_t section = 0, live = 0;
  bool started = false; // Since the last end.
  for (const Event &event : eventsOf(blocks)) {
    if (!event.end) {
      indexOf[event.block] = problem.blocks.size();
      problem.blocks.push_back({alignedSize(blocks[event.block].bytes), section, section, event.block});
      ++live;
      started = true;
      continue;
    }
    if (started)
      ++section;
    started = false;
    problem.blocks[indexOf[event.block]].last = section - 1;
    if (--live > 0)
      continue;
    finish(problem, section);
    problems.push_back(std::move(problem));
    problem = {};
    section = 0;
  }
  return problems;
}

int64_t heightOf(const PlanningProblem &problem, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < problem.blocks.size(); ++i)
    height = std::max(height, offsets[i] + problem.blocks[i].size);
  return height;
}

std::vector<size_t> orderOfOffsets(const PlanningProblem &problem, const Placement &placement) {
  std::vector<size_t> order(problem.blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (placement.offsets[a] != placement.offsets[b])
      return placement.offsets[a] < placement.offsets[b];
    return problem.blocks[a].first < problem.blocks[b].first;
  });
  return order;
}

} // namespace glmc::memory
