//===- Machine.cpp - What the machine that runs the benchmarks can do ---------===//
#include "test/bench/Machine.h"

#include <utility>

namespace glmc::bench {
namespace {

#if defined(__AVX512F__)
constexpr int vectorBytes = 64;
#elif defined(__AVX__)
constexpr int vectorBytes = 32;
#else
constexpr int vectorBytes = 16;
#endif
typedef float Floats __attribute__((vector_size(vectorBytes)));
typedef uint64_t Words __attribute__((vector_size(vectorBytes)));
constexpr int lanes = vectorBytes / int(sizeof(float));
/// Independent sums: enough to hide latency, few enough for 16 registers.
constexpr int chains = 12;

/// Unrolled by the language: a loop over an array may stay in memory.
template <size_t... Chain>
float multiplyAddChains(int64_t steps, float unknown, std::index_sequence<Chain...>) {
  const Floats half = Floats{} + unknown;
  Floats sums[chains] = {(half + float(Chain))...};
  for (int64_t step = 0; step < steps; ++step)
    ((sums[Chain] = sums[Chain] * half + half), ...);
  const Floats all = (sums[Chain] + ...);
  float result = 0;
  for (int i = 0; i < lanes; ++i)
    result += all[i];
  return result;
}

template <int Streams>
size_t readFrom(const char *memory, size_t bytes) {
  constexpr size_t page = 4096, line = 64, words = line / sizeof(Words);
  Words sums[Streams][words] = {};
  const size_t part = ((bytes / Streams / page - 1) | 1) * page - 2 * page; // An odd number of pages.
  for (size_t at = 0; at < part; at += line)
    for (int stream = 0; stream < Streams; ++stream)
      for (size_t word = 0; word < words; ++word)
        sums[stream][word] ^= reinterpret_cast<const Words *>(memory + size_t(stream) * part + at)[word];
  uint64_t all = 0;
  for (auto &sum : sums)
    for (const Words &word : sum)
      for (int i = 0; i < vectorBytes / 8; ++i)
        all ^= word[i];
  volatile uint64_t used = all;
  (void)used;
  return part * Streams;
}

} // namespace

double multiplyAddOperations(int64_t steps) { return 2.0 * lanes * chains * double(steps); }

float multiplyAdd(int64_t steps) {
  // Not known to the compiler; what it makes of sums stays near 1.
  volatile float unknown = 0.5f;
  return multiplyAddChains(steps, unknown, std::make_index_sequence<chains>());
}

size_t readMemory(const void *memory, size_t bytes, int streams) {
  const char *from = static_cast<const char *>(memory);
  switch (streams) {
  case 2:
    return readFrom<2>(from, bytes);
  case 3:
    return readFrom<3>(from, bytes);
  case 4:
    return readFrom<4>(from, bytes);
  case 6:
    return readFrom<6>(from, bytes);
  default:
    return readFrom<1>(from, bytes);
  }
}

} // namespace glmc::bench
