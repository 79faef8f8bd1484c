//===- SelfTest.h - Golden data for a program that tests itself ---------------===//
//
// Inputs are the seeded ones of `glmc verify`, or a data set's. What should come out
// is what the reference evaluator computes from the model as it is compiled, quantised
// or not; with --math exact, the bits that the same model gives on this machine, once
// they were compared with that. What single launches leave is the evaluator's on the
// kernels' regions.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_SELFTEST_H
#define GLMC_COMPILER_SELFTEST_H

#include "compiler/Compile.h"

namespace glmc {

/// Gives `program` its self-test. `imported` is the module before all passes, which
/// this may change; `unplanned` as it was before its memory was planned. Errors are
/// diagnostics.
mlir::LogicalResult makeSelfTest(const CompileOptions &options, mlir::ModuleOp imported, mlir::ModuleOp unplanned,
                                 Program &program);

} // namespace glmc

#endif // GLMC_COMPILER_SELFTEST_H
