//===- SessionBench.h - glmc bench of a program with state ---------------------===//
#ifndef GLMC_COMPILER_SESSIONBENCH_H
#define GLMC_COMPILER_SESSIONBENCH_H

#include "compiler/Session.h"

namespace glmc {

/// Times prefill, and decode at several positions of the context, on tokens that
/// are made up; prints a table or writes JSON. The exit code.
int benchSession(const BenchCommand &command, const CompileOptions &options);

} // namespace glmc

#endif // GLMC_COMPILER_SESSIONBENCH_H
