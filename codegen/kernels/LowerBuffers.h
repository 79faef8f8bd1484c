//===- LowerBuffers.h - What our buffers are, told to lowered Halide --------===//
//
// A pass over a lowered pipeline. Halide knows less of buffers than we do, and
// has no way to be told before:
//
//  - every buffer begins at element 0. Halide asks the buffer wherever it cannot
//    prove that accesses stay inside, but our buffers have no dimensions to ask;
//  - a result that is read back is aligned to one element only, like any buffer;
//  - a temporary above the stack limit lies in scratch, not on a heap.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_LOWERBUFFERS_H
#define GLMC_CODEGEN_KERNELS_LOWERBUFFERS_H

#include <Halide.h>

#include <map>
#include <string>
#include <vector>

namespace glmc::kernels {

/// Where a Func that is computed inside of loops has its storage.
struct Placement {
  int output = 0;      ///< Which output of the pipeline (a scratch).
  int64_t offset = 0;  ///< Its first element there, in task 0.
  int64_t perTask = 0; ///< Elements from one task's to the next one's.
};

/// Tasks are the iterations of parallel loops over a variable of this name.
constexpr const char *taskVariable = "task";

/// Makes `pipeline` do so when it is lowered. `placements`: by Func name.
void lowerBuffers(Halide::Pipeline &pipeline, const std::vector<Halide::Func> &outputs,
                  std::map<std::string, Placement> placements);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_LOWERBUFFERS_H
