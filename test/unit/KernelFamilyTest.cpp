//===- KernelFamilyTest.cpp - Every kernel family against plain loops -------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr double inf = INFINITY;
constexpr Element f32 = Element::f32;

int64_t count(const Shape &shape) {
  int64_t n = 1;
  for (int64_t size : shape)
    n *= size;
  return n;
}

/// Position in `shape` of an index that broadcasts to it.
int64_t position(const Shape &index, const Shape &shape) {
  int64_t flat = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t at = index[index.size() - shape.size() + i];
    flat = flat * shape[i] + (shape[i] == 1 ? 0 : at);
  }
  return flat;
}

//===----------------------------------------------------------------------===//
// elementwise: pointwise and movement
//===----------------------------------------------------------------------===//

TEST(KernelElementwise, BroadcastsOverOddShapes) {
  const std::pair<Shape, Shape> cases[] = {{{2, 3, 21}, {21}}, {{2, 3, 21}, {3, 1}},  {{5, 1, 7}, {1, 6, 7}},
                                           {{}, {13}},         {{1, 1, 1}, {1}},      {{4, 1}, {1, 33}},
                                           {{2, 3, 4, 5}, {2, 1, 1, 5}}, {{8, 16}, {8, 16}}, {{}, {}}};
  for (const auto &[a, b] : cases)
    for (int64_t lanes : {1, 8}) {
      Shape result(std::max(a.size(), b.size()));
      for (size_t i = 0; i < result.size(); ++i) {
        size_t ia = i + a.size() - result.size(), ib = i + b.size() - result.size();
        result[i] = std::max(ia < a.size() ? a[ia] : 1, ib < b.size() ? b[ib] : 1);
      }
      KernelMaker maker("broadcast", "elementwise");
      int x = maker.argument(tensor(f32, a)), y = maker.argument(tensor(f32, b));
      int sum = maker.node("sub", {x, y}, tensor(f32, result)), product = maker.node("mul", {sum, x}, tensor(f32, result));
      Array xs = randomArray(tensor(f32, a), -2, 2, 1), ys = randomArray(tensor(f32, b), -2, 2, 2);
      auto got = run(maker.yield({product}, {{"vector", lanes}, {"unroll", 2}}), {xs, ys});
      ASSERT_EQ(got.size(), 1u);
      expectNear(got[0], [&](const Shape &i) {
        double u = xs.get(position(i, a)), v = ys.get(position(i, b));
        return (u - v) * u;
      }, 1e-6, "broadcast");
    }
}

TEST(KernelElementwise, InPlaceStoresEachElementOnce) {
  for (int64_t n : {1, 7, 8, 29, 64}) {
    KernelMaker maker("in_place", "elementwise");
    TensorType type = tensor(f32, {3, n});
    int x = maker.argument(type), y = maker.argument(tensor(f32, {n}));
    int sum = maker.node("add", {x, y}, type);
    maker.kernel.inPlace = {{0, 0}};
    Array xs = randomArray(type, -2, 2, 1), ys = randomArray(tensor(f32, {n}), -2, 2, 2);
    auto got = run(maker.yield({sum}, {{"vector", 8}, {"unroll", 2}}), {xs, ys});
    ASSERT_EQ(got.size(), 1u);
    expectNear(got[0], [&](const Shape &i) { return xs.get(i[0] * n + i[1]) + ys.get(i[1]); }, 1e-6, "in place");
  }
}

TEST(KernelElementwise, SharedValuesDoNotMultiply) {
  // 60 doublings of a diamond: 2^60 paths, 60 expressions.
  KernelMaker maker("diamond", "elementwise");
  TensorType type = tensor(f32, {5, 9});
  int x = maker.argument(type), half = maker.constant(tensor(f32, {}), {0.5});
  int value = x;
  for (int i = 0; i < 60; ++i) {
    int sum = maker.node("add", {value, value}, type);
    value = maker.node("mul", {sum, half}, type);
  }
  Array xs = randomArray(type, -2, 2, 1);
  auto got = run(maker.yield({value}, {{"vector", 8}}), {xs});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].bytes, xs.bytes);
}

