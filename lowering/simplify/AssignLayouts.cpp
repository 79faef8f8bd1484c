//===- AssignLayouts.cpp - Channels last where windows slide -----------------===//
//
// 1. Each convolution and pool is made one with channels last, between a transpose
//    and its inverse.
// 2. Transposes of what pointwise ops, concatenations, reductions and slices read
//    move behind them, where all that is no constant is transposed alike; constants
//    are transposed instead, which folds.
// 3. A transpose behind another is one, or nothing.
//
// Transposes that move nothing but dimensions of 1 stay transposes until the end, so
// that they meet those that undo them; glm-simplify-algebra makes reshapes of them.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Algebra.h"
#include "lowering/simplify/Idiom.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace glmc {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

SmallVector<int64_t> inverse(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result(permutation.size());
  for (auto [to, from] : llvm::enumerate(permutation))
    result[from] = int64_t(to);
  return result;
}

Value transposed(OpBuilder &builder, Location loc, Value x, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t from : permutation)
    shape.push_back(tensorType(x).getDimSize(from));
  auto type = RankedTensorType::get(shape, tensorType(x).getElementType());
  return builder.createOrFold<glm::TransposeOp>(loc, type, x, builder.getDenseI64ArrayAttr(permutation));
}

/// [n, c, space...] to [n, space..., c].
SmallVector<int64_t> toLast(int64_t rank) {
  SmallVector<int64_t> permutation = {0};
  for (int64_t i = 2; i < rank; ++i)
    permutation.push_back(i);
  permutation.push_back(1);
  return permutation;
}

/// Weights whose columns are channels and then taps, as taps and then channels.
Value tapsFirst(OpBuilder &builder, glm::ConvOp conv) {
  RankedTensorType type = tensorType(conv.getW());
  int64_t taps = 1;
  for (int64_t size : conv.getKernel())
    taps *= size;
  const int64_t channels = type.getDimSize(1) / taps;
  if (taps == 1 || channels == 1)
    return conv.getW();
  Value apart = reshapeTo(builder, conv.getLoc(), conv.getW(), {type.getDimSize(0), channels, taps});
  return reshapeTo(builder, conv.getLoc(), transposed(builder, conv.getLoc(), apart, {0, 2, 1}), type.getShape());
}

bool isOfElements(glm::ConvOp conv) {
  auto all = [](ArrayRef<int64_t> numbers, int64_t number) {
    return llvm::all_of(numbers, [&](int64_t each) { return each == number; });
  };
  return conv.getGroups() == 1 && all(conv.getKernel(), 1) && all(conv.getStrides(), 1) && all(conv.getPads(), 0);
}

/// The op with channels last of `x`, which is so already.
Value withChannelsLast(OpBuilder &builder, glm::ConvOp conv, Value x) {
  Value w = tapsFirst(builder, conv);
  if (isOfElements(conv) && isa<FloatType>(tensorType(x).getElementType()))
    return glm::MatmulOp::create(builder, conv.getLoc(), x, w, /*transpose_rhs=*/true, IntegerAttr());
  return glm::ConvOp::create(builder, conv.getLoc(), x, w, conv.getKernel(), conv.getStrides(), conv.getDilations(),
                             conv.getPads(), conv.getGroups(), conv.getPadValueAttr(), /*channels_last=*/true);
}

Value withChannelsLast(OpBuilder &builder, glm::PoolOp pool, Value x) {
  return glm::PoolOp::create(builder, pool.getLoc(), pool.getKind(), x, pool.getKernel(), pool.getStrides(),
                             pool.getDilations(), pool.getPads(), pool.getCeilMode(), pool.getCountIncludePad(),
                             /*channels_last=*/true);
}

template <typename Op> struct PutChannelsLast : OpRewritePattern<Op> {
  PutChannelsLast(MLIRContext *context, llvm::Statistic &count) : OpRewritePattern<Op>(context), count(count) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (op.getChannelsLast())
      return rewriter.notifyMatchFailure(op, "has channels last");
    const SmallVector<int64_t> there = toLast(tensorType(op.getX()).getRank());
    Value x = transposed(rewriter, op.getLoc(), op.getX(), there);
    rewriter.replaceOp(op, transposed(rewriter, op.getLoc(), withChannelsLast(rewriter, op, x), inverse(there)));
    ++count;
    return success();
  }
  llvm::Statistic &count;
};

bool isStored(Value value) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()); }

/// The permutation that all operands but constants are transposed by; none if there
/// is no such, or an operand is of another rank.
std::optional<SmallVector<int64_t>> commonPermutation(Operation *op) {
  std::optional<SmallVector<int64_t>> common;
  for (Value operand : op->getOperands()) {
    if (isStored(operand) || tensorType(operand).getNumElements() == 1)
      continue;
    auto transpose = operand.getDefiningOp<glm::TransposeOp>();
    if (!transpose || isStored(transpose.getX()) || (common && ArrayRef<int64_t>(*common) != transpose.getPermutation()))
      return std::nullopt;
    common = SmallVector<int64_t>(transpose.getPermutation());
  }
  return common;
}

