//===- SimplifyAlgebra.cpp - Identities, cheaper equals, absorbed movement --===//
//
// Each pattern is one equation, named by what it rewrites. All of them hold for
// NaN and infinities too, so they need no `--math` mode.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "dialects/glm/reference/Tensor.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace glmc {
#define GEN_PASS_DEF_SIMPLIFYALGEBRA
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The number that every element of a constant has, if they are equal.
std::optional<double> splatValue(Value value) {
  auto constant = value.getDefiningOp<glm::ConstantOp>();
  if (!constant || tensorType(value).getNumElements() == 0 || tensorType(value).getNumElements() > 4096)
    return std::nullopt;
  auto tensor = reference::tensorOf(constant.getValue());
  if (failed(tensor))
    return std::nullopt;
  bool isFloat = isa<FloatType>(tensor->type.getElementType());
  auto at = [&](int64_t i) { return isFloat ? tensor->getFloat(i) : double(tensor->getInt(i)); };
  for (int64_t i = 1; i < tensor->size(); ++i)
    if (!(at(i) == at(0)))
      return std::nullopt;
  return at(0);
}

/// `x op c` is x: the neutral element of a binary op on its right side (or on
/// either, if the op commutes), where broadcasting does not change x's shape.
template <typename Op> struct DropNeutralOperand : OpRewritePattern<Op> {
  DropNeutralOperand(MLIRContext *context, double neutral) : OpRewritePattern<Op>(context), neutral(neutral) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    for (int side : {1, 0}) {
      if (side == 0 && !op->template hasTrait<OpTrait::IsCommutative>())
        continue;
      Value other = op->getOperand(1 - side);
      auto splat = splatValue(op->getOperand(side));
      // Of a sum with +0 this keeps the sign of x = -0, where addition gives +0:
      // nothing but 1/x tells them apart, and all targets and emissions agree.
      if (!splat || *splat != neutral || other.getType() != op.getType())
        continue;
      rewriter.replaceOp(op, other);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no neutral operand");
  }
  double neutral;
};

/// x ^ 1 = x, x ^ 2 = x * x, x ^ 0.5 = sqrt(x)
struct PowToCheaper : OpRewritePattern<glm::PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::PowOp op, PatternRewriter &rewriter) const override {
    auto exponent = splatValue(op.getY());
    if (!exponent || op.getX().getType() != op.getType() || !isa<FloatType>(tensorType(op).getElementType()))
      return rewriter.notifyMatchFailure(op, "exponent is not one constant");
    if (*exponent == 2)
      rewriter.replaceOpWithNewOp<glm::MulOp>(op, op.getType(), op.getX(), op.getX());
    else if (*exponent == 0.5)
      rewriter.replaceOpWithNewOp<glm::SqrtOp>(op, op.getType(), op.getX());
    else
      return rewriter.notifyMatchFailure(op, "no cheaper form of this exponent");
    return success();
  }
};

/// not not x = x, neg neg x = x
template <typename Op> struct DropInvolution : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().template getDefiningOp<Op>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not the same op");
    rewriter.replaceOp(op, inner.getX());
    return success();
  }
};

/// where true, x, y = x; where false, x, y = y; where c, x, x = x
struct FoldWhere : OpRewritePattern<glm::WhereOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::WhereOp op, PatternRewriter &rewriter) const override {
    Value chosen;
    if (op.getX() == op.getY())
      chosen = op.getX();
    else if (auto condition = splatValue(op.getCondition()))
      chosen = *condition != 0 ? op.getX() : op.getY();
    if (!chosen || chosen.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "condition is not constant");
    rewriter.replaceOp(op, chosen);
    return success();
  }
};

/// and x, true = x; or x, false = x
template <typename Op, int neutral> struct DropNeutralBool : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    for (int side : {0, 1}) {
      auto splat = splatValue(op->getOperand(side));
      if (splat && *splat == neutral && op->getOperand(1 - side).getType() == op.getType()) {
        rewriter.replaceOp(op, op->getOperand(1 - side));
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no neutral operand");
  }
};

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
    rewriter.replaceOpWithNewOp<glm::TransposeOp>(op, op.getType(), inner.getX(), permutation);
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
    rewriter.replaceOpWithNewOp<glm::MatmulOp>(op, op.getType(), op.getLhs(), transpose.getX(),
                                               !op.getTransposeRhs());
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

struct SimplifyAlgebraPass : glmc::impl::SimplifyAlgebraBase<SimplifyAlgebraPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DropNeutralOperand<glm::AddOp>, DropNeutralOperand<glm::SubOp>>(&getContext(), 0.0);
    patterns.add<DropNeutralOperand<glm::MulOp>, DropNeutralOperand<glm::DivOp>, DropNeutralOperand<glm::PowOp>>(
        &getContext(), 1.0);
    patterns.add<PowToCheaper, DropInvolution<glm::NotOp>, DropInvolution<glm::NegOp>, FoldWhere,
                 DropNeutralBool<glm::AndOp, 1>, DropNeutralBool<glm::OrOp, 0>, MergeTransposes,
                 TransposeOfOnesToReshape, AbsorbTransposeIntoMatmul, DropExpandBeforeBroadcast, GatherOneToSlice>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