/// Runs one movement op and compares with `source`, which maps a result index
/// to a position in operand `which` (first) of `inputs`.
void checkMovement(const std::string &op, std::vector<Array> inputs, TensorType result,
                   std::map<std::string, Attribute> attributes,
                   const std::function<std::pair<int, int64_t>(const Shape &)> &source) {
  for (int64_t lanes : {1, 4, 8}) {
    KernelMaker maker("move_" + op, "elementwise");
    std::vector<int> operands;
    for (const Array &input : inputs)
      operands.push_back(maker.argument(input.type));
    auto got = run(maker.yield({maker.node(op, operands, result, attributes)}, {{"vector", lanes}}), inputs);
    ASSERT_EQ(got.size(), 1u);
    for (int64_t i = 0; i < got[0].size(); ++i) {
      auto [which, at] = source(unflatten(i, result.shape));
      ASSERT_EQ(got[0].get(i), inputs[which].get(at)) << op << " at " << i << ", " << lanes << " lanes";
    }
  }
}

TEST(KernelMovement, Transpose) {
  Array x = randomArray(tensor(f32, {3, 5, 9}), -1, 1, 1);
  checkMovement("transpose", {x}, tensor(f32, {9, 3, 5}), {{"permutation", Shape{2, 0, 1}}},
                [](const Shape &i) { return std::pair(0, (i[1] * 5 + i[2]) * 9 + i[0]); });
}

TEST(KernelMovement, SliceForwardAndBackward) {
  Array x = randomArray(tensor(Element::i64, {4, 23}), -100, 100, 1);
  checkMovement("slice", {x}, tensor(Element::i64, {3, 11}), {{"starts", Shape{1, 22}}, {"steps", Shape{1, -2}}},
                [](const Shape &i) { return std::pair(0, (i[0] + 1) * 23 + 22 - 2 * i[1]); });
}

TEST(KernelMovement, ConcatInnermostAndOuter) {
  Array a = randomArray(tensor(f32, {3, 5}), -1, 1, 1), b = randomArray(tensor(f32, {3, 13}), -1, 1, 2);
  checkMovement("concat", {a, b, a}, tensor(f32, {3, 23}), {{"axis", int64_t(1)}}, [](const Shape &i) {
    return i[1] < 5 ? std::pair(0, i[0] * 5 + i[1])
                    : i[1] < 18 ? std::pair(1, i[0] * 13 + i[1] - 5) : std::pair(2, i[0] * 5 + i[1] - 18);
  });
  Array c = randomArray(tensor(f32, {1, 9}), -1, 1, 1), d = randomArray(tensor(f32, {4, 9}), -1, 1, 2);
  checkMovement("concat", {c, d}, tensor(f32, {5, 9}), {{"axis", int64_t(0)}}, [](const Shape &i) {
    return i[0] < 1 ? std::pair(0, i[1]) : std::pair(1, (i[0] - 1) * 9 + i[1]);
  });
}

