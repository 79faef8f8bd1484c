//===- PeakMeter.h - What the machine gives while something is timed -----------===//
//
// Reading memory and multiplying and adding, on as many threads as what is timed
// uses, between its runs: so both meet the same machine, whose speed may change.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_PEAKMETER_H
#define GLMC_COMPILER_PEAKMETER_H

#include "codegen/object/PeakKernels.h"

#include <cstdlib>
#include <functional>
#include <memory>

namespace glmc {

/// Seconds of a clock that only goes on.
double secondsNow();

struct FreeMemory {
  void operator()(void *address) const { std::free(address); }
};
/// `bytes` of memory in large pages, if the machine has them: what is read is to be
/// limited by memory, not by the search for pages. Null if there is not so much.
std::unique_ptr<void, FreeMemory> allocateLarge(int64_t bytes);

class PeakMeter {
public:
  /// `kernels` must outlive this.
  PeakMeter(const object::PeakKernels &kernels, int threads);

  /// With the symbols of `kernels` as they were loaded. False: there is not enough
  /// memory.
  bool prepare(void *multiplyAddSymbol, void *readSymbol);

  double multiplyAddRate(); ///< f32 operations a second.
  double readRate();        ///< Bytes a second.
  /// Reads so much memory that caches hold nothing else after it.
  void evict();
  int64_t memoryBytes() const { return bytes; }

private:
  struct alignas(64) Result {
    float values[object::peakResultBytes / sizeof(float)];
  };

  double onThreads(const std::function<void(int)> &work);
  double multiplyAddSeconds(int64_t steps);
  int64_t stepsFor(double seconds);
  int64_t readAll(const char *from, int64_t size, int thread);

  const object::PeakKernels &kernels;
  const int threads;
  const int64_t bytes;
  std::vector<Result> results; ///< One a thread.
  object::PeakMultiplyAdd multiplyAdd = nullptr;
  object::PeakRead read = nullptr;
  std::unique_ptr<void, FreeMemory> memory;
  int64_t multiplyAddSteps = 0;
};

} // namespace glmc

#endif // GLMC_COMPILER_PEAKMETER_H
