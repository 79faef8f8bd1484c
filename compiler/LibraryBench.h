//===- LibraryBench.h - glmc bench of compiled programs ------------------------===//
#ifndef GLMC_COMPILER_LIBRARYBENCH_H
#define GLMC_COMPILER_LIBRARYBENCH_H

#include "compiler/Session.h"

namespace glmc {

/// Whether `path` is called as compiled code is: .o, .so, or generated C++.
bool isCompiledLibrary(const std::string &path);

/// Times a program that `glmc compile` wrote: with state as benchSession() does, else
/// runs of an entry point. The exit code.
int benchLibrary(const BenchCommand &command);

} // namespace glmc

#endif // GLMC_COMPILER_LIBRARYBENCH_H