TEST(KernelMovement, ConcatOfManyFallsBackToSelects) {
  std::vector<Array> parts;
  KernelMaker maker("concat_many", "elementwise");
  int x = maker.argument(tensor(f32, {2, 1}));
  std::vector<int> operands(50, x);
  Array xs = randomArray(tensor(f32, {2, 1}), -1, 1, 3);
  auto got = run(maker.yield({maker.node("concat", operands, tensor(f32, {2, 50}), {{"axis", int64_t(1)}})}, {{"vector", 8}}), {xs});
  ASSERT_EQ(got.size(), 1u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(got[0].get(i), xs.get(i / 50));
}

TEST(KernelMovement, ExpandTileReshape) {
  Array x = randomArray(tensor(f32, {3, 1, 5}), -1, 1, 1);
  checkMovement("expand", {x}, tensor(f32, {2, 3, 4, 5}), {},
                [](const Shape &i) { return std::pair(0, i[1] * 5 + i[3]); });
  checkMovement("tile", {x}, tensor(f32, {6, 1, 15}), {{"repeats", Shape{2, 1, 3}}},
                [](const Shape &i) { return std::pair(0, (i[0] % 3) * 5 + i[2] % 5); });
  checkMovement("reshape", {x}, tensor(f32, {5, 3}), {}, [](const Shape &i) { return std::pair(0, i[0] * 3 + i[1]); });
  // Dimensions that stay, split, merge and are 1, on either side.
  checkMovement("reshape", {randomArray(tensor(f32, {1, 7, 2, 5, 1, 3}), -1, 1, 2)}, tensor(f32, {7, 1, 10, 3, 1}), {}, [](const Shape &i) {
    return std::pair(0, (i[0] * 10 + i[2]) * 3 + i[3]);
  });
  checkMovement("reshape", {randomArray(tensor(f32, {7, 12, 9}), -1, 1, 2)}, tensor(f32, {7, 4, 3, 3, 3}), {}, [](const Shape &i) {
    return std::pair(0, ((i[0] * 4 + i[1]) * 3 + i[2]) * 9 + i[3] * 3 + i[4]);
  });
  checkMovement("reshape", {randomArray(tensor(f32, {6, 4}), -1, 1, 2)}, tensor(f32, {4, 3, 2}), {}, [](const Shape &i) {
    return std::pair(0, (i[0] * 3 + i[1]) * 2 + i[2]);
  });
}

TEST(KernelMovement, GatherWrapsAndClamps) {
  Array x = randomArray(tensor(f32, {4, 6, 11}), -1, 1, 1);
  for (Element element : {Element::i64, Element::i32}) {
    Array indices = arrayOf(tensor(element, {2, 3}), {0, -1, 5, -6, 99, -99});
    checkMovement("gather", {x, indices}, tensor(f32, {4, 2, 3, 11}), {{"axis", int64_t(1)}}, [](const Shape &i) {
      const int64_t wrapped[] = {0, 5, 5, 0, 5, 0};
      return std::pair(0, (i[0] * 6 + wrapped[i[1] * 3 + i[2]]) * 11 + i[3]);
    });
  }
}

TEST(KernelMovement, GatherNdWithBatch) {
  Array x = randomArray(tensor(f32, {2, 3, 4, 5}), -1, 1, 1);
  Array indices = arrayOf(tensor(Element::i64, {2, 2, 2}), {0, 1, 2, 3, -1, -1, 1, 7});
  const int64_t first[] = {0, 2, 2, 1}, second[] = {1, 3, 3, 3};
  checkMovement("gather_nd", {x, indices}, tensor(f32, {2, 2, 5}), {{"batch_dims", int64_t(1)}}, [&](const Shape &i) {
    int64_t tuple = i[0] * 2 + i[1];
    return std::pair(0, ((i[0] * 3 + first[tuple]) * 4 + second[tuple]) * 5 + i[2]);
  });
}

TEST(KernelMovement, GatherReadsPanels) {
  Array table = randomArray(tensor(f32, {21, 10}), -1, 1, 1), packed = inPanels(table, 0, 8);
  Array indices = arrayOf(tensor(Element::i64, {3}), {20, 0, -2});
  KernelMaker maker("gather_panels", "elementwise");
  int w = maker.argument(packed.type), i = maker.argument(indices.type);
  auto got = run(maker.yield({maker.node("gather", {w, i}, tensor(f32, {3, 10}), {{"axis", int64_t(0)}})}, {{"vector", 8}}),
                 {packed, indices});
  ASSERT_EQ(got.size(), 1u);
  const int64_t rows[] = {20, 0, 19};
  expectNear(got[0], [&](const Shape &at) { return table.get(rows[at[0]] * 10 + at[1]); }, 0, "gather");
}

TEST(KernelMovement, RotaryComposesWithoutTemporaries) {
  // x * cos + concat(-x[.., 4:], x[.., :4]) * sin: half rotation.
  TensorType type = tensor(f32, {2, 3, 8}), half = tensor(f32, {2, 3, 4}), table = tensor(f32, {3, 8});
  KernelMaker maker("rotary", "elementwise");
  int x = maker.argument(type), c = maker.argument(table), s = maker.argument(table);
  int low = maker.node("slice", {x}, half, {{"starts", Shape{0, 0, 0}}, {"steps", Shape{1, 1, 1}}});
  int high = maker.node("slice", {x}, half, {{"starts", Shape{0, 0, 4}}, {"steps", Shape{1, 1, 1}}});
  int negated = maker.node("neg", {high}, half);
  int rotated = maker.node("concat", {negated, low}, type, {{"axis", int64_t(2)}});
  int sum = maker.node("add", {maker.node("mul", {x, c}, type), maker.node("mul", {rotated, s}, type)}, type);
  Array xs = randomArray(type, -1, 1, 1), cs = randomArray(table, -1, 1, 2), ss = randomArray(table, -1, 1, 3);
  auto got = run(maker.yield({sum}, {{"vector", 4}}), {xs, cs, ss});
  ASSERT_EQ(got.size(), 1u);
  expectNear(got[0], [&](const Shape &i) {
    int64_t row = (i[0] * 3 + i[1]) * 8, t = i[1] * 8 + i[2];
    double other = i[2] < 4 ? -xs.get(row + i[2] + 4) : xs.get(row + i[2] - 4);
    return xs.get(row + i[2]) * cs.get(t) + other * ss.get(t);
  }, 1e-6, "rotary");
}

TEST(KernelMovement, EmptyTensors) {
  TensorType type = tensor(f32, {3, 4}), none = tensor(f32, {3, 0});
  KernelMaker maker("empty", "elementwise");
  int x = maker.argument(none), y = maker.argument(type);
  int joined = maker.node("concat", {x, y}, type, {{"axis", int64_t(1)}}), nothing = maker.node("exp", {x}, none);
  Array ys = randomArray(type, -1, 1, 1);
  auto got = run(maker.yield({joined, nothing}, {{"vector", 4}}), {Array(none), ys});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].bytes, ys.bytes);
}

