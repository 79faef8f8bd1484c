//===- Embedded.h - runtime-min, carried inside glmc -------------------------===//
//
// What generated code may carry is part of the compiler's own binary: the text
// of the headers, pasted into emitted C++, and bitcode, linked into objects.
// Both are made when glmc is built; users need neither files nor a compiler.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_EMBEDDED_H
#define GLMC_RUNTIME_MIN_EMBEDDED_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace glmc {

/// Text of a file of runtime-min, by its name: "vector.h", "dots.h", "math.h", "cpu.cpp",
/// "pool.cpp", "weights.h", "weights.cpp", "parallel.h", "session.h", "session.cpp",
/// "selftest.h", "selftest.cpp", "LICENCE.txt". Empty when there is none of that name.
std::string_view runtimeText(std::string_view name);

/// LLVM 22 bitcode for an architecture, "x86_64", "aarch64" or "arm" (any Thumb),
/// without any extension: "cpu" defines the functions of cpu.h and needs nothing,
/// or getauxval on AArch64; "pool" those of pool.h and needs pthread_*; "weights"
/// those of weights.h, "session" those of session.h, "root" those of root.h,
/// "selftest" those of selftest.h. Empty when there is none: on "arm", which has no
/// system, "cpu" and "pool"; "root" on all others.
std::string_view runtimeBitcode(std::string_view name, std::string_view architecture);

/// What pool.h says: bytes that a context has for its pool, and the most threads.
constexpr int64_t poolBytes = 896, largestThreads = 64;

/// What weights.h says: bytes of a weights file before its image.
constexpr int64_t weightsHeaderBytes = 4096;

/// What session.h calls glmc_session and glmc_session_cache, which generated code
/// has as tables.
constexpr int64_t largestStepCount = 16, snapshotHeaderBytes = 48, sessionPieceWords = 7;
struct SessionTable {
  int64_t context, vocabulary, ready, readyMark, length, allLogits, padding, layout, cacheCount, stepCount;
  int64_t position, pieces;
  int64_t steps[largestStepCount];
};
struct SessionCache {
  int64_t offset, heads, room, rowBytes;
};

/// What selftest.h calls glmc_selftest_output and glmc_selftest_launch.
struct SelfTestOutput {
  int32_t inArena, at, element, count, expected, isExact;
  float tolerance;
};
struct SelfTestLaunch {
  int32_t launch, inArena, at, element, count;
  float mean, magnitude, least, most, tolerance;
};

/// Bit of a feature by its name in target files ("avx2", "sse4.2"), as
/// glmc_cpu_supports takes it; nothing when the name is not known.
std::optional<uint64_t> cpuFeatureBit(std::string_view name);

} // namespace glmc

#endif // GLMC_RUNTIME_MIN_EMBEDDED_H
