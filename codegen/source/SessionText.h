//===- SessionText.h - The functions of a stateful program, as text -----------===//
//
// What the header declares and the C++ file defines for a program with a session:
// prefill, decode, length, reset, rollback, snapshot_bytes, snapshot, restore. The
// work is runtime-min/session.cpp's, pasted; here are its tables and the callers.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_SESSIONTEXT_H
#define GLMC_CODEGEN_SOURCE_SESSIONTEXT_H

#include "codegen/source/EmitHeader.h"

namespace glmc::source {

/// For the header: macros, how to use it, a declaration a function.
std::string sessionDeclarations(const Program &program, const EmitOptions &options);

/// "static void glm_step_16(glm_context *context, const int64_t *tokens, ...)".
std::string stepSignature(const EntryPoint &entry, const EmitOptions &options);

/// For the C++ file, after the functions of steps: runtime-min's pieces, the
/// tables and the function that chooses among steps.
std::string sessionTables(const Program &program, const EmitOptions &options);

/// The definitions of what the header declares.
std::string sessionFunctions(const Program &program, const EmitOptions &options);

/// The caches' sizes, a line a group, for comments.
std::string cacheLines(const Program &program);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_SESSIONTEXT_H
