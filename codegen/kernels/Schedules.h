//===- Schedules.h - The schedule parameters that families choose -----------===//
//
// The one place that says which parameters a kernel's `schedule` may have.
// lowering/kernels chooses them; code generation only applies them. A missing
// parameter has the default given here, an unknown one is an error. `vector` is
// always a count of elements (a power of two), 1 for no vectors.
//
// `parallel`, where a family has it, is 1 for true: iterations of the outermost
// loop run on the program's threads (default 0; only in programs that have
// threads). How the loop is cut does not depend on how many threads there are.
//
//   elementwise   any pointwise and movement ops; results of equal shape each
//                 get their own loops.
//     vector      lanes of the innermost loop (default 1)
//     unroll      vectors an iteration (default 1)
//
//   matmul        one or more matmuls that share their left side; before it
//                 pointwise and movement ops and (staged) norms; after them, for
//                 each result, pointwise ops, slices of columns and a rotary.
//                 Several results have the same rows and may differ in columns.
//                 lowering/kernels/families/MatmulTiles.h chooses all of these.
//     vector      lanes along n (default 1); along k, 8 lanes always, when rhs
//                 is plain, transposed and its k a multiple of 8
//     rows        rows of a register tile (default 1). Rows that are left over
//                 make one smaller tile, unless the next two are given:
//     tail_rows   rows of a tile among the last tail_rows * tail_tiles rows; the
//     tail_tiles  rows before them are a multiple of `rows`
//     row_block   tiles of rows between a block of k and the next one, at most
//                 (default 1); their sums are on the stack
//     panels      rhs in panels: panels of a tile, so rows * width * panels
//                 accumulators (default 1). rhs plain: vectors of a tile. rhs
//                 plain, transposed: columns of a tile
//     column_block  tiles of columns in a group of the outermost loop, at most
//                 (default all): what a block of rows passes over before the
//                 next one, and what a task of a parallel kernel is
//     unroll_k    steps of k an iteration, a power of two (default 1)
//     stage_lhs   1: the left side is computed once into scratch 0 (its element
//                 type, f32 for halves; rows * k elements in an order of its own)
//     dots        all right sides are a glm.dequantize of one kind of integers in
//                 panels whose steps are 32 bits (4 of 8 bits, 8 of 4), scaled by
//                 groups of k. 1: the left side stays floats. It is rounded to 8
//                 bits (lhs_group) with 2: words, products of pairs of 16 bits
//                 (pmaddwd, and pmaddubsw for 4 bits); 3: bytes, four at once,
//                 unsigned by signed (vpdpbusd); 4: both signed (sdot); 5: pairs of
//                 16 bits in one lane (smlad); 6: signed bytes of 4 words of one
//                 lane (vmladav). 2 to 6 give the same bits. unroll_k is then steps
//                 of k of a piece that are unrolled. Missing: integers are made
//                 numbers one by one, in any layout, and lhs_group is an error
//     scratch     [staged left side], then with dots above 1 the words of the
//                 rounded left side (u32) and their lengths (f32, one a piece);
//                 then with zeros, or integers that the dots take with a bias
//                 (MatmulTiles.h), sums of pieces (f32 with dots 1, else i32); then
//                 one a result that has a rotary: of the type of the rotary's
//                 operand
//
//   conv          one conv with channels last, movement before it (on x), pointwise
//                 ops after it. Its weights are an argument, in panels or not.
//     vector      lanes along channels of the result (default 1)
//     panels      weights plain: vectors of a tile (default 1). In panels, a tile is
//                 one panel
//     rows        pixels of a tile, along a row or, where windows are one element,
//                 along all rows; what is left over makes smaller tiles (default 1)
//     edges       1: pixels whose windows reach over an end of the row have tiles of
//                 one pixel each, which is less code; else they are in tiles like
//                 others, with code for each tap that not all of them have
//     dots        one group, and channels of x a multiple of 4; x and the weights are
//                 bytes, both arguments, the weights i8 in panels whose steps are 4.
//                 2 to 6 as in matmul; all give the same bits
//     parallel    tasks are rows, or tiles of channels
//
//   pool          one pool with channels last, element ops before it, pointwise ops
//                 after it. Parameters as conv has them; `panels` are vectors.
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
//   norm          rms_norm and layer_norm nodes of one shape, any number; before
//                 them pointwise and movement ops, between and after them
//                 pointwise ones. Results have that shape; a later one reads
//                 the earlier ones where they were stored.
//     vector      lanes along a row (default 1)
//     parallel    tasks are some rows
//
//   attention     one attention, pointwise, movement ops and rotary before it,
//                 pointwise ones after it. `past` is an i32 or i64 argument,
//                 and with it there is room for a multiple of 16 keys.
//     vector      lanes (default 1)
//     rows        tokens of a tile: a tile is these tokens of all query heads
//                 that share a key-value head (default 1)
//     parallel    tasks are key-value heads
//     scratch     one of a flat f32 (f64 for f64) tensor: if parallel, as often
//                 as there are batches times key-value heads, the elements of
//                 those of these that the stack does not take, where R = rows *
//                 heads / kv_heads: R * P scores, P being the keys rounded up
//                 to a multiple of 16, plus 16 if that is a multiple of 128;
//                 R * (value features) sums
//
//   cache_write   one cache_write a result, of an argument; element ops, rotary
//                 and reductions of the last dimension (but no mean) before.
//     vector      lanes along features (default 1)
//
//   scatter       one scatter_nd a result, of element ops; transposed after.
//     vector      lanes along the innermost dimension (default 1)
//
// In place: an argument may share memory with a result if only that result
// reads it, and reads it at the index that it stores (or, scatter: x;
// cache_write: the cache; softmax and norm: in the row that it stores).
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_SCHEDULES_H
#define GLMC_CODEGEN_KERNELS_SCHEDULES_H

#include <cstdint>

namespace glmc::kernels {

/// Largest temporary of a kernel on the stack; above, it is scratch. The schedule of
/// any kernel may have a smaller one, `stack` (see Builder::stackLimit); what decides
/// on the order of sums goes by this one.
constexpr int64_t stackLimit = 4096;
/// Partial sums of a reduction over the last dimensions: lane l adds elements
/// l, l + 16, ...; then a tree adds the lanes. The same on every target.
constexpr int reductionLanes = 16;
/// Partial sums of a matmul whose rhs is transposed, likewise.
constexpr int dotLanes = 8;
/// A matmul adds k in blocks of so many, each from 0 upwards, then the blocks in
/// order. On every target, whatever it has caches for.
constexpr int depthBlock = 512;

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_SCHEDULES_H
