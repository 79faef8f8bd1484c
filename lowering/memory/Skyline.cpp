//===- Skyline.cpp - A placement built from below ---------------------------===//
//
// Placing a block raises the floors of those that meet it to its end, and with
// them the levels of sections whose lowest floor that was. A level that is
// higher than the blocks placed below it is waste that no later block can use.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/Skyline.h"

#include <algorithm>
#include <numeric>

namespace glmc::memory {

/// Entries beyond which a table is not made: 64 MB.
constexpr size_t tableLimit = size_t(4) << 20;

/// Empty if there are more than `tableLimit` pairs.
static std::vector<std::vector<size_t>> conflictsOf(const PlanningProblem &problem) {
  const std::vector<PlanningBlock> &blocks = problem.blocks;
  std::vector<size_t> byStart(blocks.size());
  std::iota(byStart.begin(), byStart.end(), 0);
  std::stable_sort(byStart.begin(), byStart.end(),
                   [&](size_t a, size_t b) { return blocks[a].first < blocks[b].first; });
  std::vector<std::vector<size_t>> conflicts(blocks.size());
  size_t pairs = 0;
  for (size_t i = 0; i < byStart.size(); ++i)
    for (size_t j = i + 1; j < byStart.size() && blocks[byStart[j]].first <= blocks[byStart[i]].last; ++j) {
      if (++pairs > tableLimit)
        return {};
      conflicts[byStart[i]].push_back(byStart[j]);
      conflicts[byStart[j]].push_back(byStart[i]);
    }
  for (std::vector<size_t> &list : conflicts)
    std::sort(list.begin(), list.end());
  return conflicts;
}

SkylineIndex::SkylineIndex(const PlanningProblem &problem) : problem(problem), conflicts(conflictsOf(problem)) {
  size_t cells = 0;
  for (const PlanningBlock &block : problem.blocks)
    cells += block.length();
  fits = !conflicts.empty() && cells <= tableLimit;
  if (!fits)
    return;
  blocksAt.resize(problem.load.size());
  for (size_t i = 0; i < problem.blocks.size(); ++i)
    for (size_t s = problem.blocks[i].first; s <= problem.blocks[i].last; ++s)
      blocksAt[s].push_back(i);
}

Skyline::Skyline(const SkylineIndex &index)
    : index(&index), floors(index.problem.blocks.size(), 0), levels(index.problem.load.size(), 0),
      left(index.problem.load) {}

bool Skyline::place(size_t block, int64_t target, size_t &work) {
  const PlanningBlock &placed = index->problem.blocks[block];
  int64_t offset = floors[block], top = offset + placed.size;
  size_t first = placed.first, last = placed.last; // Where levels may change.
  floors[block] = none;
  for (size_t other : index->conflicts[block])
    if (floors[other] < top) {
      floors[other] = top;
      if (top + index->problem.blocks[other].size > target)
        return false;
      first = std::min(first, index->problem.blocks[other].first);
      last = std::max(last, index->problem.blocks[other].last);
    }
  work += index->conflicts[block].size();
  for (size_t s = first; s <= last; ++s) {
    if (left[s] == 0)
      continue;
    int64_t before = levels[s];
    if (placed.first <= s && s <= placed.last) {
      left[s] -= placed.size;
      lost -= double(placed.size);
    }
    int64_t lowest = none;
    for (size_t other : index->blocksAt[s]) {
      lowest = std::min(lowest, floors[other]);
      if (lowest == before)
        break;
    }
    work += index->blocksAt[s].size() / 2;
    levels[s] = lowest;
    if (lowest == none)
      continue;
    lost += double(lowest - before);
    if (lowest + left[s] > target)
      return false;
  }
  return true;
}

} // namespace glmc::memory
