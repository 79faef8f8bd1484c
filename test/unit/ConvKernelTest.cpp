//===- ConvKernelTest.cpp - Convolutions and pools against plain loops -------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;

int64_t count(const Shape &shape) {
  int64_t n = 1;
  for (int64_t size : shape)
    n *= size;
  return n;
}

/// A window over [n, space..., c].
struct Case {
  Shape x; ///< With channels last.
  int64_t channels; ///< Of y.
  Shape kernel, strides, dilations, pads;
  int64_t groups = 1;
  int64_t padValue = 0;

  Shape result() const {
    Shape shape = {x[0]};
    for (size_t i = 0; i < kernel.size(); ++i)
      shape.push_back((x[i + 1] + pads[i] + pads[kernel.size() + i] - (kernel[i] - 1) * dilations[i] - 1) / strides[i] + 1);
    shape.push_back(channels);
    return shape;
  }
  int64_t depth() const { return x.back() / groups; }
  int64_t columns() const { return depth() * count(kernel); }
  std::map<std::string, Attribute> attributes() const {
    std::map<std::string, Attribute> result = {{"kernel", kernel}, {"strides", strides}, {"dilations", dilations},
                                               {"pads", pads},     {"groups", groups},   {"channels_last", int64_t(1)}};
    if (padValue)
      result["pad_value"] = padValue;
    return result;
  }

  /// Calls body(tap, position of the pixel in x or -1) for the window of y at `at`.
  template <typename Body> void walkTaps(const Shape &at, Body body) const {
    for (int64_t tap = 0; tap < count(kernel); ++tap) {
      const Shape k = unflatten(tap, kernel);
      int64_t pixel = at[0];
      bool inside = true;
      for (size_t i = 0; i < kernel.size(); ++i) {
        const int64_t place = at[i + 1] * strides[i] - pads[i] + k[i] * dilations[i];
        inside &= place >= 0 && place < x[i + 1];
        pixel = pixel * x[i + 1] + place;
      }
      body(tap, inside ? pixel : -1);
    }
  }

  double expected(const Array &xs, const Array &ws, const Shape &at) const {
    double sum = 0;
    walkTaps(at, [&](int64_t tap, int64_t pixel) {
      for (int64_t c = 0; c < depth(); ++c) {
        const int64_t channel = at.back() / (channels / groups) * depth() + c;
        sum += (pixel < 0 ? double(padValue) : xs.get(pixel * x.back() + channel)) *
               ws.get(at.back() * columns() + tap * depth() + c);
      }
    });
    return sum;
  }
};

