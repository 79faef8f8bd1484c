//===- SliceAlgebra.cpp - Slices move towards inputs -------------------------===//
//
// A slice that is the only reader of an op leaves out what need not be computed,
// so it changes places with the op: the op then works on slices of its operands.
// At a concat or another slice it is absorbed.
//
//===----------------------------------------------------------------------===//
#include "lowering/simplify/Algebra.h"

#include "lowering/simplify/Idiom.h"

using namespace mlir;

namespace glmc {
namespace {

/// A slice's starts, steps and sizes, a dimension each.
struct Window {
  SmallVector<int64_t> starts, steps, sizes;

  explicit Window(glm::SliceOp slice)
      : starts(slice.getStarts()), steps(slice.getSteps()), sizes(tensorType(slice).getShape()) {}
  explicit Window(ArrayRef<int64_t> shape) : starts(shape.size(), 0), steps(shape.size(), 1), sizes(shape) {}

  /// Whether all of a dimension of this size is taken, in order.
  bool isWhole(size_t dim, int64_t size) const {
    return sizes[dim] == size && starts[dim] == 0 && (steps[dim] == 1 || size <= 1);
  }
  void makeWhole(size_t dim, int64_t size) {
    starts[dim] = 0;
    steps[dim] = 1;
    sizes[dim] = size;
  }

  Value of(OpBuilder &builder, Location loc, Value x) const {
    auto type = RankedTensorType::get(sizes, tensorType(x).getElementType());
    return builder.createOrFold<glm::SliceOp>(loc, type, x, builder.getDenseI64ArrayAttr(starts),
                                              builder.getDenseI64ArrayAttr(steps));
  }

  /// The part of an operand that broadcasts to what this is a window of.
  Value ofBroadcast(OpBuilder &builder, Location loc, Value x) const {
    ArrayRef<int64_t> shape = tensorType(x).getShape();
    Window part(shape);
    size_t missing = sizes.size() - shape.size();
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1)
        continue;
      part.starts[d] = starts[missing + d];
      part.steps[d] = steps[missing + d];
      part.sizes[d] = sizes[missing + d];
    }
    return part.of(builder, loc, x);
  }
};

bool isEmpty(glm::SliceOp op) { return tensorType(op).getNumElements() == 0; }

/// Of two equal slices of x the first is enough. What is read by one slice only
/// is computed in part, so this opens the way for the patterns below.
struct MergeEqualSlices : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    for (Operation *user : op.getX().getUsers()) {
      auto other = dyn_cast<glm::SliceOp>(user);
      if (!other || other == op || other->getBlock() != op->getBlock() || other.getType() != op.getType() ||
          other.getStarts() != op.getStarts() || other.getSteps() != op.getSteps())
        continue;
      bool isFirst = op->isBeforeInBlock(other);
      rewriter.replaceOp(isFirst ? other : op, isFirst ? op : other);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no equal slice");
  }
};

/// slice (slice x) = slice x
struct MergeSlices : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<glm::SliceOp>();
    if (!inner || isEmpty(op))
      return rewriter.notifyMatchFailure(op, "operand is not a slice");
    Window window(op);
    for (size_t d = 0; d < window.sizes.size(); ++d) {
      window.starts[d] = inner.getStarts()[d] + (window.starts[d] == 0 ? 0 : window.starts[d] * inner.getSteps()[d]);
      // The step of one element means nothing, and may be too large to multiply.
      window.steps[d] = window.sizes[d] == 1 ? 1 : window.steps[d] * inner.getSteps()[d];
    }
    Location loc = rewriter.getFusedLoc({inner.getLoc(), op.getLoc()});
    rewriter.replaceOp(op, window.of(rewriter, loc, inner.getX()));
    return success();
  }
};

/// slice (concat x, y) = slice x, where it lies in x
struct SliceOfConcat : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getX().getDefiningOp<glm::ConcatOp>();
    if (!concat || isEmpty(op))
      return rewriter.notifyMatchFailure(op, "operand is not a concat");
    Window window(op);
    const int64_t axis = concat.getAxis(), size = window.sizes[axis], start = window.starts[axis];
    const int64_t last = size == 1 ? start : start + (size - 1) * window.steps[axis];
    int64_t begin = 0;
    for (Value piece : concat.getInputs()) {
      const int64_t end = begin + tensorType(piece).getDimSize(axis);
      if (std::min(start, last) >= begin && std::max(start, last) < end) {
        window.starts[axis] -= begin;
        Location loc = rewriter.getFusedLoc({concat.getLoc(), op.getLoc()});
        rewriter.replaceOp(op, window.of(rewriter, loc, piece));
        return success();
      }
      begin = end;
    }
    return rewriter.notifyMatchFailure(op, "takes from several pieces");
  }
};

