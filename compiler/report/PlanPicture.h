//===- PlanPicture.h - A memory plan as an SVG ------------------------------===//
#ifndef GLMC_COMPILER_REPORT_PLANPICTURE_H
#define GLMC_COMPILER_REPORT_PLANPICTURE_H

#include "dialects/glm/GlmOps.h"

#include <string>

namespace glmc {

/// What the arena of a program holds when: steps from left to right, offsets
/// from bottom to top, a box for each value and scratch with its name, the step
/// at which most is live, and the lower bound as a line. One file with nothing
/// outside it; any name is safe in it.
std::string planPicture(glm::ProgramOp program);

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_PLANPICTURE_H
