//===- NormKernelTest.cpp - Normalised rows, rotary and gated ops -----------===//
//
// Family norm and the ops of transformers that any family may hold, against
// plain loops in double precision.
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr Element f32 = Element::f32;

/// Rows of `x` normalised; `bias` for layer norm, null for rms norm.
std::vector<double> normalise(const std::vector<double> &x, int64_t n, const Array &scale, const Array *bias,
                              double epsilon) {
  std::vector<double> y(x.size());
  for (size_t row = 0; row * n < x.size(); ++row) {
    const double *from = x.data() + row * n;
    double mean = 0, square = 0;
    for (int64_t j = 0; bias && j < n; ++j)
      mean += from[j] / static_cast<double>(n);
    for (int64_t j = 0; j < n; ++j)
      square += (from[j] - mean) * (from[j] - mean) / static_cast<double>(n);
    for (int64_t j = 0; j < n; ++j)
      y[row * n + j] = (from[j] - mean) / std::sqrt(square + epsilon) * scale.get(j) + (bias ? bias->get(j) : 0);
  }
  return y;
}

std::vector<double> valuesOf(const Array &array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.size(); ++i)
    values.push_back(array.get(i));
  return values;
}

void expectClose(const Array &got, const std::vector<double> &expected, double tolerance, const std::string &what) {
  ASSERT_EQ(static_cast<size_t>(got.size()), expected.size()) << what;
  for (int64_t i = 0; i < got.size(); ++i) {
    double e = expected[i], g = got.get(i);
    ASSERT_NEAR(g, e, tolerance * std::max(1.0, std::fabs(e))) << what << " at " << i;
  }
}

struct Case {
  Shape shape;
  Element element = f32;
  double tolerance = 4e-6;
};
const std::vector<Case> cases = {{{1, 1, 64}}, {{1, 7, 40}}, {{2, 3, 5}},  {{6, 17}}, {{33}},
                                 {{4, 16}},    {{3, 1}},     {{1, 1, 1}},  {{2, 2, 100}},
                                 {{2, 3, 48}, Element::f16, 2e-3}, {{2, 3, 33}, Element::bf16, 2e-2},
                                 {{3, 50}, Element::f64, 1e-13}};

KernelMaker normKernel(const Case &c, bool centred, Math math) {
  KernelMaker maker(centred ? "layer_norm" : "rms_norm", "norm");
  maker.kernel.math = math;
  TensorType type = tensor(c.element, c.shape), row = tensor(c.element, {c.shape.back()});
  std::vector<int> operands = {maker.argument(type), maker.argument(row)};
  if (centred)
    operands.push_back(maker.argument(row));
  maker.yield({maker.node(centred ? "layer_norm" : "rms_norm", operands, type, {{"epsilon", 1e-5}})}, {{"vector", 8}});
  return maker;
}

TEST(KernelNorm, BothNormsAnyShape) {
  for (const Case &c : cases)
    for (bool centred : {false, true}) {
      SCOPED_TRACE(std::to_string(&c - cases.data()) + (centred ? " layer" : " rms"));
      Math math = (c.shape.size() == 2) == centred ? Math::exact : Math::fast;
      KernelMaker maker = normKernel(c, centred, math);
      std::vector<Array> inputs;
      for (size_t i = 0; i < maker.kernel.arguments.size(); ++i)
        inputs.push_back(randomArray(maker.kernel.arguments[i], -2, 3, static_cast<unsigned>(i)));
      auto expected = normalise(valuesOf(inputs[0]), c.shape.back(), inputs[1], centred ? &inputs[2] : nullptr, 1e-5);
      auto got = run(maker.kernel, inputs);
      ASSERT_EQ(got.size(), 1u);
      expectClose(got[0], expected, c.tolerance, maker.kernel.name);
    }
}

