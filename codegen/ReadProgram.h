//===- ReadProgram.h - From a planned module to what emitters read ----------===//
#ifndef GLMC_CODEGEN_READPROGRAM_H
#define GLMC_CODEGEN_READPROGRAM_H

#include "codegen/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

namespace glmc {

/// Module attribute: how many threads the program may use; absent for one.
constexpr llvm::StringLiteral threadsAttr = "glm.threads";

/// Reads every glm.program, glm.kernel and glm.placed_weight of a module after
/// glm-plan-memory. Emits an error at what is not planned. `module` must outlive
/// the program: its weights are read from it while they are written.
mlir::FailureOr<Program> readProgram(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_CODEGEN_READPROGRAM_H
