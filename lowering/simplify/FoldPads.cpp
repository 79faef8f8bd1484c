//===- FoldPads.cpp - Pads of convolutions ----------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Idiom.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace glmc {
#define GEN_PASS_DEF_FOLDPADS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// The number that all elements of a constant, perhaps expanded, are.
std::optional<double> numberOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<glm::ExpandOp, glm::ReshapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return splatValue(value);
}

struct PadInConv : OpRewritePattern<glm::ConvOp> {
  PadInConv(MLIRContext *context, llvm::Statistic &count) : OpRewritePattern(context), count(count) {}
  LogicalResult matchAndRewrite(glm::ConvOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getX().getDefiningOp<glm::ConcatOp>();
    const int64_t space = op.getKernel().size(), first = op.getChannelsLast() ? 1 : 2;
    if (!concat || int64_t(concat.getAxis()) < first || int64_t(concat.getAxis()) >= first + space)
      return rewriter.notifyMatchFailure(op, "operand is not joined along space");
    const int64_t axis = concat.getAxis();
    Value x;
    std::optional<double> padding;
    SmallVector<int64_t> pads(op.getPads());
    for (Value input : concat.getInputs()) {
      std::optional<double> number = numberOf(input);
      if (!number && !x) {
        x = input;
        continue;
      }
      if (!number || (padding && *padding != *number))
        return rewriter.notifyMatchFailure(op, "is joined with other things than one number");
      padding = number;
      pads[axis - first + (x ? space : 0)] += tensorType(input).getDimSize(axis);
    }
    const bool hasPads = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
    const bool isFloat = isa<FloatType>(tensorType(op.getX()).getElementType());
    if (!x || !padding || (isFloat ? *padding != 0 || std::signbit(*padding)
                                   : hasPads && *padding != double(int64_t(op.getPadValue().value_or(0)))))
      return rewriter.notifyMatchFailure(op, "pads with something else");
    IntegerAttr value = *padding == 0 ? IntegerAttr() : rewriter.getI64IntegerAttr(int64_t(*padding));
    rewriter.replaceOp(op, glm::ConvOp::create(rewriter, rewriter.getFusedLoc({concat.getLoc(), op.getLoc()}), x,
                                               op.getW(), op.getKernel(), op.getStrides(), op.getDilations(), pads,
                                               op.getGroups(), value, op.getChannelsLast()));
    ++count;
    return success();
  }
  llvm::Statistic &count;
};

struct FoldPadsPass : glmc::impl::FoldPadsBase<FoldPadsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<PadInConv>(&getContext(), foldedPads);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