TEST(KernelNorm, SameBitsOnEveryTargetAndInCxx) {
  Case c = {{5, 103}};
  KernelMaker maker = normKernel(c, true, Math::exact);
  Array x = randomArray(maker.kernel.arguments[0], -2, 3, 1), g = randomArray(maker.kernel.arguments[1], -2, 3, 2),
        b = randomArray(maker.kernel.arguments[2], -2, 3, 3);
  auto reference = run(maker.kernel, {x, g, b});
  ASSERT_EQ(reference.size(), 1u);
  for (const TestTarget &target : targets()) {
    if (!target.runs)
      continue;
    maker.kernel.schedule["vector"] = target.lanes;
    auto object = run(maker.kernel, {x, g, b}, target), cxx = runCxx(maker.kernel, {x, g, b}, target);
    ASSERT_EQ(object.size(), 1u);
    ASSERT_EQ(cxx.size(), 1u);
    EXPECT_EQ(object[0].bytes, reference[0].bytes) << target.name;
    EXPECT_EQ(cxx[0].bytes, reference[0].bytes) << target.name;
  }
}

/// h = x + rms_norm(o), n = rms_norm(h), y = n * n: the residual stream of a
/// layer. h may take x's place, since later results read h.
TEST(KernelNorm, ChainsAndResultsInPlace) {
  for (const Shape &shape : {Shape{1, 1, 32}, Shape{1, 9, 37}, Shape{2, 3, 64}})
    for (int inPlace : {0, 1, 2}) {
      TensorType type = tensor(f32, shape), row = tensor(f32, {shape.back()});
      KernelMaker maker("chain", "norm");
      int x = maker.argument(type), o = maker.argument(type), g = maker.argument(row);
      int normed = maker.node("rms_norm", {o, g}, type, {{"epsilon", 1e-6}});
      int h = maker.node("add", {x, normed}, type);
      int n = maker.node("rms_norm", {h, g}, type, {{"epsilon", 1e-6}});
      int y = maker.node("mul", {n, n}, type);
      if (inPlace)
        maker.kernel.inPlace = {{inPlace - 1, 0}}; // x, or o
      Array xs = randomArray(type, -2, 2, 1), os = randomArray(type, -2, 2, 2), gs = randomArray(row, -1, 2, 3);
      auto got = run(maker.yield({h, n, y}, {{"vector", 8}}), {xs, os, gs});
      ASSERT_EQ(got.size(), 3u);
      std::vector<double> hs = normalise(valuesOf(os), shape.back(), gs, nullptr, 1e-6);
      for (size_t i = 0; i < hs.size(); ++i)
        hs[i] += xs.get(static_cast<int64_t>(i));
      std::vector<double> ns = normalise(hs, shape.back(), gs, nullptr, 1e-6), ys = ns;
      for (double &v : ys)
        v *= v;
      expectClose(got[0], hs, 4e-6, "h");
      expectClose(got[1], ns, 4e-6, "n");
      expectClose(got[2], ys, 1e-5, "y");
    }
}

TEST(KernelNorm, AnArgumentOfAnotherResultIsNotOverwritten) {
  TensorType type = tensor(f32, {4, 8}), row = tensor(f32, {8});
  KernelMaker maker("overwrites", "norm");
  int x = maker.argument(type), g = maker.argument(row);
  int n = maker.node("rms_norm", {x, g}, type, {{"epsilon", 1e-6}}), y = maker.node("neg", {x}, type);
  maker.kernel.inPlace = {{0, 0}};
  CompiledKernel compiled = compileKernel(maker.yield({n, y}), bestTarget().halide, {true, false, false, false});
  EXPECT_NE(compiled.error.find("argument 0 is in place with result 0 but read for another one too"), std::string::npos)
      << compiled.error;
}

