//===- TimedCode.h - Compiled code that is timed -------------------------------===//
#ifndef GLMC_COMPILER_TIMEDCODE_H
#define GLMC_COMPILER_TIMEDCODE_H

#include "codegen/object/RunObject.h"
#include "compiler/PeakMeter.h"
#include "targets/Target.h"

#include <cstring>
#include <string>
#include <vector>

namespace glmc {

struct TimedCode {
  // One of: an object's bytes, an object file, a shared library.
  std::vector<char> object;
  std::string objectFile, library;
  std::string prefix;
  int64_t contextBytes = 0;
  int threads = 1;
  /// A file of weights in memory, if they are not in the code.
  bool weightsApart = false;
  const void *weights = nullptr;
  int64_t weightsBytes = 0;
  targets::Target target; ///< What the machine's own limits are found with.
};

/// A request that measures instead of calling `entry`, on a context of its own, with
/// `peaks` loaded too.
inline object::RunRequest timingRequest(const TimedCode &code, const std::string &entry,
                                        const object::PeakKernels &peaks) {
  object::RunRequest request;
  request.object = code.object;
  request.path = code.objectFile;
  request.library = code.library;
  request.prefix = code.prefix;
  request.entry = entry;
  request.initialise = false;
  request.moreObjects = {peaks.object};
  // A run may take long; only one that never ends is meant.
  request.timeoutSeconds = 24 * 3600;
  return request;
}

/// In the child: a context and weights in large pages, as far as the machine has
/// them.
class TimedContext {
public:
  /// False: there is not enough memory.
  bool allocate(const TimedCode &code) {
    context = allocateLarge(code.contextBytes);
    if (!context || !code.weightsApart)
      return context != nullptr;
    copied = allocateLarge(code.weightsBytes);
    if (copied)
      std::memcpy(copied.get(), code.weights, code.weightsBytes);
    return copied != nullptr;
  }
  /// Calls init; its status.
  int initialise(const TimedCode &code, void *init) {
    return code.weightsApart ? reinterpret_cast<int (*)(void *, const void *, int64_t)>(init)(
                                   context.get(), copied.get(), code.weightsBytes)
                             : reinterpret_cast<int (*)(void *)>(init)(context.get());
  }
  void *get() const { return context.get(); }

private:
  std::unique_ptr<void, FreeMemory> context, copied;
};

} // namespace glmc

#endif // GLMC_COMPILER_TIMEDCODE_H
