//===- TransformerOps.cpp - Verifiers of norms, rotary and attention --------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether `value` is a vector as long as x's last dimension, of x's elements.
static LogicalResult verifyRowVector(Operation *op, StringRef what, Value value, Value x) {
  RankedTensorType type = typeOf(x);
  if (type.getRank() == 0)
    return op->emitOpError() << "normalises the last dimension of " << type << ", which has none";
  auto expected = RankedTensorType::get({type.getShape().back()}, type.getElementType());
  if (value.getType() != expected)
    return op->emitOpError() << what << " is " << value.getType() << ", expected " << expected;
  return success();
}

static LogicalResult verifyEpsilon(Operation *op, const APFloat &epsilon) {
  if (!epsilon.isFinite() || epsilon.isNegative())
    return op->emitOpError() << "epsilon is negative or not finite";
  return success();
}

LogicalResult RmsNormOp::verify() {
  return success(succeeded(verifyRowVector(*this, "scale", getScale(), getX())) &&
                 succeeded(verifyEpsilon(*this, getEpsilon())));
}

LogicalResult LayerNormOp::verify() {
  return success(succeeded(verifyRowVector(*this, "scale", getScale(), getX())) &&
                 succeeded(verifyRowVector(*this, "bias", getBias(), getX())) &&
                 succeeded(verifyEpsilon(*this, getEpsilon())));
}

LogicalResult RotaryOp::verify() {
  RankedTensorType x = typeOf(getX()), cos = typeOf(getCos());
  int64_t heads = getHeads();
  if (x.getRank() != 3 || heads < 1 || x.getDimSize(2) % heads != 0)
    return emitOpError() << "x is " << x << ", expected [batch, tokens, heads * features] with " << heads << " heads";
  if (getSin().getType() != cos || cos.getRank() != 3 || cos.getElementType() != x.getElementType())
    return emitOpError() << "cos and sin are " << cos << " and " << getSin().getType()
                         << ", expected one type of rank 3 with elements of x";
  if ((cos.getDimSize(0) != 1 && cos.getDimSize(0) != x.getDimSize(0)) || cos.getDimSize(1) != x.getDimSize(1) ||
      cos.getDimSize(2) > x.getDimSize(2) / heads / 2)
    return emitOpError() << "cos is " << cos << ", expected an angle for each token of " << x
                         << " and at most half of a head's " << x.getDimSize(2) / heads << " features";
  return success();
}

/// [batch, tokens, features of a head] of keys or values of either layout;
/// nothing if the shape is neither.
static std::optional<std::array<int64_t, 3>> keyValueShape(RankedTensorType type, int64_t heads) {
  if (type.getRank() == 3 && type.getDimSize(2) % heads == 0)
    return {{type.getDimSize(0), type.getDimSize(1), type.getDimSize(2) / heads}};
  if (type.getRank() == 4 && type.getDimSize(1) == heads)
    return {{type.getDimSize(0), type.getDimSize(2), type.getDimSize(3)}};
  return std::nullopt;
}

/// Whether `value` is one integer.
static LogicalResult verifyCount(Operation *op, StringRef what, Value value) {
  if (typeOf(value).getShape() == ArrayRef<int64_t>({1}))
    return success();
  return op->emitOpError() << what << " is " << value.getType() << ", expected one integer of shape [1]";
}

LogicalResult AttentionOp::verify() {
  RankedTensorType q = typeOf(getQ()), k = typeOf(getK()), v = typeOf(getV()), y = typeOf(getY());
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0)
    return emitOpError() << "has " << heads << " heads for " << kvHeads << " key-value heads, expected a multiple";
  if (q.getRank() != 3 || q.getDimSize(2) % heads != 0)
    return emitOpError() << "q is " << q << ", expected [batch, tokens, heads * features] with " << heads << " heads";
  auto keys = keyValueShape(k, kvHeads), values = keyValueShape(v, kvHeads);
  int64_t batch = q.getDimSize(0), tokens = q.getDimSize(1);
  if (!keys || !values || (*keys)[0] != batch || (*values)[0] != batch || (*keys)[1] != (*values)[1] ||
      (*keys)[2] != q.getDimSize(2) / heads)
    return emitOpError() << "k and v are " << k << " and " << v << ", which do not go with q of " << q << ", " << heads
                         << " heads and " << kvHeads << " key-value heads";
  auto expected = RankedTensorType::get({batch, tokens, heads * (*values)[2]}, q.getElementType());
  if (y != expected || k.getElementType() != q.getElementType() || v.getElementType() != q.getElementType())
    return emitOpError() << "yields " << y << ", expected " << expected << " from operands of one element type";
  if (Value mask = getMask()) {
    RankedTensorType type = typeOf(mask);
    SmallVector<int64_t> scores = {batch, heads, tokens, (*keys)[1]};
    auto shape = broadcastShapes({type.getShape(), scores});
    if (type.getRank() != 4 || !shape || *shape != scores ||
        !(type.getElementType().isInteger(1) || type.getElementType() == q.getElementType()))
      return emitOpError() << "mask is " << type << ", expected booleans or elements of q that broadcast to ["
                           << batch << ", " << heads << ", " << tokens << ", " << (*keys)[1] << "]";
  }
  if (Value past = getPast()) {
    if (failed(verifyCount(*this, "past", past)))
      return failure();
    if ((*keys)[1] < tokens)
      return emitOpError() << "has room for " << (*keys)[1] << " tokens, expected at least the " << tokens << " of q";
  }
  if (!getScale().isFinite())
    return emitOpError() << "scale is not finite";
  return success();
}

LogicalResult CacheWriteOp::verify() {
  RankedTensorType cache = typeOf(getCache()), tokens = typeOf(getTokens());
  if (cache.getRank() != 4)
    return emitOpError() << "cache is " << cache << ", expected [batch, heads, tokens, features]";
  auto rows = keyValueShape(tokens, cache.getDimSize(1));
  if (!rows || (*rows)[0] != cache.getDimSize(0) || (*rows)[2] != cache.getDimSize(3) ||
      tokens.getElementType() != cache.getElementType())
    return emitOpError() << "tokens are " << tokens << ", which do not go into " << cache;
  if ((*rows)[1] > cache.getDimSize(2))
    return emitOpError() << "writes " << (*rows)[1] << " tokens into " << cache;
  return verifyCount(*this, "at", getAt());
}

} // namespace glmc::glm
