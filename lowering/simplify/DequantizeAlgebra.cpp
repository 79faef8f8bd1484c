//===- DequantizeAlgebra.cpp - Quantised weights as products read them -------===//
//
// Between the integers of a weight and the product that reads them exporters put
// transposes, reshapes, slices. They move to where they cost nothing: behind the
// dequantize if a product absorbs them there, else onto the integers and scales,
// which are constants and folded. The product is left with a dequantize of
// weights, its groups along the dimension that is summed over.
//
//===----------------------------------------------------------------------===//
#include "lowering/simplify/Algebra.h"

#include "lowering/simplify/Idiom.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
namespace {

/// A constant or weight, perhaps moved: folding makes one of it.
bool isStored(Value value) {
  Operation *op = value.getDefiningOp();
  while (isa_and_nonnull<glm::ReshapeOp, glm::TransposeOp, glm::SliceOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(op);
}

/// Operands of a glm.dequantize that is about to be made.
struct Numbers {
  Value q, scales, zeros;
  int64_t axis, group;

  explicit Numbers(glm::DequantizeOp op)
      : q(op.getQ()), scales(op.getScales()), zeros(op.getZeros()), axis(op.getAxis()), group(op.getGroup()) {}

  bool isPlain() const {
    return llvm::all_of(ArrayRef{q, scales, zeros},
                        [](Value value) { return !value || isa<RankedTensorType>(value.getType()); });
  }

  /// Calls `move` with each of scales and zeros, which takes what it returns.
  void moveParameters(llvm::function_ref<Value(Value)> move) {
    scales = move(scales);
    zeros = zeros ? move(zeros) : Value();
  }

  /// Whether scales and zeros have one index along `dim`.
  bool isShared(int64_t dim) const {
    return tensorType(scales).getDimSize(dim) == 1 && (!zeros || tensorType(zeros).getDimSize(dim) == 1);
  }

  Value make(OpBuilder &builder, Location loc, Type element) const {
    auto type = RankedTensorType::get(tensorType(q).getShape(), element);
    return glm::DequantizeOp::create(builder, loc, type, q, scales, zeros, axis, group);
  }
};

/// Whether a permutation swaps the last two dimensions and does nothing else.
bool isSwap(ArrayRef<int64_t> permutation) {
  const int64_t rank = int64_t(permutation.size());
  if (rank < 2 || permutation[rank - 1] != rank - 2 || permutation[rank - 2] != rank - 1)
    return false;
  for (int64_t i = 0; i + 2 < rank; ++i)
    if (permutation[i] != i)
      return false;
  return true;
}

bool isReadByProductsOnly(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUses(), [](OpOperand &use) {
    return isa<glm::MatmulOp>(use.getOwner()) && use.getOperandNumber() == 1;
  });
}

SmallVector<int64_t> inverse(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result(permutation.size());
  for (auto [to, from] : llvm::enumerate(permutation))
    result[from] = int64_t(to);
  return result;
}

/// dequantize (transpose q) = transpose (dequantize q), which products absorb
struct TransposeAfterDequantize : OpRewritePattern<glm::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::DequantizeOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getQ().getDefiningOp<glm::TransposeOp>();
    Numbers numbers(op);
    if (!transpose || !numbers.isPlain() || !isStored(transpose.getX()) || !isSwap(transpose.getPermutation()) ||
        !isReadByProductsOnly(op))
      return rewriter.notifyMatchFailure(op, "is no weight that is transposed for products");
    const SmallVector<int64_t> back = inverse(transpose.getPermutation());
    numbers.q = transpose.getX();
    numbers.moveParameters([&](Value value) { return transposeBy(rewriter, op.getLoc(), value, back); });
    numbers.axis = transpose.getPermutation()[numbers.axis];
    Value weight = numbers.make(rewriter, op.getLoc(), op.getType().getElementType());
    rewriter.replaceOpWithNewOp<glm::TransposeOp>(op, op.getType(), weight, transpose.getPermutation());
    return success();
  }
};

/// transpose (dequantize q) = dequantize (transpose q), which folds
struct TransposeOfDequantize : OpRewritePattern<glm::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::TransposeOp op, PatternRewriter &rewriter) const override {
    auto numbersOp = op.getX().getDefiningOp<glm::DequantizeOp>();
    if (!numbersOp || !isStored(numbersOp.getQ()) || !Numbers(numbersOp).isPlain() ||
        (isSwap(op.getPermutation()) && isReadByProductsOnly(op)))
      return rewriter.notifyMatchFailure(op, "is of no quantised weight, or products absorb it");
    Numbers numbers(numbersOp);
    ArrayRef<int64_t> permutation = op.getPermutation();
    auto move = [&](Value value) { return transposeBy(rewriter, op.getLoc(), value, permutation); };
    numbers.q = move(numbers.q);
    numbers.moveParameters(move);
    numbers.axis = inverse(permutation)[numbers.axis];
    rewriter.replaceOp(op, numbers.make(rewriter, numbersOp.getLoc(), op.getType().getElementType()));
    return success();
  }
};

