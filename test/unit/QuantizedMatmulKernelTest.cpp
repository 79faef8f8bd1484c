//===- QuantizedMatmulKernelTest.cpp - Products with integers, by definition -===//
//
// Right sides of integers with scales (and zeros) by groups of k, left sides of
// floats or rounded to 8 bits when the kernel runs. Held against plain loops over
// the definitions in dialects/glm/MatmulOps.td: within bounds in fast mode, and
// bit for bit in exact mode, where the order of sums is defined.
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
using Schedule = std::map<std::string, int64_t>;
constexpr Element f32 = Element::f32;
enum Dots { dotFloats = 1, dotWords = 2, dotBytes = 3, dotSignedBytes = 4, dotHalves = 5, dotRuns = 6 };

/// What one product is of.
struct Case {
  int64_t m, n, k;
  Element element = Element::i4;
  int64_t group = 32;
  int64_t lhsGroup = 32; ///< 0: the left side stays floats.
  bool zeros = false, transposed = false;
  Math math = Math::exact;
  Schedule schedule = {{"vector", 8}, {"rows", 4}, {"unroll_k", 32}};
  int64_t width = 16;
  int dots = dotWords;

  int bits() const { return element == Element::i4 || element == Element::u4 ? 4 : 8; }
  bool isSigned() const { return element == Element::i4 || element == Element::i8; }
  int64_t step() const { return 32 / bits(); }
  int64_t groups() const { return (k + group - 1) / group; }
  int64_t pieceSize() const { return std::min(k, lhsGroup ? lhsGroup : group); }
  int64_t pieces() const { return (k + pieceSize() - 1) / pieceSize(); }
  bool inFloats() const { return lhsGroup == 0; }
  int64_t words() const {
    const int64_t bytes = bits() == 8 ? 1 : 2, rest = k % pieceSize();
    const int64_t parts = dots == dotHalves || (dots == dotWords && bytes == 1) ? 2 * bytes : bytes;
    auto of = [&](int64_t size) { return (size + step() - 1) / step() * parts; };
    return of(pieceSize()) * (k / pieceSize()) + of(rest);
  }
  std::string name() const {
    return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + " " + glmc::kernels::name(element) +
           " group " + std::to_string(group) + " lhs_group " + std::to_string(lhsGroup) + (zeros ? " zeros" : "") +
           (transposed ? " transposed" : "") + (math == Math::exact ? " exact" : " fast") + " dots " +
           std::to_string(dots);
  }
};

/// The constants of a product.
struct Weight {
  Array values, scales, zeros;
  explicit Weight(const Case &c, unsigned seed = 1)
      : values(tensor(c.element, shapeOf(c, c.k))), scales(tensor(Element::f16, shapeOf(c, c.groups()))),
        zeros(tensor(c.element, shapeOf(c, c.groups()))), c(c) {
    const int size = 1 << c.bits(), low = c.isSigned() ? -size / 2 : 0;
    fill(values, low, low + size, seed);
    fill(zeros, low, low + size, seed + 1);
    scales = randomArray(scales.type, 0.001, 0.05, seed + 2);
  }
  static Shape shapeOf(const Case &c, int64_t depth) { return c.transposed ? Shape{c.n, depth} : Shape{depth, c.n}; }
  static void fill(Array &array, int low, int high, unsigned seed) {
    Array numbers = randomArray(tensor(f32, array.type.shape), low, high, seed);
    for (int64_t i = 0; i < array.size(); ++i)
      array.setInteger(i, static_cast<int64_t>(std::floor(numbers.get(i))));
  }
  int64_t at(int64_t depth, int64_t k, int64_t n) const { return c.transposed ? n * depth + k : k * c.n + n; }
  int64_t q(int64_t k, int64_t n) const { return values.integer(at(c.k, k, n)); }
  float scale(int64_t group, int64_t n) const { return static_cast<float>(scales.get(at(c.groups(), group, n))); }
  int64_t zero(int64_t group, int64_t n) const { return c.zeros ? zeros.integer(at(c.groups(), group, n)) : 0; }
  std::vector<Array> packed() const {
    const int dim = c.transposed ? 0 : 1;
    std::vector<Array> all = {inPanels(values, dim, c.width, c.step()), inPanels(scales, dim, c.width)};
    if (c.zeros)
      all.push_back(inPanels(zeros, dim, c.width, c.bits() == 4 ? 2 : 1));
    return all;
  }

private:
  const Case c;
};

