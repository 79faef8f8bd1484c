//===- CacheWriteKernelTest.cpp - Family cache_write against plain loops -----===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr Element f32 = Element::f32;

/// Where the new row of (batch, head, token) begins among the tokens'.
int64_t rowOf(const Shape &cache, int64_t tokens, bool headMajor, int64_t b, int64_t g, int64_t s) {
  return (headMajor ? (b * cache[1] + g) * tokens + s : (b * tokens + s) * cache[1] + g) * cache[3];
}

/// What the cache is after the write.
Array written(const Array &cache, const Array &rows, int64_t tokens, bool headMajor, int64_t at) {
  Array result = cache;
  const Shape &shape = cache.type.shape;
  at = std::clamp<int64_t>(at, 0, shape[2] - tokens);
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t g = 0; g < shape[1]; ++g)
      for (int64_t s = 0; s < tokens; ++s)
        for (int64_t d = 0; d < shape[3]; ++d)
          result.set(((b * shape[1] + g) * shape[2] + at + s) * shape[3] + d,
                     rows.get(rowOf(shape, tokens, headMajor, b, g, s) + d));
  return result;
}

Shape tokenShape(const Shape &cache, int64_t tokens, bool headMajor) {
  return headMajor ? Shape{cache[0], cache[1], tokens, cache[3]} : Shape{cache[0], tokens, cache[1] * cache[3]};
}

TEST(KernelCacheWrite, EveryFormInPlaceAndNot) {
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{1, 16}, {3, 7}, {16, 1}, {3, 16}};
  for (bool inPlace : {false, true})
    for (bool headMajor : {false, true})
      for (auto [tokens, features] : sizes) {
        const Shape shape = {2, 3, 16, features};
        KernelMaker maker("write", "cache_write");
        TensorType type = tensor(f32, shape), rows = tensor(f32, tokenShape(shape, tokens, headMajor));
        TensorType count = tensor(tokens == 3 ? Element::i32 : Element::i64, {1});
        int cache = maker.argument(type), fresh = maker.argument(rows), at = maker.argument(count);
        maker.yield({maker.node("cache_write", {cache, fresh, at}, type)}, {{"vector", 8}});
        if (inPlace)
          maker.kernel.inPlace = {{0, 0}};
        Array old = randomArray(type, -1, 1, 1), row = randomArray(rows, -1, 1, 2);
        std::vector<std::vector<Array>> inputs;
        const std::vector<int64_t> places = {-3, 0, 1, 9, 16 - tokens, 99};
        for (int64_t place : places)
          inputs.push_back({old, row, arrayOf(count, {double(place)})});
        auto got = runEach(maker.kernel, inputs), cxx = got;
        if (features == 16)
          cxx = runCxxEach(maker.kernel, inputs);
        for (size_t i = 0; i < places.size(); ++i) {
          const Array expected = written(old, row, tokens, headMajor, places[i]);
          ASSERT_FALSE(got[i].empty() || cxx[i].empty());
          EXPECT_EQ(got[i][0].bytes, expected.bytes) << tokens << " tokens at " << places[i];
          EXPECT_EQ(cxx[i][0].bytes, expected.bytes) << tokens << " tokens at " << places[i];
        }
      }
}

TEST(KernelCacheWrite, OtherElements) {
  for (Element element : {Element::f16, Element::bf16, Element::i8, Element::boolean, Element::f64}) {
    const Shape shape = {1, 2, 16, 12};
    KernelMaker maker("write", "cache_write");
    TensorType type = tensor(element, shape), rows = tensor(element, tokenShape(shape, 2, false));
    int cache = maker.argument(type), fresh = maker.argument(rows), at = maker.argument(tensor(Element::i64, {1}));
    maker.kernel.inPlace = {{0, 0}};
    maker.yield({maker.node("cache_write", {cache, fresh, at}, type)}, {{"vector", 8}});
    Array old = randomArray(type, -9, 9, 1), row = randomArray(rows, -9, 9, 2);
    auto got = run(maker.kernel, {old, row, arrayOf(tensor(Element::i64, {1}), {5})});
    ASSERT_FALSE(got.empty());
    EXPECT_EQ(got[0].bytes, written(old, row, 2, false, 5).bytes);
  }
}