/// slice (f x, y) = f (slice x), (slice y), for a pointwise f
struct SliceOfPointwise : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    Operation *pointwise = op.getX().getDefiningOp();
    if (!pointwise || !pointwise->hasTrait<glm::Pointwise>() || !pointwise->hasOneUse())
      return rewriter.notifyMatchFailure(op, "operand is not pointwise, or read elsewhere");
    Window window(op);
    SmallVector<Value> operands;
    for (Value operand : pointwise->getOperands())
      operands.push_back(window.ofBroadcast(rewriter, op.getLoc(), operand));
    Operation *part = rewriter.clone(*pointwise);
    rewriter.modifyOpInPlace(part, [&] {
      part->setOperands(operands);
      part->getResult(0).setType(op.getType());
    });
    rewriter.replaceOp(op, part);
    return success();
  }
};

/// slice (reduce x) = reduce (slice x)
struct SliceOfReduce : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto reduce = op.getX().getDefiningOp<glm::ReduceOp>();
    if (!reduce || !reduce->hasOneUse() || isEmpty(op))
      return rewriter.notifyMatchFailure(op, "operand is not a reduction, or read elsewhere");
    Window window(op);
    for (int64_t axis : reduce.getAxes())
      window.makeWhole(axis, tensorType(reduce.getX()).getDimSize(axis));
    Value part = window.of(rewriter, op.getLoc(), reduce.getX());
    rewriter.replaceOp(op, glm::ReduceOp::create(rewriter, reduce.getLoc(), op.getType(), reduce.getKindAttr(), part,
                                                 reduce.getAxesAttr()));
    return success();
  }
};

/// slice (matmul a, b) of some rows = matmul (slice a), b
struct SliceOfMatmulRows : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto matmul = op.getX().getDefiningOp<glm::MatmulOp>();
    if (!matmul || !matmul->hasOneUse() || isEmpty(op))
      return rewriter.notifyMatchFailure(op, "operand is not a matmul, or read elsewhere");
    ArrayRef<int64_t> shape = tensorType(matmul).getShape(), left = tensorType(matmul.getLhs()).getShape();
    Window window(op);
    const size_t rows = shape.size() - 2;
    for (size_t d = 0; d < shape.size(); ++d)
      if (d != rows && !window.isWhole(d, shape[d]))
        return rewriter.notifyMatchFailure(op, "takes not only rows apart");
    Window part(left);
    part.starts[left.size() - 2] = window.starts[rows];
    part.steps[left.size() - 2] = window.steps[rows];
    part.sizes[left.size() - 2] = window.sizes[rows];
    Value lhs = part.of(rewriter, op.getLoc(), matmul.getLhs());
    rewriter.replaceOp(op, glm::MatmulOp::create(rewriter, matmul.getLoc(), op.getType(), lhs, matmul.getRhs(),
                                                 matmul.getTransposeRhs(), matmul.getLhsGroupAttr()));
    return success();
  }
};

/// slice (reshape x) = reshape (slice x), where the reshape only adds or drops
/// dimensions of 1
struct SliceOfReshape : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getX().getDefiningOp<glm::ReshapeOp>();
    if (!reshape || isEmpty(op))
      return rewriter.notifyMatchFailure(op, "operand is not a reshape");
    ArrayRef<int64_t> from = tensorType(reshape.getX()).getShape(), to = tensorType(reshape).getShape();
    Window window(op), part(from);
    size_t d = 0;
    for (size_t s = 0; s < from.size(); ++s) {
      if (from[s] == 1)
        continue;
      while (d < to.size() && to[d] == 1)
        ++d;
      if (d == to.size() || to[d] != from[s])
        return rewriter.notifyMatchFailure(op, "the reshape splits or joins dimensions");
      part.starts[s] = window.starts[d];
      part.steps[s] = window.steps[d];
      part.sizes[s] = window.sizes[d];
      ++d;
    }
    Value slice = part.of(rewriter, op.getLoc(), reshape.getX());
    rewriter.replaceOp(op, rewriter.createOrFold<glm::ReshapeOp>(reshape.getLoc(), op.getType(), slice));
    return success();
  }
};

} // namespace

void addSliceAlgebra(RewritePatternSet &patterns) {
  patterns.add<MergeEqualSlices, MergeSlices, SliceOfConcat, SliceOfPointwise, SliceOfReduce, SliceOfMatmulRows,
               SliceOfReshape>(patterns.getContext());
}

} // namespace glmc
