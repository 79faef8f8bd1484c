//===- GreedyPlanner.h - One block after another ----------------------------===//
//
// Quadratic at most, so these run on problems of any size, and their best is
// what the searches start from. No order wins everywhere.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_GREEDYPLANNER_H
#define GLMC_LOWERING_MEMORY_GREEDYPLANNER_H

#include "lowering/memory/PlanningProblem.h"

namespace glmc::memory {

/// Which gap a block goes into: the lowest, or the tightest that holds it.
enum class Gap { lowest, tightest };

/// Places blocks in `order`, each where it meets none that is placed already.
Placement placeInOrder(const PlanningProblem &problem, const std::vector<size_t> &order, Gap gap);

/// A way to order and to place.
struct GreedyPlanner {
  const char *name;
  Gap gap;
  /// Of blocks a and b: whether a goes first. Equal ones keep their order.
  bool (*before)(const PlanningBlock &a, const PlanningBlock &b);
};

/// All of them, the usual best first: by size, by area, by life, by start.
const std::vector<GreedyPlanner> &greedyPlanners();

Placement planGreedily(const PlanningProblem &problem, const GreedyPlanner &planner);

/// The block that meets the most bytes of others first, into the lowest gap.
Placement planByConflicts(const PlanningProblem &problem);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_GREEDYPLANNER_H