/// Keys are rotated and values converted on their way into two caches.
TEST(KernelCacheWrite, TwoCachesWithPrologues) {
  const Shape shape = {1, 2, 16, 16};
  const int64_t tokens = 3;
  KernelMaker maker("write", "cache_write");
  TensorType cache = tensor(Element::f16, shape), values = tensor(f32, shape);
  TensorType rows = tensor(f32, tokenShape(shape, tokens, false)), angle = tensor(f32, {1, tokens, 8});
  TensorType half = rows, count = tensor(Element::i64, {1});
  half.element = Element::f16;
  int k = maker.argument(cache), v = maker.argument(values), fresh = maker.argument(rows);
  int cosine = maker.argument(angle), sine = maker.argument(angle), at = maker.argument(count);
  int turned = maker.node("rotary", {fresh, cosine, sine}, rows, {{"heads", int64_t(2)}});
  int a = maker.node("cache_write", {k, maker.node("cast", {turned}, half), at}, cache);
  int b = maker.node("cache_write", {v, maker.node("neg", {fresh}, rows), at}, values);
  maker.kernel.inPlace = {{k, 0}, {v, 1}};
  maker.yield({a, b}, {{"vector", 8}});
  std::vector<Array> in;
  for (unsigned i = 0; i < 5; ++i)
    in.push_back(randomArray(maker.kernel.arguments[i], -1, 1, i + 1));
  in.push_back(arrayOf(count, {4}));
  Array rotated(half), negated(rows);
  for (int64_t s = 0; s < tokens; ++s)
    for (int64_t g = 0; g < 2; ++g)
      for (int64_t d = 0; d < 16; ++d) {
        const int64_t row = rowOf(shape, tokens, false, 0, g, s), pair = d % 8;
        const double c = in[3].get(s * 8 + pair), sn = in[4].get(s * 8 + pair);
        const double x = in[2].get(row + pair), y = in[2].get(row + 8 + pair);
        rotated.set(row + d, d < 8 ? x * c - y * sn : y * c + x * sn);
        negated.set(row + d, -in[2].get(row + d));
      }
  for (auto &got : {run(maker.kernel, in), runCxx(maker.kernel, in)}) {
    ASSERT_EQ(got.size(), 2u);
    const Array expected = written(in[0], rotated, tokens, false, 4);
    for (int64_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(got[0].get(i), expected.get(i), 1e-3) << i;
    EXPECT_EQ(got[1].bytes, written(in[1], negated, tokens, false, 4).bytes);
  }
}

/// Rows of 8-bit integers and a scale a row: the largest element's, by 127.
TEST(KernelCacheWrite, QuantisedRows) {
  const Shape shape = {1, 2, 16, 40}, split = {1, 3, 2, 40}, single = {1, 3, 2, 1};
  KernelMaker maker("write", "cache_write");
  TensorType values = tensor(Element::i8, shape), scales = tensor(f32, {1, 2, 16, 1});
  TensorType rows = tensor(f32, {1, 3, 80}), count = tensor(Element::i64, {1}), one = tensor(f32, {1});
  int stored = maker.argument(values), factors = maker.argument(scales), fresh = maker.argument(rows);
  int at = maker.argument(count);
  int x = maker.node("reshape", {fresh}, tensor(f32, split));
  int most = maker.node("reduce", {maker.node("abs", {x}, tensor(f32, split))}, tensor(f32, single),
                        {{"kind", std::string("max")}, {"axes", Shape{3}}});
  int scale = maker.node("div", {most, maker.constant(one, {127})}, tensor(f32, single));
  int quotient = maker.node("div", {x, scale}, tensor(f32, split));
  int integer = maker.node("cast", {maker.node("round", {quotient}, tensor(f32, split))}, tensor(Element::i8, split));
  int a = maker.node("cache_write", {stored, maker.node("reshape", {integer}, tensor(Element::i8, {1, 3, 80})), at},
                     values);
  int b = maker.node("cache_write", {factors, maker.node("reshape", {scale}, tensor(f32, {1, 3, 2})), at}, scales);
  maker.kernel.inPlace = {{stored, 0}, {factors, 1}};
  maker.yield({a, b}, {{"vector", 8}});
  std::vector<Array> in = {randomArray(values, -9, 9, 1), randomArray(scales, 1, 2, 2), randomArray(rows, -3, 3, 3),
                           arrayOf(count, {7})};
  Array newValues(tensor(Element::i8, {1, 3, 80})), newScales(tensor(f32, {1, 3, 2}));
  for (int64_t row = 0; row < 6; ++row) {
    float largest = 0;
    for (int64_t d = 0; d < 40; ++d)
      largest = std::max(largest, std::fabs(float(in[2].get(row * 40 + d))));
    const float factor = largest / 127;
    newScales.set(row, factor);
    for (int64_t d = 0; d < 40; ++d)
      newValues.set(row * 40 + d, std::nearbyint(float(in[2].get(row * 40 + d)) / factor));
  }
  maker.kernel.math = Math::exact;
  for (auto &got : {run(maker.kernel, in), runCxx(maker.kernel, in)}) {
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[0].bytes, written(in[0], newValues, 3, false, 7).bytes);
    EXPECT_EQ(got[1].bytes, written(in[1], newScales, 3, false, 7).bytes);
  }
}

