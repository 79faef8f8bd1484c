//===- Measure.h - How large a module is ------------------------------------===//
#ifndef GLMC_COMPILER_REPORT_MEASURE_H
#define GLMC_COMPILER_REPORT_MEASURE_H

#include "dialects/glm/GlmOps.h"

namespace glmc {

struct ModuleSize {
  int64_t ops = 0;             ///< Ops of graphs, or steps of programs.
  int64_t constantBytes = 0;   ///< Constants and weights.
  int64_t activationBytes = 0; ///< Results of ops that are not constants or views.
  int64_t launches = 0;
};

ModuleSize measure(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_MEASURE_H
