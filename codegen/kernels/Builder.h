//===- Builder.h - Values of a kernel as index functions --------------------===//
//
// Private to codegen/kernels. Every value of a kernel is a function from a
// logical index (row-major, outermost dimension first) to an expression, so
// pointwise and movement ops compose into one expression and need no Func; only
// matmul, reduce and softmax make Funcs, by defining their value themselves.
//
// What an expression holds: i1 is Bool; f16 and bf16 are their bits as UInt(16)
// (movement never converts); everything else is its own type.
//
// Names: nothing may be called a letter and a number; Halide makes such names
// for itself ("a0") and does not look whether a parameter has one.
//
// How a result is stored: as update stages over constant boxes, one a segment.
// Segments separate whole vectors and tiles from tails, and the parts of a
// concatenation from each other, so that no stage has guards and no element is
// computed twice: what makes in-place results right.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_BUILDER_H
#define GLMC_CODEGEN_KERNELS_BUILDER_H

#include "codegen/kernels/KernelDescription.h"
#include "codegen/kernels/LowerBuffers.h"

#include <Halide.h>

#include <functional>
#include <set>
#include <stdexcept>

namespace glmc::kernels {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::RVar;
using Halide::Var;

/// Why a kernel description cannot become a pipeline.
struct BuildError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Index = std::vector<Expr>;
using IndexFunction = std::function<Expr(const Index &)>;
using Shape = std::vector<int64_t>;

Halide::Type storageType(Element element);    ///< Of a buffer's elements.
Halide::Type expressionType(Element element); ///< Of an index function's result.
Halide::Type computeType(Element element);    ///< What arithmetic uses: f32 for halves.
Expr toCompute(const Expr &value, Element element);
Expr fromCompute(const Expr &value, Element element);
bool isFloat(Element element);

/// The index of an operand of `shape` in a broadcasting op.
Index broadcastIndex(const Index &index, const Shape &shape);
/// Row-major position of `index`.
Expr flatten(const Index &index, const Shape &shape);
/// The index of row-major position `flat`.
Index unflatten(const Expr &flat, const Shape &shape);
/// An index from data: negative counts from the end, then clamped.
Expr wrapIndex(const Expr &raw, int64_t size);
int64_t product(const Shape &shape, size_t begin = 0, size_t end = SIZE_MAX);
/// Largest power of two that is at most `limit`, and not above `size`.
int powerOfTwoLanes(int64_t limit, int64_t size);
/// The same for a loop that stores elements and whose last vector is guarded. Of
/// elements below 32 bits no vector is: LLVM 22 makes a masked store of one converted
/// lane (AVX-512) a store of what it was converted from, over what lies behind.
int guardedLanes(int64_t limit, int64_t size, Element stored);

/// A box of a result's dimensions (only the kept ones, outermost first).
struct Segment {
  Shape begin, size;
};

/// The loops over one segment of a result.
struct Loops {
  RDom domain;
  std::vector<RVar> variables; ///< Innermost first, one a kept dimension.
  Index index;                 ///< Logical index of the element stored.
  std::vector<Expr> arguments; ///< Of the result's Func.
};

/// Whether the kernel reads the argument, panels of integers whose steps are 32
/// bits or bytes that a convolution with dot products reads, as words: its
/// parameter is one of UInt(32).
bool isReadAsWords(const Kernel &kernel, int argument);

class Builder {
public:
  explicit Builder(const Kernel &kernel);

  const Kernel &kernel;
  std::vector<Halide::ImageParam> parameters;
  /// What Halide cannot be told of the pipeline.
  Lowering lowering;

  /// `value` at `index`. Memoised by the identity of the index expressions.
  Expr at(int value, const Index &index);
  /// The same, converted to what arithmetic uses.
  Expr computeAt(int value, const Index &index) { return toCompute(at(value, index), kernel.typeOf(value).element); }
  /// What a node's value is, instead of what its op says, until forget().
  void define(int value, IndexFunction function) { definitions[value] = std::move(function); }
  bool isDefined(int value) const { return definitions.count(value) != 0; }
  /// Drops definitions and memoised expressions: before another segment.
  void forget();

  /// A parameter of the schedule, or `otherwise`; in [1, limit].
  int schedule(const char *name, int otherwise, int limit = 1024) const;

  /// Bytes of the largest temporary that may be on the stack.
  int64_t stackLimit() const;

