//===- PeakMeter.cpp - What the machine gives while something is timed ---------===//
#include "compiler/PeakMeter.h"

#include <algorithm>
#include <chrono>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace glmc {
namespace {

constexpr int64_t pageBytes = 4096, largePageBytes = int64_t(2) << 20;
/// Long enough for a thread's start not to count, short enough for five rounds.
constexpr double peakSeconds = 0.02;

/// Four times the last cache, which other machines of a host may share, but no
/// more than an eighth of what memory there is.
int64_t memoryToRead() {
  const int64_t megabyte = int64_t(1) << 20;
  int64_t cache = 0;
  for (int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    cache = std::max<int64_t>(cache, ::sysconf(name));
  const int64_t memory = int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const int64_t wanted = std::clamp(4 * cache, 256 * megabyte, 1024 * megabyte);
  return std::max(std::min(wanted, memory / 8) / megabyte / 2, int64_t(8)) * megabyte * 2;
}

} // namespace

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::unique_ptr<void, FreeMemory> allocateLarge(int64_t bytes) {
  const int64_t size = (bytes + largePageBytes - 1) / largePageBytes * largePageBytes;
  std::unique_ptr<void, FreeMemory> memory(std::aligned_alloc(largePageBytes, std::max(size, largePageBytes)));
  if (memory)
    ::madvise(memory.get(), size, MADV_HUGEPAGE); // It may well refuse.
  return memory;
}

PeakMeter::PeakMeter(const object::PeakKernels &kernels, int threads)
    : kernels(kernels), threads(threads), bytes(memoryToRead()), results(threads) {}

bool PeakMeter::prepare(void *multiplyAddSymbol, void *readSymbol) {
  multiplyAdd = reinterpret_cast<object::PeakMultiplyAdd>(multiplyAddSymbol);
  read = reinterpret_cast<object::PeakRead>(readSymbol);
  memory = allocateLarge(bytes);
  if (!memory)
    return false;
  std::fill_n(static_cast<float *>(memory.get()), bytes / 4, 0.5f); // Pages that were never written are all one.
  for (Result &result : results)
    std::fill(std::begin(result.values), std::end(result.values), 0.5f);
  multiplyAddSteps = stepsFor(peakSeconds);
  return true;
}

/// On all threads; gives the seconds of the last to end.
double PeakMeter::onThreads(const std::function<void(int)> &work) {
  std::vector<std::thread> others;
  const double start = secondsNow();
  for (int i = 1; i < threads; ++i)
    others.emplace_back(work, i);
  work(0);
  for (std::thread &thread : others)
    thread.join();
  return secondsNow() - start;
}

double PeakMeter::multiplyAddSeconds(int64_t steps) {
  return onThreads([&](int thread) { multiplyAdd(steps, results[thread].values); });
}

int64_t PeakMeter::stepsFor(double seconds) {
  int64_t steps = 1000;
  double taken = multiplyAddSeconds(steps);
  while (taken < seconds / 4) {
    steps *= 4;
    taken = multiplyAddSeconds(steps);
  }
  return std::max<int64_t>(1, int64_t(double(steps) * seconds / taken));
}

double PeakMeter::multiplyAddRate() {
  const double flops = double(multiplyAddSteps) * double(kernels.flopsPerStep) * threads;
  return flops / multiplyAddSeconds(multiplyAddSteps);
}

double PeakMeter::readRate() {
  const int64_t part = bytes / threads / pageBytes * pageBytes;
  int64_t each = 0;
  const double seconds = onThreads([&](int thread) {
    const int64_t done = readAll(static_cast<const char *>(memory.get()) + thread * part, part, thread);
    each = thread == 0 ? done : each; // Each as many.
  });
  return double(each * threads) / seconds;
}

void PeakMeter::evict() { readAll(static_cast<const char *>(memory.get()), bytes, 0); }

/// All but a few pages: what the streams' distance leaves over. Gives how many
/// bytes it read.
int64_t PeakMeter::readAll(const char *from, int64_t size, int thread) {
  // An odd number of pages.
  const int64_t distance = ((size / object::peakReadStreams / pageBytes - 1) | 1) * pageBytes - pageBytes * 2;
  const int64_t steps = distance * object::peakReadStreams / kernels.bytesPerStep;
  read(from, steps, distance, results[thread].values);
  return steps * kernels.bytesPerStep;
}

} // namespace glmc
