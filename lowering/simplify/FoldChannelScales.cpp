//===- FoldChannelScales.cpp - Batch norms go into weights -------------------===//
//
//   mul (conv x, w), f           =  conv x, (w f)
//   mul (add (conv x, w), b), f  =  add (mul (conv x, w), f), (b f)
//   add (add (conv x, w), b), c  =  add (conv x, w), (b + c)
//
// with constants that do not differ but by channel; products likewise. What is
// made of constants here is folded by glm-fold-constants.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Idiom.h"

#include "mlir/IR/IRMapping.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace glmc {
#define GEN_PASS_DEF_FOLDCHANNELSCALES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Weights larger than this stay in their file.
constexpr int64_t mostWeightBytes = int64_t(16) << 20;

bool isStored(Value value) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()); }

/// Whether it is made of constants: folding makes one of it.
bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (isStored(value) || (isa<glm::ReshapeOp, glm::MulOp, glm::AddOp>(op) &&
                                    llvm::all_of(op->getOperands(), isConstant)));
}

/// A convolution or product with constant weights of floats: its weights and the
/// dimension of its result that channels (columns) are.
struct Linear {
  Operation *op = nullptr;
  Value weights;
  int64_t channelDim = 0;  ///< Of the result.
  int64_t weightDim = 0;   ///< Of the weights.

  int64_t channels() const { return tensorType(op->getResult(0)).getDimSize(channelDim); }

  /// Whether `value` has one constant for each of several channels.
  bool isByChannel(Value value) const {
    if (!isConstant(value))
      return false;
    RankedTensorType type = tensorType(value), result = tensorType(op->getResult(0));
    const int64_t dim = channelDim - (result.getRank() - type.getRank());
    return type.getRank() <= result.getRank() && dim >= 0 && channels() > 1 && type.getDimSize(dim) == channels() &&
           type.getNumElements() == channels();
  }
};

Linear linearOf(Value value) {
  Linear linear;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasOneUse() || !isa<FloatType>(tensorType(value).getElementType()))
    return linear;
  const int64_t rank = tensorType(value).getRank();
  if (auto conv = dyn_cast<glm::ConvOp>(op))
    linear = {op, conv.getW(), conv.getChannelsLast() ? rank - 1 : 1, 0};
  else if (auto product = dyn_cast<glm::MatmulOp>(op); product && !product.getLhsGroup())
    linear = {op, product.getRhs(), rank - 1, product.getTransposeRhs() ? 0 : 1};
  if (!linear.op)
    return linear;
  auto type = dyn_cast<RankedTensorType>(linear.weights.getType());
  if (!type || type.getRank() != 2 || !isConstant(linear.weights) || glm::denseBytes(type) > mostWeightBytes)
    linear.op = nullptr;
  return linear;
}

struct FactorIntoWeights : OpRewritePattern<glm::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::MulOp op, PatternRewriter &rewriter) const override {
    for (int side : {0, 1}) {
      Linear linear = linearOf(op->getOperand(side));
      Value factor = op->getOperand(1 - side);
      if (!linear.op || !linear.isByChannel(factor) || op->getOperand(side).getType() != op.getType())
        continue;
      SmallVector<int64_t> shape = {1, 1};
      shape[linear.weightDim] = linear.channels();
      rewriter.setInsertionPoint(op);
      Value weights = glm::MulOp::create(rewriter, op.getLoc(), linear.weights,
                                         reshapeTo(rewriter, op.getLoc(), factor, shape));
      IRMapping map;
      map.map(linear.weights, weights);
      rewriter.replaceOp(op, rewriter.clone(*linear.op, map)->getResult(0));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "is no factor of channels");
  }
};

/// add (conv, b) with constant b; its parts.
struct Biased {
  Linear linear;
  Value sum, bias;
};

Biased biasedOf(Value value) {
  Biased biased;
  auto add = value.getDefiningOp<glm::AddOp>();
  if (!add || !add->hasOneUse())
    return biased;
  for (int side : {0, 1}) {
    Linear linear = linearOf(add->getOperand(side));
    if (linear.op && linear.isByChannel(add->getOperand(1 - side)) && add->getOperand(side).getType() == add.getType())
      biased = {linear, add->getOperand(side), add->getOperand(1 - side)};
  }
  return biased;
}

/// mul or add of (add (conv, b)) and c.
template <typename Op> struct PastBias : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    for (int side : {0, 1}) {
      Biased biased = biasedOf(op->getOperand(side));
      Value other = op->getOperand(1 - side);
      if (!biased.linear.op || !biased.linear.isByChannel(other) || op->getOperand(side).getType() != op.getType())
        continue;
      rewriter.setInsertionPoint(op);
      Value bias = Op::create(rewriter, op.getLoc(), biased.bias, other), sum = biased.sum;
      if constexpr (std::is_same_v<Op, glm::MulOp>)
        sum = glm::MulOp::create(rewriter, op.getLoc(), sum, other);
      rewriter.replaceOpWithNewOp<glm::AddOp>(op, sum, bias);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "does not follow a bias of channels");
  }
};

struct FoldChannelScalesPass : glmc::impl::FoldChannelScalesBase<FoldChannelScalesPass> {
  static int64_t countOps(ModuleOp module) {
    int64_t count = 0;
    module.walk([&](Operation *op) { count += isa<glm::MulOp, glm::AddOp>(op) && !isConstant(op->getResult(0)); });
    return count;
  }

  void runOnOperation() override {
    const int64_t before = countOps(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<FactorIntoWeights, PastBias<glm::MulOp>, PastBias<glm::AddOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    foldedScales += before - countOps(getOperation());
  }
};

} // namespace
