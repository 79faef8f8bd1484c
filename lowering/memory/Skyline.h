//===- Skyline.h - A placement built from below -----------------------------===//
//
// What the searches share: blocks are placed one on another, each on the
// highest of those below it (its floor), so that a partial placement is the
// front that it makes, and everything that can still be wasted or reached
// follows from the floors of the blocks that are left.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_SKYLINE_H
#define GLMC_LOWERING_MEMORY_SKYLINE_H

#include "lowering/memory/PlanningProblem.h"

#include <limits>

namespace glmc::memory {

/// Who meets whom, for problems that are small enough to search.
struct SkylineIndex {
  explicit SkylineIndex(const PlanningProblem &problem);
  /// Whether the tables below are there: they are not for problems that would
  /// need hundreds of megabytes.
  bool fits = false;
  const PlanningProblem &problem;
  std::vector<std::vector<size_t>> conflicts; ///< Of a block, ascending.
  std::vector<std::vector<size_t>> blocksAt;  ///< Live in a section, ascending.
};

/// Blocks that are placed, as seen from above.
class Skyline {
public:
  static constexpr int64_t none = std::numeric_limits<int64_t>::max();

  explicit Skyline(const SkylineIndex &index);

  /// Puts a block on its floor; true if the rest may still fit below `target`.
  /// `work` grows by the number of things that were looked at.
  bool place(size_t block, int64_t target, size_t &work);

  /// Where a block would lie if it were placed now; none if it is placed.
  int64_t floorOf(size_t block) const { return floors[block]; }
  /// The lowest floor of the blocks that are left in a section; none if there
  /// is none. What is below and not taken is lost.
  int64_t level(size_t section) const { return levels[section]; }
  /// Bytes of the blocks that are left in a section.
  int64_t rest(size_t section) const { return left[section]; }
  size_t sections() const { return levels.size(); }
  size_t blocks() const { return floors.size(); }
  /// Bytes lost so far, over all sections.
  double waste() const { return lost; }

private:
  const SkylineIndex *index;
  std::vector<int64_t> floors, levels, left;
  double lost = 0;
};

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_SKYLINE_H
