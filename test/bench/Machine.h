//===- Machine.h - What the machine that runs the benchmarks can do -----------===//
//
// Compiled for that machine and no other (see CMakeLists.txt), with the widest
// vectors it has.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_BENCH_MACHINE_H
#define GLMC_TEST_BENCH_MACHINE_H

#include <cstddef>
#include <cstdint>

namespace glmc::bench {

/// f32 operations of `steps` steps of multiplyAdd; a multiply-add is two.
double multiplyAddOperations(int64_t steps);
/// Multiply-adds in registers; gives something that depends on all of them.
float multiplyAdd(int64_t steps);

/// 8-bit operations of `steps` steps of integerDot, sums into 32 bits; 0 where this
/// file knows no instruction for them.
double integerDotOperations(int64_t steps);
/// The widest products of u8 and i8 that the machine has: VNNI's, or maddubs and
/// what widens its sums.
int32_t integerDot(int64_t steps);

/// From so many places at a time memory is read. Which is fastest, machines
/// disagree on.
constexpr int readStreams[] = {1, 2, 3, 4, 6};

/// Reads memory that starts at a page, from `streams` places at a time, each in
/// order. Gives how many bytes were read: all but a few pages, since places a
/// power of two apart would be in each other's way.
size_t readMemory(const void *memory, size_t bytes, int streams);

} // namespace glmc::bench

#endif // GLMC_TEST_BENCH_MACHINE_H
