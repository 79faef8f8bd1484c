//===- Machine.cpp - What the machine that runs the benchmarks can do ---------===//
#include "test/bench/Machine.h"

#include <cstring>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

#if defined(__AVX512VNNI__)
typedef __m512i Integers;
Integers splat(int value) { return _mm512_set1_epi32(value); }
Integers dot(Integers sum, Integers a, Integers b) { return _mm512_dpbusd_epi32(sum, a, b); }
#elif defined(__AVXVNNI__)
typedef __m256i Integers;
Integers splat(int value) { return _mm256_set1_epi32(value); }
Integers dot(Integers sum, Integers a, Integers b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
#elif defined(__AVX2__)
typedef __m256i Integers;
Integers splat(int value) { return _mm256_set1_epi32(value); }
/// The sum is a factor, so that no product can be taken out of the loop.
Integers dot(Integers sum, Integers a, Integers b) {
  const Integers pairs = _mm256_maddubs_epi16(sum, b);
  (void)a;
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#else
#define GLMC_NO_INTEGER_DOT
#endif

#ifndef GLMC_NO_INTEGER_DOT
template <size_t... Chain>
int32_t dotChains(int64_t steps, int unknown, std::index_sequence<Chain...>) {
  const Integers a = splat(unknown), b = splat(unknown + 1);
  Integers sums[chains] = {splat(unknown + int(Chain))...};
  for (int64_t step = 0; step < steps; ++step)
    ((sums[Chain] = dot(sums[Chain], a, b)), ...);
  int32_t all = 0, lane = 0;
  for (const Integers &sum : sums) {
    std::memcpy(&lane, &sum, sizeof lane);
    all ^= lane;
  }
  return all;
}
#endif

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

#ifdef GLMC_NO_INTEGER_DOT
double integerDotOperations(int64_t) { return 0; }
int32_t integerDot(int64_t) { return 0; }
#else
double integerDotOperations(int64_t steps) { return 2.0 * sizeof(Integers) * chains * double(steps); }

int32_t integerDot(int64_t steps) {
  volatile int unknown = 0x01010101;
  return dotChains(steps, unknown, std::make_index_sequence<chains>());
}
#endif

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