TensorType rowsOf(int64_t m, int64_t n, Element element = f32) { return tensor(element, {1, m, n}); }

/// Adds the product of `lhs` and the weight that its arguments are.
int addProduct(KernelMaker &maker, const Case &c, int lhs, const std::vector<int> &weight) {
  int w = maker.node("dequantize", weight, tensor(f32, Weight::shapeOf(c, c.k)),
                     {{"axis", int64_t(c.transposed ? 1 : 0)}, {"group", c.group}});
  std::map<std::string, Attribute> attributes = {{"transpose_rhs", int64_t(c.transposed)}};
  if (c.lhsGroup)
    attributes["lhs_group"] = c.lhsGroup;
  return maker.node("matmul", {lhs, w}, rowsOf(c.m, c.n), attributes);
}

std::vector<int> argumentsOf(KernelMaker &maker, const std::vector<Array> &arrays) {
  std::vector<int> arguments;
  for (const Array &array : arrays)
    arguments.push_back(maker.argument(array.type));
  return arguments;
}

void addSchedule(const Case &c, Kernel &kernel, bool isStaged) {
  kernel.math = c.math;
  kernel.schedule = c.schedule;
  kernel.schedule["dots"] = c.inFloats() ? dotFloats : c.dots;
  if (isStaged) {
    kernel.schedule["stage_lhs"] = 1;
    kernel.scratch.push_back(tensor(f32, {c.m, c.k}));
  }
  if (!c.inFloats()) {
    kernel.scratch.push_back(tensor(Element::u32, {c.m * c.words()}));
    kernel.scratch.push_back(tensor(f32, {c.m * c.pieces()}));
  }
  const bool isBiased = c.bits() == 4                                          ? c.isSigned()
                        : c.dots == dotSignedBytes || c.dots == dotRuns ? !c.isSigned()
                                                                        : c.isSigned() && c.dots != dotHalves;
  if (c.zeros || (!c.inFloats() && isBiased))
    kernel.scratch.push_back(tensor(c.inFloats() ? f32 : Element::i32, {c.m * c.pieces()}));
}

Kernel kernelOf(const Case &c, const Weight &weight) {
  KernelMaker maker("quantized", "matmul");
  int x = maker.argument(rowsOf(c.m, c.k));
  Kernel &kernel = maker.yield({addProduct(maker, c, x, argumentsOf(maker, weight.packed()))});
  addSchedule(c, kernel, false);
  return kernel;
}

std::vector<Array> inputsOf(const Array &x, const Weight &weight) {
  std::vector<Array> inputs = {x};
  for (Array &array : weight.packed())
    inputs.push_back(array);
  return inputs;
}

/// A rounded piece of a row of the left side.
struct Rounded {
  float length = 0;
  std::vector<int64_t> integers;
};

Rounded roundPiece(const float *x, int64_t size) {
  float largest = 0;
  for (int64_t i = 0; i < size; ++i)
    largest = std::isnan(x[i]) || std::isnan(largest) ? NAN : std::fmax(largest, std::fabs(x[i]));
  Rounded rounded;
  rounded.length = largest / 127;
  for (int64_t i = 0; i < size; ++i) {
    const float q = std::nearbyint(x[i] / rounded.length);
    rounded.integers.push_back(std::isnan(q) ? 0 : static_cast<int64_t>(std::fmax(-127.f, std::fmin(127.f, q))));
  }
  return rounded;
}

/// Sums in floats of lanes that a tree adds, as reductions do.
float sumOf(const float *x, int64_t count) {
  volatile float lanes[16] = {};
  const int64_t done = count / 16 * 16;
  for (int64_t i = 0; i < done; ++i)
    lanes[i % 16] = lanes[i % 16] + x[i];
  for (int half = 8; half > 0; half /= 2)
    for (int l = 0; l < half; ++l)
      lanes[l] = lanes[l] + lanes[l + half];
  volatile float sum = done ? float(lanes[0]) : 0.f;
  for (int64_t i = done; i < count; ++i)
    sum = sum + x[i];
  return sum;
}

struct Expected {
  float value;      ///< In the defined order, each operation rounded.
  double magnitude; ///< Sum of the products' magnitudes.
};