TEST(KernelMovement, SmallConstantTables) {
  KernelMaker maker("table", "elementwise");
  TensorType type = tensor(Element::i64, {2, 7});
  int x = maker.argument(type), c = maker.constant(tensor(Element::i64, {7}), {5, 5, -1, 0, 9, 9, 2});
  Array xs = randomArray(type, -9, 9, 1);
  auto got = run(maker.yield({maker.node("add", {x, c}, type)}, {{"vector", 4}}), {xs});
  ASSERT_EQ(got.size(), 1u);
  const int64_t table[] = {5, 5, -1, 0, 9, 9, 2};
  for (int i = 0; i < 14; ++i)
    EXPECT_EQ(got[0].integer(i), xs.integer(i) + table[i % 7]);
}

//===----------------------------------------------------------------------===//
// matmul
//===----------------------------------------------------------------------===//

struct MatmulCase {
  Shape lhs, rhs, result;
  bool transposed = false;
  int64_t width = 0; ///< Not 0: rhs in panels.
  std::map<std::string, int64_t> schedule = {{"vector", 8}, {"rows", 4}, {"panels", 2}, {"unroll_k", 2}};
  Element element = f32;
  bool epilogue = false;
};

void checkMatmul(const MatmulCase &c, Math math = Math::fast) {
  KernelMaker maker("matmul", "matmul");
  maker.kernel.math = math;
  Array a = randomArray(tensor(c.element, c.lhs), -1, 1, 1), b = randomArray(tensor(c.element, c.rhs), -1, 1, 2);
  Array packed = c.width ? inPanels(b, c.transposed ? 0 : 1, c.width) : b;
  TensorType type = tensor(c.element, c.result);
  int x = maker.argument(a.type), w = maker.argument(packed.type);
  int value = maker.node("matmul", {x, w}, type, {{"transpose_rhs", int64_t(c.transposed)}});
  std::vector<Array> inputs = {a, packed};
  Array bias = randomArray(tensor(c.element, {c.result.back()}), -1, 1, 3), residual = randomArray(type, -1, 1, 4);
  if (c.epilogue) { // sigmoid(y + bias) + residual, residual in place
    int v = maker.argument(bias.type), r = maker.argument(residual.type);
    // Arguments came after the node: number it again.
    maker.kernel.nodes.clear();
    value = maker.node("matmul", {x, w}, type, {{"transpose_rhs", int64_t(c.transposed)}});
    value = maker.node("sigmoid", {maker.node("add", {value, v}, type)}, type);
    value = maker.node("add", {value, r}, type);
    maker.kernel.inPlace = {{r, 0}};
    inputs.push_back(bias);
    inputs.push_back(residual);
  }
  auto got = run(maker.yield({value}, c.schedule), inputs);
  ASSERT_EQ(got.size(), 1u);
  int64_t m = c.result[c.result.size() - 2], n = c.result.back(), k = c.lhs.back();
  expectNear(got[0], [&](const Shape &i) {
    Shape lead(i.begin(), i.end() - 2), la(c.lhs.begin(), c.lhs.end() - 2), lb(c.rhs.begin(), c.rhs.end() - 2);
    int64_t row = i[i.size() - 2], column = i.back(), pa = position(lead, la), pb = position(lead, lb);
    double sum = 0;
    for (int64_t j = 0; j < k; ++j)
      sum += a.get((pa * m + row) * k + j) * b.get(pb * n * k + (c.transposed ? column * k + j : j * n + column));
    if (c.epilogue)
      sum = 1 / (1 + std::exp(-(sum + bias.get(column)))) + residual.get(position(i, c.result));
    return sum;
  }, c.element == f32 ? 2e-6 * k : c.element == Element::f64 ? 1e-14 * k : 1e-2, "matmul");
}

