//===- ElementTrace.h - Where an element comes from -------------------------===//
//
// Exporters move elements by slice, concat, transpose, reshape, expand, split
// and gather, in ever other orders. What stays the same is where one element
// comes from, so idioms are matched on that: an element is a value and an index
// with a linear expression a dimension, over symbols that stand for all heads,
// all tokens and so on. A step takes it through the movement op that made the
// value, to the same element of an operand.
//
//   %t = transpose %x [0, 2, 1, 3]    %t[b, h, s, 8] is %x[b, s, h, 8]
//   %r = reshape %y to 1x7x4x16       %r[0, s, h, d] is %y[0, s, 16 h + d]
//
// A step fails where it is not proven that all values of the symbols go to one
// operand by one linear index; callers then stop at the value they have.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_ELEMENTTRACE_H
#define GLMC_LOWERING_SIMPLIFY_ELEMENTTRACE_H

#include "lowering/simplify/ConstantReader.h"

#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <utility>
#include <vector>

namespace glmc {

/// Sum of coefficient * symbol, plus a constant.
struct LinearIndex {
  int64_t constant = 0;
  /// (symbol, coefficient), ascending by symbol, no coefficient of 0.
  llvm::SmallVector<std::pair<unsigned, int64_t>, 4> terms;

  LinearIndex(int64_t constant = 0) : constant(constant) {}

  bool isConstant() const { return terms.empty(); }
  bool operator==(const LinearIndex &other) const { return constant == other.constant && terms == other.terms; }
  LinearIndex operator+(const LinearIndex &other) const;
  LinearIndex operator-(const LinearIndex &other) const { return *this + other * -1; }
  LinearIndex operator*(int64_t factor) const;
};

/// The symbols of some indices, each with its range.
class IndexSpace {
public:
  /// A new symbol that stands for 0 .. size - 1. Of size 1 it is the constant 0,
  /// so that indices that are equal for all values have one form.
  LinearIndex symbol(int64_t size);

  /// Smallest and largest value.
  std::pair<int64_t, int64_t> range(const LinearIndex &index) const;

  /// Quotient and remainder by a positive divisor, rounded down; nothing if they
  /// are not linear. May split a symbol in two, x = factor * high + low; indices
  /// made before then have to be resolved to be compared.
  std::optional<std::pair<LinearIndex, LinearIndex>> divide(const LinearIndex &index, int64_t divisor);

  /// The same index by the symbols that are left after splits.
  LinearIndex resolve(const LinearIndex &index) const;

  /// The value of an index where symbols have the given values, others 0. Each
  /// symbol is as `symbol` gave it, split or not since.
  int64_t valueAt(const LinearIndex &index, llvm::ArrayRef<std::pair<LinearIndex, int64_t>> values) const;

  /// Whether only these symbols occur in `index`.
  bool usesOnly(const LinearIndex &index, llvm::ArrayRef<LinearIndex> allowed) const;

private:
  void assign(unsigned symbol, int64_t value, llvm::SmallVectorImpl<int64_t> &values) const;

  struct Symbol {
    int64_t size;
    std::optional<LinearIndex> parts; ///< What it was split into.
  };
  std::vector<Symbol> symbols;
};

/// One element of a value, or, with symbols, a box of them.
struct Element {
  mlir::Value value;
  llvm::SmallVector<LinearIndex, 6> index;
};

class ElementTrace {
public:
  explicit ElementTrace(ConstantReader &constants) : constants(constants) {}

  IndexSpace space;

  /// The element of an operand that `element` is a copy of; nothing if no
  /// movement op made its value, or if that is not proven to be one element.
  std::optional<Element> step(const Element &element);

  /// `element`, and what follows by step until that fails.
  std::vector<Element> chain(Element element);

  /// The last of `chain`.
  Element origin(Element element) { return chain(std::move(element)).back(); }

  /// The element of operand `number` that a pointwise op made `element` of.
  /// Precondition: such an op defines the value.
  Element operandOf(const Element &element, unsigned number) const;

  /// Row-major position of an element in its value, resolved.
  LinearIndex position(const Element &element) const;

  /// Index of the element at a row-major position of a shape; nothing if it is
  /// not linear.
  std::optional<llvm::SmallVector<LinearIndex, 6>> indexAt(LinearIndex position, llvm::ArrayRef<int64_t> shape);

  /// Whether two elements are computed by the same ops from the same elements.
  bool areSame(const Element &a, const Element &b);

private:
  std::optional<Element> stepConcat(mlir::Operation *op, const Element &element);
  std::optional<Element> stepSlice(mlir::Operation *op, const Element &element);
  std::optional<Element> stepTile(mlir::Operation *op, const Element &element);
  std::optional<Element> stepGather(mlir::Operation *op, const Element &element);
  std::optional<Element> stepGatherNd(mlir::Operation *op, const Element &element);
  /// Element `at` of a constant of integers, as an index into a dimension.
  std::optional<LinearIndex> lookUp(mlir::Value indices, const LinearIndex &at, int64_t dimension);
  bool areSame(const Element &a, const Element &b, unsigned depth);

  ConstantReader &constants;
};

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_ELEMENTTRACE_H