const Case cases[] = {
    {{2, 5, 6, 8}, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {{1, 9, 11, 3}, 21, {3, 2}, {2, 3}, {1, 2}, {1, 0, 2, 3}},
    {{1, 7, 4, 16}, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 16},
    {{1, 7, 4, 12}, 24, {3, 3}, {2, 2}, {1, 1}, {1, 1, 0, 0}, 12},
    {{1, 5, 5, 12}, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 4},
    {{1, 6, 7, 8}, 40, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {{1, 13, 4}, 9, {5}, {2}, {2}, {4, 3}},
    {{7, 12}, 10, {}, {}, {}, {}},
    {{1, 4, 4, 16}, 12, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {{1, 3, 4, 5, 4}, 8, {2, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 0, 0, 1, 1}},
};

TEST(ConvKernel, FloatsInAnyTile) {
  struct Tile {
    int64_t lanes, rows, edges;
  };
  for (const Case &each : cases)
    for (const auto &[lanes, rows, edges] : {Tile{1, 2, 1}, Tile{8, 1, 0}, Tile{8, 3, 0}, Tile{8, 5, 1}}) {
      const Shape y = each.result();
      Array xs = randomArray(tensor(Element::f32, each.x), -1, 1, 1);
      Array ws = randomArray(tensor(Element::f32, {each.channels, each.columns()}), -1, 1, 2);
      Array residual = randomArray(tensor(Element::f32, y), -1, 1, 3);
      Array panels = inPanels(ws, 0, 16);
      KernelMaker maker("conv", "conv");
      int x = maker.argument(xs.type), w = maker.argument(lanes > 1 ? panels.type : ws.type);
      int r = maker.argument(residual.type);
      int conv = maker.node("conv", {x, w}, tensor(Element::f32, y), each.attributes());
      int sum = maker.node("add", {conv, r}, tensor(Element::f32, y));
      maker.kernel.inPlace = {{2, 0}};
      std::map<std::string, int64_t> schedule = {{"vector", lanes}, {"rows", rows}};
      if (lanes == 1)
        schedule["panels"] = 2;
      if (edges)
        schedule["edges"] = 1;
      auto got = run(maker.yield({sum}, schedule), {xs, lanes > 1 ? panels : ws, residual});
      ASSERT_EQ(got.size(), 1u);
      expectNear(got[0], [&](const Shape &i) {
        int64_t flat = 0;
        for (size_t d = 0; d < i.size(); ++d)
          flat = flat * y[d] + i[d];
        return each.expected(xs, ws, i) + residual.get(flat);
      }, 2e-6, "conv");
    }
}

TEST(ConvKernel, IntegersAreExact) {
  for (Case each : cases)
    for (Element element : {Element::i8, Element::u8})
      for (int64_t dots : {0, 2, 3, 4, 5, 6}) {
        if (dots && (each.groups > 1 || each.x.back() % 4))
          continue;
        // Of the last three, runs of words and those that make none.
        if (dots > 3 && each.x.back() != 16 && each.x.back() != 12)
          continue;
        const bool isScalar = dots > 4;
        each.padValue = element == Element::i8 ? -77 : 201;
        const double low = element == Element::i8 ? -128 : 0;
        const Shape y = each.result();
        Array xs = randomArray(tensor(element, each.x), low, low + 256, 1);
        // Weights without a sign are multiplied one by one, too.
        const Element weights = dots ? Element::i8 : element;
        const double least = weights == Element::i8 ? -128 : 0;
        Array ws = randomArray(tensor(weights, {each.channels, each.columns()}), least, least + 256, 2);
        xs.setInteger(0, int64_t(low)), ws.setInteger(0, int64_t(least)); // The largest product, of i8.
        Array panels = inPanels(ws, 0, isScalar ? 7 - dots : 16, dots ? 4 : 1); // Pairs of channels, single ones.
        KernelMaker maker("conv", "conv");
        int x = maker.argument(xs.type), w = maker.argument(panels.type);
        int conv = maker.node("conv", {x, w}, tensor(Element::i32, y), each.attributes());
        std::map<std::string, int64_t> schedule = {{"vector", isScalar ? 1 : 8}, {"rows", 3}};
        if (dots)
          schedule["dots"] = dots;
        const Kernel &kernel = maker.yield({conv}, schedule);
        std::vector<std::vector<Array>> runs = {run(kernel, {xs, panels})};
        if (element == Element::i8 && (dots || each.groups > 1))
          runs.push_back(runCxx(kernel, {xs, panels}));
        for (const auto &got : runs) {
          ASSERT_EQ(got.size(), 1u);
          for (int64_t i = 0; i < got[0].size(); ++i)
            ASSERT_EQ(got[0].get(i), each.expected(xs, ws, unflatten(i, y))) << i << " dots " << dots;
        }
      }
}

TEST(ConvKernel, RefusesDotsOfWhatIsNoWord) {
  const Case odd = cases[1];
  KernelMaker maker("conv", "conv");
  int x = maker.argument(tensor(Element::i8, odd.x));
  Array panels = inPanels(Array(tensor(Element::i8, {odd.channels, odd.columns()})), 0, 16, 4);
  int w = maker.argument(panels.type);
  int conv = maker.node("conv", {x, w}, tensor(Element::i32, odd.result()), odd.attributes());
  CompiledKernel compiled = compileKernel(maker.yield({conv}, {{"vector", 8}, {"dots", 3}}), bestTarget().halide, {true});
  EXPECT_NE(compiled.error.find("a multiple of 4 channels"), std::string::npos) << compiled.error;
}

TEST(PoolKernel, EveryKind) {
  const Case windows[] = {{{2, 5, 6, 9}, 9, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
                          {{1, 9, 11, 16}, 16, {3, 2}, {2, 3}, {2, 1}, {1, 0, 2, 1}},
                          {{1, 8, 8, 20}, 20, {8, 8}, {1, 1}, {1, 1}, {0, 0, 0, 0}}};
  for (const Case &each : windows)
    for (const std::string kind : {"max", "average", "include", "sum"})
      for (int64_t rows : {1, 4})
        for (int64_t edges : {0, 1}) {
          const Element from = kind == "sum" ? Element::i8 : Element::f32, to = kind == "sum" ? Element::i32 : from;
          Array xs = randomArray(tensor(from, each.x), kind == "sum" ? -128 : -1, kind == "sum" ? 128 : 1, 1);
          auto attributes = each.attributes();
          attributes.erase("groups");
          attributes["kind"] = kind == "include" ? std::string("average") : kind;
          if (kind == "include")
            attributes["count_include_pad"] = int64_t(1);
          KernelMaker maker("pool", "pool");
          int pool = maker.node("pool", {maker.argument(xs.type)}, tensor(to, each.result()), attributes);
          std::map<std::string, int64_t> schedule = {{"vector", 8}, {"panels", 2}, {"rows", rows}};
          if (edges)
            schedule["edges"] = 1;
          auto got = run(maker.yield({pool}, schedule), {xs});
          ASSERT_EQ(got.size(), 1u);
          expectNear(got[0], [&](const Shape &i) {
            double result = kind == "max" ? -INFINITY : 0;
            int64_t elements = 0;
            each.walkTaps(i, [&](int64_t, int64_t pixel) {
              elements += kind == "include" || pixel >= 0;
              if (pixel < 0)
                return;
              const double value = xs.get(pixel * each.x.back() + i.back());
              result = kind == "max" ? std::max(result, value) : result + value;
            });
            return kind == "average" || kind == "include" ? result / double(elements) : result;
          }, 2e-6, kind);
        }
}

/// round, add, clamp and cast are a few instructions together (Quantized.cpp).
TEST(QuantizedKernel, RoundsToEvenAndSaturates) {
  std::vector<double> values = {-INFINITY, -1e30, -300, -128.5, -127.5, -0.5, -0.0, 0.5, 1.5, 2.5, 2.4999998, 126.5, 127.5, 1e9, INFINITY};
  for (int i = 0; i < 40; ++i)
    values.push_back((i - 20) * 7.25);
  const Shape shape = {int64_t(values.size())};
  for (Element element : {Element::i8, Element::u8})
    for (double zero : {0, -3, 17})
      for (int64_t lanes : {1, 8}) {
        const bool flipped = lanes > 1;
        const double low = element == Element::i8 ? -128 : 0, high = low + 255;
        KernelMaker maker("quantise", "elementwise");
        const TensorType f32 = tensor(Element::f32, shape), one = tensor(Element::f32, {});
        int value = maker.node("round", {maker.argument(f32)}, f32);
        auto with = [&](const char *op, double number) {
          int constant = maker.constant(one, {number});
          value = maker.node(op, flipped ? std::vector<int>{constant, value} : std::vector<int>{value, constant}, f32);
        };
        if (zero != 0)
          with("add", zero);
        with("max", low);
        with("min", high);
        const Kernel &kernel = maker.yield({maker.node("cast", {value}, tensor(element, shape))}, {{"vector", lanes}});
        const Array input = arrayOf(f32, values);
        for (const auto &got : {run(kernel, {input}), runCxx(kernel, {input})}) {
          ASSERT_EQ(got.size(), 1u);
          for (size_t i = 0; i < values.size(); ++i)
            EXPECT_EQ(got[0].get(int64_t(i)), std::fmin(std::fmax(std::nearbyint(values[i]) + zero, low), high)) << values[i];
        }
      }
}

} // namespace