TEST(KernelMatmul, PanelsOverAllTails) {
  for (int64_t m : {1, 4, 7})
    for (int64_t n : {8, 32, 39, 5, 50})
      checkMatmul({{1, m, 13}, {13, n}, {1, m, n}, false, 8});
  checkMatmul({{3, 5, 16}, {16, 40}, {3, 5, 40}, false, 16});
  checkMatmul({{2, 6}, {45, 6}, {2, 45}, true, 16});
  checkMatmul({{3, 9}, {9, 33}, {3, 33}, false, 6}); // a width that is no multiple of the vector
}

TEST(KernelMatmul, EpilogueReadsResidualInPlace) {
  checkMatmul({{1, 7, 20}, {20, 37}, {1, 7, 37}, false, 16, {{"vector", 8}, {"rows", 3}, {"panels", 1}}, f32, true});
  checkMatmul({{2, 1, 20}, {20, 64}, {2, 1, 64}, false, 32, {{"vector", 8}, {"rows", 1}, {"panels", 1}}, f32, true},
              Math::exact);
}

TEST(KernelMatmul, PlainRight) {
  for (int64_t n : {1, 8, 23, 40})
    checkMatmul({{2, 3, 5, 11}, {2, 3, 11, n}, {2, 3, 5, n}});
  checkMatmul({{2, 3, 5, 11}, {2, 1, 11, 9}, {2, 3, 5, 9}}); // shared over heads
  checkMatmul({{5, 11}, {3, 11, 9}, {3, 5, 9}});
  checkMatmul({{6, 11}, {11, 9}, {6, 9}, false, 0, {}});
}