/// How many elements dimensions [begin, end) of a shape have.
int64_t countOf(ArrayRef<int64_t> shape, int64_t begin, int64_t end) {
  int64_t count = 1;
  for (int64_t i = begin; i < end; ++i)
    count *= shape[i];
  return count;
}

/// Finds dimension `axis` of `from` in another shape of as many elements, as it is.
std::optional<int64_t> sameDimension(ArrayRef<int64_t> from, int64_t axis, ArrayRef<int64_t> to) {
  const int64_t before = countOf(from, 0, axis);
  for (int64_t at = 0, seen = 1; at < int64_t(to.size()); seen *= to[at++])
    if (seen == before && to[at] == from[axis])
      return at;
  return std::nullopt;
}

/// The shape of a scale of a tensor whose shape was `from` and is `to`, where
/// dimension `axis` stays and becomes `at`. Nothing if some of the dimensions
/// before or after that share scales and some do not.
std::optional<SmallVector<int64_t>> reshapedScales(ArrayRef<int64_t> scales, ArrayRef<int64_t> from, int64_t axis,
                                                   ArrayRef<int64_t> to, int64_t at) {
  SmallVector<int64_t> result(to.size(), 1);
  result[at] = scales[axis];
  auto move = [&](int64_t begin, int64_t end, int64_t first, int64_t last) {
    const int64_t count = countOf(scales, begin, end);
    if (count == countOf(from, begin, end))
      std::copy(to.begin() + first, to.begin() + last, result.begin() + first);
    return count == 1 || count == countOf(from, begin, end);
  };
  if (!move(0, axis, 0, at) || !move(axis + 1, int64_t(from.size()), at + 1, int64_t(to.size())))
    return std::nullopt;
  return result;
}

/// reshape (dequantize q) = dequantize (reshape q), of a weight, where the groups
/// stay together: the reshape leaves their dimension as it is, or joins it to the
/// one before, whose indices are groups then.
struct ReshapeOfDequantize : OpRewritePattern<glm::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto numbersOp = op.getX().getDefiningOp<glm::DequantizeOp>();
    if (!numbersOp || !isStored(numbersOp.getQ()) || !Numbers(numbersOp).isPlain() ||
        op.getType().getNumElements() == 0)
      return rewriter.notifyMatchFailure(op, "is of no quantised weight");
    Numbers numbers(numbersOp);
    SmallVector<int64_t> from(tensorType(numbers.q).getShape());
    ArrayRef<int64_t> to = op.getType().getShape();
    bool joins = false;
    std::optional<int64_t> at = sameDimension(from, numbers.axis, to);
    if (!at && numbers.axis > 0 && numbers.isShared(numbers.axis) && from[numbers.axis] > 1) {
      // Seen as one dimension, of which each index of the first part is a group.
      joins = true;
      numbers.group = from[numbers.axis];
      from[numbers.axis - 1] *= numbers.group;
      from.erase(from.begin() + numbers.axis--);
      at = sameDimension(from, numbers.axis, to);
    }
    if (!at)
      return rewriter.notifyMatchFailure(op, "takes groups apart");
    SmallVector<Value> parameters = {numbers.scales};
    if (numbers.zeros)
      parameters.push_back(numbers.zeros);
    SmallVector<SmallVector<int64_t>> shapes;
    for (Value parameter : parameters) {
      SmallVector<int64_t> shape(tensorType(parameter).getShape());
      if (joins)
        shape.erase(shape.begin() + numbers.axis + 1);
      auto moved = reshapedScales(shape, from, numbers.axis, to, *at);
      if (!moved)
        return rewriter.notifyMatchFailure(op, "takes what shares scales apart");
      shapes.push_back(std::move(*moved));
    }
    numbers.q = reshapeTo(rewriter, op.getLoc(), numbers.q, to);
    numbers.scales = reshapeTo(rewriter, op.getLoc(), numbers.scales, shapes[0]);
    numbers.zeros = numbers.zeros ? reshapeTo(rewriter, op.getLoc(), numbers.zeros, shapes[1]) : Value();
    numbers.axis = *at;
    rewriter.replaceOp(op, numbers.make(rewriter, numbersOp.getLoc(), op.getType().getElementType()));
    return success();
  }
};

