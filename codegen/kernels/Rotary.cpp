//===- Rotary.cpp - Rotation of pairs of features ---------------------------===//
//
// An index function: each element reads its own and its pair's element of the
// operand. Which of the pair it is, and where the other lies, is constant in
// loops that take a head apart as storeElementwise() does; elsewhere it is
// selected, and both possible partners are read inside of the row.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"

using namespace Halide;

namespace glmc::kernels {

namespace {
class RotaryElement {
public:
  RotaryElement(Builder &builder, const Node &node, const Index &index);
  Expr value() const;

private:
  Expr half(bool second) const;
  Expr halves() const;
  Expr interleaved() const;
  /// x * cos +- other * sin, for pair `pair` and the partner at `column`.
  Expr rotated(const Expr &pair, const Expr &column, const Expr &sign) const;
  Expr xAt(const Expr &column) const { return builder.computeAt(node.operands[0], {index[0], index[1], column}); }

  Builder &builder;
  const Node &node;
  const Index &index;
  int headSize, pairs;
  Expr inHead; ///< Place in the head.
  int64_t low = 0, high = 0;
};

RotaryElement::RotaryElement(Builder &builder, const Node &node, const Index &index)
    : builder(builder), node(node), index(index) {
  const Shape &shape = node.type.shape, &angles = builder.kernel.typeOf(node.operands.at(1)).shape;
  const int64_t heads = integer(node, "heads");
  if (node.operands.size() != 3 || shape.size() != 3 || angles.size() != 3 ||
      builder.kernel.typeOf(node.operands[2]).shape != angles || heads < 1 || shape[2] % heads != 0 ||
      2 * angles[2] > shape[2] / heads || angles[1] != shape[1] || (angles[0] != 1 && angles[0] != shape[0]))
    throw BuildError("operands of rotary do not fit it");
  headSize = static_cast<int>(shape[2] / heads), pairs = static_cast<int>(angles[2]);
  inHead = builder.simplifyKnown(index[2] % headSize);
  high = headSize - 1;
  builder.bounds(inHead, low, high);
}

Expr RotaryElement::rotated(const Expr &pair, const Expr &column, const Expr &sign) const {
  Index angle = {index[0], index[1], pair};
  Expr cosine = builder.computeAt(node.operands[1], angle), sine = builder.computeAt(node.operands[2], angle);
  return math::add(math::mul(xAt(index[2]), cosine), math::mul(math::mul(sign, xAt(column)), sine));
}

Expr RotaryElement::half(bool second) const {
  Expr sign = Internal::make_const(computeType(node.type.element), second ? 1 : -1);
  Expr pair = second ? inHead - pairs : inHead;
  Expr column = second ? index[2] - pairs : index[2] + pairs;
  // Not only where this half is stored: stay inside then.
  if (second ? low < pairs : high >= pairs)
    column = clamp(column, 0, static_cast<int>(node.type.shape[2]) - 1);
  if (second ? low < pairs || high >= 2 * pairs : high >= pairs)
    pair = clamp(pair, 0, pairs - 1);
  return rotated(builder.simplifyKnown(pair), builder.simplifyKnown(column), sign);
}

Expr RotaryElement::halves() const {
  Expr result = high >= 2 * pairs ? xAt(index[2]) : Expr();
  if (high >= pairs && low < 2 * pairs) {
    Expr second = half(true);
    result = result.defined() && low < 2 * pairs ? select(inHead < 2 * pairs, second, result) : second;
  }
  if (low < pairs) {
    Expr first = half(false);
    result = result.defined() ? select(inHead < pairs, first, result) : first;
  }
  return result;
}

Expr RotaryElement::interleaved() const {
  Expr rest = high >= 2 * pairs ? xAt(index[2]) : Expr();
  if (low >= 2 * pairs)
    return rest;
  Expr odd = builder.simplifyKnown(inHead % 2), pair = builder.simplifyKnown(inHead / 2);
  if (high >= 2 * pairs)
    pair = min(pair, pairs - 1);
  Type type = computeType(node.type.element);
  Expr sign = select(odd == 0, Internal::make_const(type, -1), Internal::make_one(type));
  // Not index + 1 - 2 * odd, which Halide cannot see to stay inside.
  Expr column = builder.simplifyKnown((index[2] - inHead) + 2 * pair + (1 - odd));
  Expr turned = rotated(pair, column, sign);
  return rest.defined() ? select(inHead < 2 * pairs, turned, rest) : turned;
}

Expr RotaryElement::value() const {
  if (pairs == 0)
    return builder.at(node.operands[0], index);
  const bool alternating = flag(node, "interleaved");
  if (alternating) {
    builder.wishCut(builder.simplifyKnown(inHead / 2), pairs);
  } else {
    builder.wishCut(inHead, pairs);
    builder.wishCut(inHead, 2 * pairs);
  }
  return fromCompute(alternating ? interleaved() : halves(), node.type.element);
}

Expr rotaryAt(Builder &builder, const Node &node, const Index &index) {
  return RotaryElement(builder, node, index).value();
}
} // namespace

void addRotaryOp(OpTable &table) { table["rotary"] = rotaryAt; }

} // namespace glmc::kernels
