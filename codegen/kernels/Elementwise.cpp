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

Expr geluAt(Builder &builder, const Node &node, const Index &index) {
  Expr x = builder.computeAt(node.operands[0], index);
  auto constant = [&](double value) { return Internal::make_const(x.type(), value); };
  Expr inner;
  if (flag(node, "tanh")) {
    Expr cube = math::mul(math::mul(x, x), x);
    inner = math::tanh(math::mul(constant(0.79788456080286535588), math::add(x, math::mul(constant(0.044715), cube))));
  } else {
    inner = math::erf(math::mul(x, constant(0.70710678118654752440)));
  }
  Expr result = math::mul(math::mul(constant(0.5), x), math::add(constant(1), inner));
  return fromCompute(result, node.type.element);
}

Expr swigluAt(Builder &builder, const Node &node, const Index &index) {
  Expr gate = builder.computeAt(node.operands[0], index), up = builder.computeAt(node.operands[1], index);
  return fromCompute(math::mul(math::mul(gate, math::sigmoid(gate)), up), node.type.element);
}

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
  if (Expr saturated = saturatedAt(builder, node, index); saturated.defined())
    return saturated;
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
  table["gelu"] = geluAt;
  table["swiglu"] = swigluAt;
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
/// Dimensions that loops run over: the value's, the last one in parts where
/// rotary ops want that.
Shape loopShape(const Kernel &kernel, const Shape &shape) {
  for (const Node &node : kernel.nodes) {
    if (node.op != "rotary" || node.type.shape != shape || shape.empty())
      continue;
    int64_t heads = integer(node, "heads"), size = heads > 0 ? shape.back() / heads : 0;
    Shape parts(shape.begin(), shape.end() - 1);
    parts.push_back(heads);
    if (flag(node, "interleaved") && size % 2 == 0) {
      parts.push_back(size / 2);
      parts.push_back(2);
    } else {
      parts.push_back(size);
    }
    if (product(parts) == product(shape))
      return parts;
  }
  return shape;
}

/// The logical index of a place in the loops over loopShape().
Index logicalIndex(const Index &index, const Shape &loops, const Shape &shape) {
  if (loops.size() == shape.size())
    return index;
  Index result(index.begin(), index.begin() + shape.size() - 1);
  size_t first = shape.size() - 1;
  result.push_back(flatten(Index(index.begin() + first, index.end()), Shape(loops.begin() + first, loops.end())));
  return result;
}

/// Loops whose innermost dimension is a pair: vectors along the next one, whose
/// two stores Halide makes one of.
void vectorisePairs(Stage stage, const Loops &loops, const Segment &segment, int lanes) {
  lanes = powerOfTwoLanes(lanes, segment.size[segment.size.size() - 2]);
  RVar pair = loops.variables[0], outer("o"), inner("v");
  stage.allow_race_conditions();
  stage.split(loops.variables[1], outer, inner, lanes).reorder(inner, pair, outer).unroll(pair);
  if (lanes > 1)
    stage.vectorize(inner);
}
} // namespace

Func storeElementwise(Builder &builder, int value, const std::string &name, int lanes, int unroll,
                      const std::function<void()> &define) {
  TensorType type = builder.kernel.typeOf(value);
  const Shape logical = type.shape;
  type.shape = loopShape(builder.kernel, logical);
  const bool pairs = type.shape.size() == logical.size() + 2;
  std::vector<int> dims = keptDimensions(type.shape);
  Shape size;
  for (int dim : dims)
    size.push_back(type.shape[dim]);
  Segment whole = {Shape(size.size(), 0), size};
  // First look where concatenations want cuts, then make a stage a segment.
  std::vector<std::set<int64_t>> cuts(size.size());
  Loops trial = builder.makeLoops(name + "_all", type.shape, dims, whole);
  builder.cuts = &cuts, builder.cutLoops = &trial, builder.cutSegment = &whole;
  if (define)
    define();
  builder.at(value, logicalIndex(trial.index, type.shape, logical));
  builder.cuts = nullptr;
  builder.forget();

  auto segmentsOf = [&](const std::vector<std::set<int64_t>> &at) {
    if (!pairs)
      return makeSegments(size, at, lanes);
    // Whole vectors of pairs: as if there were no pairs, which come back after.
    std::vector<std::set<int64_t>> outer(at.begin(), at.empty() ? at.end() : at.end() - 1);
    std::vector<Segment> segments = makeSegments(Shape(size.begin(), size.end() - 1), outer, lanes);
    for (Segment &segment : segments) {
      segment.begin.push_back(0);
      segment.size.push_back(2);
    }
    return segments;
  };
  std::vector<Segment> segments = segmentsOf(cuts);
  if (segments.size() > 32) // a concatenation of many: selects instead
    segments = segmentsOf({});
  Func output = builder.makeOutput(name, type, dims);
  for (size_t i = 0; i < segments.size(); ++i) {
    Loops loops = builder.makeLoops(name + "_" + std::to_string(i), type.shape, dims, segments[i]);
    if (define)
      define();
    Expr element = builder.at(value, logicalIndex(loops.index, type.shape, logical));
    Stage stage = builder.store(output, loops, element, type.element);
    if (pairs && size.size() > 1)
      vectorisePairs(stage, loops, segments[i], lanes);
    else
      vectorise(stage, loops, segments[i], lanes, unroll);
    builder.forget();
  }
  return output;
}

std::vector<Func> buildElementwise(Builder &builder) {
  int lanes = builder.schedule("vector", 1), unroll = builder.schedule("unroll", 1, 64);
  std::vector<Func> outputs;
  for (size_t i = 0; i < builder.kernel.results.size(); ++i)
    outputs.push_back(storeElementwise(builder, builder.kernel.results[i], "result" + std::to_string(i), lanes, unroll));
  return outputs;
}

} // namespace glmc::kernels
