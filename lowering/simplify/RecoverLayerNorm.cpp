//===- RecoverLayerNorm.cpp - (x - mean) / sqrt(var + e) * g + b is one op --===//
//
// 1. Start at a sum product + b or, without b, at a product.
// 2. Flatten the product into factors x - mean(x), (variance + e)^-0.5 and
//    perhaps g.
// 3. The variance is the mean of (x - mean)^2, or as in the body of ONNX's
//    LayerNormalization mean(x^2) - mean^2.
// 4. If nothing else reads the ops between, put a glm.layer_norm in their place.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/NormMatch.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERLAYERNORM
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct LayerNorm {
  Value x, scale; ///< No scale: ones.
  double epsilon;
};

/// Whether `value` is the variance of the rows of x; `centred` is x - mean.
bool isVariance(Value value, Value centred, Value x, Value mean, OpSet &ops) {
  OpSet tried;
  if (Value squares = meanOfRows(value, tried); squares && squareOf(squares, tried) == centred) {
    ops.insert(tried.begin(), tried.end());
    return true;
  }
  auto difference = value.getDefiningOp<glm::SubOp>();
  if (!difference)
    return false;
  ops.insert(difference);
  Value squares = meanOfRows(difference.getX(), ops);
  return squares && squareOf(squares, ops) == x && squareOf(difference.getY(), ops) == mean;
}

/// The norm in which factor `at` is the inverse deviation and factor `i` is
/// what it divides.
std::optional<LayerNorm> normAround(ArrayRef<Factor> factors, size_t at, size_t i, Type type, OpSet &ops) {
  if (factors[at].power != -0.5 || factors[i].power != 1 || factors[i].base.getType() != type)
    return std::nullopt;
  Value centred = factors[i].base;
  Value mean = meanTakenFrom(centred, ops);
  if (!mean || !isOneARow(factors[at].read, centred))
    return std::nullopt;
  Value x = centred.getDefiningOp<glm::SubOp>().getX();
  auto shifted = statisticPlusEpsilon(factors[at].base, ops);
  if (!shifted || !isVariance(shifted->statistic, centred, x, mean, ops))
    return std::nullopt;
  auto scale = scaleAmong(factors, {at, i}, tensorType(x).getShape().back());
  if (!scale)
    return std::nullopt;
  return LayerNorm{x, *scale, shifted->epsilon};
}

/// A layer norm whose product is `product`; `root` is that or its sum with `bias`.
std::optional<Recovered> recoverFrom(OpBuilder &builder, Operation *product, Value bias, Operation *root) {
  OpSet around;
  around.insert(root);
  SmallVector<Factor> factors = factorsOf(product, around);
  for (size_t at = 0; at < factors.size(); ++at)
    for (size_t i = 0; i < factors.size(); ++i) {
      OpSet ops = around;
      auto norm = normAround(factors, at, i, root->getResult(0).getType(), ops);
      if (!norm || !areReadOnlyBy(ops, root))
        continue;
      RankedTensorType type = tensorType(norm->x);
      int64_t size = type.getShape().back();
      if ((!norm->scale || !bias) && !isCheapVector(size))
        continue;
      if (bias && !isVector(bias, size))
        continue;
      builder.setInsertionPoint(root);
      Location loc = fuseLocations(ops);
      auto vector = [&](Value value, double otherwise) {
        return value ? asVector(builder, value) : splatVector(builder, loc, type.getElementType(), size, otherwise);
      };
      Value scale = vector(norm->scale, 1), shift = vector(bias, 0);
      return Recovered{root, glm::LayerNormOp::create(builder, loc, type, norm->x, scale, shift,
                                                      builder.getF64FloatAttr(norm->epsilon))};
    }
  return std::nullopt;
}

std::optional<Recovered> recoverLayerNorm(OpBuilder &builder, Operation *root) {
  if (isa<glm::MulOp, glm::DivOp>(root))
    return recoverFrom(builder, root, {}, root);
  if (!isa<glm::AddOp>(root))
    return std::nullopt;
  for (int side : {0, 1}) {
    Operation *product = root->getOperand(side).getDefiningOp();
    if (!isa_and_nonnull<glm::MulOp, glm::DivOp>(product))
      continue;
    if (auto found = recoverFrom(builder, product, root->getOperand(1 - side), root))
      return found;
  }
  return std::nullopt;
}

struct RecoverLayerNormPass : glmc::impl::RecoverLayerNormBase<RecoverLayerNormPass> {
  void runOnOperation() override { recovered += recoverIdioms(getOperation(), recoverLayerNorm); }
};

} // namespace
