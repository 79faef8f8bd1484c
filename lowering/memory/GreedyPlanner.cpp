//===- GreedyPlanner.cpp - One block after another --------------------------===//
//
// Those placed so far are kept in order of offset; walking them, and skipping
// those of another time, gives the gaps from low to high. Above all of them is
// a last gap without an end.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/GreedyPlanner.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace glmc::memory {

Placement placeInOrder(const PlanningProblem &problem, const std::vector<size_t> &order, Gap gap) {
  constexpr int64_t unbounded = std::numeric_limits<int64_t>::max();
  const std::vector<PlanningBlock> &blocks = problem.blocks;
  Placement result{std::vector<int64_t>(blocks.size(), 0), 0};
  std::vector<size_t> placed; // In order of offset.
  for (size_t index : order) {
    const PlanningBlock &block = blocks[index];
    int64_t top = 0, best = 0, smallest = unbounded;
    for (size_t other : placed) {
      if (!block.meets(blocks[other]))
        continue;
      int64_t room = result.offsets[other] - top;
      if (room >= block.size && room < smallest) {
        best = top;
        smallest = room;
        if (gap == Gap::lowest || room == block.size)
          break;
      }
      top = std::max(top, result.offsets[other] + blocks[other].size);
    }
    int64_t offset = smallest == unbounded ? top : best;
    result.offsets[index] = offset;
    auto after = std::upper_bound(placed.begin(), placed.end(), offset,
                                  [&](int64_t value, size_t other) { return value < result.offsets[other]; });
    placed.insert(after, index);
  }
  result.height = heightOf(problem, result.offsets);
  return result;
}

/// Bytes times sections as a number that cannot overflow.
static double area(const PlanningBlock &block) { return double(block.size) * double(block.length()); }

const std::vector<GreedyPlanner> &greedyPlanners() {
  using Block = PlanningBlock;
  static const std::vector<GreedyPlanner> planners{
      {"greedy by size", Gap::lowest,
       [](const Block &a, const Block &b) { return a.size != b.size ? a.size > b.size : a.length() > b.length(); }},
      {"greedy by area", Gap::lowest,
       [](const Block &a, const Block &b) { return area(a) != area(b) ? area(a) > area(b) : a.size > b.size; }},
      {"greedy by life", Gap::lowest,
       [](const Block &a, const Block &b) {
         return a.length() != b.length() ? a.length() > b.length() : a.size > b.size;
       }},
      {"greedy by start", Gap::lowest,
       [](const Block &a, const Block &b) { return a.first != b.first ? a.first < b.first : a.size > b.size; }},
      {"greedy by end", Gap::lowest,
       [](const Block &a, const Block &b) { return a.last != b.last ? a.last > b.last : a.size > b.size; }},
      {"best gap by size", Gap::tightest,
       [](const Block &a, const Block &b) { return a.size != b.size ? a.size > b.size : a.length() > b.length(); }},
      {"best gap by area", Gap::tightest,
       [](const Block &a, const Block &b) { return area(a) != area(b) ? area(a) > area(b) : a.size > b.size; }},
      {"best gap by start", Gap::tightest,
       [](const Block &a, const Block &b) { return a.first != b.first ? a.first < b.first : a.size > b.size; }}};
  return planners;
}

static std::vector<size_t> numbersBelow(size_t count) {
  std::vector<size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

Placement planGreedily(const PlanningProblem &problem, const GreedyPlanner &planner) {
  std::vector<size_t> order = numbersBelow(problem.blocks.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return planner.before(problem.blocks[a], problem.blocks[b]); });
  return placeInOrder(problem, order, planner.gap);
}

Placement planByConflicts(const PlanningProblem &problem) {
  // Bytes that meet a block: all, less those that end before and start after.
  std::vector<int64_t> endBefore(problem.load.size() + 1, 0), startAfter(problem.load.size() + 1, 0);
  int64_t total = 0;
  for (const PlanningBlock &block : problem.blocks) {
    endBefore[block.last + 1] += block.size;
    startAfter[block.first] += block.size;
    total += block.size;
  }
  std::partial_sum(endBefore.begin(), endBefore.end(), endBefore.begin());
  std::partial_sum(startAfter.rbegin(), startAfter.rend(), startAfter.rbegin());
  auto met = [&](size_t i) {
    const PlanningBlock &block = problem.blocks[i];
    return total - endBefore[block.first] - startAfter[block.last + 1];
  };
  std::vector<size_t> order = numbersBelow(problem.blocks.size());
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return met(a) != met(b) ? met(a) > met(b) : problem.blocks[a].size > problem.blocks[b].size;
  });
  return placeInOrder(problem, order, Gap::lowest);
}

} // namespace glmc::memory
