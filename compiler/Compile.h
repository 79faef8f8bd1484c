//===- Compile.h - From a model to outputs, as a function -------------------===//
//
// What every command builds on: read a model (or a dump), run the passes, read
// the planned program, compile its kernels on all cores, emit. Nothing is
// written to disk but dumps and a weights file; Outputs.h writes the rest.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_COMPILE_H
#define GLMC_COMPILER_COMPILE_H

#include "codegen/Program.h"
#include "codegen/kernels/CompileKernel.h"
#include "codegen/source/EmitSource.h"
#include "compiler/CompressOptions.h"
#include "compiler/Footprint.h"
#include "compiler/WeightsFile.h"
#include "compiler/Bindings.h"
#include "compiler/report/PassRecord.h"
#include "targets/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"

#include <functional>
#include <string>
#include <vector>

namespace glmc {

/// What P_selftest compares.
enum class SelfTestKind : uint8_t { none, outputs, launches };

struct CompileOptions {
  std::string input; ///< model.onnx, or a dumped .mlir.
  BindingRequest binding; ///< What flags ask of a model; nothing of a dump.
  /// Keep this entry point only; "": the only one there is. Nothing: all.
  std::optional<std::string> entry;
  CompressOptions compress;
  /// With versions, the first of them under the names of all: "x86-64,x86-64-v3".
  targets::Target target;
  std::vector<targets::Target> versions; ///< Empty for one target.
  std::string targetFile; ///< Where `target` was read from, if it is not built in.
  bool emitObject = true, emitCxx = true;
  kernels::Math math = kernels::Math::fast;
  bool ioArena = false;
  std::string arena = "any"; ///< Where the arena is: "inside" the context, "apart", or where it is faster.
  bool resumable = false; ///< Runs can be taken in pieces.
  SelfTestKind selfTest = SelfTestKind::none;
  std::optional<int64_t> flashBudget, ramBudget; ///< Bytes that the object may take, see Footprint.h.
  std::string flashLimit = "--flash ", ramLimit = "--ram "; ///< What sets them, in errors.
  std::string selfTestData; ///< A data set, or a folder of them, for its inputs; empty: seeded ones.
  int64_t threads = 1; ///< That the program may use, 1 to largestThreads.
  std::string tuning;  ///< A file of `glmc tune`; empty: families choose schedules alone.
  std::string optimize = "speed"; ///< Or "size", of code.
  std::string prefix = "model"; ///< C identifier that generated names begin with.
  std::string headerName; ///< What the C++ file includes; empty: prefix + ".h".
  std::string dumpDirectory;    ///< --dump-ir; empty: no dumps.
  std::string stopAfter;        ///< --stop-after: a pass name; `module` is the result.
  std::string pipeline;         ///< --pipeline: replaces the standard passes.
  WeightsPlace weights = WeightsPlace::inside;
  /// Where weights that are apart will be; they are written to asideOf() it.
  std::string weightsFile;
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
  // Files without the weights that are inside, which writeObject and
  // source::writeSource put there; empty if not asked for.
  std::string object, header;
  std::string linker; ///< A fragment of a linker script, for a target with memories.
  source::SourceText source;
  bool objectHasWeights = false; ///< They follow `object`.
  int64_t objectBytes = 0, sourceBytes = 0; ///< Of the files, when Outputs has written them.
  std::string buildId, weightHash;
  int64_t stackBytes = -1; ///< Worst case of the object; -1 without one.
  std::optional<Footprint> footprint; ///< Of the object.
  std::vector<std::string> supportRoutines; ///< Undefined symbols of the object.
  std::vector<int64_t> versionBytes; ///< Of the object: what the kernels of each version take.
  double secondsImport = 0, secondsPasses = 0, secondsKernels = 0, secondsWeights = 0, secondsEmit = 0;
  double seconds() const { return secondsImport + secondsPasses + secondsKernels + secondsWeights + secondsEmit; }
};

/// Takes a file's contents in pieces.
using TextSink = std::function<void(std::string_view)>;
/// Gives them; false with `error` set, which is empty for what was reported.
using ContentWriter = std::function<bool(const TextSink &, std::string &error)>;

/// Registers everything that glmc's modules contain; call on a fresh context.
void prepareContext(mlir::MLIRContext &context);

/// Reads `options.input` into a module: a graph for each binding of an ONNX
/// model, or MLIR text.
mlir::OwningOpRef<mlir::ModuleOp> readModel(mlir::MLIRContext &context, const CompileOptions &options);

/// The whole road. Errors are emitted as diagnostics on the context.
mlir::LogicalResult compile(mlir::MLIRContext &context, const CompileOptions &options, CompileResult &result);

/// The object's file.
bool writeObject(const CompileResult &result, const TextSink &sink, std::string &error);

/// Steps of an entry point that are launches.
int64_t launchCount(const EntryPoint &entry);

/// A C identifier made of a file or tensor name.
std::string identifierOf(const std::string &name);

/// The report of `compile --json`: nodes, launches, kernels, arena_bytes,
/// bound_bytes, gap_bytes, state_bytes, weight_bytes, stack_bytes,
/// object_bytes, source_bytes, source_code_bytes (without weights), the object's
/// footprint (Footprint.h), seconds
/// (by phase) and the passes' records; of a stateful program, session: its
/// context, vocabulary, steps, and its caches with their formula and bytes.
std::string reportJson(const CompileOptions &options, const CompileResult &result);

} // namespace glmc

#endif // GLMC_COMPILER_COMPILE_H
