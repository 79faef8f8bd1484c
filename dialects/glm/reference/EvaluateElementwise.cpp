//===- EvaluateElementwise.cpp - One element in, one element out ------------===//
//
// Floats are computed in double and integers in 64 bits, then stored in the
// result's type, which rounds once or wraps. Integers wrap in uint64_t, since
// signed overflow is undefined in C++. Where ONNX leaves a value open it is
// what NumPy gives.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

#include <cmath>

using namespace mlir;

namespace glmc::reference {
namespace {

int64_t wrap(uint64_t bits) { return static_cast<int64_t>(bits); }
uint64_t bitsOf(int64_t value) { return static_cast<uint64_t>(value); }

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

template <typename Function>
Tensor mapFloats(const Tensor &x, RankedTensorType type, Function function) {
  std::vector<double> values = floatsOf(x);
  for (double &value : values)
    value = function(value);
  return tensorOfFloats(type, values);
}

template <typename Function>
Tensor mapIntegers(const Tensor &x, RankedTensorType type, Function function) {
  std::vector<int64_t> values = integersOf(x);
  for (int64_t &value : values)
    value = function(value);
  return tensorOfIntegers(type, values);
}

template <typename OnFloat>
Evaluator floatUnary(OnFloat onFloat) {
  return [=](Operation *, Operands in, RankedTensorType type) -> FailureOr<Tensor> {
    return mapFloats(in[0], type, onFloat);
  };
}

template <typename OnFloat, typename OnInteger>
Evaluator unary(OnFloat onFloat, OnInteger onInteger) {
  return [=](Operation *, Operands in, RankedTensorType type) -> FailureOr<Tensor> {
    return isFloat(in[0]) ? mapFloats(in[0], type, onFloat) : mapIntegers(in[0], type, onInteger);
  };
}

double sigmoidOf(double x) { return 1 / (1 + std::exp(-x)); }

FailureOr<Tensor> evaluateGelu(Operation *op, Operands in, RankedTensorType type) {
  if (cast<glm::GeluOp>(op).getTanh())
    return mapFloats(in[0], type, [](double x) {
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    });
  return mapFloats(in[0], type, [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); });
}

double signOf(double x) { return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x; }

FailureOr<Tensor> evaluateIsNan(Operation *, Operands in, RankedTensorType type) {
  return mapFloats(in[0], type, [](double x) { return std::isnan(x); });
}

/// Unsigned elements are positive, and int64_t holds those of 64 bits by bits.
FailureOr<Tensor> evaluateSign(Operation *, Operands in, RankedTensorType type) {
  if (isFloat(in[0]))
    return mapFloats(in[0], type, signOf);
  bool isUnsigned = type.getElementType().isUnsignedInteger();
  return mapIntegers(in[0], type, [=](int64_t x) { return x == 0 ? 0 : x > 0 || isUnsigned ? 1 : -1; });
}

FailureOr<Tensor> evaluateAbs(Operation *, Operands in, RankedTensorType type) {
  if (isFloat(in[0]))
    return mapFloats(in[0], type, [](double x) { return std::fabs(x); });
  bool isUnsigned = type.getElementType().isUnsignedInteger();
  return mapIntegers(in[0], type, [=](int64_t x) { return x >= 0 || isUnsigned ? x : wrap(-bitsOf(x)); });
}

/// An integer as a double from which rounding to any narrower float gives what
/// rounding the integer itself would: of inexact values the last bit kept is set.
double roundedToOdd(uint64_t magnitude) {
  constexpr int dropped = 20;
  if (magnitude >> 53) {
    bool inexact = magnitude & ((uint64_t(1) << dropped) - 1);
    magnitude = ((magnitude >> dropped) | uint64_t(inexact)) << dropped;
  }
  return static_cast<double>(magnitude);
}

Tensor integersToFloats(const Tensor &x, RankedTensorType type) {
  std::vector<int64_t> integers = integersOf(x);
  std::vector<double> values(integers.size());
  bool isUnsigned = isUnsigned64(x.type.getElementType()), isDouble = type.getElementType().isF64();
  for (size_t i = 0; i < values.size(); ++i) {
    bool negative = integers[i] < 0 && !isUnsigned;
    uint64_t magnitude = negative ? -bitsOf(integers[i]) : bitsOf(integers[i]);
    double value = isDouble ? static_cast<double>(magnitude) : roundedToOdd(magnitude);
    values[i] = negative ? -value : value;
  }
  return tensorOfFloats(type, values);
}

FailureOr<Tensor> evaluateCast(Operation *, Operands in, RankedTensorType type) {
  if (isFloat(in[0]))
    return tensorOfFloats(type, floatsOf(in[0]));
  if (isa<FloatType>(type.getElementType()))
    return integersToFloats(in[0], type);
  return tensorOfIntegers(type, integersOf(in[0]));
}

//===----------------------------------------------------------------------===//
// Two operands and where
//===----------------------------------------------------------------------===//

/// Combines two operands' numbers, broadcast to the result's shape.
template <typename Number, typename Function>
auto combine(Operands in, RankedTensorType type, const std::vector<Number> &x, const std::vector<Number> &y,
             Function function) {
  std::vector<std::decay_t<decltype(function(x[0], y[0]))>> results;
  results.reserve(type.getNumElements());
  walk<2>(type.getShape(),
          {broadcastStrides(in[0].shape(), type.getShape()), broadcastStrides(in[1].shape(), type.getShape())}, {0, 0},
          [&](std::array<int64_t, 2> at) { results.push_back(function(x[at[0]], y[at[1]])); });
  return results;
}

/// What an integer function gives; nothing where it has no meaning.
using MaybeInteger = std::optional<int64_t>;

template <typename OnInteger>
FailureOr<Tensor> combineIntegers(Operands in, RankedTensorType type, OnInteger onInteger) {
  bool isUnsigned = isUnsigned64(in[0].type.getElementType());
  bool defined = true;
  auto checked = [&](int64_t x, int64_t y) -> int64_t {
    MaybeInteger value = onInteger(x, y, isUnsigned);
    defined &= value.has_value();
    return value.value_or(0);
  };
  std::vector<int64_t> results = combine(in, type, integersOf(in[0]), integersOf(in[1]), checked);
  if (!defined)
    return failure();
  return tensorOfIntegers(type, results);
}

/// `onInteger(x, y, isUnsigned)`: with isUnsigned, the bits are ui64's; shorter
/// unsigned integers are just not negative.
template <typename OnFloat, typename OnInteger>
Evaluator binary(OnFloat onFloat, OnInteger onInteger) {
  return [=](Operation *, Operands in, RankedTensorType type) -> FailureOr<Tensor> {
    if (!isFloat(in[0]))
      return combineIntegers(in, type, onInteger);
    return tensorOfFloats(type, combine(in, type, floatsOf(in[0]), floatsOf(in[1]), onFloat));
  };
}

/// Comparisons: floats' outcomes are exact as 0.0 and 1.0.
template <typename OnFloat, typename OnSigned, typename OnUnsigned>
Evaluator comparison(OnFloat onFloat, OnSigned onSigned, OnUnsigned onUnsigned) {
  auto onInteger = [=](int64_t x, int64_t y, bool isUnsigned) -> MaybeInteger {
    return isUnsigned ? onUnsigned(bitsOf(x), bitsOf(y)) : onSigned(x, y);
  };
  return binary([=](double x, double y) -> double { return onFloat(x, y); }, onInteger);
}

MaybeInteger divideIntegers(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0)
    return std::nullopt;
  if (isUnsigned)
    return wrap(bitsOf(x) / bitsOf(y));
  return y == -1 ? wrap(-bitsOf(x)) : x / y;
}

