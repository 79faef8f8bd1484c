//===- RecoverSwiglu.cpp - gate * sigmoid(gate) * up is one op --------------===//
//
// A product of three has three associations; sigmoid is an op or 1 / (1 + e^-g).
// Where gate and up come from does not matter here: slices of one matmul and
// two matmuls alike are left as they are, for kernel formation to join.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Idiom.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERSWIGLU
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// The g of 1 + e^-g; null if `value` is no such sum.
Value gateOfDenominator(Value value, OpSet &ops) {
  auto sum = value.getDefiningOp<glm::AddOp>();
  if (!sum)
    return {};
  for (int side : {0, 1}) {
    auto exp = sum->getOperand(side).getDefiningOp<glm::ExpOp>();
    auto neg = exp ? exp.getX().getDefiningOp<glm::NegOp>() : glm::NegOp();
    if (!neg || splatValue(sum->getOperand(1 - side)) != 1.0)
      continue;
    for (Operation *op : {sum.getOperation(), exp.getOperation(), neg.getOperation()})
      ops.insert(op);
    return neg.getX();
  }
  return {};
}

/// The g of sigmoid(g); null if `value` is none.
Value gateOfSigmoid(Value value, OpSet &ops) {
  Operation *op = value.getDefiningOp();
  if (auto sigmoid = dyn_cast_or_null<glm::SigmoidOp>(op)) {
    ops.insert(op);
    return sigmoid.getX();
  }
  Value denominator;
  if (auto reciprocal = dyn_cast_or_null<glm::ReciprocalOp>(op))
    denominator = reciprocal.getX();
  else if (auto div = dyn_cast_or_null<glm::DivOp>(op); div && splatValue(div.getX()) == 1.0)
    denominator = div.getY();
  Value gate = denominator ? gateOfDenominator(denominator, ops) : Value();
  if (gate)
    ops.insert(op);
  return gate;
}

struct Gated {
  Value gate, up;
  OpSet ops;
};

/// The product of these values as gate, sigmoid(gate), up in any order.
std::optional<Gated> gatedProduct(std::array<Value, 3> factors) {
  for (int sigmoid : {0, 1, 2})
    for (int turn : {1, 2}) {
      Gated gated = {factors[(sigmoid + turn) % 3], factors[(sigmoid + 3 - turn) % 3], {}};
      if (gateOfSigmoid(factors[sigmoid], gated.ops) == gated.gate)
        return gated;
    }
  return std::nullopt;
}

/// gate / (1 + e^-gate) times up, divided last or first.
std::optional<Gated> gatedQuotient(Value numerator, Value denominator, Value up) {
  Gated gated = {numerator, up, {}};
  if (gateOfDenominator(denominator, gated.ops) != numerator)
    return std::nullopt;
  return gated;
}

std::optional<Gated> gatedBy(Operation *root) {
  for (int side : {0, 1}) {
    Operation *inner = root->getOperand(side).getDefiningOp();
    Value other = root->getOperand(1 - side);
    if (!isa_and_nonnull<glm::MulOp, glm::DivOp>(inner) || (isa<glm::DivOp>(root) && side == 1))
      continue;
    Value a = inner->getOperand(0), b = inner->getOperand(1);
    std::optional<Gated> gated;
    if (isa<glm::MulOp>(root) && isa<glm::MulOp>(inner))
      gated = gatedProduct({a, b, other});
    else if (isa<glm::MulOp>(root))
      gated = gatedQuotient(a, b, other);
    else if (isa<glm::MulOp>(inner) && !(gated = gatedQuotient(a, other, b)))
      gated = gatedQuotient(b, other, a);
    if (!gated)
      continue;
    gated->ops.insert(root);
    gated->ops.insert(inner);
    return gated;
  }
  return std::nullopt;
}

std::optional<Recovered> recoverSwiglu(OpBuilder &builder, Operation *root) {
  if (!isa<glm::MulOp, glm::DivOp>(root))
    return std::nullopt;
  auto gated = gatedBy(root);
  Type type = root->getResult(0).getType();
  if (!gated || gated->gate.getType() != type || gated->up.getType() != type || !areReadOnlyBy(gated->ops, root))
    return std::nullopt;
  builder.setInsertionPoint(root);
  return Recovered{root, glm::SwigluOp::create(builder, fuseLocations(gated->ops), type, gated->gate,
                                               gated->up)};
}

struct RecoverSwigluPass : glmc::impl::RecoverSwigluBase<RecoverSwigluPass> {
  void runOnOperation() override { recovered += recoverIdioms(getOperation(), recoverSwiglu); }
};

} // namespace
