//===- BenchRunner.h - Compiles a model and times it and its launches ---------===//
//
// The model runs in a child process, as ModelRunner's do. There, in rounds, so
// that a machine whose speed changes shows it in everything alike:
//   1. how fast the machine multiplies and adds, and reads memory;
//   2. the model, as its entry point runs it;
//   3. the model once more, step by step, for the time of each launch.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_BENCHRUNNER_H
#define GLMC_COMPILER_BENCHRUNNER_H

#include "codegen/object/PeakKernels.h"
#include "codegen/object/RunObject.h"
#include "compiler/Session.h"
#include "compiler/SharedLists.h"
#include "compiler/Slots.h"

namespace glmc {

struct BenchSettings {
  int64_t runs = 0;   ///< 0: as many as fit in `seconds`.
  double seconds = 2; ///< For the whole model, and again for its steps.
  bool evict = false;
  int threads = 1; ///< That the model was compiled for.
};

struct Timing {
  Distribution whole;                ///< Seconds a run.
  std::vector<Distribution> steps;   ///< Seconds of each step.
  Distribution gigaflops, gigabytes; ///< Of multiply-adds and reads, in 1e9 a second.
  int64_t memoryBytes = 0;           ///< That reads, and evictions, go over.
};

class BenchRunner {
public:
  /// Nothing: compiling failed, and the error was printed.
  static std::optional<BenchRunner> create(mlir::MLIRContext &context, const BuildFlags &flags, CompileOptions options);

  const std::vector<Slot> &inputs() const { return inputList; }
  const Program &program() const { return result.program; }

  /// Runs the model once, untimed. False, with `error` set: it crashed, did not
  /// end, or returned a status other than ok.
  bool run(const std::vector<reference::Tensor> &inputs, std::vector<reference::Tensor> &outputs,
           std::string &error) const;
  /// Times the model and its steps; fails as `run` does.
  bool time(const BenchSettings &settings, const std::vector<reference::Tensor> &inputs, Timing &timing,
            std::string &error) const;

private:
  BenchRunner() = default;
  object::RunRequest requestFor(const std::vector<reference::Tensor> &inputs) const;

  CompileResult result;
  std::vector<char> object;
  object::PeakKernels peaks;
  std::shared_ptr<MappedWeights> weights; ///< Null: they are in the object.
  std::vector<Slot> inputList, outputList;
};

} // namespace glmc

#endif // GLMC_COMPILER_BENCHRUNNER_H
