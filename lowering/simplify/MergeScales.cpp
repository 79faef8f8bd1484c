//===- MergeScales.cpp - One factor between integers and integers ------------===//
//
//   round (div (mul (cast sum), s), t)  =  round (mul (cast sum), (s / t))
//
// also where bounds are between, which are divided, too. And what is quantised as
// it was already:
//
//   cast (clamp (add (round (div (dequantize q), s)), z))  =  q, perhaps reshaped
//
// What is left of dequantised values that are no weights is spelled out, so that it
// is pointwise like all that surrounds it.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Idiom.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace glmc {
#define GEN_PASS_DEF_MERGESCALES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

bool isStored(Value value) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()); }

/// The constant operand of a commutative op and the other one; null if it has none.
struct WithConstant {
  Value other, constant;
};
template <typename Op> WithConstant withConstant(Value value) {
  auto op = value.getDefiningOp<Op>();
  for (int side : {1, 0})
    if (op && isStored(op->getOperand(side)) && op->getOperand(1 - side).getType() == op.getType())
      return {op->getOperand(1 - side), op->getOperand(side)};
  return {};
}

struct DivideFactor : OpRewritePattern<glm::DivOp> {
  DivideFactor(MLIRContext *context, llvm::Statistic &count) : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(glm::DivOp op, PatternRewriter &rewriter) const override {
    std::optional<double> divisor = splatValue(op.getY());
    if (!divisor || !(*divisor > 0) || !op->hasOneUse() || !isa<glm::RoundOp>(*op->user_begin()) ||
        !tensorType(op).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "is not rounded, or not by one positive number");
    // Bounds, from the division back.
    SmallVector<Operation *> bounds;
    Value value = op.getX();
    while (Operation *bound = value.getDefiningOp()) {
      WithConstant parts = isa<glm::MaxOp>(bound) ? withConstant<glm::MaxOp>(value) : withConstant<glm::MinOp>(value);
      if (!parts.constant || !bound->hasOneUse())
        break;
      bounds.push_back(bound);
      value = parts.other;
    }
    WithConstant product = withConstant<glm::MulOp>(value);
    auto integers = product.other ? product.other.getDefiningOp<glm::CastOp>() : glm::CastOp();
    if (!integers || !value.hasOneUse() || !isa<RankedTensorType>(integers.getX().getType()) ||
        !tensorType(integers.getX()).getElementType().isSignlessInteger(32))
      return rewriter.notifyMatchFailure(op, "is of no factor of integers");
    rewriter.setInsertionPoint(op);
    auto divided = [&](Value constant) -> Value {
      return glm::DivOp::create(rewriter, op.getLoc(), constant, reshapeTo(rewriter, op.getLoc(), op.getY(), {}));
    };
    Value merged = glm::MulOp::create(rewriter, value.getLoc(), product.other, divided(product.constant));
    for (Operation *bound : llvm::reverse(bounds)) {
      if (isa<glm::MaxOp>(bound))
        merged = glm::MaxOp::create(rewriter, bound->getLoc(), merged,
                                    divided(withConstant<glm::MaxOp>(bound->getResult(0)).constant));
      else
        merged = glm::MinOp::create(rewriter, bound->getLoc(), merged,
                                    divided(withConstant<glm::MinOp>(bound->getResult(0)).constant));
    }
    rewriter.replaceOp(op, merged);
    ++count;
    return success();
  }
  llvm::Statistic &count;
};

/// The range of an integer type, as the bounds before a cast to it.
bool isRangeOf(IntegerType type, double low, double high) {
  const double steps = double(int64_t(1) << type.getWidth()), least = type.isUnsigned() ? 0 : -steps / 2;
  return low == least && high == least + steps - 1;
}

Value withoutReshapes(Value value) {
  while (auto reshape = value.getDefiningOp<glm::ReshapeOp>())
    value = reshape.getX();
  return value;
}

