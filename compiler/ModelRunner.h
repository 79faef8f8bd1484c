//===- ModelRunner.h - Compiles a model and runs it on this machine -----------===//
//
// An object is loaded by LLVM's JIT linker in a child process, so that running
// needs no toolchain and a crash is an error text. C++ is compiled by the
// machine's compiler, with the flags that users are promised, and then loaded
// the same way. For a machine of another kind the target's compiler links a
// program, and the target's emulator runs that.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_MODELRUNNER_H
#define GLMC_COMPILER_MODELRUNNER_H

#include "compiler/Emulator.h"
#include "compiler/Session.h"
#include "compiler/Slots.h"

namespace glmc {

class ModelRunner {
public:
  /// Compiles `options.input` to an object or, if `cxx` is not empty, to C++ that
  /// this command compiles, or for another kind of machine, and unless it is a
  /// command that the user chose, the target's. Nothing if that fails; the error
  /// was printed.
  static std::optional<ModelRunner> create(mlir::MLIRContext &context, const BuildFlags &flags,
                                           const CompileOptions &options, const std::string &cxx);

  /// Names of the entry points, in order.
  std::vector<std::string> entryNames() const;
  /// Which of them is run from now on; at first the first.
  void select(size_t entry) { current = entry; }

  const std::vector<Slot> &inputs() const { return entries[current].inputs; }
  const std::vector<Slot> &outputs() const { return entries[current].outputs; }

  /// Runs the entry point on a fresh context. False, with `error` set: it
  /// crashed, did not end, or returned a status other than ok.
  bool run(const std::vector<reference::Tensor> &inputs, std::vector<reference::Tensor> &outputs,
           std::string &error) const;

  double secondsCompile() const { return seconds; }
  /// What runs it for another kind of machine; null: this one does, or nothing.
  const Emulator *emulator() const { return emulated ? &*emulated : nullptr; }

private:
  struct Entry {
    std::string name;
    std::vector<int64_t> inputOffsets, outputOffsets; ///< As object::RunRequest has them.
    std::vector<Slot> inputs, outputs;
  };
  ModelRunner() = default;
  static Entry entryOf(mlir::MLIRContext &context, const EntryPoint &point);

  std::vector<char> object;
  std::optional<Emulator> emulated;
  bool hasThreads = false;
  std::shared_ptr<MappedWeights> weights; ///< Null: they are in the object.
  std::vector<Entry> entries;
  size_t current = 0;
  int64_t contextBytes = 0;
  double seconds = 0;
};

} // namespace glmc

#endif // GLMC_COMPILER_MODELRUNNER_H
