//===- EmitObject.h - A planned program as one object file -------------------===//
//
// Links the kernels' bitcode with a driver in one LLVM module, optimises it and
// emits one ELF object that needs nothing but memcpy, memset, memmove, where the
// CPU lacks an instruction the compiler's support routines, and pthread if the
// program has more than one thread.
//
// The object defines, with P the prefix:
//   int P_init(P_context *)                    checks the CPU, marks the context
// or, where the weights are in a file of their own (runtime-min/weights.h),
//   int P_init(P_context *, const void *, int64_t)   with that file in memory
//   int P_check_weights(const P_context *)     reads all of it
//   int P_release(P_context *)                 ends its threads, if it has any
//   int P_<entry>(P_context *, inputs..., outputs...)   for each entry point, or
//   P_prefill, P_decode, ...                   of a stateful program
//   const char *P_status_text(int), *P_build_id(void)
//   int P_init_version(P_context *, [const void *, int64_t,] int version)
//   const char *P_version(const P_context *)   of a program with versions: init
//                                              takes the best that runs
//   P_context P_default        zeros, in section .bss.P_default
// Statuses: codegen/Status.h. The context: codegen/ContextLayout.h. An input or
// output that is placed in the arena has no parameter.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_EMITOBJECT_H
#define GLMC_CODEGEN_OBJECT_EMITOBJECT_H

#include "codegen/Program.h"
#include "codegen/kernels/CompileKernel.h"
#include "targets/Target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace glmc::object {

/// Of the weights image, and of a context. Code reaches data within 2 GB; this
/// leaves room for the rest of a program.
constexpr int64_t largestObjectData = (int64_t(1) << 31) - (int64_t(1) << 24);

struct ObjectOptions {
  std::string prefix;  ///< Of every public symbol; a C identifier.
  std::string buildId; ///< What P_build_id answers.
  targets::Target target;
  /// The targets of a program with versions, of which `target` is the first.
  std::vector<targets::Target> versions;
  int optimize = 3;      ///< 0 to 3, as a compiler's -O.
  bool isSmall = false;  ///< Small code before fast code.
  bool assembly = false; ///< Also give the assembly, for --dump-ir.
  /// For models larger than memory: `object` lacks the weights image, and the
  /// caller writes it to the file right behind `object` with writeWeights (if
  /// the result's weightBytes is not 0).
  bool weightsApart = false;
};

struct StackUse {
  std::string function; ///< "init", "release", "prefill", ... or the entry point's name, without prefix.
  int64_t bytes = 0;
};

struct ObjectResult {
  std::string error; ///< Not empty: nothing else is set.
  std::vector<char> object;
  std::string assembly; ///< Only if asked for.
  /// Symbols that the linker has to find, sorted.
  std::vector<std::string> undefinedSymbols;
  /// Worst case over init and all entry points, return addresses included, and a few
  /// registers that the functions of `undefinedSymbols` save (StackBound.cpp).
  int64_t stackBytes = 0;
  std::vector<StackUse> stack; ///< The same for each public function that works.
  int64_t codeBytes = 0;       ///< Sections that are executed.
  int64_t constantBytes = 0;   ///< Read-only data, weights included.
  int64_t weightBytes = 0;     ///< The weights image; 0 if nothing reads it.
  int64_t contextBytes = 0;    ///< sizeof the context struct.
  int64_t variableBytes = 0;   ///< The default context, and what a self-test needs beside it.
  int64_t selfTestCodeBytes = 0; ///< Of codeBytes, what only selftest calls.
  /// Of a program with versions: what the kernels take that were compiled for
  /// each. A version that shares others' code has less of its own.
  std::vector<int64_t> versionBytes;
};

/// Emits `program`, whose kernel i was compiled (with bitcode) to kernels[i].
/// The result depends on the arguments only, byte for byte.
ObjectResult emitObject(const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                        const ObjectOptions &options);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_EMITOBJECT_H
