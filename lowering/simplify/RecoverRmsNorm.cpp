//===- RecoverRmsNorm.cpp - x / sqrt(mean(x^2) + e) * g is one op -----------===//
//
// 1. Flatten a product into factors x, (mean(x^2) + e)^-0.5 and perhaps g.
// 2. Check that the mean is over x's last dimension and g is a vector of it.
// 3. If nothing else reads the ops between, put a glm.rms_norm in their place.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/NormMatch.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERRMSNORM
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct RmsNorm {
  Value x, scale; ///< No scale: ones.
  double epsilon;
};

/// Whether x is centred, so that the norm is a layer norm.
bool isCentred(Value x) {
  OpSet ops;
  return bool(meanTakenFrom(x, ops));
}

/// The norm in which factor `at` is the inverse deviation.
std::optional<RmsNorm> normAround(ArrayRef<Factor> factors, size_t at, Type type, OpSet &ops) {
  if (factors[at].power != -0.5)
    return std::nullopt;
  auto shifted = statisticPlusEpsilon(factors[at].base, ops);
  if (!shifted)
    return std::nullopt;
  Value squares = meanOfRows(shifted->statistic, ops);
  Value x = squares ? squareOf(squares, ops) : Value();
  if (!x || x.getType() != type || !isOneARow(factors[at].read, x) || isCentred(x))
    return std::nullopt;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (factors[i].base != x || factors[i].power != 1)
      continue;
    auto scale = scaleAmong(factors, {at, i}, tensorType(x).getShape().back());
    if (scale)
      return RmsNorm{x, *scale, shifted->epsilon};
  }
  return std::nullopt;
}

std::optional<Recovered> recoverRmsNorm(OpBuilder &builder, Operation *root) {
  if (!isa<glm::MulOp, glm::DivOp>(root))
    return std::nullopt;
  OpSet product;
  SmallVector<Factor> factors = factorsOf(root, product);
  for (size_t at = 0; at < factors.size(); ++at) {
    OpSet ops = product;
    auto norm = normAround(factors, at, root->getResult(0).getType(), ops);
    if (!norm || !areReadOnlyBy(ops, root))
      continue;
    RankedTensorType type = tensorType(norm->x);
    int64_t size = type.getShape().back();
    if (!norm->scale && !isCheapVector(size))
      continue;
    builder.setInsertionPoint(root);
    Location loc = fuseLocations(ops);
    Value scale = norm->scale ? asVector(builder, norm->scale)
                              : splatVector(builder, loc, type.getElementType(), size, 1);
    return Recovered{root, glm::RmsNormOp::create(builder, loc, type, norm->x, scale,
                                                  builder.getF64FloatAttr(norm->epsilon))};
  }
  return std::nullopt;
}

struct RecoverRmsNormPass : glmc::impl::RecoverRmsNormBase<RecoverRmsNormPass> {
  void runOnOperation() override { recovered += recoverIdioms(getOperation(), recoverRmsNorm); }
};

} // namespace