Expected expectedAt(const Case &c, const Weight &weight, const std::vector<float> &row, int64_t n) {
  volatile float total = 0;
  double magnitude = 0;
  for (int64_t p = 0; p < c.pieces(); ++p) {
    const int64_t begin = p * c.pieceSize(), size = std::min(c.pieceSize(), c.k - begin), group = begin / c.group;
    const float scale = weight.scale(group, n);
    const int64_t zero = weight.zero(group, n);
    for (int64_t i = 0; i < size; ++i)
      magnitude += std::fabs(double(row[begin + i]) * (std::llabs(weight.q(begin + i, n)) + std::llabs(zero)) * scale);
    if (c.inFloats()) {
      volatile float sum = 0;
      for (int64_t i = 0; i < size; ++i) {
        volatile float product = row[begin + i] * static_cast<float>(weight.q(begin + i, n));
        sum = sum + product;
      }
      volatile float shift = static_cast<float>(zero) * sumOf(&row[begin], size);
      volatile float rest = c.zeros ? sum - shift : float(sum);
      volatile float term = scale * rest;
      total = total + term;
      continue;
    }
    const Rounded x = roundPiece(&row[begin], size);
    int64_t dot = 0, sum = 0;
    for (int64_t i = 0; i < size; ++i)
      dot += x.integers[i] * weight.q(begin + i, n), sum += x.integers[i];
    volatile float factor = x.length * scale;
    volatile float term = factor * static_cast<float>(dot - zero * sum);
    total = total + term;
  }
  return {total, magnitude};
}

void check(const Case &c, const Array &x, const Weight &weight, const std::vector<Array> &got) {
  ASSERT_FALSE(got.empty()) << c.name();
  ASSERT_EQ(got[0].size(), c.m * c.n) << c.name();
  for (int64_t i = 0; i < c.m; ++i) {
    std::vector<float> row(c.k);
    for (int64_t k = 0; k < c.k; ++k)
      row[k] = static_cast<float>(x.get(i * c.k + k));
    for (int64_t n = 0; n < c.n; ++n) {
      const Expected expected = expectedAt(c, weight, row, n);
      const double value = got[0].get(i * c.n + n);
      if (std::isnan(expected.value))
        ASSERT_TRUE(std::isnan(value)) << c.name() << " at " << i << ", " << n;
      else if (c.math == Math::exact)
        ASSERT_EQ(value, expected.value) << c.name() << " at " << i << ", " << n;
      else
        ASSERT_NEAR(value, expected.value, 1e-6 * expected.magnitude + 1e-30) << c.name() << " at " << i << ", " << n;
    }
  }
}

Array leftSide(const Case &c) { return randomArray(rowsOf(c.m, c.k), -2, 2, 7); }

void check(const Case &c, bool cxx = false, const TestTarget &target = bestTarget()) {
  const Weight weight(c);
  const Array x = leftSide(c);
  const Kernel kernel = kernelOf(c, weight);
  check(c, x, weight, cxx ? runCxx(kernel, inputsOf(x, weight), target) : run(kernel, inputsOf(x, weight), target));
}

constexpr Element integers[] = {Element::i4, Element::u4, Element::i8, Element::u8};

//===----------------------------------------------------------------------===//
// Shapes, elements, groups
//===----------------------------------------------------------------------===//

TEST(QuantizedMatmul, ElementsAndModes) {
  for (Element element : integers)
    for (int64_t lhsGroup : {0, 32})
      for (bool zeros : {false, true})
        for (Math math : {Math::exact, Math::fast})
          check({3, 40, 96, element, 32, lhsGroup, zeros, zeros, math});
}

TEST(QuantizedMatmul, RowsColumnsAndDepths) {
  for (int64_t m : {1, 2, 9, 17})
    for (int64_t k : {1, 7, 31, 33, 200})
      for (int64_t lhsGroup : {0, 32}) {
        check({m, 21, k, Element::i4, 32, lhsGroup, false});
        check({m, 21, k, Element::u8, 32, lhsGroup, true});
      }
  for (int64_t n : {1, 8, 15, 16, 33, 100}) {
    check({1, n, 72, Element::u4, 32, 32, true});
    check({5, n, 72, Element::i8, 32, 32, false, true});
  }
}

