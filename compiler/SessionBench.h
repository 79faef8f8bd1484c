//===- SessionBench.h - glmc bench of a program with state ---------------------===//
#ifndef GLMC_COMPILER_SESSIONBENCH_H
#define GLMC_COMPILER_SESSIONBENCH_H

#include "compiler/GenerationTimer.h"
#include "compiler/Session.h"

namespace glmc {

/// What is timed, and what a report says of it beside times.
struct GenerationReport {
  GenerationSubject timed;
  llvm::json::Object facts;
};

/// Times it; prints a table or writes JSON. The exit code.
int benchGeneration(const BenchCommand &command, GenerationReport &subject);

/// The same of a model that is compiled first, on tokens that are made up.
int benchSession(const BenchCommand &command, const CompileOptions &options);

} // namespace glmc

#endif // GLMC_COMPILER_SESSIONBENCH_H
