//===- LaunchCost.h - What a launch moves and computes ------------------------===//
//
// Counted from the kernel's region, so that two ways to compile a model are
// measured by the same rule:
//   bytes: each operand and each result once. Of what is only sliced or gathered
//     from, the bytes taken; of what a launch updates in place, the update.
//     Scratch counts nothing: it is the kernel's own affair.
//   operations: 2 m n k of a matmul; of attention, 2 a feature for each pair of
//     query and key that may attend, for scores and for values; of another op
//     that computes, one an element of its result or of what it reduces.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_LAUNCHCOST_H
#define GLMC_COMPILER_LAUNCHCOST_H

#include "codegen/Program.h"

namespace glmc {

struct LaunchCost {
  int64_t bytes = 0;
  int64_t operations = 0;
};

LaunchCost costOf(const Program &program, const Step &step);

/// Bytes of weights that a run of the entry point reads: of each weight once what the
/// launch reads of it that reads the most.
int64_t weightBytesOf(const Program &program, const EntryPoint &entry);

} // namespace glmc

#endif // GLMC_COMPILER_LAUNCHCOST_H