/// The remainder that has y's sign, as Python's %.
MaybeInteger moduloIntegers(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0)
    return std::nullopt;
  if (isUnsigned)
    return wrap(bitsOf(x) % bitsOf(y));
  if (y == -1)
    return 0;
  int64_t remainder = x % y;
  return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
}

/// Squares and multiplies; wraps. A negative power truncates towards zero.
MaybeInteger powerIntegers(int64_t x, int64_t y, bool isUnsigned) {
  if (y < 0 && !isUnsigned) {
    if (x == 0)
      return std::nullopt;
    return x == 1 ? 1 : x != -1 ? 0 : y % 2 ? -1 : 1;
  }
  uint64_t power = 1, square = bitsOf(x);
  for (uint64_t rest = bitsOf(y); rest != 0; rest >>= 1) {
    if (rest & 1)
      power *= square;
    square *= square;
  }
  return wrap(power);
}

FailureOr<Tensor> evaluateSwiglu(Operation *, Operands in, RankedTensorType type) {
  auto gated = [](double gate, double up) { return gate * sigmoidOf(gate) * up; };
  return tensorOfFloats(type, combine(in, type, floatsOf(in[0]), floatsOf(in[1]), gated));
}

bool isLess(int64_t x, int64_t y, bool isUnsigned) { return isUnsigned ? bitsOf(x) < bitsOf(y) : x < y; }

FailureOr<Tensor> evaluateWhere(Operation *, Operands in, RankedTensorType type) {
  Tensor result(type);
  const int64_t bytes = elementBytes(type.getElementType());
  std::array<Dims, 3> strides;
  for (size_t v = 0; v < 3; ++v)
    strides[v] = broadcastStrides(in[v].shape(), type.getShape());
  uint8_t *out = result.bytes.data();
  walk<3>(type.getShape(), strides, {0, 0, 0}, [&](std::array<int64_t, 3> at) {
    bool condition = in[0].bytes[at[0]];
    const uint8_t *from = condition ? &in[1].bytes[at[1] * bytes] : &in[2].bytes[at[2] * bytes];
    std::copy(from, from + bytes, out);
    out += bytes;
  });
  return result;
}

