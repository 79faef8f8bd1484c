//===- EmitHeader.h - The header of a compiled model -------------------------===//
//
// One header for both emissions: the object and the C++ file define exactly
// what it declares. It is C11 and C++17. With P the prefix:
//
//   typedef struct P_context { alignas(64) uint8_t arena[A];
//                              alignas(64) uint8_t state[S];
//                              alignas(64) uint8_t pool[T];
//                              alignas(64) uint8_t weights[8];
//                              alignas(8) uint64_t run[R];
//                              uint32_t version; uint32_t position;
//                              uint32_t ready; } P_context;
//   extern P_context P_default;                zeros, in section .bss.P_default
//   int P_init(P_context *);                   checks the CPU, sets ready
//   int P_init(P_context *, const void *, int64_t), int P_check_weights(const P_context *);
//                                              with weights in a file of their own
//   int P_init_version(P_context *, ..., int version), P_version(const P_context *)
//                                              of a program with versions
//   int P_release(P_context *);                ends the threads, if there are any
//   int P_<entry>(P_context *, const T *input..., T *output...);
//   int P_<entry>_start(...), P_step(P_context *, int32_t budget)
//                                              of a resumable program: runs in pieces
//   int P_prefill(...), P_decode(...), ...     of a stateful program (SessionText.h)
//   int P_selftest(P_context *, int32_t *), const char *P_launch_nodes(int32_t)
//                                              with a self-test
//   T *P_<entry>_<tensor>(P_context *);        for tensors that lie in the arena
//   const char *P_status_text(int), *P_build_id(void);
//
// The struct's offsets are codegen/ContextLayout.h's; a member of no bytes is
// left out. The statuses are codegen/Status.h's.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_EMITHEADER_H
#define GLMC_CODEGEN_SOURCE_EMITHEADER_H

#include "codegen/Program.h"

#include <string>
#include <vector>

namespace glmc::source {

/// What one version of a program is compiled for.
struct EmitVersion {
  std::vector<std::string> cpuRequires; ///< As in EmitOptions.
  std::string cxxTarget;
};

struct EmitOptions {
  std::string prefix;     ///< Of every public symbol; a C identifier: "glm".
  std::string headerName; ///< The C++ file includes this; empty: prefix + ".h".
  std::string buildId;    ///< What P_build_id answers.
  std::string weightHash;
  std::string targetName;               ///< For comments.
  std::vector<std::string> cpuRequires; ///< Features that init asks for, as in target files.
  std::string cxxTarget;                ///< Contents of __attribute__((target("..."))); may be empty.
  /// Of a program with versions, one each; cpuRequires and cxxTarget are then unused.
  std::vector<EmitVersion> versions;
  /// Symbols that the object needs beside memcpy, memset and memmove.
  std::vector<std::string> supportRoutines;
  int64_t stackBytes = -1; ///< Worst case of the object's functions; -1: the user's compiler decides.
  std::string certificate; ///< More lines on memory for the comments; may be empty.
};

/// The header's text; depends on the arguments only.
std::string emitHeader(const Program &program, const EmitOptions &options);

/// The prefix of macros: `prefix` in upper case.
std::string macroPrefix(const EmitOptions &options);

/// What a caller's pointer to a tensor of this element points to. Half floats come as
/// their bits, bool as bytes of 0 and 1.
std::string pointee(kernels::Element element);

/// C names of an entry point's parameters, where they are no word of C or C++
/// and different from the names that the generated function uses itself.
struct ParameterNames {
  std::vector<std::string> inputs, outputs;
};
ParameterNames parameterNames(const EntryPoint &entry);

/// What a caller's pointer points to. Half floats come as their bits, bool as bytes
/// of 0 and 1.
std::string pointee(kernels::Element element);

/// Where the arena of `context` is: an expression of bytes.
std::string arenaText(const Program &program);

/// `text` as a string literal.
std::string quoted(const std::string &text);

/// "int glm_run(glm_context *context, const float *x, float *y)".
std::string entrySignature(const EntryPoint &entry, const EmitOptions &options);

/// `text` as lines of a comment, each after `margin`, cut at about 100 columns;
/// whatever could end a comment is taken out.
std::string commentLines(const std::string &text, const std::string &margin);

/// `start`, the words with commas between, `end`: in lines of 110 columns.
std::string callLines(const std::string &start, const std::vector<std::string> &arguments, const std::string &end);

/// Licence, build and memory of the program, as plain lines.
std::string summaryText(const Program &program, const EmitOptions &options);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_EMITHEADER_H
