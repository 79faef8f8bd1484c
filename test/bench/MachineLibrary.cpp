//===- MachineLibrary.cpp - The machine's limits, for other languages ----------===//
//
// Machine.h as functions of C in a shared library, which peer_session.py calls
// between the runs of models.
//
//===----------------------------------------------------------------------===//
#include "test/bench/Machine.h"

extern "C" {

/// Bytes that were read.
size_t machine_read(const void *memory, size_t bytes, int streams) {
  return glmc::bench::readMemory(memory, bytes, streams);
}

/// Operations that were done.
double machine_multiply_add(int64_t steps) {
  volatile float used = glmc::bench::multiplyAdd(steps);
  (void)used;
  return glmc::bench::multiplyAddOperations(steps);
}

double machine_integer_dot(int64_t steps) {
  volatile int32_t used = glmc::bench::integerDot(steps);
  (void)used;
  return glmc::bench::integerDotOperations(steps);
}

} // extern "C"