void addUnary(Registry &registry) {
  registry[glm::NegOp::getOperationName()] =
      unary([](double x) { return -x; }, [](int64_t x) { return wrap(-bitsOf(x)); });
  registry[glm::AbsOp::getOperationName()] = evaluateAbs;
  registry[glm::SignOp::getOperationName()] = evaluateSign;
  registry[glm::SqrtOp::getOperationName()] = floatUnary([](double x) { return std::sqrt(x); });
  registry[glm::ReciprocalOp::getOperationName()] = floatUnary([](double x) { return 1 / x; });
  registry[glm::ExpOp::getOperationName()] = floatUnary([](double x) { return std::exp(x); });
  registry[glm::LogOp::getOperationName()] = floatUnary([](double x) { return std::log(x); });
  registry[glm::SinOp::getOperationName()] = floatUnary([](double x) { return std::sin(x); });
  registry[glm::CosOp::getOperationName()] = floatUnary([](double x) { return std::cos(x); });
  registry[glm::TanhOp::getOperationName()] = floatUnary([](double x) { return std::tanh(x); });
  registry[glm::SigmoidOp::getOperationName()] = floatUnary(sigmoidOf);
  registry[glm::ErfOp::getOperationName()] = floatUnary([](double x) { return std::erf(x); });
  registry[glm::GeluOp::getOperationName()] = evaluateGelu;
  registry[glm::FloorOp::getOperationName()] = floatUnary([](double x) { return std::floor(x); });
  registry[glm::CeilOp::getOperationName()] = floatUnary([](double x) { return std::ceil(x); });
  registry[glm::RoundOp::getOperationName()] = floatUnary([](double x) { return std::nearbyint(x); });
  registry[glm::NotOp::getOperationName()] = [](Operation *, Operands in, RankedTensorType type) -> FailureOr<Tensor> {
    return mapIntegers(in[0], type, [](int64_t x) { return x == 0; });
  };
  registry[glm::IsNanOp::getOperationName()] = evaluateIsNan;
  registry[glm::CastOp::getOperationName()] = evaluateCast;
}

void addArithmetic(Registry &registry) {
  registry[glm::AddOp::getOperationName()] =
      binary([](double x, double y) { return x + y; },
             [](int64_t x, int64_t y, bool) -> MaybeInteger { return wrap(bitsOf(x) + bitsOf(y)); });
  registry[glm::SubOp::getOperationName()] =
      binary([](double x, double y) { return x - y; },
             [](int64_t x, int64_t y, bool) -> MaybeInteger { return wrap(bitsOf(x) - bitsOf(y)); });
  registry[glm::MulOp::getOperationName()] =
      binary([](double x, double y) { return x * y; },
             [](int64_t x, int64_t y, bool) -> MaybeInteger { return wrap(bitsOf(x) * bitsOf(y)); });
  registry[glm::DivOp::getOperationName()] = binary([](double x, double y) { return x / y; }, divideIntegers);
  registry[glm::ModOp::getOperationName()] = binary([](double x, double y) { return std::fmod(x, y); }, moduloIntegers);
  registry[glm::PowOp::getOperationName()] = binary([](double x, double y) { return std::pow(x, y); }, powerIntegers);
  registry[glm::SwigluOp::getOperationName()] = evaluateSwiglu;
  // NaN wins over every number, as in NumPy.
  registry[glm::MaxOp::getOperationName()] =
      binary([](double x, double y) { return x >= y || std::isnan(x) ? x : y; },
             [](int64_t x, int64_t y, bool isUnsigned) -> MaybeInteger { return isLess(x, y, isUnsigned) ? y : x; });
  registry[glm::MinOp::getOperationName()] =
      binary([](double x, double y) { return x <= y || std::isnan(x) ? x : y; },
             [](int64_t x, int64_t y, bool isUnsigned) -> MaybeInteger { return isLess(y, x, isUnsigned) ? y : x; });
}

void addLogic(Registry &registry) {
  registry[glm::EqualOp::getOperationName()] = comparison(std::equal_to<>(), std::equal_to<>(), std::equal_to<>());
  registry[glm::LessOp::getOperationName()] = comparison(std::less<>(), std::less<>(), std::less<>());
  registry[glm::LessEqualOp::getOperationName()] =
      comparison(std::less_equal<>(), std::less_equal<>(), std::less_equal<>());
  auto logic = [](auto function) -> Evaluator {
    return [=](Operation *, Operands in, RankedTensorType type) {
      return combineIntegers(in, type, [=](int64_t x, int64_t y, bool) -> MaybeInteger { return function(x, y); });
    };
  };
  registry[glm::AndOp::getOperationName()] = logic(std::bit_and<>());
  registry[glm::OrOp::getOperationName()] = logic(std::bit_or<>());
  registry[glm::XorOp::getOperationName()] = logic(std::bit_xor<>());
  registry[glm::WhereOp::getOperationName()] = evaluateWhere;
}

} // namespace

void addElementwise(Registry &registry) {
  addUnary(registry);
  addArithmetic(registry);
  addLogic(registry);
}

} // namespace glmc::reference
