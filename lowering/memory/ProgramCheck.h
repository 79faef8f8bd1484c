//===- ProgramCheck.h - A glm.program against the graph it came from --------===//
#ifndef GLMC_LOWERING_MEMORY_PROGRAMCHECK_H
#define GLMC_LOWERING_MEMORY_PROGRAMCHECK_H

#include "dialects/glm/GlmOps.h"

namespace glmc::memory {

/// Runs PlanChecker on `program`, which must be `graph` with addresses: its
/// launches in order, and copies. Only places in the IR are read, nothing that
/// the planner kept beside them. Emits what is wrong.
mlir::LogicalResult checkProgram(glm::GraphOp graph, glm::ProgramOp program, mlir::SymbolTable &symbols);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_PROGRAMCHECK_H