TEST(KernelMatmul, PlainTransposedRight) {
  for (int64_t k : {16, 64, 24, 7, 12})
    checkMatmul({{2, 3, 5, k}, {2, 3, 9, k}, {2, 3, 5, 9}, true, 0, {{"vector", 8}, {"rows", 2}, {"panels", 4}}});
  checkMatmul({{1, 2, 1, 16}, {1, 1, 7, 16}, {1, 2, 1, 7}, true, 0, {}}, Math::exact);
}

TEST(KernelMatmul, OtherElements) {
  for (Element element : {Element::f16, Element::bf16, Element::f64}) {
    checkMatmul({{3, 10}, {10, 19}, {3, 19}, false, 8, {{"vector", 8}, {"rows", 2}}, element});
    checkMatmul({{2, 3, 16}, {2, 5, 16}, {2, 3, 5}, true, 0, {{"vector", 8}, {"rows", 2}}, element});
  }
}

TEST(KernelMatmul, LeftMayBeAnExpression) {
  KernelMaker maker("matmul_prologue", "matmul");
  Array a = randomArray(tensor(f32, {10, 3}), -1, 1, 1), b = randomArray(tensor(f32, {10, 20}), -1, 1, 2);
  int x = maker.argument(a.type), w = maker.argument(b.type);
  int t = maker.node("transpose", {x}, tensor(f32, {3, 10}), {{"permutation", Shape{1, 0}}});
  int y = maker.node("matmul", {maker.node("neg", {t}, tensor(f32, {3, 10})), w}, tensor(f32, {3, 20}));
  auto got = run(maker.yield({y}, {{"vector", 8}, {"rows", 3}}), {a, b});
  ASSERT_EQ(got.size(), 1u);
  expectNear(got[0], [&](const Shape &i) {
    double sum = 0;
    for (int k = 0; k < 10; ++k)
      sum -= a.get(k * 3 + i[0]) * b.get(k * 20 + i[1]);
    return sum;
  }, 1e-6, "prologue");
}

//===----------------------------------------------------------------------===//
// reduce
//===----------------------------------------------------------------------===//

void checkReduce(const std::string &kind, const Shape &shape, const Shape &axes, Element element = f32,
                 bool exact = false, int64_t lanes = 8) {
  Array x = randomArray(tensor(element, shape), isalpha(kind[0]) && kind == "prod" ? 0.5 : -4, kind == "prod" ? 1.5 : 4, 9);
  if (kind == "max" && element == f32)
    x.set(0, NAN), x.set(x.size() - 1, -inf);
  Shape reduced = shape, inner;
  for (int64_t axis : axes)
    reduced[axis] = 1, inner.push_back(shape[axis]);
  KernelMaker maker("reduce_" + kind, "reduce");
  maker.kernel.math = exact ? Math::exact : Math::fast;
  int a = maker.argument(x.type);
  int y = maker.node("reduce", {a}, tensor(element, reduced), {{"kind", kind}, {"axes", axes}});
  auto got = run(maker.yield({y}, {{"vector", lanes}}), {x});
  ASSERT_EQ(got.size(), 1u);
  int64_t n = count(inner);
  expectNear(got[0], [&](const Shape &i) {
    double value = kind == "prod" ? 1 : kind == "max" ? -inf : kind == "min" ? inf : 0;
    for (int64_t j = 0; j < n; ++j) {
      Shape at = i, along = unflatten(j, inner);
      for (size_t d = 0; d < axes.size(); ++d)
        at[axes[d]] = along[d];
      double e = x.get(position(at, shape));
      if (kind == "prod")
        value *= e;
      else if (kind == "max")
        value = std::isnan(e) || std::isnan(value) ? NAN : std::max(value, e);
      else if (kind == "min")
        value = std::min(value, e);
      else
        value += e;
    }
    value = kind == "mean" ? value / n : value;
    return name(element)[0] == 'f' ? value : std::trunc(value);
  }, element == f32 ? 1e-5 : 1e-12, "reduce " + kind);
}

