//===- Pipeline.h - The road from model to plan, pass by pass ----------------===//
#ifndef GLMC_COMPILER_PIPELINE_H
#define GLMC_COMPILER_PIPELINE_H

#include "compiler/Compile.h"

#include "mlir/Pass/PassManager.h"

namespace glmc {

/// Adds the standard passes for `options`, up to and with `options.stopAfter`,
/// or the ones of `options.pipeline`. False, with the reason in `error`, if a
/// name is not known.
bool buildPipeline(mlir::PassManager &passes, const CompileOptions &options, std::string &error);

/// Runs the pipeline on `module`, records what each pass did, and writes dumps
/// if `options.dumpDirectory` is set. `unplanned`, if given, becomes what the module
/// was before its memory was planned.
mlir::LogicalResult runPipeline(mlir::ModuleOp module, const CompileOptions &options, std::vector<PassRecord> &records,
                                mlir::OwningOpRef<mlir::ModuleOp> *unplanned = nullptr);

/// The passes up to and with the last one that changes what a model computes: after
/// them the reference evaluator computes what a program of `options` does.
mlir::LogicalResult quantize(mlir::ModuleOp module, const CompileOptions &options);

/// Registers all passes with MLIR, for --pipeline and glm-opt.
void registerPasses();

} // namespace glmc

#endif // GLMC_COMPILER_PIPELINE_H
