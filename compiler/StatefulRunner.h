//===- StatefulRunner.h - Compiles a model with state and runs it here ---------===//
#ifndef GLMC_COMPILER_STATEFULRUNNER_H
#define GLMC_COMPILER_STATEFULRUNNER_H

#include "codegen/object/SessionRunner.h"
#include "compiler/Session.h"

namespace glmc {

/// A program with state on this machine, in a process of its own.
class StatefulRunner {
public:
  /// Compiles `options.input`, whose binding asks for a context, to an object or,
  /// if `cxx` is not empty, to C++ that this command compiles. Null if that
  /// fails; the error was printed.
  static std::unique_ptr<StatefulRunner> create(mlir::MLIRContext &context, const BuildFlags &flags,
                                                const CompileOptions &options, const std::string &cxx);

  object::SessionRunner &session() { return *runner; }
  /// As compiled; its module is gone.
  const Program &program() const { return compiled; }
  double secondsCompile() const { return seconds; }

private:
  Program compiled;
  std::unique_ptr<MappedWeights> weights; ///< Null: they are in the object.
  std::unique_ptr<object::SessionRunner> runner;
  double seconds = 0;
};

} // namespace glmc

#endif // GLMC_COMPILER_STATEFULRUNNER_H
