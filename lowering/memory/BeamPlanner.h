//===- BeamPlanner.h - Fill the lowest valley, keep the best fronts ---------===//
#ifndef GLMC_LOWERING_MEMORY_BEAMPLANNER_H
#define GLMC_LOWERING_MEMORY_BEAMPLANNER_H

#include "lowering/memory/Skyline.h"

namespace glmc::memory {

/// Improves on `start` by beam searches of several widths and tastes, until it
/// is `target` high or about `work` things were looked at. Never worse than
/// `start`; a fixed sequence of random numbers, so equal input gives equal
/// output.
Placement planByBeams(const SkylineIndex &index, const Placement &start, int64_t target, size_t work);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_BEAMPLANNER_H
