//===- KernelScatterTest.cpp - Scatter kernels against plain loops ------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr Element f32 = Element::f32;

TEST(KernelScatter, LastWinsNegativeWrapsOutsideIsDropped) {
  for (bool inPlace : {false, true})
    for (int64_t width : {1, 8, 21}) {
      TensorType type = tensor(f32, {6, width}), indexType = tensor(Element::i64, {5, 1});
      TensorType updateType = tensor(f32, {5, width});
      KernelMaker maker("scatter", "scatter");
      int x = maker.argument(type), i = maker.argument(indexType), u = maker.argument(updateType);
      int y = maker.node("scatter_nd", {x, i, u}, type);
      if (inPlace)
        maker.kernel.inPlace = {{0, 0}};
      Array xs = randomArray(type, -1, 1, 1), us = randomArray(updateType, -1, 1, 2);
      Array is = arrayOf(indexType, {2, -1, 2, 6, -7});
      auto got = run(maker.yield({y}, {{"vector", 8}}), {xs, is, us});
      ASSERT_EQ(got.size(), 1u);
      expectNear(got[0], [&](const Shape &at) {
        int64_t from = at[0] == 2 ? 2 : at[0] == 5 ? 1 : -1;
        return from < 0 ? xs.get(at[0] * width + at[1]) : us.get(from * width + at[1]);
      }, 0, "scatter");
    }
}

TEST(KernelScatter, FullTuplesAndOuterIndices) {
  TensorType type = tensor(Element::i32, {3, 4}), indexType = tensor(Element::i32, {2, 2, 2}), updates = tensor(Element::i32, {2, 2});
  KernelMaker maker("scatter_points", "scatter");
  int x = maker.argument(type), i = maker.argument(indexType), u = maker.argument(updates);
  Array xs = randomArray(type, -9, 9, 1), us = arrayOf(updates, {100, 200, 300, 400});
  Array is = arrayOf(indexType, {0, 1, 2, 3, -1, -1, 0, 4});
  auto got = run(maker.yield({maker.node("scatter_nd", {x, i, u}, type)}), {xs, is, us});
  ASSERT_EQ(got.size(), 1u);
  for (int at = 0; at < 12; ++at)
    EXPECT_EQ(got[0].integer(at), at == 1 ? 100 : at == 11 ? 300 : xs.integer(at));
}

/// Two caches in one kernel, as an exporter writes them: one is transposed so
/// that tokens come first, updated and transposed back; the other is updated
/// with what was computed for it.
TEST(KernelScatter, TwoResultsTransposedAndWithPrologue) {
  TensorType cache = tensor(f32, {2, 9, 8}), turned = tensor(f32, {9, 8, 2}), rows = tensor(f32, {9, 16});
  TensorType indexType = tensor(Element::i64, {2, 1}), update = tensor(f32, {2, 8, 2}), flat = tensor(f32, {2, 16});
  KernelMaker maker("scatter_caches", "scatter");
  int k = maker.argument(cache), v = maker.argument(rows), i = maker.argument(indexType), u = maker.argument(flat);
  int t = maker.node("transpose", {k}, turned, {{"permutation", Shape{1, 2, 0}}});
  int r = maker.node("reshape", {u}, update);
  int a = maker.node("scatter_nd", {t, i, r}, turned);
  int b = maker.node("transpose", {a}, cache, {{"permutation", Shape{2, 0, 1}}});
  int n = maker.node("neg", {u}, flat);
  int c = maker.node("scatter_nd", {v, i, n}, rows);
  maker.kernel.inPlace = {{k, 0}, {v, 1}};
  Array ks = randomArray(cache, -1, 1, 1), vs = randomArray(rows, -1, 1, 2), us = randomArray(flat, -1, 1, 3);
  Array is = arrayOf(indexType, {4, -1});
  auto got = run(maker.yield({b, c}, {{"vector", 4}}), {ks, vs, is, us});
  ASSERT_EQ(got.size(), 2u);
  auto updated = [](int64_t token) { return token == 4 ? 0 : token == 8 ? 1 : -1; };
  expectNear(got[0], [&](const Shape &at) {
    int64_t from = updated(at[1]);
    return from < 0 ? ks.get((at[0] * 9 + at[1]) * 8 + at[2]) : us.get((from * 8 + at[2]) * 2 + at[0]);
  }, 0, "transposed");
  expectNear(got[1], [&](const Shape &at) {
    int64_t from = updated(at[0]);
    return from < 0 ? vs.get(at[0] * 16 + at[1]) : -us.get(from * 16 + at[1]);
  }, 0, "with prologue");
}

} // namespace