  // Results.
  /// The Func of a result (or scratch) buffer with the dimensions `dims` of its
  /// shape; undefined everywhere until stages store to it.
  Func makeOutput(const std::string &name, const TensorType &type, const std::vector<int> &dims);
  /// Loops over `segment`; the sizes of RVars become known to `at`.
  Loops makeLoops(const std::string &name, const Shape &shape, const std::vector<int> &dims, const Segment &segment);
  /// Stores value (of an index function) as a new stage, see withLets().
  Halide::Stage store(Func output, const Loops &loops, const Expr &value, Element element);
  /// Where concatenations, seen while evaluating over `loops`, want a segment
  /// of the result to end: positions by kept dimension, outermost first.
  std::vector<std::set<int64_t>> *cuts = nullptr;
  const Loops *cutLoops = nullptr;
  const Segment *cutSegment = nullptr;

  /// Tells `at` that `name` is in [0, size).
  void known(const std::string &name, int64_t size) {
    ranges.push(name, Halide::Internal::Interval(0, static_cast<int>(size - 1)));
  }
  /// An index expression made simpler by what is known of its variables.
  Expr simplifyKnown(const Expr &e) const { return Halide::Internal::simplify(e, true, ranges); }
  /// Constant bounds of an index expression, if they are known.
  bool bounds(const Expr &e, int64_t &low, int64_t &high) const;
  /// Where `index` is one loop variable plus a constant: records a cut so that
  /// a stage begins where `index` is `position`.
  void wishCut(const Expr &index, int64_t position);

  const Expr zero = Expr(0);

private:
  Expr evaluate(int value, const Index &index);
  Expr load(int argument, const Index &index);

  Halide::Internal::Scope<Halide::Internal::Interval> ranges;
  std::map<int, IndexFunction> definitions;
  struct Memoised {
    Index index;
    Expr value;
  };
  std::vector<std::vector<Memoised>> memory;
  int evaluations = 0;
};

/// The expression with what it shares in lets. Expressions here are graphs, but
/// parts of Halide walk them as trees: every Func must be defined by the result.
Expr withLets(const Expr &value);

/// Evaluates one op at an index.
using OpFunction = Expr (*)(Builder &, const Node &, const Index &);
using OpTable = std::map<std::string, OpFunction>;
void addElementwiseOps(OpTable &table);
void addMovementOps(OpTable &table);
void addQuantizedOps(OpTable &table);
/// A cast of `min (max (add (round x), z), low), high` to bytes, whose range low and
/// high are, in a few instructions; undefined if `cast` is of something else. What a
/// NaN becomes is not said, as ONNX does not.
Expr saturatedAt(Builder &builder, const Node &cast, const Index &index);
void addRotaryOp(OpTable &table);

/// Logical dimensions that a result's Func has: those above 1, and the last.
std::vector<int> keptDimensions(const Shape &shape, int always = -1);
/// Segments of a box of `size`: cut at `cuts` (by dimension), and the innermost
/// dimension above 1 into whole vectors of `lanes` and the rest.
std::vector<Segment> makeSegments(const Shape &size, const std::vector<std::set<int64_t>> &cuts, int lanes);
/// Vectorises a stage's innermost loop above 1; its size is a multiple of
/// `lanes`, or it is below and stays scalar.
void vectorise(Halide::Stage stage, const Loops &loops, const Segment &segment, int lanes, int unroll);

/// A new output Func `name` that holds `value`, stored by loops of its own: in
/// segments, vectors of `lanes`, `unroll` at a time. `define` is called before
/// each segment, for definitions that the one before forgot.
Func storeElementwise(Builder &builder, int value, const std::string &name, int lanes, int unroll,
                      const std::function<void()> &define = {});

// Attributes; throw BuildError where missing.
int64_t integer(const Node &node, const char *name);
double real(const Node &node, const char *name);
/// Whether a unit attribute is present.
bool flag(const Node &node, const char *name);
const Shape &integers(const Node &node, const char *name);
const std::string &text(const Node &node, const char *name);
/// The kernel's only node of `op`: its value number.
int onlyNode(const Kernel &kernel, const std::string &op);

// The families; each returns the pipeline's outputs: results, then scratch.
std::vector<Func> buildConv(Builder &builder);
std::vector<Func> buildElementwise(Builder &builder);
std::vector<Func> buildMatmul(Builder &builder);
std::vector<Func> buildPool(Builder &builder);
std::vector<Func> buildReduce(Builder &builder);
std::vector<Func> buildSoftmax(Builder &builder);
std::vector<Func> buildScatter(Builder &builder);
std::vector<Func> buildCacheWrite(Builder &builder);
std::vector<Func> buildNorm(Builder &builder);
std::vector<Func> buildAttention(Builder &builder);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_BUILDER_H