TEST(KernelReduce, KindsAndAxes) {
  for (const char *kind : {"sum", "mean", "max", "min", "prod"}) {
    checkReduce(kind, {2, 3, 37}, {2});
    checkReduce(kind, {2, 5, 21}, {1});
  }
  for (int64_t n : {1, 5, 15, 16, 17, 64, 100})
    checkReduce("sum", {3, n}, {1});
  checkReduce("sum", {3, 5, 9}, {1, 2});
  checkReduce("mean", {3, 5, 9}, {0, 2});
  checkReduce("mean", {3, 5, 9}, {0, 1, 2});
  checkReduce("max", {3, 5, 9}, {0});
  checkReduce("sum", {37}, {0});
  checkReduce("sum", {1, 1}, {1});
  checkReduce("sum", {4, 1}, {1});
  checkReduce("sum", {2, 3, 37}, {2}, f32, true, 1);
  checkReduce("mean", {2, 37}, {1}, Element::i64);
  checkReduce("sum", {2, 37, 3}, {1}, Element::i32);
  checkReduce("min", {2, 37}, {1}, Element::i32);
  checkReduce("mean", {2, 37}, {1}, Element::f64);
}

TEST(KernelReduce, RootMeanSquareNorm) {
  // x * g / sqrt(mean(x * x) + 1e-5): prologue, epilogue over the row.
  for (int64_t n : {8, 64, 43}) {
    TensorType type = tensor(f32, {1, 7, n}), row = tensor(f32, {1, 7, 1});
    KernelMaker maker("rms", "reduce");
    int x = maker.argument(type), g = maker.argument(tensor(f32, {n}));
    int epsilon = maker.constant(tensor(f32, {}), {1e-5});
    int mean = maker.node("reduce", {maker.node("mul", {x, x}, type)}, row, {{"kind", std::string("mean")}, {"axes", Shape{2}}});
    int root = maker.node("sqrt", {maker.node("add", {mean, epsilon}, row)}, row);
    int y = maker.node("mul", {maker.node("div", {x, root}, type), g}, type);
    Array xs = randomArray(type, -3, 3, 1), gs = randomArray(tensor(f32, {n}), -1, 1, 2);
    auto got = run(maker.yield({y}, {{"vector", 8}}), {xs, gs});
    ASSERT_EQ(got.size(), 1u);
    expectNear(got[0], [&](const Shape &i) {
      double sum = 0;
      for (int64_t j = 0; j < n; ++j)
        sum += xs.get(i[1] * n + j) * xs.get(i[1] * n + j);
      return xs.get(i[1] * n + i[2]) / std::sqrt(sum / n + 1e-5) * gs.get(i[2]);
    }, 2e-6, "rms norm");
  }
}