/// What an operand is before a transpose by `permutation` that is to follow.
Value before(OpBuilder &builder, Location loc, Value operand, ArrayRef<int64_t> permutation) {
  if (auto transpose = operand.getDefiningOp<glm::TransposeOp>();
      transpose && transpose.getPermutation() == permutation)
    return transpose.getX();
  if (tensorType(operand).getNumElements() == 1)
    return reshapeTo(builder, loc, operand, {});
  SmallVector<int64_t> shape(permutation.size() - tensorType(operand).getRank(), 1);
  llvm::append_range(shape, tensorType(operand).getShape());
  return transposed(builder, loc, reshapeTo(builder, loc, operand, shape), inverse(permutation));
}

/// Moves transposes behind `op`, which `make` makes of what it reads before them.
LogicalResult sink(Operation *op, PatternRewriter &rewriter,
                   llvm::function_ref<Value(ArrayRef<int64_t> permutation, ValueRange operands)> make) {
  auto permutation = commonPermutation(op);
  if (!permutation || tensorType(op->getResult(0)).getRank() != int64_t(permutation->size()))
    return rewriter.notifyMatchFailure(op, "operands are not transposed alike");
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(before(rewriter, op->getLoc(), operand, *permutation));
  rewriter.replaceOp(op, transposed(rewriter, op->getLoc(), make(*permutation, operands), *permutation));
  return success();
}

struct SinkPastPointwise : RewritePattern {
  explicit SinkPastPointwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<glm::Pointwise>())
      return rewriter.notifyMatchFailure(op, "is not pointwise");
    return sink(op, rewriter, [&](ArrayRef<int64_t> permutation, ValueRange operands) -> Value {
      RankedTensorType type = tensorType(op->getResult(0));
      SmallVector<int64_t> shape;
      for (int64_t from : inverse(permutation))
        shape.push_back(type.getDimSize(from));
      OperationState state(op->getLoc(), op->getName(), operands, RankedTensorType::get(shape, type.getElementType()),
                           op->getAttrs());
      return rewriter.create(state)->getResult(0);
    });
  }
};

struct SinkPastConcat : OpRewritePattern<glm::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::ConcatOp op, PatternRewriter &rewriter) const override {
    // An operand of one element is reshaped to none of its dimensions elsewhere.
    if (llvm::any_of(op.getInputs(), [](Value input) { return tensorType(input).getNumElements() == 1; }))
      return rewriter.notifyMatchFailure(op, "joins single elements");
    return sink(op, rewriter, [&](ArrayRef<int64_t> permutation, ValueRange operands) -> Value {
      return glm::ConcatOp::create(rewriter, op.getLoc(), operands, permutation[op.getAxis()]);
    });
  }
};

struct SinkPastReduce : OpRewritePattern<glm::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::ReduceOp op, PatternRewriter &rewriter) const override {
    return sink(op, rewriter, [&](ArrayRef<int64_t> permutation, ValueRange operands) -> Value {
      SmallVector<int64_t> axes;
      for (int64_t axis : op.getAxes())
        axes.push_back(permutation[axis]);
      llvm::sort(axes);
      return glm::ReduceOp::create(rewriter, op.getLoc(), op.getKind(), operands[0], axes);
    });
  }
};

struct SinkPastSlice : OpRewritePattern<glm::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(glm::SliceOp op, PatternRewriter &rewriter) const override {
    return sink(op, rewriter, [&](ArrayRef<int64_t> permutation, ValueRange operands) -> Value {
      SmallVector<int64_t> starts, steps, shape;
      for (int64_t from : inverse(permutation)) {
        starts.push_back(op.getStarts()[from]);
        steps.push_back(op.getSteps()[from]);
        shape.push_back(op.getType().getDimSize(from));
      }
      return glm::SliceOp::create(rewriter, op.getLoc(),
                                  RankedTensorType::get(shape, op.getType().getElementType()), operands[0], starts,
                                  steps);
    });
  }
};

bool hasWindows(ModuleOp module) {
  return module
      .walk([](Operation *op) { return isa<glm::ConvOp, glm::PoolOp>(op) ? WalkResult::interrupt() : WalkResult::advance(); })
      .wasInterrupted();
}

struct AssignLayoutsPass : glmc::impl::AssignLayoutsBase<AssignLayoutsPass> {
  void runOnOperation() override {
    // Transposes of other models have a meaning for what reads them.
    if (!hasWindows(getOperation()))
      return;
    RewritePatternSet patterns(&getContext());
    patterns.add<PutChannelsLast<glm::ConvOp>, PutChannelsLast<glm::PoolOp>>(&getContext(), channelsLast);
    patterns.add<SinkPastPointwise, SinkPastConcat, SinkPastReduce, SinkPastSlice>(&getContext());
    addMergedTransposes(patterns); // One that moves nothing folds.
    // Transposes only move behind other ops, so this ends.
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