/// Where a cache may be written in place, the kernel looks whether it is before
/// it copies anything; else there is nothing to look at.
TEST(KernelCacheWrite, LooksForItsOwnMemory) {
  for (bool mayShare : {false, true}) {
    KernelMaker maker("write", "cache_write");
    TensorType type = tensor(f32, {1, 2, 64, 16});
    int cache = maker.argument(type), fresh = maker.argument(tensor(f32, {1, 1, 32}));
    int at = maker.argument(tensor(Element::i64, {1}));
    if (mayShare)
      maker.kernel.inPlace = {{0, 0}};
    maker.yield({maker.node("cache_write", {cache, fresh, at}, type)}, {{"vector", 8}});
    CompiledKernel compiled = compileKernel(maker.kernel, bestTarget().halide, {false, true, false, false});
    ASSERT_EQ(compiled.error, "");
    const size_t condition = compiled.cxx.find("if ((uint64_t)(uintptr_t)a0 != (uint64_t)(uintptr_t)r0)");
    EXPECT_EQ(condition != std::string::npos, mayShare) << compiled.cxx;
    EXPECT_TRUE(!mayShare || condition < compiled.cxx.find("for (")) << compiled.cxx;
  }
}

TEST(KernelCacheWrite, WrongKernelsAreErrors) {
  auto errorOf = [](const Shape &rows, Element count, bool direct) {
    const Shape shape = {1, 2, 8, 4};
    KernelMaker maker("write", "cache_write");
    TensorType type = tensor(f32, shape);
    int cache = maker.argument(type), fresh = maker.argument(tensor(f32, rows)),
        at = maker.argument(tensor(count, {1}));
    int base = direct ? cache : maker.node("neg", {cache}, type);
    maker.yield({maker.node("cache_write", {base, fresh, at}, type)});
    return compileKernel(maker.kernel, bestTarget().halide, {true, false, false, false}).error;
  };
  EXPECT_EQ(errorOf({1, 3, 8}, Element::i64, true), "");
  for (const Shape &rows : {Shape{1, 9, 8}, Shape{1, 3, 9}, Shape{1, 8}, Shape{1, 3, 2, 4}})
    EXPECT_NE(errorOf(rows, Element::i64, true).find("do not fit"), std::string::npos)
        << errorOf(rows, Element::i64, true);
  EXPECT_NE(errorOf({1, 3, 8}, f32, true).find("do not fit"), std::string::npos);
  EXPECT_NE(errorOf({1, 3, 8}, Element::i64, false).find("is an argument"), std::string::npos);
}

} // namespace
