//===- NumberAlgebra.cpp - Equations of numbers ---------------------------===//
#include "lowering/simplify/Algebra.h"

#include "lowering/simplify/Idiom.h"

using namespace mlir;

namespace glmc {
namespace {

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

/// Whether every value of type `from` is a value of type `to`.
bool holdsAll(Type from, Type to) {
  if (from == to || from.isInteger(1))
    return true;
  auto float0 = dyn_cast<FloatType>(from), float1 = dyn_cast<FloatType>(to);
  if (float0 && float1)
    return float0.getFPMantissaWidth() <= float1.getFPMantissaWidth() && float0.getWidth() < float1.getWidth();
  auto integer0 = dyn_cast<IntegerType>(from), integer1 = dyn_cast<IntegerType>(to);
  if (!integer0 || to.isInteger(1))
    return false;
  // Bits of the magnitude. f16 has too few exponents for more than 16 of them.
  unsigned bits = integer0.getWidth() - !integer0.isUnsigned();
  if (float1)
    return bits <= float1.getFPMantissaWidth();
  return integer1 && bits <= integer1.getWidth() - !integer1.isUnsigned() &&
         (integer0.isUnsigned() || !integer1.isUnsigned());
}

/// cast (cast x to B) to C = cast x to C, where B holds all of x's values
struct MergeCasts : OpRewritePattern<glm::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::CastOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<glm::CastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not a cast");
    Type from = tensorType(inner.getX()).getElementType(), between = tensorType(inner).getElementType();
    Type to = tensorType(op).getElementType();
    // An integer by way of a float saturates where directly it would wrap.
    bool saturates = isa<IntegerType>(from) && isa<FloatType>(between) && isa<IntegerType>(to) && from != to &&
                     !to.isInteger(1);
    if (!holdsAll(from, between) || saturates)
      return rewriter.notifyMatchFailure(op, "the cast between changes values");
    if (from == to)
      rewriter.replaceOp(op, inner.getX());
    else
      rewriter.replaceOp(op, glm::CastOp::create(rewriter, rewriter.getFusedLoc({inner.getLoc(), op.getLoc()}),
                                                 op.getType(), inner.getX()));
    return success();
  }
};

} // namespace

void addNumberAlgebra(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DropNeutralOperand<glm::AddOp>, DropNeutralOperand<glm::SubOp>>(context, 0.0);
  patterns.add<DropNeutralOperand<glm::MulOp>, DropNeutralOperand<glm::DivOp>, DropNeutralOperand<glm::PowOp>>(context,
                                                                                                               1.0);
  patterns.add<PowToCheaper, DropInvolution<glm::NotOp>, DropInvolution<glm::NegOp>, FoldWhere,
               DropNeutralBool<glm::AndOp, 1>, DropNeutralBool<glm::OrOp, 0>, MergeCasts>(context);
}

} // namespace glmc
