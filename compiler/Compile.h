//===- Compile.h - From a model to outputs, as a function -------------------===//
//
// What every command builds on: read a model (or a dump), run the passes, read
// the planned program, compile its kernels on all cores, emit. Nothing is
// written to disk but dumps until `writeOutputs`.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_COMPILE_H
#define GLMC_COMPILER_COMPILE_H

#include "codegen/Program.h"
#include "codegen/kernels/CompileKernel.h"
#include "compiler/report/PassRecord.h"
#include "targets/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace glmc {

struct CompileOptions {
  std::string input; ///< model.onnx, or a dumped .mlir.
  std::map<std::string, int64_t> dims; ///< --dim: values of free dimensions.
  targets::Target target;
  std::string targetFile; ///< Where `target` was read from, if it is not built in.
  bool emitObject = true, emitCxx = true;
  kernels::Math math = kernels::Math::fast;
  bool ioArena = false;
  int64_t threads = 1; ///< That the program may use, 1 to largestThreads.
  std::string prefix = "model"; ///< C identifier that generated names begin with.
  std::string headerName; ///< What the C++ file includes; empty: prefix + ".h".
  std::string dumpDirectory;    ///< --dump-ir; empty: no dumps.
  std::string stopAfter;        ///< --stop-after: a pass name; `module` is the result.
  std::string pipeline;         ///< --pipeline: replaces the standard passes.
  unsigned jobs = 0;            ///< Threads for compiling kernels; 0: all cores.
  bool stepEntries = false;     ///< For glmc bench, see StepEntries.h.
  /// Told what goes on ("compiling kernels", 12, 60) for a progress line.
  std::function<void(const std::string &what, size_t done, size_t total)> progress;
};

struct CompileResult {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< After the last pass that ran.
  int64_t onnxNodes = 0;
  std::vector<PassRecord> passes;
  // Below only without stopAfter.
  Program program;
  std::string object, source, header; ///< File contents; empty if not asked for.
  std::string buildId, weightHash;
  int64_t stackBytes = -1; ///< Worst case of the object; -1 without one.
  std::vector<std::string> supportRoutines; ///< Undefined symbols of the object.
  double secondsImport = 0, secondsPasses = 0, secondsKernels = 0, secondsEmit = 0;
};

/// Registers everything that glmc's modules contain; call on a fresh context.
void prepareContext(mlir::MLIRContext &context);

/// Reads `options.input` into a module: ONNX by content, or MLIR text.
mlir::OwningOpRef<mlir::ModuleOp> readModel(mlir::MLIRContext &context, const CompileOptions &options);

/// The whole road. Errors are emitted as diagnostics on the context.
mlir::LogicalResult compile(mlir::MLIRContext &context, const CompileOptions &options, CompileResult &result);

/// Writes BASE.o, BASE.cpp and BASE.h (those that are not empty) so that either
/// all of them appear or none: each is written aside and renamed at the end.
mlir::LogicalResult writeOutputs(mlir::MLIRContext &context, const std::string &base, const CompileResult &result);

/// A C identifier made of a file or tensor name.
std::string identifierOf(const std::string &name);

/// The report of `compile --json`: nodes, launches, kernels, arena_bytes,
/// bound_bytes, gap_bytes, state_bytes, weight_bytes, stack_bytes,
/// object_bytes, source_bytes, source_code_bytes (without weights), seconds
/// (by phase) and the passes' records.
std::string reportJson(const CompileOptions &options, const CompileResult &result);

} // namespace glmc

#endif // GLMC_COMPILER_COMPILE_H
