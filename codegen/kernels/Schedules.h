//===- Schedules.h - The schedule parameters that families choose -----------===//
//
// The one place that says which parameters a kernel's `schedule` may have.
// lowering/kernels chooses them; code generation only applies them. A missing
// parameter has the default given here, an unknown one is an error. `vector` is
// always a count of elements (a power of two), 1 for no vectors.
//
//   elementwise   any pointwise and movement ops; results of equal shape each
//                 get their own loops.
//     vector      lanes of the innermost loop (default 1)
//     unroll      vectors an iteration (default 1)
//
//   matmul        one matmul, pointwise or movement ops before it, pointwise
//                 ones after it. Accumulators: rows * columns / vector.
//     vector      lanes along n (default 1); along k, 8 lanes always, when rhs
//                 is plain, transposed and its k a multiple of 8
//     rows        rows of a register tile (default 1)
//     panels      rhs in panels: panels of a tile, so rows * width * panels
//                 accumulators (default 1). rhs plain: vectors of a tile. rhs
//                 plain, transposed: columns of a tile
//     unroll_k    steps of k an iteration (default 1)
//
//   reduce        one or more reduce, pointwise or movement ops before,
//                 pointwise ones after (the result may repeat along the axes
//                 when they are the last ones: x / mean(x)).
//     vector      lanes (default 1). A sum's order does not depend on it.
//
//   softmax       one softmax, the same ops before and after.
//     vector      lanes (default 1)
//                 Along the last dimension: rows of up to 4096 bytes keep e^x
//                 on the stack; longer ones in scratch 0 (f32 or f64, the shape
//                 of x) if there is one; else e^x is computed twice.
//
//   scatter       one scatter_nd of arguments.
//     vector      lanes along the innermost dimension (default 1)
//
// In place: an argument may share memory with a result if only that result
// reads it, and reads it at the index that it stores (or, scatter: x).
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_SCHEDULES_H
#define GLMC_CODEGEN_KERNELS_SCHEDULES_H

#include <cstdint>

namespace glmc::kernels {

/// Largest temporary of a kernel on the stack; above, it is scratch.
constexpr int64_t stackLimit = 4096;
/// Partial sums of a reduction over the last dimensions: lane l adds elements
/// l, l + 16, ...; then a tree adds the lanes. The same on every target.
constexpr int reductionLanes = 16;
/// Partial sums of a matmul whose rhs is transposed, likewise.
constexpr int dotLanes = 8;

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_SCHEDULES_H
