//===- HillClimbPlanner.h - Swap blocks in the order of placement -----------===//
#ifndef GLMC_LOWERING_MEMORY_HILLCLIMBPLANNER_H
#define GLMC_LOWERING_MEMORY_HILLCLIMBPLANNER_H

#include "lowering/memory/Skyline.h"

namespace glmc::memory {

/// Climbs from `start` by swapping blocks that make it high, until it is
/// `target` high or about `work` things were looked at. Never worse
/// than `start`; a fixed sequence of random numbers, so equal input gives equal
/// output.
Placement planByHillClimbing(const SkylineIndex &index, const Placement &start, int64_t target, size_t work);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_HILLCLIMBPLANNER_H
