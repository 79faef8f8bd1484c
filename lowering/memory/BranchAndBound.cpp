//===- BranchAndBound.cpp - Exact, within a number of nodes -----------------===//
//
// Any placement can be pushed down until every block lies on another or at 0,
// and can then be built in order of offset (of index among equals), each block
// landing on its floor. So it is enough to search such orders:
//
//   1. A block may come next if its floor is not below the last offset.
//   2. It may not if some other block that is left would fit wholly below that
//      floor: in the finished placement that one could be pushed down further.
//   3. A front is dropped if some section cannot stay below the best placement
//      known: the level there (none can come below the last offset any more)
//      and what is left to be placed are together too high.
//   4. Blocks of equal size and life are placed in order of index.
//
// Rules 1 and 2 are those of MiniMalloc (ASPLOS 2023).
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/BranchAndBound.h"

#include <algorithm>

namespace glmc::memory {
namespace {

class Search {
public:
  Search(const SkylineIndex &index, const Placement &start, int64_t target, size_t nodeLimit)
      : index(index), problem(index.problem), target(target), nodeLimit(nodeLimit), offsets(problem.blocks.size(), 0),
        twinBefore(problem.blocks.size(), noTwin) {
    result.placement = start;
    findTwins();
  }

  BranchAndBoundResult run() {
    descend();
    result.optimal = finished() || !stopped;
    return std::move(result);
  }

private:
  static constexpr size_t noTwin = std::numeric_limits<size_t>::max();

  /// A front and the blocks that may come next, tried from the back.
  struct Node {
    Skyline skyline;
    std::vector<size_t> next;
    size_t last = noTwin; ///< The block placed last; none at the root.
  };

  bool finished() const { return result.placement.height <= target; }

  void findTwins() {
    for (size_t i = 0; i < problem.blocks.size(); ++i)
      for (size_t other : index.conflicts[i]) {
        const PlanningBlock &a = problem.blocks[i], &b = problem.blocks[other];
        if (other < i && a.size == b.size && a.first == b.first && a.last == b.last)
          twinBefore[i] = other;
      }
  }

  /// Depth first, with a stack of its own: models have thousands of blocks.
  void descend() {
    std::vector<Node> path;
    path.push_back({Skyline(index), {}});
    findNext(path.back());
    while (!path.empty() && !finished()) {
      Node &node = path.back();
      if (node.next.empty()) {
        path.pop_back();
        continue;
      }
      if (result.nodes++ == nodeLimit) {
        stopped = true;
        return;
      }
      size_t block = node.next.back();
      node.next.pop_back();
      Node child{node.skyline, {}, block};
      offsets[block] = node.skyline.floorOf(block);
      if (!child.skyline.place(block, result.placement.height - 1, work) || isTooHigh(child))
        continue;
      if (path.size() == problem.blocks.size()) {
        result.placement = {offsets, heightOf(problem, offsets)};
        continue;
      }
      findNext(child);
      path.push_back(std::move(child));
    }
  }

  int64_t lastOffset(const Node &node) const { return node.last == noTwin ? 0 : offsets[node.last]; }

  bool isTooHigh(const Node &node) const {
    int64_t from = lastOffset(node), most = result.placement.height - 1;
    for (size_t s = 0; s < node.skyline.sections(); ++s)
      if (node.skyline.rest(s) > 0 && std::max(node.skyline.level(s), from) + node.skyline.rest(s) > most)
        return true;
    return false;
  }

  bool mayFollow(const Node &node, size_t block) const {
    int64_t floor = node.skyline.floorOf(block), from = lastOffset(node);
    if (floor == Skyline::none || floor < from || (node.last != noTwin && floor == from && block < node.last))
      return false;
    return twinBefore[block] == noTwin || node.skyline.floorOf(twinBefore[block]) == Skyline::none;
  }

  void findNext(Node &node) {
    int64_t from = lastOffset(node), lowestEnd = Skyline::none;
    for (size_t i = 0; i < problem.blocks.size(); ++i)
      if (int64_t floor = node.skyline.floorOf(i); floor != Skyline::none)
        lowestEnd = std::min(lowestEnd, std::max(floor, from) + problem.blocks[i].size);
    for (size_t i = 0; i < problem.blocks.size(); ++i)
      if (mayFollow(node, i) && node.skyline.floorOf(i) < lowestEnd)
        node.next.push_back(i);
    // The best is at the back: the lowest, then what covers most.
    std::stable_sort(node.next.begin(), node.next.end(), [&](size_t a, size_t b) {
      int64_t x = node.skyline.floorOf(a), y = node.skyline.floorOf(b);
      if (x != y)
        return x > y;
      const PlanningBlock &p = problem.blocks[a], &q = problem.blocks[b];
      return p.length() != q.length() ? p.length() < q.length() : p.size < q.size;
    });
  }

  const SkylineIndex &index;
  const PlanningProblem &problem;
  int64_t target;
  size_t nodeLimit, work = 0;
  std::vector<int64_t> offsets; ///< Of blocks on the path.
  std::vector<size_t> twinBefore;
  BranchAndBoundResult result;
  bool stopped = false;
};

} // namespace

BranchAndBoundResult planByBranchAndBound(const SkylineIndex &index, const Placement &start, int64_t target,
                                          size_t nodeLimit) {
  if (!index.fits || start.height <= target)
    return {start, start.height <= target, 0};
  return Search(index, start, target, nodeLimit).run();
}

} // namespace glmc::memory
