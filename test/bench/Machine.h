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

/// Reads `bytes` bytes, a multiple of 4096 that starts at one, from `streams`
/// places at a time (1, 4 or 8), each in order.
uint64_t readMemory(const void *memory, size_t bytes, int streams);

} // namespace glmc::bench

#endif // GLMC_TEST_BENCH_MACHINE_H
