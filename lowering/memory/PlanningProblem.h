//===- PlanningProblem.h - Blocks as the planners see them ------------------===//
//
// Offline dynamic storage allocation with all that does not matter taken away:
// sizes are aligned, empty blocks are gone, steps at which no new set of blocks
// is live are merged into sections, and stretches of the program that no block
// spans are problems of their own. Planners take one problem and return one
// placement; none knows of another.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_PLANNINGPROBLEM_H
#define GLMC_LOWERING_MEMORY_PLANNINGPROBLEM_H

#include "lowering/memory/ArenaPlanner.h"

namespace glmc::memory {

/// Bytes `size` in sections first to last, both included.
struct PlanningBlock {
  int64_t size = 0;
  size_t first = 0;
  size_t last = 0;
  size_t source = 0; ///< Index of the ArenaBlock.

  size_t length() const { return last - first + 1; }
  bool meets(const PlanningBlock &other) const { return first <= other.last && other.first <= last; }
};

struct PlanningProblem {
  std::vector<PlanningBlock> blocks; ///< In the order given.
  std::vector<int64_t> load;         ///< Sum of live sizes of each section.
  int64_t bound = 0;                 ///< The largest load.
};

/// An offset for every block of a problem.
struct Placement {
  std::vector<int64_t> offsets;
  int64_t height = 0; ///< The largest end of a block.
};

/// The problems that blocks fall apart into, in time. checkBlocks must have passed.
std::vector<PlanningProblem> planningProblems(const std::vector<ArenaBlock> &blocks);

/// Height of a placement whose offsets are set.
int64_t heightOf(const PlanningProblem &problem, const std::vector<int64_t> &offsets);

/// Blocks from low to high, the first section first among equals.
std::vector<size_t> orderOfOffsets(const PlanningProblem &problem, const Placement &placement);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_PLANNINGPROBLEM_H
