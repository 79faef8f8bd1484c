//===- Passes.h - Every pass of glmc ----------------------------------------===//
//
// Declared in Passes.td, one file a pass in simplify/, kernels/ and memory/.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_PASSES_H
#define GLMC_LOWERING_PASSES_H

#include "dialects/glm/GlmOps.h"

#include "mlir/Pass/Pass.h"

namespace glmc {

#define GEN_PASS_DECL
#include "lowering/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowering/Passes.h.inc"

} // namespace glmc

#endif // GLMC_LOWERING_PASSES_H
