//===- BranchAndBound.h - Exact, within a number of nodes -------------------===//
#ifndef GLMC_LOWERING_MEMORY_BRANCHANDBOUND_H
#define GLMC_LOWERING_MEMORY_BRANCHANDBOUND_H

#include "lowering/memory/Skyline.h"

namespace glmc::memory {

struct BranchAndBoundResult {
  Placement placement;
  bool optimal = false; ///< Nothing lower exists.
  size_t nodes = 0;     ///< Partial placements looked at.
};

/// Looks for placements lower than `start` until one is `target` high, there is
/// none, or `nodeLimit` is reached.
BranchAndBoundResult planByBranchAndBound(const SkylineIndex &index, const Placement &start, int64_t target,
                                          size_t nodeLimit);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_BRANCHANDBOUND_H
