//===- Elementwise.cpp - One element in, one element out --------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"

using namespace Halide;

namespace glmc::kernels {

namespace {

template <Expr (*function)(const Expr &)> Expr unaryAt(Builder &builder, const Node &node, const Index &index) {
  return fromCompute(function(builder.computeAt(node.operands[0], index)), node.type.element);
}

/// Operand i of a broadcasting op.
Expr operandAt(Builder &builder, const Node &node, size_t i, const Index &index) {
  return builder.computeAt(node.operands[i], broadcastIndex(index, builder.kernel.typeOf(node.operands[i]).shape));
}

template <Expr (*function)(const Expr &, const Expr &)>
Expr binaryAt(Builder &builder, const Node &node, const Index &index) {
  Expr result = function(operandAt(builder, node, 0, index), operandAt(builder, node, 1, index));
  return fromCompute(result, node.type.element);
}

Expr reciprocal(const Expr &x) { return math::div(Internal::make_one(x.type()), x); }
Expr logicalNot(const Expr &x) { return !x; }
Expr logicalAnd(const Expr &a, const Expr &b) { return a && b; }
Expr logicalOr(const Expr &a, const Expr &b) { return a || b; }
Expr logicalXor(const Expr &a, const Expr &b) { return a != b; }

Expr whereAt(Builder &builder, const Node &node, const Index &index) {
  // Chosen as stored: halves are not converted on the way.
  auto operand = [&](size_t i) {
    return builder.at(node.operands[i], broadcastIndex(index, builder.kernel.typeOf(node.operands[i]).shape));
  };
  return select(operand(0), operand(1), operand(2));
}

/// x as f32 so that rounding that again to a half is right: cut off, with the
/// last bit set where anything was lost ("round to odd"). By bits, because fast
/// math takes the way to f32 and back for no change at all.
Expr roundToOdd(const Expr &x) {
  Expr bits = reinterpret<uint64_t>(x), lostMask = Expr(uint64_t(0x1fffffff));
  Expr narrow = reinterpret<uint32_t>(cast<float>(reinterpret<double>(bits & ~lostMask)));
  Expr finite = (narrow & Expr(0x7fffffffu)) < Expr(0x7f800000u);
  Expr inexact = (bits & lostMask) != Internal::make_zero(UInt(64));
  return reinterpret<float>(select(inexact && finite, narrow | Expr(1u), narrow));
}

Expr castAt(Builder &builder, const Node &node, const Index &index) {
  Element from = builder.kernel.typeOf(node.operands[0]).element, to = node.type.element;
  if (from == to)
    return builder.at(node.operands[0], index);
  Expr x = builder.computeAt(node.operands[0], index);
  Type type = computeType(to);
  if (to == Element::boolean)
    return isFloat(from) ? !math::equal(x, Internal::make_zero(x.type())) : x != Internal::make_zero(x.type());
  if (from == Element::boolean)
    return fromCompute(select(x, Internal::make_one(type), Internal::make_zero(type)), to);
  if (isFloat(from) && !isFloat(to))
    return math::floatToInt(x, type);
  bool wide = x.type() == Float(64) || (!isFloat(from) && x.type().bits() >= 32);
  if (wide && (to == Element::f16 || to == Element::bf16))
    return fromCompute(roundToOdd(isFloat(from) ? x : cast<double>(x)), to);
  return fromCompute(isFloat(from) ? math::convertFloat(x, type) : cast(type, x), to);
}

} // namespace

void addElementwiseOps(OpTable &table) {
  table["neg"] = unaryAt<math::neg>;
  table["abs"] = unaryAt<math::abs>;
  table["sign"] = unaryAt<math::sign>;
  table["sqrt"] = unaryAt<math::sqrt>;
  table["reciprocal"] = unaryAt<reciprocal>;
  table["exp"] = unaryAt<math::exp>;
  table["log"] = unaryAt<math::log>;
  table["sin"] = unaryAt<math::sin>;
  table["cos"] = unaryAt<math::cos>;
  table["tanh"] = unaryAt<math::tanh>;
  table["sigmoid"] = unaryAt<math::sigmoid>;
  table["erf"] = unaryAt<math::erf>;
  table["floor"] = unaryAt<math::floor>;
  table["ceil"] = unaryAt<math::ceil>;
  table["round"] = unaryAt<math::roundEven>;
  table["not"] = unaryAt<logicalNot>;
  table["is_nan"] = unaryAt<math::isNan>;
  table["cast"] = castAt;
  table["add"] = binaryAt<math::add>;
  table["sub"] = binaryAt<math::sub>;
  table["mul"] = binaryAt<math::mul>;
  table["div"] = binaryAt<math::div>;
  table["mod"] = binaryAt<math::mod>;
  table["pow"] = binaryAt<math::pow>;
  table["max"] = binaryAt<math::max>;
  table["min"] = binaryAt<math::min>;
  table["equal"] = binaryAt<math::equal>;
  table["less"] = binaryAt<math::less>;
  table["less_equal"] = binaryAt<math::lessEqual>;
  table["and"] = binaryAt<logicalAnd>;
  table["or"] = binaryAt<logicalOr>;
  table["xor"] = binaryAt<logicalXor>;
  table["where"] = whereAt;
}

//===----------------------------------------------------------------------===//
// The family
//===----------------------------------------------------------------------===//

namespace {
/// Stores one result: first looks where concatenations want cuts, then makes a
/// stage a segment.
Func storeResult(Builder &builder, int value, const std::string &name, int lanes, int unroll) {
  const TensorType &type = builder.kernel.typeOf(value);
  std::vector<int> dims = keptDimensions(type.shape);
  Shape size;
  for (int dim : dims)
    size.push_back(type.shape[dim]);
  Segment whole = {Shape(size.size(), 0), size};
  std::vector<std::set<int64_t>> cuts(size.size());
  Loops trial = builder.makeLoops(name + "_all", type.shape, dims, whole);
  builder.cuts = &cuts, builder.cutLoops = &trial, builder.cutSegment = &whole;
  builder.at(value, trial.index);
  builder.cuts = nullptr;
  builder.forget();

  std::vector<Segment> segments = makeSegments(size, cuts, lanes);
  if (segments.size() > 32) // a concatenation of many: selects instead
    segments = makeSegments(size, {}, lanes);
  Func output = builder.makeOutput(name, type, dims);
  for (size_t i = 0; i < segments.size(); ++i) {
    Loops loops = builder.makeLoops(name + "_" + std::to_string(i), type.shape, dims, segments[i]);
    Stage stage = builder.store(output, loops, builder.at(value, loops.index), type.element);
    vectorise(stage, loops, segments[i], lanes, unroll);
    builder.forget();
  }
  return output;
}
} // namespace

std::vector<Func> buildElementwise(Builder &builder) {
  int lanes = builder.schedule("vector", 1), unroll = builder.schedule("unroll", 1, 64);
  std::vector<Func> outputs;
  for (size_t i = 0; i < builder.kernel.results.size(); ++i)
    outputs.push_back(storeResult(builder, builder.kernel.results[i], "result" + std::to_string(i), lanes, unroll));
  return outputs;
}

} // namespace glmc::kernels
