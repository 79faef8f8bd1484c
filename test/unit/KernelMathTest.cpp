//===- KernelMathTest.cpp - Math functions and arithmetic of kernels --------===//
//
// Against the C++ library in double, over dense samples and special values.
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstring>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

constexpr double inf = INFINITY;

Array runUnary(const std::string &op, const Array &x, Math math, Element result) {
  KernelMaker maker("unary_" + op + (math == Math::exact ? "_exact" : ""), "elementwise");
  int a = maker.argument(x.type);
  TensorType type = x.type;
  type.element = result;
  maker.kernel.math = math;
  auto outputs = run(maker.yield({maker.node(op, {a}, type)}, {{"vector", 8}}), {x});
  return outputs.empty() ? Array(type) : outputs[0];
}

Array runBinary(const std::string &op, const Array &x, const Array &y, Element result, Math math = Math::fast) {
  KernelMaker maker("binary_" + op + "_" + name(x.type.element), "elementwise");
  maker.kernel.math = math;
  int a = maker.argument(x.type), b = maker.argument(y.type);
  TensorType type = x.type;
  type.element = result;
  auto outputs = run(maker.yield({maker.node(op, {a, b}, type)}, {{"vector", 8}}), {x, y});
  return outputs.empty() ? Array(type) : outputs[0];
}

/// Distance in units of the last place of the nearest value of `element`.
double ulps(double got, double expected, Element element) {
  if (std::isnan(expected) || std::isnan(got))
    return std::isnan(expected) && std::isnan(got) ? 0 : inf;
  double rounded = element == Element::f32 ? static_cast<float>(expected) : expected;
  if (std::isinf(got) || std::isinf(rounded))
    return got == rounded ? 0 : inf;
  double ulp = element == Element::f32
                   ? std::nextafterf(std::fabs(static_cast<float>(expected)), INFINITY) - std::fabs(static_cast<float>(expected))
                   : std::nextafter(std::fabs(expected), INFINITY) - std::fabs(expected);
  return std::fabs(got - expected) / ulp;
}

