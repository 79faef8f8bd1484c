//===- HillClimbPlanner.cpp - Swap blocks in the order of placement ---------===//
//
//   1. The order of `start` from low to high, each block into its lowest gap.
//   2. Repeat: a block that ends at the top, or one of those that it meets, or
//      one that these meet, changes places in the order with another such; all
//      from the first of the two on are placed again.
//   3. The new order stays if it is no higher, and now and then if it is
//      slightly higher, which leads out of local optima. The best is kept.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/HillClimbPlanner.h"

#include <algorithm>
#include <random>

namespace glmc::memory {
namespace {

class HillClimber {
public:
  HillClimber(const SkylineIndex &index, const Placement &start)
      : problem(index.problem), conflicts(index.conflicts), order(orderOfOffsets(problem, start)), rank(order.size()),
        current(start), best(start) {
    placeFrom(0);
    keepBest();
  }

  Placement climb(int64_t target, size_t work) {
    while (best.height > target && looked < work) {
      auto [i, j] = choosePair();
      looked += order.size();
      if (i == j)
        continue;
      Placement before = current;
      std::swap(order[i], order[j]);
      placeFrom(std::min(i, j));
      if (current.height > before.height + before.height / 64 || (current.height > before.height && below(64) != 0)) {
        std::swap(order[i], order[j]);
        setRanks(std::min(i, j));
        current = std::move(before);
      }
      keepBest();
    }
    return best;
  }

private:
  size_t below(size_t n) { return random() % n; }

  void setRanks(size_t from) {
    for (size_t i = from; i < order.size(); ++i)
      rank[order[i]] = i;
  }

  void placeFrom(size_t from) {
    setRanks(from);
    for (size_t i = from; i < order.size(); ++i)
      current.offsets[order[i]] = lowestGap(order[i]);
    current.height = heightOf(problem, current.offsets);
  }

  int64_t lowestGap(size_t block) {
    placed.clear();
    for (size_t other : conflicts[block])
      if (rank[other] < rank[block])
        placed.push_back({current.offsets[other], current.offsets[other] + problem.blocks[other].size});
    looked += conflicts[block].size() + placed.size();
    std::sort(placed.begin(), placed.end());
    int64_t offset = 0;
    for (auto [begin, end] : placed) {
      if (begin - offset >= problem.blocks[block].size)
        break;
      offset = std::max(offset, end);
    }
    return offset;
  }

  /// Two positions in the order, of blocks that have to do with the height.
  std::pair<size_t, size_t> choosePair() {
    candidates.clear();
    size_t top = 0;
    for (size_t i = 0; i < order.size(); ++i)
      if (current.offsets[i] + problem.blocks[i].size == current.height && (candidates.empty() || below(2)))
        candidates.assign(1, top = i);
    candidates.insert(candidates.end(), conflicts[top].begin(), conflicts[top].end());
    size_t first = candidates[below(candidates.size())];
    candidates.insert(candidates.end(), conflicts[first].begin(), conflicts[first].end());
    size_t second = candidates[below(candidates.size())];
    return {rank[first], rank[second]};
  }

  void keepBest() {
    if (current.height < best.height)
      best = current;
  }

  const PlanningProblem &problem;
  const std::vector<std::vector<size_t>> &conflicts;
  std::vector<size_t> order, rank; ///< Blocks by position, and back.
  Placement current, best;
  std::mt19937_64 random; ///< As seeded by default, which the standard fixes.
  size_t looked = 0;
  std::vector<std::pair<int64_t, int64_t>> placed;
  std::vector<size_t> candidates;
};

} // namespace

Placement planByHillClimbing(const SkylineIndex &index, const Placement &start, int64_t target, size_t work) {
  return index.fits ? HillClimber(index, start).climb(target, work) : start;
}

} // namespace glmc::memory