/// slice (dequantize q) = dequantize (slice q), where it takes whole groups
struct SliceOfDequantize : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto numbersOp = op.getX().getDefiningOp<glm::DequantizeOp>();
    if (!numbersOp || !Numbers(numbersOp).isPlain() || op.getType().getNumElements() == 0 ||
        !(isStored(numbersOp.getQ()) || numbersOp->hasOneUse()))
      return rewriter.notifyMatchFailure(op, "is of no dequantize, or one that others read");
    Numbers numbers(numbersOp);
    const int64_t axis = numbers.axis, start = op.getStarts()[axis], size = op.getType().getDimSize(axis);
    const bool isWholeGroups = op.getSteps()[axis] == 1 && start % numbers.group == 0;
    if (!numbers.isShared(axis) && !isWholeGroups)
      return rewriter.notifyMatchFailure(op, "takes groups apart");
    auto part = [&](Value value, bool isParameter) -> Value {
      SmallVector<int64_t> starts(op.getStarts()), steps(op.getSteps()), shape(op.getType().getShape());
      for (size_t i = 0; isParameter && i < shape.size(); ++i) {
        if (tensorType(value).getDimSize(i) == 1) {
          starts[i] = 0;
          steps[i] = shape[i] = 1;
        } else if (int64_t(i) == axis) {
          starts[i] /= numbers.group;
          shape[i] = llvm::divideCeil(size, numbers.group);
        }
      }
      auto type = RankedTensorType::get(shape, tensorType(value).getElementType());
      return rewriter.createOrFold<glm::SliceOp>(op.getLoc(), type, value, rewriter.getDenseI64ArrayAttr(starts),
                                                 rewriter.getDenseI64ArrayAttr(steps));
    };
    numbers.q = part(numbers.q, false);
    numbers.moveParameters([&](Value value) { return part(value, true); });
    rewriter.replaceOp(op, numbers.make(rewriter, numbersOp.getLoc(), op.getType().getElementType()));
    return success();
  }
};

/// gather (dequantize q) = dequantize (gather q): only what is gathered becomes
/// numbers
struct GatherOfDequantize : OpRewritePattern<glm::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::GatherOp op, PatternRewriter &rewriter) const override {
    auto numbersOp = op.getX().getDefiningOp<glm::DequantizeOp>();
    const int64_t axis = op.getAxis();
    if (!numbersOp || !Numbers(numbersOp).isPlain())
      return rewriter.notifyMatchFailure(op, "is of no dequantize");
    Numbers numbers(numbersOp);
    ArrayRef<int64_t> indices = tensorType(op.getIndices()).getShape();
    if (axis == numbers.axis && (!numbers.isShared(axis) || indices.empty()))
      return rewriter.notifyMatchFailure(op, "gathers along groups");
    auto gathered = [&](Value value, bool isParameter) -> Value {
      SmallVector<int64_t> shape(tensorType(value).getShape()), inserted(indices);
      // What all indices share has nothing to gather.
      const bool isShared = isParameter && shape[axis] == 1;
      if (isShared)
        inserted.assign(indices.size(), 1);
      shape.erase(shape.begin() + axis);
      shape.insert(shape.begin() + axis, inserted.begin(), inserted.end());
      if (isShared)
        return reshapeTo(rewriter, op.getLoc(), value, shape);
      auto type = RankedTensorType::get(shape, tensorType(value).getElementType());
      return glm::GatherOp::create(rewriter, op.getLoc(), type, value, op.getIndices(), axis);
    };
    numbers.q = gathered(numbers.q, false);
    numbers.moveParameters([&](Value value) { return gathered(value, true); });
    if (axis == numbers.axis)
      numbers.group = std::max<int64_t>(indices.front(), 1);
    else if (axis < numbers.axis)
      numbers.axis += int64_t(indices.size()) - 1;
    rewriter.replaceOp(op, numbers.make(rewriter, numbersOp.getLoc(), op.getType().getElementType()));
    return success();
  }
};

/// Of a weight whose scales do not differ along k, all of k is a group, whatever
/// dimension the groups were along.
struct GroupAlongSum : OpRewritePattern<glm::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::MatmulOp op, PatternRewriter &rewriter) const override {
    auto numbersOp = op.getRhs().getDefiningOp<glm::DequantizeOp>();
    if (!numbersOp || !Numbers(numbersOp).isPlain())
      return rewriter.notifyMatchFailure(op, "right side is not quantised");
    Numbers numbers(numbersOp);
    const int64_t rank = tensorType(op.getRhs()).getRank(), k = op.getTransposeRhs() ? rank - 1 : rank - 2;
    const int64_t size = tensorType(op.getRhs()).getDimSize(k);
    auto isByElement = [&](Value value) {
      return !value || tensorType(value).getDimSize(numbers.axis) == 1 ||
             tensorType(value).getDimSize(numbers.axis) == tensorType(op.getRhs()).getDimSize(numbers.axis);
    };
    if (numbers.axis == k || size == 0 || !numbers.isShared(k) || !isByElement(numbers.scales) ||
        !isByElement(numbers.zeros))
      return rewriter.notifyMatchFailure(op, "groups are along k, or scales differ along it");
    numbers.axis = k;
    numbers.group = size;
    rewriter.setInsertionPoint(op);
    Value weight = numbers.make(rewriter, numbersOp.getLoc(), tensorType(op.getRhs()).getElementType());
    rewriter.modifyOpInPlace(op, [&] { op.getRhsMutable().assign(weight); });
    return success();
  }
};

} // namespace

void addDequantizeAlgebra(RewritePatternSet &patterns) {
  patterns.add<TransposeAfterDequantize, TransposeOfDequantize, ReshapeOfDequantize, SliceOfDequantize,
               GatherOfDequantize, GroupAlongSum>(patterns.getContext());
}

} // namespace glmc