struct Function {
  const char *name;
  double (*expected)(double);
  double low, high;
  double bound32, bound64;
  double absolute32 = 0, absolute64 = 0; ///< Error always allowed (zeros of sin).
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double reciprocal(double x) { return 1 / x; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double negate(double x) { return -x; }

const Function functions[] = {
    {"exp", std::exp, -104, 89, 2, 8},
    {"log", std::log, 1e-3, 30, 2, 8},
    {"sin", std::sin, -1000, 1000, 2, 8, 1e-7, 1e-15},
    {"cos", std::cos, -1000, 1000, 2, 8, 1e-7, 1e-15},
    {"tanh", std::tanh, -10, 10, 2, 8},
    {"sigmoid", sigmoid, -80, 80, 3, 8},
    {"erf", std::erf, -5, 5, 2, 16},
    {"sqrt", std::sqrt, 0, 100, 0.5, 0.5},
    {"reciprocal", reciprocal, -3, 3, 0.5, 0.5},
    {"floor", std::floor, -40, 40, 0, 0},
    {"ceil", std::ceil, -40, 40, 0, 0},
    {"round", std::nearbyint, -40, 40, 0, 0},
    {"neg", negate, -4, 4, 0, 0},
    {"abs", std::fabs, -4, 4, 0, 0},
    {"sign", sign, -4, 4, 0, 0},
};

void checkFunction(const Function &function, Element element, Math math) {
  std::vector<double> points;
  const int count = 40000;
  for (int i = 0; i < count; ++i)
    points.push_back(function.low + (function.high - function.low) * i / count);
  for (double scale = 1; scale > 1e-37; scale /= 3) { // towards zero, and halves
    points.push_back(scale * std::min(1.0, function.high));
    points.push_back(scale * std::max(-1.0, function.low));
  }
  for (int i = -20; i <= 20; ++i)
    points.push_back(i + 0.5);
  for (double extreme : {inf, -inf, static_cast<double>(NAN), 0.0, -0.0, 3e38, -3e38, 100.0, -110.0, 8388609.0, 1e-40})
    points.push_back(extreme);
  if (function.absolute32 > 0) // sines of huge arguments have no digits
    for (double &p : points)
      p = std::fabs(p) > 1e6 && std::isfinite(p) ? 99999.5 : p;
  Array x = arrayOf(tensor(element, {static_cast<int64_t>(points.size())}), points);
  Array y = runUnary(function.name, x, math, element);
  double worst = 0, at = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    double expected = function.expected(x.get(i));
    double error = ulps(y.get(i), expected, element);
    if (std::fabs(y.get(i) - expected) <= (element == Element::f32 ? function.absolute32 : function.absolute64))
      error = 0;
    if (!(error <= worst))
      worst = error, at = x.get(i);
  }
  double bound = element == Element::f32 ? function.bound32 : function.bound64;
  EXPECT_LE(worst, bound) << function.name << " of " << name(element) << " is worst at " << at;
  ::testing::Test::RecordProperty(std::string(function.name) + name(element), std::to_string(worst));
}

TEST(KernelMath, FunctionsOfFloat) {
  for (const Function &function : functions)
    for (Math math : {Math::fast, Math::exact})
      checkFunction(function, Element::f32, math);
}

TEST(KernelMath, FunctionsOfDouble) {
  for (const Function &function : functions)
    checkFunction(function, Element::f64, Math::fast);
}

TEST(KernelMath, SineOfLargeRotaryAngles) {
  Array x = randomArray(tensor(Element::f32, {20000}), -1e6, 1e6, 7);
  for (const char *op : {"sin", "cos"}) {
    Array y = runUnary(op, x, Math::fast, Element::f32);
    for (int64_t i = 0; i < x.size(); ++i)
      ASSERT_NEAR(y.get(i), op[0] == 's' ? std::sin(x.get(i)) : std::cos(x.get(i)), 1.2e-7) << x.get(i);
  }
}

TEST(KernelMath, FunctionsOfHalvesRoundOnce) {
  for (Element element : {Element::f16, Element::bf16}) {
    Array x = randomArray(tensor(element, {777}), -5, 5, 3);
    Array y = runUnary("tanh", x, Math::fast, element);
    for (int64_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(y.get(i), std::tanh(x.get(i)), std::fabs(y.get(i)) * (element == Element::f16 ? 6e-4 : 5e-3));
  }
}

TEST(KernelMath, PowersOfFloat) {
  Array x = randomArray(tensor(Element::f32, {4000}), 0, 50, 1), y = randomArray(x.type, -10, 10, 2);
  const double special[] = {0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, inf, -inf, static_cast<double>(NAN), 1e30, -1e30, 7.5};
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j)
      x.set(i * 16 + j, special[i]), y.set(i * 16 + j, special[j]);
  Array z = runBinary("pow", x, y, Element::f32);
  for (int64_t i = 0; i < x.size(); ++i)
    EXPECT_LE(ulps(z.get(i), std::pow(x.get(i), y.get(i)), Element::f32), 1) << x.get(i) << "^" << y.get(i);
  for (double exponent : {2.0, 3.0, 0.5, -0.5, -1.0, 0.0, 1.0, -2.0, 2.5}) {
    KernelMaker maker("pow_constant", "elementwise");
    int a = maker.argument(x.type), b = maker.constant(tensor(Element::f32, {}), {exponent});
    auto got = run(maker.yield({maker.node("pow", {a, b}, x.type)}, {{"vector", 8}}), {x});
    ASSERT_EQ(got.size(), 1u);
    for (int64_t i = 0; i < x.size(); ++i)
      EXPECT_LE(ulps(got[0].get(i), std::pow(x.get(i), exponent), Element::f32), 2) << x.get(i) << "^" << exponent;
  }
}

TEST(KernelMath, MaximumAndMinimumKeepNan) {
  Array x = arrayOf(tensor(Element::f32, {37}), {1, NAN, -inf, inf, 2}), y = arrayOf(x.type, {3, -1, NAN, 0});
  for (Math math : {Math::fast, Math::exact}) {
    Array larger = runBinary("max", x, y, Element::f32, math), smaller = runBinary("min", x, y, Element::f32, math);
    for (int64_t i = 0; i < x.size(); ++i) {
      bool isNan = std::isnan(x.get(i)) || std::isnan(y.get(i));
      EXPECT_EQ(ulps(larger.get(i), isNan ? NAN : std::max(x.get(i), y.get(i)), Element::f32), 0);
      EXPECT_EQ(ulps(smaller.get(i), isNan ? NAN : std::min(x.get(i), y.get(i)), Element::f32), 0);
    }
  }
}

TEST(KernelMath, InfiniteMasksAreExactInFastMode) {
  // x + (c ? 0 : -inf), and where(is_nan(y), 0, y): what attention exports.
  KernelMaker maker("mask", "elementwise");
  TensorType type = tensor(Element::f32, {3, 21}), boolean = tensor(Element::boolean, {3, 21});
  int x = maker.argument(type), c = maker.argument(boolean);
  int zero = maker.constant(tensor(Element::f32, {}), {0}), low = maker.constant(tensor(Element::f32, {}), {-inf});
  int mask = maker.node("where", {c, zero, low}, type), sum = maker.node("add", {x, mask}, type);
  int exponential = maker.node("exp", {sum}, type);
  int difference = maker.node("sub", {sum, sum}, type), isNan = maker.node("is_nan", {difference}, boolean);
  int guarded = maker.node("where", {isNan, low, exponential}, type);
  Array values = randomArray(type, -3, 3, 5), condition = randomArray(boolean, 0, 1, 6);
  for (int64_t i = 0; i < condition.size(); ++i)
    condition.set(i, i % 3 != 0);
  auto got = run(maker.yield({sum, exponential, guarded}, {{"vector", 8}}), {values, condition});
  ASSERT_EQ(got.size(), 3u);
  for (int64_t i = 0; i < values.size(); ++i) {
    double expected = i % 3 ? values.get(i) : -inf;
    EXPECT_EQ(got[0].get(i), expected);
    EXPECT_LE(ulps(got[1].get(i), std::exp(expected), Element::f32), 2);
    EXPECT_EQ(std::isinf(got[2].get(i)), i % 3 == 0);
  }
}

TEST(KernelMath, InfiniteConstantsSurviveWithoutArithmetic) {
  KernelMaker maker("mask_only", "elementwise");
  TensorType type = tensor(Element::f32, {21}), boolean = tensor(Element::boolean, {21});
  int x = maker.argument(type), c = maker.argument(boolean), low = maker.constant(tensor(Element::f32, {}), {-inf});
  Array values = randomArray(type, -3, 3, 5), condition = arrayOf(boolean, {0, 1, 1});
  auto got = run(maker.yield({maker.node("where", {c, x, low}, type)}, {{"vector", 8}}), {values, condition});
  ASSERT_EQ(got.size(), 1u);
  for (int64_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(got[0].get(i), i % 3 ? values.get(i) : -inf);
}

TEST(KernelMath, IntegersNeverTrapAndWrap) {
  for (Element element : {Element::i8, Element::i32, Element::i64}) {
    const int64_t lowest = element == Element::i8 ? INT8_MIN : element == Element::i32 ? INT32_MIN : INT64_MIN;
    Array x(tensor(element, {49})), y(x.type);
    const int64_t values[] = {7, -7, 0, 3, -1, lowest, -lowest - 1};
    for (int i = 0; i < 49; ++i)
      x.setInteger(i, values[i / 7]), y.setInteger(i, values[i % 7]);
    Array quotient = runBinary("div", x, y, element), rest = runBinary("mod", x, y, element);
    Array sum = runBinary("add", x, y, element), product = runBinary("mul", x, y, element);
    for (int i = 0; i < 49; ++i) {
      int64_t a = values[i / 7], b = values[i % 7];
      __int128 q = b == 0 ? 0 : __int128(a) / b, r = b == 0 ? 0 : __int128(a) % b;
      if (r != 0 && (r < 0) != (b < 0))
        r += b;
      Array expected(x.type);
      expected.setInteger(0, static_cast<int64_t>(q));
      EXPECT_EQ(quotient.integer(i), expected.integer(0)) << a << " / " << b;
      expected.setInteger(0, static_cast<int64_t>(r));
      EXPECT_EQ(rest.integer(i), expected.integer(0)) << a << " mod " << b;
      expected.setInteger(0, static_cast<int64_t>(uint64_t(a) + uint64_t(b)));
      EXPECT_EQ(sum.integer(i), expected.integer(0));
      expected.setInteger(0, static_cast<int64_t>(uint64_t(a) * uint64_t(b)));
      EXPECT_EQ(product.integer(i), expected.integer(0));
    }
  }
}

TEST(KernelMath, IntegerPowers) {
  Array x = arrayOf(tensor(Element::i64, {30}), {2, -3, 1, -1, 0, 10}), y = arrayOf(x.type, {3, 0, 5, -1, 13});
  Array z = runBinary("pow", x, y, Element::i64);
  for (int64_t i = 0; i < x.size(); ++i) {
    double expected = std::trunc(std::pow(x.get(i), y.get(i)));
    if (x.get(i) != 0 || y.get(i) >= 0) {
      EXPECT_EQ(z.get(i), expected) << x.get(i) << "^" << y.get(i);
    }
  }
}

TEST(KernelMath, RemainderOfFloats) {
  Array x = randomArray(tensor(Element::f32, {999}), -1000, 1000, 1), y = randomArray(x.type, -7, 7, 2);
  x.set(0, inf), y.set(1, inf), y.set(2, 0), x.set(3, NAN), x.set(4, -0.0), x.set(5, 1e7);
  Array z = runBinary("mod", x, y, Element::f32);
  for (int64_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(ulps(z.get(i), std::fmod(x.get(i), y.get(i)), Element::f32), 0) << x.get(i) << " mod " << y.get(i);
}

TEST(KernelMath, Comparisons) {
  Array x = arrayOf(tensor(Element::f32, {35}), {1, 2, NAN, -0.0, inf}), y = arrayOf(x.type, {2, 2, 0, inf, NAN, 1, 0.0});
  Array equal = runBinary("equal", x, y, Element::boolean), less = runBinary("less", x, y, Element::boolean);
  Array lessEqual = runBinary("less_equal", x, y, Element::boolean);
  for (int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(equal.integer(i), x.get(i) == y.get(i));
    EXPECT_EQ(less.integer(i), x.get(i) < y.get(i));
    EXPECT_EQ(lessEqual.integer(i), x.get(i) <= y.get(i));
  }
  Array a = arrayOf(tensor(Element::boolean, {12}), {0, 1}), b = arrayOf(a.type, {0, 0, 1, 1});
  Array both = runBinary("and", a, b, Element::boolean), either = runBinary("or", a, b, Element::boolean);
  Array one = runBinary("xor", a, b, Element::boolean), none = runUnary("not", a, Math::fast, Element::boolean);
  for (int64_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(both.integer(i), a.integer(i) & b.integer(i));
    EXPECT_EQ(either.integer(i), a.integer(i) | b.integer(i));
    EXPECT_EQ(one.integer(i), a.integer(i) ^ b.integer(i));
    EXPECT_EQ(none.integer(i), !a.integer(i));
  }
}

Array castTo(const Array &x, Element to) {
  KernelMaker maker(std::string("cast_") + name(x.type.element) + "_" + name(to), "elementwise");
  int a = maker.argument(x.type);
  auto got = run(maker.yield({maker.node("cast", {a}, tensor(to, x.type.shape))}, {{"vector", 8}}), {x});
  return got.empty() ? Array(tensor(to, x.type.shape)) : got[0];
}

TEST(KernelMath, CastsFromFloat) {
  Array x = arrayOf(tensor(Element::f32, {40}), {0, 1.9, -1.9, 100.5, -0.0, 65504, 1e-7, 3.1415926, -70000, 6e-8, 0.1});
  for (Element to : {Element::i32, Element::i64, Element::f16, Element::bf16, Element::f64, Element::boolean}) {
    Array y = castTo(x, to), expected(y.type);
    for (int64_t i = 0; i < x.size(); ++i)
      expected.set(i, x.get(i));
    EXPECT_EQ(y.bytes, expected.bytes) << name(to);
  }
  // Out of range is anything, but not undefined behaviour: no trap, one value.
  Array wild = arrayOf(x.type, {NAN, inf, -inf, 1e30, -1e30});
  Array saturated = castTo(wild, Element::i32);
  const int64_t expected[] = {0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN};
  for (int64_t i = 0; i < wild.size(); ++i)
    EXPECT_EQ(saturated.integer(i), expected[i % 5]);
}

TEST(KernelMath, CastsToFloatRoundToNearest) {
  Array wide = arrayOf(tensor(Element::f64, {36}), {1 + 1e-10, 1.00048828125 + 1e-12, 2049, 65519.99, 65520, -1e-8, 5.960464477539063e-08,
                                                    2.98e-8, NAN, inf, 6.1e-5, 0.1});
  for (Element to : {Element::f32, Element::f16}) {
    Array y = castTo(wide, to), expected(y.type);
    for (int64_t i = 0; i < wide.size(); ++i) {
      expected.set(i, wide.get(i));
      EXPECT_EQ(ulps(y.get(i), expected.get(i), Element::f64), 0) << wide.get(i) << " to " << name(to);
    }
  }
  Array integers = arrayOf(tensor(Element::i64, {20}), {0, -3, 16777217, 2049, 1e15, -7e4});
  for (Element to : {Element::f32, Element::f16, Element::f64, Element::i32, Element::i8, Element::u8, Element::boolean}) {
    Array y = castTo(integers, to), expected(y.type);
    for (int64_t i = 0; i < integers.size(); ++i)
      if (to == Element::boolean)
        expected.set(i, integers.integer(i) != 0);
      else if (name(to)[0] == 'f')
        expected.set(i, integers.get(i));
      else
        expected.setInteger(i, integers.integer(i));
    EXPECT_EQ(y.bytes, expected.bytes) << name(to);
  }
}

} // namespace
