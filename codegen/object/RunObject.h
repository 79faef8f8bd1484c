//===- RunObject.h - Runs an object file of this machine -----------------------===//
//
// Loads a relocatable object, whether LLVM, g++ or clang made it, with LLVM's
// JIT linker in a child process, and calls it there: no toolchain is needed, and
// a crash or an endless loop becomes an error text. No LLVM header is needed to
// use it. Safe to call from several threads at once.
//
// Buffers end where unreadable pages begin, and bytes before them are watched,
// so that generated code which leaves its buffers is caught in the act.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_RUNOBJECT_H
#define GLMC_CODEGEN_OBJECT_RUNOBJECT_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace glmc::object {

/// What a measurement finds in the child.
struct ChildCalls {
  std::vector<void *> symbols; ///< Addresses of RunRequest::symbols.
  /// Calls an entry point with the request's pointers; gives its status.
  std::function<int(void *function)> call;
};

struct RunRequest {
  std::string path;         ///< The object file, or
  std::vector<char> object; ///< its bytes, if `path` is empty.
  std::string library;      ///< Or a shared library that was made of it.
  std::string prefix;
  std::string entry; ///< Without prefix.
  int64_t contextBytes = 64;
  /// For an object whose weights are in a file of their own: that file in memory,
  /// which init is given.
  bool weightsApart = false;
  const void *weights = nullptr;
  int64_t weightsBytes = 0;
  bool checkWeights = false; ///< Call check_weights after init.
  bool hasVersions = false;  ///< Ask which version runs.
  int version = -1;          ///< Not negative: init_version gets this, instead of init.
  std::vector<std::vector<uint8_t>> inputs;
  std::vector<int64_t> outputBytes;
  /// With --io arena, one a parameter: its offset in the context, or -1 if the
  /// entry point takes a pointer. Empty: all take pointers.
  std::vector<int64_t> inputOffsets, outputOffsets;
  int repeat = 1; ///< Calls of the entry point.
  double timeoutSeconds = 60;
  /// Also call release, which the object must have, and the entry point once
  /// more after it.
  bool release = false;
  bool initialise = true; ///< False: the entry point meets a zeroed context.
  int nullPointer = -1;   ///< Pass null for this one: 0 is the context.
  /// For glmc bench: objects that are linked beside this one, symbols that are
  /// looked up in all of them, and what is done in the child after init instead
  /// of calling the entry point. It gives a status; what it measures it leaves in
  /// memory that it shares with the parent.
  std::vector<std::vector<char>> moreObjects;
  std::vector<std::string> symbols;
  std::function<int(const ChildCalls &)> measure;
};

struct RunResult {
  /// Not empty if anything was not as it should be, a status other than 0
  /// included. The other fields tell what was found until then.
  std::string error;
  int status = 0; ///< Of init or check_weights if that is not 0, else of the entry point or release.
  std::string statusText;
  std::string version; ///< With hasVersions: the name of what ran.
  std::vector<std::vector<uint8_t>> outputs;
  double seconds = 0; ///< Of the fastest call.
};

RunResult runObject(const RunRequest &request);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_RUNOBJECT_H
