//===- Boundaries.h - Why the launches are as many as they are --------------===//
#ifndef GLMC_COMPILER_REPORT_BOUNDARIES_H
#define GLMC_COMPILER_REPORT_BOUNDARIES_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/JSON.h"

#include <string>

namespace glmc {

/// A line a kernel in order of first launch: how often it is launched, and why
/// its first launch is not part of one that it reads from (glm.boundary). Empty
/// without planned launches.
std::string boundariesText(mlir::ModuleOp module);
/// An entry a launch: {"entry", "kernel", "why": [...]}.
llvm::json::Array boundariesJson(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_BOUNDARIES_H