/// The first launch of a model: rows of a table, plain or in panels.
TEST(KernelNorm, GatherBeforeThroughPanels) {
  for (bool packed : {false, true}) {
    TensorType table = tensor(f32, {11, 40}), ids = tensor(Element::i64, {1, 5}), type = tensor(f32, {1, 5, 40});
    Array values = randomArray(table, -2, 2, 1), stored = packed ? inPanels(values, 0, 16) : values;
    Array tokens = arrayOf(ids, {3, 0, 10, -1, 7}), g = randomArray(tensor(f32, {40}), 0, 1, 2);
    KernelMaker maker("embed", "norm");
    int t = maker.argument(stored.type), i = maker.argument(ids), s = maker.argument(g.type);
    int rows = maker.node("gather", {t, i}, type, {{"axis", int64_t(0)}});
    int n = maker.node("rms_norm", {rows, s}, type, {{"epsilon", 1e-5}});
    auto got = run(maker.yield({rows, n}, {{"vector", 8}}), {stored, tokens, g});
    ASSERT_EQ(got.size(), 2u);
    std::vector<double> expected;
    for (int64_t token : {3, 0, 10, 10, 7})
      for (int64_t j = 0; j < 40; ++j)
        expected.push_back(values.get(token * 40 + j));
    expectClose(got[0], expected, 0, "rows");
    expectClose(got[1], normalise(expected, 40, g, nullptr, 1e-5), 4e-6, "normed");
  }
}

