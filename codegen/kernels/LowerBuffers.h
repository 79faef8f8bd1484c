//===- LowerBuffers.h - What our buffers are, told to lowered Halide --------===//
//
// A pass over a lowered pipeline. Halide knows less of buffers than we do, and
// has no way to be told before:
//
//  - every buffer begins at element 0. Halide asks the buffer wherever it cannot
//    prove that accesses stay inside, but our buffers have no dimensions to ask;
//  - a result that is read back is aligned to one element only, like any buffer;
//  - a temporary above the stack limit lies in scratch, not on a heap;
//  - a loop may end earlier than it could: how often it runs is in a buffer;
//  - whether a result shares its memory with an argument is seen at run time.
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

/// An expression of lowered code that loads from an argument.
struct LoadedValue {
  Halide::Expr value;
  std::string argument; ///< The name of its parameter.
};

/// What a family says of its pipeline.
struct Lowering {
  std::map<std::string, Placement> placements; ///< By Func.
  /// What is computed before anything else, for `trips`: by the name of the
  /// Variable that it becomes.
  std::map<std::string, LoadedValue> values;
  /// Loops over this RVar run so often, never more often than they would.
  std::map<std::string, Halide::Expr> trips;
};

/// Whether two buffers of the pipeline, named as their parameter or Func, have
/// memory of their own: for RDom::where.
Halide::Expr haveOwnMemory(const std::string &a, const std::string &b);

/// Makes `pipeline` do so when it is lowered.
void lowerBuffers(Halide::Pipeline &pipeline, const std::vector<Halide::Func> &outputs, Lowering lowering);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_LOWERBUFFERS_H