TEST(QuantizedMatmul, Groups) {
  for (Element element : {Element::i4, Element::u8})
    for (bool zeros : {false, true}) {
      for (int64_t group : {8, 16, 64, 128, 1000})
        check({2, 24, 328, element, group, 0, zeros});
      for (int64_t lhsGroup : {16, 32, 64, 128})
        check({2, 24, 328, element, 128, lhsGroup, zeros});
      check({2, 24, 328, element, 1000, 32, zeros}); // A scale a column.
    }
}

TEST(QuantizedMatmul, SeveralPanelsAtOnce) {
  for (Element element : integers)
    for (int64_t n : {64, 150}) {
      Case c = {1, n, 96, element, 32, 32, true};
      c.schedule = {{"vector", 8}, {"rows", 1}, {"panels", 4}, {"unroll_k", 32}};
      check(c);
      c.schedule["parallel"] = 1, c.schedule["column_block"] = 1;
      check(c);
      c.m = 7;
      check(c);
    }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TEST(QuantizedMatmul, ExtremeValues) {
  const float denormal = std::numeric_limits<float>::denorm_min(), infinity = std::numeric_limits<float>::infinity();
  for (Element element : integers)
    for (int64_t lhsGroup : {0, 32}) {
      Case c = {8, 16, 96, element, 32, lhsGroup, true};
      Weight weight(c);
      for (int64_t i = 0; i < c.k * c.n; ++i) // The largest sums there are.
        weight.values.setInteger(i, c.isSigned() ? -(1 << (c.bits() - 1)) : (1 << c.bits()) - 1);
      Array x = leftSide(c);
      const float rows[] = {127, -127, 0, 3 * denormal, 1e-38f, 3e37f, infinity, NAN};
      for (int64_t i = 0; i < c.m; ++i)
        for (int64_t k = 0; k < c.k; ++k)
          if (i < 6 || k == 40)
            x.set(i * c.k + k, k % 32 == 0 || i < 3 ? rows[i] : rows[i] / 2);
      const Kernel kernel = kernelOf(c, weight);
      check(c, x, weight, run(kernel, inputsOf(x, weight)));
      if (element == Element::i4)
        check(c, x, weight, runCxx(kernel, inputsOf(x, weight)));
    }
}

/// With scales that are powers of two nothing is rounded, and the product is that
/// of the numbers that the integers stand for.
TEST(QuantizedMatmul, PowersOfTwoAreExact) {
  for (Element element : integers)
    for (int64_t lhsGroup : {0, 32}) {
      Case c = {3, 24, 128, element, 32, lhsGroup, true};
      c.math = Math::fast;
      Weight weight(c);
      weight.scales = arrayOf(weight.scales.type, {0.5, 0.25, 1, 2});
      Array x(rowsOf(c.m, c.k));
      for (int64_t i = 0; i < x.size(); ++i)
        x.set(i, (i % 32 == 5 ? 127 : double(i * 37 % 255) - 127) / 8);
      const auto got = run(kernelOf(c, weight), inputsOf(x, weight));
      ASSERT_FALSE(got.empty());
      for (int64_t i = 0; i < c.m; ++i)
        for (int64_t n = 0; n < c.n; ++n) {
          double sum = 0;
          for (int64_t k = 0; k < c.k; ++k)
            sum += x.get(i * c.k + k) * (weight.q(k, n) - weight.zero(k / c.group, n)) * weight.scale(k / c.group, n);
          ASSERT_EQ(got[0].get(i * c.n + n), sum) << c.name() << " at " << i << ", " << n;
        }
    }
}

//===----------------------------------------------------------------------===//
// Emissions and targets
//===----------------------------------------------------------------------===//

TEST(QuantizedMatmul, CxxComputesTheSame) {
  for (Element element : integers) {
    const bool isSigned = element == Element::i4 || element == Element::i8;
    check({1, 40, 100, element, 32, 32, !isSigned}, true);
    check({3, 24, 100, element, 32, 0, isSigned, true}, true);
  }
}

TEST(QuantizedMatmul, BytesComputeTheSame) { // The instructions of VNNI, by what this machine has.
  for (Element element : integers)
    for (bool zeros : {false, true}) {
      Case c = {3, 40, 100, element, 32, 32, zeros};
      c.dots = dotBytes;
      check(c);
      if (!zeros && c.isSigned())
        check(c, true);
    }
}

/// Those of processors that this machine is not, by what it has; with one lane too,
/// which is all that some of them have.
TEST(QuantizedMatmul, OtherDotsComputeTheSame) {
  for (int dots : {dotWords, dotBytes, dotSignedBytes, dotHalves, dotRuns})
    for (Element element : integers) {
      Case c = {3, 22, 100, element, 32, 32, element == Element::u8 || element == Element::i4};
      c.dots = dots;
      c.schedule = {{"vector", 1}, {"rows", 2}, {"unroll_k", 16}};
      c.width = dots == dotRuns ? 1 : 4;
      check(c, dots == dotHalves);
    }
}

TEST(QuantizedMatmul, OtherDotsInCxx) {
  for (int dots : {dotSignedBytes, dotHalves, dotRuns})
    for (Element element : integers) {
      Case c = {1, 9, 72, element, 32, 32, element == Element::i8 || element == Element::u4, true};
      c.dots = dots;
      c.schedule = {{"vector", dots == dotSignedBytes ? 4 : 1}, {"panels", 2}, {"unroll_k", 16}};
      c.width = dots == dotRuns ? 1 : 4;
      check(c, true);
    }
}

TEST(QuantizedMatmul, EveryTargetAndVector) {
  for (const TestTarget &target : targets()) {
    if (!target.runs)
      continue;
    for (Element element : {Element::i4, Element::u8})
      for (int lanes : {4, target.lanes}) {
        Case c = {3, 20, 100, element, 32, 32, true};
        c.schedule["vector"] = lanes;
        SCOPED_TRACE(target.name + ", " + std::to_string(lanes) + " lanes");
        check(c, false, target);
        if (lanes == target.lanes)
          check(c, true, target);
      }
  }
}

//===----------------------------------------------------------------------===//
// Around the products
//===----------------------------------------------------------------------===//

TEST(QuantizedMatmul, NormSwigluAndResidual) {
  for (int64_t lhsGroup : {0, 32})
    for (int64_t m : {1, 5}) {
      Case c = {m, 40, 96, Element::i4, 32, lhsGroup};
      const Weight gate(c, 1), up(c, 11);
      const Array x = leftSide(c), scale = randomArray(tensor(f32, {c.k}), 0.5, 1.5, 3);
      const Array residual = randomArray(rowsOf(m, c.n), -1, 1, 4);
      std::vector<Array> inputs = {x, scale, residual};
      KernelMaker maker("swiglu", "matmul");
      std::vector<int> first = argumentsOf(maker, inputs);
      std::vector<int> g = argumentsOf(maker, gate.packed()), u = argumentsOf(maker, up.packed());
      for (const Weight *weight : {&gate, &up})
        for (Array &array : weight->packed())
          inputs.push_back(array);
      int normed = maker.node("rms_norm", {first[0], first[1]}, x.type, {{"epsilon", 1e-5}});
      int y = maker.node("swiglu", {addProduct(maker, c, normed, g), addProduct(maker, c, normed, u)}, rowsOf(m, c.n));
      Kernel &kernel = maker.yield({maker.node("add", {y, first[2]}, rowsOf(m, c.n))});
      addSchedule(c, kernel, true);
      for (bool cxx : {false, m == 1}) {
        const auto got = cxx ? runCxx(kernel, inputs) : run(kernel, inputs);
        ASSERT_FALSE(got.empty());
        for (int64_t i = 0; i < m; ++i) {
          std::vector<float> row(c.k); // As the kernel normed it.
          for (int64_t k = 0; k < c.k; ++k)
            row[k] = static_cast<float>(got[1].get(i * c.k + k));
          double squares = 0;
          for (int64_t k = 0; k < c.k; ++k)
            squares += x.get(i * c.k + k) * x.get(i * c.k + k);
          for (int64_t k = 0; k < c.k; ++k)
            ASSERT_NEAR(row[k], x.get(i * c.k + k) / std::sqrt(squares / c.k + 1e-5) * scale.get(k), 1e-5);
          for (int64_t n = 0; n < c.n; ++n) {
            const double a = expectedAt(c, gate, row, n).value, b = expectedAt(c, up, row, n).value;
            ASSERT_NEAR(got[0].get(i * c.n + n), a / (1 + std::exp(-a)) * b + residual.get(i * c.n + n), 1e-5);
          }
        }
      }
    }
}

/// A tied embedding in one kernel: the left side is gathered from the right side.
TEST(QuantizedMatmul, TiedTable) {
  for (Element element : integers) {
    Case c = {2, 20, 64, element, 32, 32, true, true};
    const Weight weight(c);
    std::vector<Array> inputs = weight.packed();
    inputs.push_back(arrayOf(tensor(Element::i64, {1, 2}), {17, 3}));
    KernelMaker maker("tied", "matmul");
    std::vector<int> a = argumentsOf(maker, inputs);
    const std::map<std::string, Attribute> groups = {{"axis", int64_t(1)}, {"group", c.group}};
    int w = maker.node("dequantize", {a[0], a[1], a[2]}, tensor(f32, {c.n, c.k}), groups);
    int x = maker.node("gather", {w, a[3]}, rowsOf(c.m, c.k), {{"axis", int64_t(0)}});
    int y = maker.node("matmul", {x, w}, rowsOf(c.m, c.n), {{"transpose_rhs", int64_t(1)}, {"lhs_group", c.lhsGroup}});
    Kernel &kernel = maker.yield({y});
    addSchedule(c, kernel, true);
    Array left(rowsOf(c.m, c.k));
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t k = 0; k < c.k; ++k) {
        const int64_t n = inputs[3].integer(i), group = k / c.group;
        left.set(i * c.k + k, double(weight.q(k, n) - weight.zero(group, n)) * weight.scale(group, n));
      }
    check(c, left, weight, run(kernel, inputs));
  }
}