TEST(KernelNorm, WrongRegionsAreErrors) {
  TensorType type = tensor(f32, {4, 8});
  auto errorOf = [](const Kernel &kernel) {
    return compileKernel(kernel, bestTarget().halide, {true, false, false, false}).error;
  };
  KernelMaker none("none", "norm");
  int x = none.argument(type);
  EXPECT_NE(errorOf(none.yield({none.node("neg", {x}, type)})).find("needs an 'rms_norm' or a 'layer_norm'"), std::string::npos);
  KernelMaker misfit("misfit", "norm");
  x = misfit.argument(type);
  int g = misfit.argument(tensor(f32, {4}));
  EXPECT_NE(errorOf(misfit.yield({misfit.node("rms_norm", {x, g}, type, {{"epsilon", 1e-5}})})).find("do not fit"), std::string::npos);
  KernelMaker missing("missing", "norm");
  x = missing.argument(type), g = missing.argument(tensor(f32, {8}));
  EXPECT_NE(errorOf(missing.yield({missing.node("rms_norm", {x, g}, type)})).find("no attribute 'epsilon'"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// Ops for any family
//===----------------------------------------------------------------------===//

struct RotaryCase {
  int64_t batch, tokens, heads, size, pairs;
  bool interleaved, sharedAngles;
};

std::vector<double> rotate(const RotaryCase &c, const Array &x, const Array &cosines, const Array &sines) {
  std::vector<double> y = valuesOf(x);
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t s = 0; s < c.tokens; ++s)
      for (int64_t h = 0; h < c.heads; ++h)
        for (int64_t i = 0; i < c.pairs; ++i) {
          int64_t at = ((b * c.tokens + s) * c.heads + h) * c.size;
          int64_t one = at + (c.interleaved ? 2 * i : i), two = at + (c.interleaved ? 2 * i + 1 : i + c.pairs);
          int64_t angle = ((c.sharedAngles ? 0 : b) * c.tokens + s) * c.pairs + i;
          y[one] = x.get(one) * cosines.get(angle) - x.get(two) * sines.get(angle);
          y[two] = x.get(two) * cosines.get(angle) + x.get(one) * sines.get(angle);
        }
  return y;
}

const std::vector<RotaryCase> rotaryCases = {
    {1, 7, 4, 16, 8, false, true}, {1, 7, 4, 16, 8, true, true},  {2, 3, 2, 64, 16, false, false},
    {2, 3, 2, 64, 16, true, true}, {1, 1, 3, 10, 3, false, true}, {1, 1, 3, 10, 3, true, true},
    {1, 1, 1, 2, 1, false, true},  {1, 2, 1, 2, 1, true, true},   {1, 1, 1, 2, 1, true, true},
    {2, 2, 2, 7, 3, false, false}, {2, 2, 2, 7, 3, true, false},  {1, 2, 2, 8, 0, false, true}};

TEST(KernelRotary, AloneInElementwise) {
  for (const RotaryCase &c : rotaryCases)
    for (int64_t lanes : {1, 8}) {
      TensorType type = tensor(f32, {c.batch, c.tokens, c.heads * c.size});
      TensorType angles = tensor(f32, {c.sharedAngles ? 1 : c.batch, c.tokens, c.pairs});
      KernelMaker maker("rotary", "elementwise");
      int x = maker.argument(type), cosine = maker.argument(angles), sine = maker.argument(angles);
      std::map<std::string, Attribute> attributes = {{"heads", c.heads}};
      if (c.interleaved)
        attributes["interleaved"] = int64_t(1);
      int y = maker.node("rotary", {x, cosine, sine}, type, attributes);
      Array xs = randomArray(type, -2, 2, 1), cosines = randomArray(angles, -1, 1, 2), sines = randomArray(angles, -1, 1, 3);
      auto got = run(maker.yield({y}, {{"vector", lanes}}), {xs, cosines, sines});
      ASSERT_EQ(got.size(), 1u);
      expectClose(got[0], rotate(c, xs, cosines, sines), 1e-6, "rotary of " + std::to_string(c.size));
      if (lanes == 8 && c.size <= 16) {
        auto cxx = runCxx(maker.kernel, {xs, cosines, sines});
        ASSERT_EQ(cxx.size(), 1u);
        expectClose(cxx[0], rotate(c, xs, cosines, sines), 1e-6, "rotary in C++ of " + std::to_string(c.size));
      }
    }
}

/// Where no loops are made for it: before a norm, and after a pointwise op.
TEST(KernelRotary, InsideOfAnotherFamily) {
  for (bool interleaved : {false, true}) {
    RotaryCase c = {1, 5, 2, 12, 4, interleaved, true};
    TensorType type = tensor(f32, {1, 5, 24}), angles = tensor(f32, {1, 5, 4}), row = tensor(f32, {24});
    KernelMaker maker("rotary_norm", "norm");
    int x = maker.argument(type), cosine = maker.argument(angles), sine = maker.argument(angles), g = maker.argument(row);
    std::map<std::string, Attribute> attributes = {{"heads", int64_t(2)}};
    if (interleaved)
      attributes["interleaved"] = int64_t(1);
    int turned = maker.node("rotary", {maker.node("neg", {x}, type), cosine, sine}, type, attributes);
    int y = maker.node("rms_norm", {turned, g}, type, {{"epsilon", 1e-5}});
    Array xs = randomArray(type, -2, 2, 1), cosines = randomArray(angles, -1, 1, 2), sines = randomArray(angles, -1, 1, 3);
    Array gs = randomArray(row, -2, 2, 4);
    auto got = run(maker.yield({y}, {{"vector", 8}}), {xs, cosines, sines, gs});
    ASSERT_EQ(got.size(), 1u);
    std::vector<double> expected = rotate(c, xs, cosines, sines);
    for (double &v : expected)
      v = -v;
    expectClose(got[0], normalise(expected, 24, gs, nullptr, 1e-5), 4e-6, "rotary, then norm");
  }
}

TEST(KernelGated, GeluAndSwiglu) {
  for (Math math : {Math::fast, Math::exact})
    for (Element element : {f32, Element::f16}) {
      TensorType type = tensor(element, {3, 29});
      Array xs = randomArray(type, -6, 6, 1), us = randomArray(type, -3, 3, 2);
      auto check = [&](const std::string &op, bool tanhForm, const std::function<double(double, double)> &expected) {
        KernelMaker maker("gated", "elementwise");
        maker.kernel.math = math;
        int x = maker.argument(type), u = maker.argument(type);
        std::map<std::string, Attribute> attributes;
        if (tanhForm)
          attributes["tanh"] = int64_t(1);
        int y = maker.node(op, op == "swiglu" ? std::vector<int>{x, u} : std::vector<int>{x}, type, attributes);
        auto got = run(maker.yield({y}, {{"vector", 8}}), {xs, us});
        ASSERT_EQ(got.size(), 1u);
        for (int64_t i = 0; i < got[0].size(); ++i)
          ASSERT_NEAR(got[0].get(i), expected(xs.get(i), us.get(i)), element == f32 ? 2e-6 : 1e-2) << op << " of " << xs.get(i);
      };
      check("gelu", false, [](double x, double) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); });
      check("gelu", true, [](double x, double) {
        return x / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
      });
      check("swiglu", false, [](double gate, double up) { return gate / (1 + std::exp(-gate)) * up; });
    }
}

} // namespace
