//===- Placement.h - Attributes that say which memories a program uses ----------===//
#ifndef GLMC_DIALECTS_GLM_PLACEMENT_H
#define GLMC_DIALECTS_GLM_PLACEMENT_H

namespace glmc::glm {

/// Module attribute, a dictionary: names of the banks of the target's memory that hold
/// `weights`, `context` and, if it is apart, `arena`.
constexpr const char *placementAttr = "glm.placement";
/// Module attribute, a unit: the arena is no part of the context but memory of its own.
constexpr const char *arenaApartAttr = "glm.arena_apart";

} // namespace glmc::glm

#endif // GLMC_DIALECTS_GLM_PLACEMENT_H