/// Where a kernel has no `dots`, the numbers that integers stand for are computed
/// one by one: groups across columns, odd groups, plain weights.
TEST(QuantizedMatmul, WithoutDots) {
  for (Element element : integers) {
    Case c = {3, 40, 100, element, 20, 0, true};
    const Weight weight(c);
    const Array x = leftSide(c);
    for (int64_t step : {1, 2, 8}) {
      if (c.bits() == 4 && step == 1)
        continue;
      std::vector<Array> inputs = {x, inPanels(weight.values, 1, 16, step), inPanels(weight.scales, 1, 16),
                                   inPanels(weight.zeros, 1, 16, c.bits() == 4 ? 2 : 1)};
      KernelMaker maker("elements", "matmul");
      int left = maker.argument(x.type);
      Kernel &kernel = maker.yield({addProduct(maker, c, left, argumentsOf(maker, {inputs[1], inputs[2], inputs[3]}))},
                                   {{"vector", 8}, {"rows", 3}, {"unroll_k", 4}});
      kernel.math = Math::exact;
      const auto got = run(kernel, inputs);
      ASSERT_FALSE(got.empty());
      for (int64_t i = 0; i < c.m; ++i)
        for (int64_t n = 0; n < c.n; ++n) {
          double sum = 0;
          for (int64_t k = 0; k < c.k; ++k)
            sum += x.get(i * c.k + k) * (weight.q(k, n) - weight.zero(k / c.group, n)) * weight.scale(k / c.group, n);
          ASSERT_NEAR(got[0].get(i * c.n + n), sum, 1e-4) << c.name() << " at " << i << ", " << n;
        }
    }
  }
}

/// What does not fit is an error, not a wrong result.
TEST(QuantizedMatmul, RefusesWhatDoesNotFit) {
  auto errorOf = [](const Case &c, const std::function<void(Kernel &)> &change) {
    Kernel kernel = kernelOf(c, Weight(c));
    change(kernel);
    return compileKernel(kernel, bestTarget().halide, {true, false, false, false}).error;
  };
  const Case c = {1, 16, 64};
  EXPECT_EQ(errorOf(c, [](Kernel &) {}), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.schedule.erase("dots"); }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.schedule["dots"] = 1; }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.schedule["dots"] = 7; }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.scratch.pop_back(); }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.nodes[0].attributes["axis"] = int64_t(1); }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.nodes[0].attributes["group"] = int64_t(16); }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.nodes[1].attributes["lhs_group"] = int64_t(20); }), "");
  EXPECT_NE(errorOf(c, [](Kernel &kernel) { kernel.arguments[1].layout.step = 4; }), "");
}

} // namespace
