//===- RecoverCacheUpdate.cpp - Cache writes without moving the cache -------===//
//
// torch's index_copy_ and index_put along an inner dimension are exported as
//   transpose the cache, so that tokens lead; scatter_nd; transpose it back
// which moves the whole cache twice a token. The same write on the cache as it
// lies has an index tuple for each head instead:
//
//   y[b, g, index[s], :] = updates[s, b, g, :]
//
// 1. Take a scatter_nd that only transposes read, all by one permutation, of a
//    transposed value (by the inverse) or a constant.
// 2. Tuples name the dimensions of the result up to the last scattered one: those
//    of the old tuple, and, for every element of the others, its index.
// 3. Updates get the new order by a transpose of what is written, not of all.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERCACHEUPDATE
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// The one permutation by which all readers of `scatter` transpose it.
std::optional<SmallVector<int64_t>> permutationOfReaders(glm::ScatterNdOp scatter) {
  std::optional<SmallVector<int64_t>> permutation;
  for (Operation *user : scatter->getUsers()) {
    auto transpose = dyn_cast<glm::TransposeOp>(user);
    if (!transpose || (permutation && ArrayRef<int64_t>(*permutation) != transpose.getPermutation()))
      return std::nullopt;
    permutation = SmallVector<int64_t>(transpose.getPermutation());
  }
  return permutation;
}

/// What `value` transposed by `permutation` is without a transpose at run time;
/// null if it is none.
Value transposedForFree(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> permutation) {
  if (isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()))
    return transposeBy(builder, loc, value, permutation);
  auto inner = value.getDefiningOp<glm::TransposeOp>();
  if (!inner)
    return {};
  for (auto [i, from] : llvm::enumerate(permutation))
    if (inner.getPermutation()[from] != int64_t(i))
      return {};
  return inner.getX();
}

/// A write of `updates` by tuples of `indices` into a value whose dimensions
/// were permuted, in terms of the value as it lies.
class PermutedScatter {
public:
  PermutedScatter(glm::ScatterNdOp scatter, ArrayRef<int64_t> permutation)
      : scatter(scatter), permutation(permutation), oldTuple(shapeOf(scatter.getIndices()).back()),
        listed(shapeOf(scatter.getIndices()).drop_back()) {
    for (auto [i, from] : llvm::enumerate(permutation))
      if (from < oldTuple)
        newTuple = int64_t(i) + 1;
    for (int64_t i = 0; i < newTuple; ++i)
      if (permutation[i] >= oldTuple)
        enumerated.push_back(i);
  }

  /// [enumerated dimensions, listed tuples, tuple]: the indices of enumerated
  /// dimensions are known, the others are added where they belong.
  Value indices(OpBuilder &builder, Location loc);
  /// [enumerated dimensions, listed tuples, dimensions of a slice]
  Value updates(OpBuilder &builder, Location loc);

  int64_t tuples() {
    int64_t count = 1;
    for (int64_t size : rows())
      count *= size;
    return count;
  }

private:
  SmallVector<int64_t> rows() {
    SmallVector<int64_t> rows;
    for (int64_t dimension : enumerated)
      rows.push_back(shapeOf(scatter)[permutation[dimension]]);
    llvm::append_range(rows, listed);
    return rows;
  }

  glm::ScatterNdOp scatter;
  ArrayRef<int64_t> permutation;
  int64_t oldTuple, newTuple = 0;
  ArrayRef<int64_t> listed;
  SmallVector<int64_t> enumerated; ///< Dimensions of the result.
};

Value constantOf(OpBuilder &builder, Location loc, Type element, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, element);
  SmallVector<APInt> elements;
  for (int64_t value : values)
    elements.push_back(APInt(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true));
  return glm::ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, elements));
}

Value PermutedScatter::indices(OpBuilder &builder, Location loc) {
  Type element = cast<RankedTensorType>(scatter.getIndices().getType()).getElementType();
  SmallVector<int64_t> shape = rows(), known;
  for (int64_t row = 0; row < tuples(); ++row) {
    SmallVector<int64_t> tuple(newTuple, 0);
    int64_t rest = row;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
      if (d < enumerated.size())
        tuple[enumerated[d]] = rest % shape[d];
    llvm::append_range(known, tuple);
  }
  SmallVector<int64_t> full = shape;
  full.push_back(newTuple);
  Value sum = constantOf(builder, loc, element, full, known);
  SmallVector<int64_t> column(enumerated.size(), 1);
  llvm::append_range(column, listed);
  column.push_back(1);
  for (int64_t i = 0; i < newTuple; ++i) {
    int64_t part = permutation[i];
    if (part >= oldTuple)
      continue;
    Value given = scatter.getIndices();
    if (oldTuple > 1) {
      SmallVector<int64_t> starts(listed.size() + 1, 0), steps(listed.size() + 1, 1), size(listed);
      starts.back() = part;
      size.push_back(1);
      given = glm::SliceOp::create(builder, loc, RankedTensorType::get(size, element), given, starts, steps);
    }
    SmallVector<int64_t> place(newTuple, 0);
    place[i] = 1;
    Value placed = glm::MulOp::create(builder, loc, reshapeTo(builder, loc, given, column),
                                      constantOf(builder, loc, element, {newTuple}, place));
    sum = glm::AddOp::create(builder, loc, sum, placed);
  }
  return sum;
}

Value PermutedScatter::updates(OpBuilder &builder, Location loc) {
  // Updates are [listed tuples, dimensions from the old tuple on].
  int64_t first = int64_t(listed.size()) - oldTuple;
  SmallVector<int64_t> order;
  for (int64_t dimension : enumerated)
    order.push_back(first + permutation[dimension]);
  for (size_t i = 0; i < listed.size(); ++i)
    order.push_back(i);
  for (int64_t from : permutation.drop_front(newTuple))
    order.push_back(first + from);
  return transposeBy(builder, loc, scatter.getUpdates(), order);
}

struct RecoverCacheUpdatePass : glmc::impl::RecoverCacheUpdateBase<RecoverCacheUpdatePass> {
  static bool recover(glm::ScatterNdOp scatter) {
    auto permutation = permutationOfReaders(scatter);
    if (!permutation || cast<RankedTensorType>(scatter.getType()).getNumElements() == 0)
      return false;
    PermutedScatter permuted(scatter, *permutation);
    // Tuples are constants for every row; those of a cache are few.
    constexpr int64_t mostTuples = 1 << 16;
    if (permuted.tuples() > mostTuples)
      return false;
    OpSet replaced;
    replaced.insert(scatter);
    for (Operation *user : scatter->getUsers())
      replaced.insert(user);
    if (auto before = scatter.getX().getDefiningOp<glm::TransposeOp>())
      replaced.insert(before);
    OpBuilder builder(scatter);
    Location loc = fuseLocations(replaced);
    Value x = transposedForFree(builder, loc, scatter.getX(), *permutation);
    if (!x)
      return false;
    Value indices = permuted.indices(builder, loc), updates = permuted.updates(builder, loc);
    Value result = glm::ScatterNdOp::create(builder, loc, x, indices, updates);
    for (Operation *user : scatter->getUsers())
      user->getResult(0).replaceAllUsesWith(result);
    return true;
  }

  void runOnOperation() override {
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      Block &block = graph.getBody().front();
      for (auto scatter : llvm::make_early_inc_range(block.getOps<glm::ScatterNdOp>()))
        if (recover(scatter))
          ++recovered;
      eraseDeadOps(block);
    }
  }
};

} // namespace