struct QuantizeAgain : OpRewritePattern<glm::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::CastOp op, PatternRewriter &rewriter) const override {
    auto integer = dyn_cast<IntegerType>(tensorType(op.getY()).getElementType());
    WithConstant high = withConstant<glm::MinOp>(op.getX());
    WithConstant low = high.other ? withConstant<glm::MaxOp>(high.other) : WithConstant();
    if (!integer || integer.getWidth() > 16 || !low.other)
      return rewriter.notifyMatchFailure(op, "has no bounds");
    auto least = splatValue(low.constant), most = splatValue(high.constant);
    if (!least || !most || !isRangeOf(integer, *least, *most))
      return rewriter.notifyMatchFailure(op, "has other bounds than its type");
    WithConstant zero = withConstant<glm::AddOp>(low.other);
    Value rounded = zero.other ? zero.other : low.other;
    std::optional<double> offset = zero.other ? splatValue(zero.constant) : 0.0;
    auto round = rounded.getDefiningOp<glm::RoundOp>();
    auto quotient = round ? round.getX().getDefiningOp<glm::DivOp>() : glm::DivOp();
    auto numbers = quotient ? withoutReshapes(quotient.getX()).getDefiningOp<glm::DequantizeOp>() : glm::DequantizeOp();
    if (!numbers || !offset || !isa<RankedTensorType>(numbers.getQ().getType()) ||
        tensorType(numbers.getQ()).getElementType() != tensorType(op.getY()).getElementType())
      return rewriter.notifyMatchFailure(op, "does not quantise what was quantised");
    std::optional<double> scale = splatValue(numbers.getScales()), divisor = splatValue(quotient.getY());
    std::optional<double> before = numbers.getZeros() ? splatValue(numbers.getZeros()) : 0.0;
    if (!scale || !(*scale > 0) || scale != divisor || before != offset)
      return rewriter.notifyMatchFailure(op, "scales or zeros differ");
    rewriter.replaceOp(op, reshapeTo(rewriter, op.getLoc(), numbers.getQ(), tensorType(op.getY()).getShape()));
    return success();
  }
};

/// dequantize q = (cast q - zero) * scale, where each is one number
struct SpellOut : OpRewritePattern<glm::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::DequantizeOp op, PatternRewriter &rewriter) const override {
    auto isOne = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type && type.getNumElements() == 1 && isStored(value);
    };
    if (isStored(op.getQ()) || !isa<RankedTensorType>(op.getQ().getType()) || !isOne(op.getScales()) ||
        (op.getZeros() && !isOne(op.getZeros())) || !tensorType(op.getY()).getElementType().isF32() ||
        tensorType(op.getQ()).getElementTypeBitWidth() > 16)
      return rewriter.notifyMatchFailure(op, "is of a weight, or not by one scale");
    const Location loc = op.getLoc();
    auto number = [&](Value value) -> Value {
      value = reshapeTo(rewriter, loc, value, {});
      if (tensorType(value).getElementType().isF32())
        return value;
      return glm::CastOp::create(rewriter, loc, RankedTensorType::get({}, rewriter.getF32Type()), value);
    };
    Value value = glm::CastOp::create(rewriter, loc, op.getType(), op.getQ());
    if (op.getZeros())
      value = glm::SubOp::create(rewriter, loc, value, number(op.getZeros()));
    rewriter.replaceOpWithNewOp<glm::MulOp>(op, value, number(op.getScales()));
    return success();
  }
};

struct MergeScalesPass : glmc::impl::MergeScalesBase<MergeScalesPass> {
  void runOnOperation() override {
    // Only what convolutions or pools of integers are part of: other models multiply
    // what is dequantised, see glm-recover-integer-products.
    auto hasIntegers = [](Operation *op) {
      return isa<glm::ConvOp, glm::PoolOp>(op) && isa<IntegerType>(tensorType(op->getOperand(0)).getElementType());
    };
    if (!getOperation().walk([&](Operation *op) {
          return hasIntegers(op) ? WalkResult::interrupt() : WalkResult::advance();
        }).wasInterrupted())
      return;
    RewritePatternSet first(&getContext()), then(&getContext());
    first.add<DivideFactor>(&getContext(), mergedScales);
    first.add<QuantizeAgain>(&getContext());
    then.add<SpellOut>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(first))) ||
        failed(applyPatternsGreedily(getOperation(), std::move(then))))
      signalPassFailure();
  }
};

} // namespace