TEST(KernelReduce, NormOverColumns) {
  TensorType type = tensor(f32, {2, 6, 13}), row = tensor(f32, {2, 1, 13});
  KernelMaker maker("norm_columns", "reduce");
  int x = maker.argument(type);
  int sum = maker.node("reduce", {x}, row, {{"kind", std::string("sum")}, {"axes", Shape{1}}});
  int y = maker.node("sub", {x, sum}, type);
  Array xs = randomArray(type, -3, 3, 1);
  auto got = run(maker.yield({y}, {{"vector", 8}}), {xs});
  ASSERT_EQ(got.size(), 1u);
  expectNear(got[0], [&](const Shape &i) {
    double total = 0;
    for (int64_t j = 0; j < 6; ++j)
      total += xs.get((i[0] * 6 + j) * 13 + i[2]);
    return xs.get((i[0] * 6 + i[1]) * 13 + i[2]) - total;
  }, 2e-6, "columns");
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

void checkSoftmax(const Shape &shape, int64_t axis, bool scratch = false, Math math = Math::fast, bool inPlace = false,
                  Element element = f32) {
  TensorType type = tensor(element, shape);
  Array x = randomArray(type, -20, 20, 4);
  for (int64_t i = 0; i < x.size(); i += 3)
    x.set(i, -inf); // as masks do
  int64_t n = shape[axis], inner = count(Shape(shape.begin() + axis + 1, shape.end()));
  if (count(shape) > n) // one slice of nothing but -inf
    for (int64_t j = 0; j < n; ++j)
      x.set(j * inner, -inf);
  KernelMaker maker("softmax", "softmax");
  maker.kernel.math = math;
  int a = maker.argument(type), y = maker.node("softmax", {a}, type, {{"axis", axis}});
  if (scratch)
    maker.kernel.scratch = {type};
  if (inPlace)
    maker.kernel.inPlace = {{0, 0}};
  auto got = run(maker.yield({y}, {{"vector", 8}}), {x});
  ASSERT_EQ(got.size(), scratch ? 2u : 1u);
  expectNear(got[0], [&](const Shape &i) {
    Shape at = i;
    double largest = -inf, sum = 0;
    for (at[axis] = 0; at[axis] < n; ++at[axis])
      largest = std::max(largest, x.get(position(at, shape)));
    for (at[axis] = 0; at[axis] < n; ++at[axis])
      sum += std::exp(x.get(position(at, shape)) - largest);
    return std::exp(x.get(position(i, shape)) - largest) / sum;
  }, element == f32 ? 1e-6 : 1e-3, "softmax");
  for (int64_t i = 0; i < x.size(); ++i)
    if (x.get(i) == -inf && !std::isnan(got[0].get(i))) {
      EXPECT_EQ(got[0].get(i), 0) << "a masked element is exactly 0";
    }
}

TEST(KernelSoftmax, AxesSizesAndMasks) {
  for (Math math : {Math::fast, Math::exact}) {
    checkSoftmax({1, 4, 7, 7}, 3, false, math);
    checkSoftmax({3, 50}, 1, false, math);
    checkSoftmax({2, 5, 19}, 1, false, math);
  }
  checkSoftmax({40}, 0);
  checkSoftmax({3, 1}, 1);
  checkSoftmax({2, 3, 5}, 0);
  checkSoftmax({2, 2000}, 1);       // too long for the stack: computed twice
  checkSoftmax({2, 2001}, 1, true); // or kept in scratch
  checkSoftmax({5, 33}, 1, false, Math::fast, true);
  checkSoftmax({2, 2000}, 1, false, Math::fast, true);
  checkSoftmax({3, 20}, 1, false, Math::fast, false, Element::f16);
}

TEST(KernelSoftmax, ScaleAndMaskBefore) {
  TensorType type = tensor(f32, {1, 4, 7, 9}), maskType = tensor(f32, {1, 1, 7, 9});
  KernelMaker maker("attention_softmax", "softmax");
  int x = maker.argument(type), mask = maker.argument(maskType), scale = maker.constant(tensor(f32, {}), {0.25});
  int biased = maker.node("add", {maker.node("mul", {x, scale}, type), mask}, type);
  int y = maker.node("softmax", {biased}, type, {{"axis", int64_t(3)}});
  Array xs = randomArray(type, -9, 9, 1), ms(maskType);
  for (int64_t i = 0; i < ms.size(); ++i)
    ms.set(i, i % 9 > i / 9 ? -inf : 0);
  auto got = run(maker.yield({y}, {{"vector", 8}}), {xs, ms});
  ASSERT_EQ(got.size(), 1u);
  expectNear(got[0], [&](const Shape &i) {
    auto at = [&](int64_t j) { return xs.get((i[1] * 7 + i[2]) * 9 + j) * 0.25 + ms.get(i[2] * 9 + j); };
    double sum = 0;
    for (int64_t j = 0; j < 9; ++j)
      sum += std::exp(at(j));
    return std::exp(at(i[3])) / sum;
  }, 1e-6, "attention");
}

} // namespace
