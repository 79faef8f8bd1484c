//===- MovementAlgebra.cpp - Movement that can be spared or absorbed -----===//
#include "lowering/simplify/Algebra.h"

#include "lowering/simplify/Idiom.h"

using namespace mlir;

namespace glmc {
namespace {

/// transpose (transpose x) = transpose x
struct MergeTransposes : OpRewritePattern<glm::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<glm::TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not a transpose");
    SmallVector<int64_t> permutation;
    for (int64_t from : op.getPermutation())
      permutation.push_back(inner.getPermutation()[from]);
    rewriter.replaceOp(op, glm::TransposeOp::create(rewriter, rewriter.getFusedLoc({inner.getLoc(), op.getLoc()}),
                                                    op.getType(), inner.getX(), permutation));
    return success();
  }
};

/// A transpose that keeps the order of all dimensions but those of 1 moves
/// nothing: it is a reshape.
struct TransposeOfOnesToReshape : OpRewritePattern<glm::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::TransposeOp op, PatternRewriter &rewriter) const override {
    int64_t previous = -1;
    for (int64_t from : op.getPermutation()) {
      if (tensorType(op.getX()).getDimSize(from) == 1)
        continue;
      if (from < previous)
        return rewriter.notifyMatchFailure(op, "moves dimensions");
      previous = from;
    }
    rewriter.replaceOpWithNewOp<glm::ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

/// matmul a, (transpose b) = matmul a, b transposed
struct AbsorbTransposeIntoMatmul : OpRewritePattern<glm::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::MatmulOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getRhs().getDefiningOp<glm::TransposeOp>();
    if (!transpose)
      return rewriter.notifyMatchFailure(op, "right side is not a transpose");
    // A permutation that swaps the last two dimensions and does nothing else.
    SmallVector<int64_t> swap = llvm::to_vector(llvm::seq<int64_t>(0, tensorType(transpose).getRank()));
    std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
    if (transpose.getPermutation() != ArrayRef<int64_t>(swap))
      return rewriter.notifyMatchFailure(op, "transpose moves other dimensions");
    rewriter.replaceOp(op, glm::MatmulOp::create(rewriter, rewriter.getFusedLoc({transpose.getLoc(), op.getLoc()}),
                                                 op.getType(), op.getLhs(), transpose.getX(), !op.getTransposeRhs(),
                                                 op.getLhsGroupAttr()));
    return success();
  }
};

/// An expanded operand of a broadcasting op need not be expanded, as long as
/// another operand (or the dimension itself) keeps the result's shape.
struct DropExpandBeforeBroadcast : RewritePattern {
  explicit DropExpandBeforeBroadcast(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<glm::Pointwise>() || op->getNumOperands() < 2)
      return rewriter.notifyMatchFailure(op, "does not broadcast");
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().getDefiningOp<glm::ExpandOp>();
      if (!expand)
        continue;
      SmallVector<ArrayRef<int64_t>> shapes;
      for (OpOperand &other : op->getOpOperands())
        shapes.push_back(tensorType(&other == &operand ? expand.getX() : other.get()).getShape());
      auto shape = glm::broadcastShapes(shapes);
      if (!shape || ArrayRef<int64_t>(*shape) != tensorType(op->getResult(0)).getShape())
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(expand.getX()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is needlessly expanded");
  }
};

/// gather x by one constant index = slice x
struct GatherOneToSlice : OpRewritePattern<glm::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::GatherOp op, PatternRewriter &rewriter) const override {
    auto source = dyn_cast<RankedTensorType>(op.getX().getType());
    auto index = splatValue(op.getIndices());
    if (!source || !index || tensorType(op.getIndices()).getNumElements() != 1)
      return rewriter.notifyMatchFailure(op, "index is not one constant");
    int64_t axis = op.getAxis(), size = source.getDimSize(axis), at = int64_t(*index);
    at = at < 0 ? at + size : at;
    if (at < 0 || at >= size)
      return rewriter.notifyMatchFailure(op, "index is outside");
    SmallVector<int64_t> starts(source.getRank(), 0), steps(source.getRank(), 1), shape(source.getShape());
    starts[axis] = at;
    shape[axis] = 1;
    Value slice = glm::SliceOp::create(rewriter, op.getLoc(), RankedTensorType::get(shape, source.getElementType()),
                                       op.getX(), starts, steps);
    rewriter.replaceOpWithNewOp<glm::ReshapeOp>(op, op.getType(), slice);
    return success();
  }
};

/// matmul a, b of one column and one row = mul a, b
struct OuterProductToMul : OpRewritePattern<glm::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::MatmulOp op, PatternRewriter &rewriter) const override {
    auto rhs = dyn_cast<RankedTensorType>(op.getRhs().getType());
    if (!rhs || tensorType(op.getLhs()).getShape().back() != 1)
      return rewriter.notifyMatchFailure(op, "sums more than one product");
    Value row = op.getRhs();
    if (op.getTransposeRhs()) {
      SmallVector<int64_t> shape(rhs.getShape());
      std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
      row = reshapeTo(rewriter, op.getLoc(), row, shape);
    }
    rewriter.replaceOpWithNewOp<glm::MulOp>(op, op.getType(), op.getLhs(), row);
    return success();
  }
};

/// concat of slices of x that follow each other = one slice of x
struct ConcatSlicesToSlice : OpRewritePattern<glm::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::ConcatOp op, PatternRewriter &rewriter) const override {
    auto first = op.getInputs().empty() ? glm::SliceOp() : op.getInputs()[0].getDefiningOp<glm::SliceOp>();
    if (!first)
      return rewriter.notifyMatchFailure(op, "first input is not a slice");
    const int64_t axis = op.getAxis(), step = first.getSteps()[axis];
    SmallVector<int64_t> expected(first.getStarts());
    SmallVector<Location> locations;
    for (Value input : op.getInputs()) {
      auto slice = input.getDefiningOp<glm::SliceOp>();
      if (!slice || slice.getX() != first.getX() || slice.getStarts() != ArrayRef<int64_t>(expected) ||
          slice.getSteps() != first.getSteps())
        return rewriter.notifyMatchFailure(op, "an input is not the next slice");
      expected[axis] += step * tensorType(slice).getDimSize(axis);
      locations.push_back(slice.getLoc());
    }
    locations.push_back(op.getLoc());
    rewriter.replaceOp(op, rewriter.createOrFold<glm::SliceOp>(rewriter.getFusedLoc(locations), op.getType(),
                                                               first.getX(), first.getStartsAttr(),
                                                               first.getStepsAttr()));
    return success();
  }
};

} // namespace

void addMergedTransposes(RewritePatternSet &patterns) { patterns.add<MergeTransposes>(patterns.getContext()); }

void addMovementAlgebra(RewritePatternSet &patterns) {
  addMergedTransposes(patterns);
  patterns.add<TransposeOfOnesToReshape, AbsorbTransposeIntoMatmul, DropExpandBeforeBroadcast, GatherOneToSlice,
               OuterProductToMul, ConcatSlicesToSlice>(patterns.getContext());
}

} // namespace glmc
