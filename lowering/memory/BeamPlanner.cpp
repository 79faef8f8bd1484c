//===- BeamPlanner.cpp - Fill the lowest valley, keep the best fronts -------===//
//
//   1. In a front, take the lowest valley: sections of the lowest level side by
//      side. Whatever comes to lie at one of its two edges must start there, so
//      the candidates are few; take the edge that has fewer.
//   2. Place each candidate on a copy of the front. A copy in which some section
//      cannot stay below the height wanted any more is dropped.
//   3. Of the copies of all fronts keep the `width` best: little waste, few
//      breaks between levels; of those that hold the same blocks only one.
//   4. Repeat until all blocks are placed or no front is left. A trial asks for
//      a tenth less of the gap than the best so far has, now and then for a
//      third, and trials differ in width, in what a break costs and in a little
//      noise.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/BeamPlanner.h"

#include <algorithm>
#include <random>
#include <unordered_set>

namespace glmc::memory {
namespace {

constexpr size_t noStep = std::numeric_limits<size_t>::max();

/// How one trial judges.
struct Taste {
  size_t width;
  double breakCost; ///< Of one break, in percent of the bound in one section.
  double noise;     ///< Scores are raised by up to this part.
};

struct Front {
  Skyline skyline;
  size_t lastStep = noStep; ///< In Beam::steps.
  uint64_t blocks = 0;      ///< Hash of the set of blocks that are placed.
  double score = 0;
};

class Beam {
public:
  Beam(const SkylineIndex &index, Taste taste, std::mt19937_64 &random, size_t &work)
      : index(index), problem(index.problem), taste(taste), random(random), work(work) {
    std::mt19937_64 numbers;
    for (size_t i = 0; i < problem.blocks.size(); ++i)
      hashes.push_back(numbers());
  }

  /// Empty offsets if no placement below `height` was found.
  Placement search(int64_t height, size_t workLimit) {
    target = height;
    fronts.push_back({Skyline(index)});
    for (size_t placed = 0; placed < problem.blocks.size(); ++placed) {
      children.clear();
      for (const Front &front : fronts)
        expand(front);
      if (children.empty() || work >= workLimit)
        return {};
      select();
    }
    Placement result{std::vector<int64_t>(problem.blocks.size()), 0};
    for (size_t step = fronts.front().lastStep; step != noStep; step = steps[step].before)
      result.offsets[steps[step].block] = steps[step].offset;
    result.height = heightOf(problem, result.offsets);
    return result;
  }

private:
  struct Step {
    size_t block;
    int64_t offset;
    size_t before;
  };

  void expand(const Front &front) {
    const Skyline &skyline = front.skyline;
    size_t first = 0;
    for (size_t s = 1; s < skyline.sections(); ++s)
      if (skyline.level(s) < skyline.level(first))
        first = s;
    int64_t level = skyline.level(first);
    size_t last = first;
    while (last + 1 < skyline.sections() && skyline.level(last + 1) == level)
      ++last;
    work += skyline.sections();
    // The lowest level is the floor of a block, which lies within the valley.
    atLeft.clear();
    atRight.clear();
    collect(skyline, first, level, atLeft);
    collect(skyline, last, level, atRight);
    for (size_t block : atLeft.size() <= atRight.size() ? atLeft : atRight)
      addChild(front, block);
  }

  void collect(const Skyline &skyline, size_t section, int64_t level, std::vector<size_t> &found) {
    for (size_t block : index.blocksAt[section])
      if (skyline.floorOf(block) == level)
        found.push_back(block);
    work += index.blocksAt[section].size();
  }

  void addChild(const Front &front, size_t block) {
    Front child = front;
    // A copy moves eight numbers in the time in which a search sees one.
    work += (child.skyline.blocks() + 2 * child.skyline.sections()) / 8;
    int64_t offset = front.skyline.floorOf(block);
    if (!child.skyline.place(block, target, work))
      return;
    steps.push_back({block, offset, front.lastStep});
    child.lastStep = steps.size() - 1;
    child.blocks ^= hashes[block];
    child.score = scoreOf(child.skyline);
    children.push_back(std::move(child));
  }

  double scoreOf(const Skyline &skyline) {
    size_t breaks = 0;
    for (size_t s = 1; s < skyline.sections(); ++s) {
      int64_t a = skyline.level(s - 1), b = skyline.level(s);
      breaks += a != b && a != Skyline::none && b != Skyline::none;
    }
    work += skyline.sections() / 2;
    double score = skyline.waste() + taste.breakCost * double(breaks) * double(problem.bound) / 100;
    return score * (1 + taste.noise * double(random() % 1024) / 1024);
  }

  void select() {
    std::vector<size_t> order(children.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return children[a].score < children[b].score; });
    fronts.clear();
    std::unordered_set<uint64_t> seen;
    for (size_t i : order)
      if (fronts.size() < taste.width && seen.insert(children[i].blocks).second)
        fronts.push_back(std::move(children[i]));
  }

  const SkylineIndex &index;
  const PlanningProblem &problem;
  Taste taste;
  std::mt19937_64 &random;
  size_t &work;
  int64_t target = 0;
  std::vector<uint64_t> hashes; ///< Of blocks.
  std::vector<Front> fronts, children;
  std::vector<Step> steps;
  std::vector<size_t> atLeft, atRight;
};

/// Narrow beams first, which are cheap and tell how far there is to go.
Taste tasteOf(size_t trial, std::mt19937_64 &random) {
  constexpr size_t widths[] = {1, 2, 4, 8, 16, 32};
  constexpr double breakCosts[] = {0.3, 1, 3, 10};
  size_t width = widths[trial < 24 ? trial / 4 : random() % 6];
  return {width, breakCosts[trial < 24 ? trial % 4 : random() % 4], trial < 4 ? 0 : 0.1};
}

} // namespace

Placement planByBeams(const SkylineIndex &index, const Placement &start, int64_t target, size_t workLimit) {
  Placement best = start;
  std::mt19937_64 random; // As seeded by default, which the standard fixes.
  size_t work = 0;
  for (size_t trial = 0; index.fits && best.height > target && work < workLimit; ++trial) {
    int64_t wanted = best.height - std::max<int64_t>((best.height - target) / (trial % 4 == 3 ? 3 : 10), 1);
    Placement found = Beam(index, tasteOf(trial, random), random, work).search(wanted, workLimit);
    if (!found.offsets.empty())
      best = std::move(found);
  }
  return best;
}

} // namespace glmc::memory
