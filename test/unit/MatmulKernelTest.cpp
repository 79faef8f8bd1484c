//===- MatmulKernelTest.cpp - Forms of matmul kernels against plain loops ---===//
//
// What the family takes around its matmuls: staged left sides and norms,
// several products and results, slices, rotary, half weights; the tails of every
// cut; and that neither threads nor vectors change a bit in exact mode.
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
using Schedule = std::map<std::string, int64_t>;
constexpr Element f32 = Element::f32;
using Matrix = std::function<double(int64_t row, int64_t column)>;

void expectMatrix(const Array &got, int64_t rows, int64_t columns, const Matrix &expected, double tolerance,
                  const std::string &what) {
  ASSERT_EQ(got.size(), rows * columns) << what;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double value = expected(i, j);
      ASSERT_NEAR(got.get(i * columns + j), value, tolerance * std::max(1.0, std::fabs(value)))
          << what << " at " << i << ", " << j;
    }
}

Matrix productOf(const Matrix &a, int64_t k, const Array &b, int64_t n) {
  return [=](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t l = 0; l < k; ++l)
      sum += a(i, l) * b.get(l * n + j);
    return sum;
  };
}

Matrix matrix(const Array &x, int64_t columns) {
  return [&x, columns](int64_t i, int64_t j) { return x.get(i * columns + j); };
}

TensorType rowsOf(int64_t m, int64_t n, Element element = f32) { return tensor(element, {1, m, n}); }

std::map<std::string, Attribute> slicing(int64_t start) {
  return {{"starts", Shape{0, 0, start}}, {"steps", Shape{1, 1, 1}}};
}

/// A constant epsilon for norms.
std::map<std::string, Attribute> epsilon() { return {{"epsilon", 1e-5}}; }

Matrix rmsNorm(const Matrix &x, int64_t k, const Array &scale) {
  return [=](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t l = 0; l < k; ++l)
      sum += x(i, l) * x(i, l);
    return x(i, j) / std::sqrt(sum / k + 1e-5) * scale.get(j);
  };
}

/// Rows of a norm once, so that products of it are not cubic.
Array tabulate(const Matrix &x, int64_t rows, int64_t columns) {
  Array table(rowsOf(rows, columns, Element::f64));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      table.set(i * columns + j, x(i, j));
  return table;
}

//===----------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------===//

struct Cut {
  int64_t m, n, k;
  Schedule schedule;
  int64_t width = 16;
  Math math = Math::fast;
  Element weight = f32;
  bool transposed = false;
};

/// The result of x * w with `cut`, from the object and from C++.
std::vector<Array> runCut(const Cut &cut, const Array &x, const Array &w, const TestTarget &target = bestTarget(),
                          bool cxx = false) {
  KernelMaker maker("cut", "matmul");
  maker.kernel.math = cut.math;
  Array packed = inPanels(w, cut.transposed ? 0 : 1, cut.width);
  int a = maker.argument(x.type), b = maker.argument(packed.type);
  if (cut.weight != f32)
    b = maker.node("cast", {b}, tensor(f32, w.type.shape));
  int y = maker.node("matmul", {a, b}, rowsOf(cut.m, cut.n), {{"transpose_rhs", int64_t(cut.transposed)}});
  Kernel &kernel = maker.yield({y}, cut.schedule);
  if (cut.schedule.count("stage_lhs"))
    kernel.scratch = {tensor(f32, {cut.m, cut.k})};
  return cxx ? runCxx(kernel, {x, packed}, target) : run(kernel, {x, packed}, target);
}

void checkCut(const Cut &cut) {
  Array x = randomArray(rowsOf(cut.m, cut.k), -1, 1, 1);
  Array w = randomArray(tensor(cut.weight, cut.transposed ? Shape{cut.n, cut.k} : Shape{cut.k, cut.n}), -1, 1, 2);
  auto got = runCut(cut, x, w);
  ASSERT_FALSE(got.empty());
  const std::string what = std::to_string(cut.m) + "x" + std::to_string(cut.n) + "x" + std::to_string(cut.k);
  expectMatrix(got[0], cut.m, cut.n, [&](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t l = 0; l < cut.k; ++l)
      sum += x.get(i * cut.k + l) * w.get(cut.transposed ? j * cut.k + l : l * cut.n + j);
    return sum;
  }, 1e-6 * std::sqrt(cut.k) + 1e-6, what);
}

const Schedule staged = {{"vector", 8}, {"rows", 6}, {"row_block", 10}, {"unroll_k", 8}, {"stage_lhs", 1}};

TEST(MatmulCuts, RowsAndDepths) {
  for (int64_t m : {1, 2, 7, 61})
    for (int64_t k : {1, 7, 512, 513, 1100}) {
      checkCut({m, 32, k, {{"vector", 8}, {"rows", 6}, {"panels", 2}, {"unroll_k", 4}, {"row_block", 5}}});
      checkCut({m, 21, k, staged});
    }
}

TEST(MatmulCuts, Columns) {
  for (int64_t n : {1, 5, 8, 16, 23, 40, 100})
    checkCut({7, n, 600, staged});
  checkCut({7, 100, 24, staged, 16, Math::fast, f32, true});
}

TEST(MatmulCuts, TwoSizesOfTiles) {
  for (int64_t k : {24, 1100}) {
    Schedule schedule = staged;
    schedule["tail_rows"] = 5, schedule["tail_tiles"] = 2;
    checkCut({28, 40, k, schedule});
    schedule.erase("stage_lhs");
    schedule["column_block"] = 2;
    checkCut({28, 96, k, schedule});
  }
}

TEST(MatmulCuts, HalfWeights) {
  for (Element element : {Element::f16, Element::bf16})
    for (int64_t m : {1, 7}) {
      checkCut({m, 40, 513, {{"vector", 8}, {"rows", 6}, {"panels", 2}, {"unroll_k", 4}}, 16, Math::fast, element});
      checkCut({m, 40, 100, staged, 16, Math::exact, element});
    }
}

TEST(MatmulCuts, ParallelChangesNoBit) {
  for (int64_t m : {1, 40}) {
    Cut cut = {m, 200, 1100, staged, 16, Math::exact};
    Array x = randomArray(rowsOf(m, cut.k), -1, 1, 1), w = randomArray(tensor(f32, {cut.k, cut.n}), -1, 1, 2);
    auto serial = runCut(cut, x, w);
    cut.schedule["parallel"] = 1, cut.schedule["column_block"] = 3;
    auto parallel = runCut(cut, x, w);
    ASSERT_FALSE(serial.empty());
    ASSERT_FALSE(parallel.empty());
    EXPECT_EQ(serial[0].bytes, parallel[0].bytes);
  }
}

TEST(MatmulCuts, ExactBitsOnEveryTargetAndCut) {
  Cut cut = {13, 40, 1100, staged};
  cut.math = Math::exact;
  Array x = randomArray(rowsOf(cut.m, cut.k), -1, 1, 1), w = randomArray(tensor(f32, {cut.k, cut.n}), -1, 1, 2);
  auto reference = runCut(cut, x, w);
  ASSERT_FALSE(reference.empty());
  // The order that Schedules.h states, in plain floats.
  for (int64_t i = 0; i < cut.m; ++i)
    for (int64_t j = 0; j < cut.n; ++j) {
      float total = 0;
      for (int64_t begin = 0; begin < cut.k; begin += 512) {
        float sum = 0;
        for (int64_t l = begin; l < std::min(cut.k, begin + 512); ++l) {
          volatile float product = static_cast<float>(x.get(i * cut.k + l)) * static_cast<float>(w.get(l * cut.n + j));
          sum = sum + product;
        }
        total = total + sum;
      }
      ASSERT_EQ(reference[0].get(i * cut.n + j), total) << i << ", " << j;
    }
  for (const TestTarget &target : targets()) {
    if (!target.runs)
      continue;
    for (const Schedule &schedule :
         {staged, Schedule{{"vector", 4}, {"rows", 3}, {"unroll_k", 2}}, Schedule{{"vector", 1}, {"rows", 1}}}) {
      cut.schedule = schedule;
      auto got = runCut(cut, x, w, target);
      ASSERT_FALSE(got.empty());
      EXPECT_EQ(got[0].bytes, reference[0].bytes) << target.name;
    }
  }
  cut.schedule = staged;
  auto cxx = runCut(cut, x, w, bestTarget(), true);
  ASSERT_FALSE(cxx.empty());
  EXPECT_EQ(cxx[0].bytes, reference[0].bytes);
}

//===----------------------------------------------------------------------===//
// Prologues
//===----------------------------------------------------------------------===//

TEST(MatmulPrologue, NormIsStaged) {
  for (Math math : {Math::fast, Math::exact})
    for (int64_t m : {1, 7})
      for (int64_t k : {20, 515}) {
        const int64_t n = 24;
        KernelMaker maker("norm_matmul", "matmul");
        maker.kernel.math = math;
        Array x = randomArray(rowsOf(m, k), -1, 1, 1), h = randomArray(rowsOf(m, k), -1, 1, 5);
        Array scale = randomArray(tensor(f32, {k}), 0.5, 1.5, 2), w = randomArray(tensor(f32, {k, n}), -1, 1, 3);
        Array packed = inPanels(w, 1, 16);
        int a = maker.argument(x.type), r = maker.argument(h.type), s = maker.argument(scale.type),
            b = maker.argument(packed.type);
        int sum = maker.node("add", {a, r}, x.type);
        int normed = maker.node("rms_norm", {sum, s}, x.type, epsilon());
        int y = maker.node("matmul", {normed, b}, rowsOf(m, n), {{"transpose_rhs", int64_t(0)}});
        Kernel &kernel = maker.yield({y}, staged);
        kernel.scratch = {tensor(f32, {m, k})};
        auto got = run(kernel, {x, h, scale, packed});
        ASSERT_EQ(got.size(), 2u);
        Matrix added = [&](int64_t i, int64_t j) { return x.get(i * k + j) + h.get(i * k + j); };
        Array table = tabulate(rmsNorm(added, k, scale), m, k);
        expectMatrix(got[0], m, n, productOf(matrix(table, k), k, w, n), 2e-5, "norm");
      }
}

TEST(MatmulPrologue, LayerNormOfGatheredRows) {
  const int64_t m = 7, k = 48, n = 16;
  KernelMaker maker("embed_matmul", "matmul");
  Array table = randomArray(tensor(f32, {10, k}), -1, 1, 1), ids = arrayOf(tensor(Element::i64, {1, m}), {3, 9, 0, 1, 1, 7, 2});
  Array scale = randomArray(tensor(f32, {k}), 0.5, 1.5, 2), bias = randomArray(tensor(f32, {k}), -1, 1, 4);
  Array w = randomArray(tensor(f32, {k, n}), -1, 1, 3), packed = inPanels(w, 1, 16);
  int t = maker.argument(table.type), i = maker.argument(ids.type), s = maker.argument(scale.type),
      c = maker.argument(bias.type), b = maker.argument(packed.type);
  int x = maker.node("gather", {t, i}, rowsOf(m, k), {{"axis", int64_t(0)}});
  int normed = maker.node("layer_norm", {x, s, c}, rowsOf(m, k), epsilon());
  int y = maker.node("matmul", {normed, b}, rowsOf(m, n), {{"transpose_rhs", int64_t(0)}});
  Kernel &kernel = maker.yield({y}, staged);
  kernel.scratch = {tensor(f32, {m, k})};
  auto got = run(kernel, {table, ids, scale, bias, packed});
  ASSERT_EQ(got.size(), 2u);
  Array left = tabulate([&](int64_t row, int64_t column) {
    double mean = 0, variance = 0;
    auto at = [&](int64_t j) { return table.get(ids.integer(row) * k + j); };
    for (int64_t j = 0; j < k; ++j)
      mean += at(j) / k;
    for (int64_t j = 0; j < k; ++j)
      variance += (at(j) - mean) * (at(j) - mean) / k;
    return (at(column) - mean) / std::sqrt(variance + 1e-5) * scale.get(column) + bias.get(column);
  }, m, k);
  expectMatrix(got[0], m, n, productOf(matrix(left, k), k, w, n), 2e-5, "layer norm");
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

double swiglu(double gate, double up) { return gate / (1 + std::exp(-gate)) * up; }

TEST(MatmulEpilogue, SwigluOfSlicesAndOfTwoMatmuls) {
  for (bool split : {false, true})
    for (int64_t f : {16, 24, 40})
      for (int64_t k : {30, 600}) {
        const int64_t m = 7;
        KernelMaker maker("swiglu", "matmul");
        Array x = randomArray(rowsOf(m, k), -1, 1, 1);
        Array gate = randomArray(tensor(f32, {k, f}), -1, 1, 2), up = randomArray(tensor(f32, {k, f}), -1, 1, 3);
        Array both(tensor(f32, {k, 2 * f}));
        for (int64_t i = 0; i < k; ++i)
          for (int64_t j = 0; j < f; ++j)
            both.set(i * 2 * f + j, gate.get(i * f + j)), both.set(i * 2 * f + f + j, up.get(i * f + j));
        std::map<std::string, Attribute> plain = {{"transpose_rhs", int64_t(0)}};
        std::vector<Array> inputs = {x};
        int a = maker.argument(x.type), g, u;
        if (split) {
          inputs.push_back(inPanels(both, 1, 16));
          int w = maker.argument(inputs[1].type);
          int y = maker.node("matmul", {a, w}, rowsOf(m, 2 * f), plain);
          g = maker.node("slice", {y}, rowsOf(m, f), slicing(0));
          u = maker.node("slice", {y}, rowsOf(m, f), slicing(f));
        } else {
          inputs.push_back(inPanels(gate, 1, 16));
          inputs.push_back(inPanels(up, 1, 16));
          int wg = maker.argument(inputs[1].type), wu = maker.argument(inputs[2].type);
          g = maker.node("matmul", {a, wg}, rowsOf(m, f), plain);
          u = maker.node("matmul", {a, wu}, rowsOf(m, f), plain);
        }
        int y = maker.node("swiglu", {g, u}, rowsOf(m, f));
        auto got = run(maker.yield({y}, {{"vector", 8}, {"rows", 4}, {"unroll_k", 4}, {"row_block", 4}}), inputs);
        ASSERT_EQ(got.size(), 1u);
        Matrix gates = productOf(matrix(x, k), k, gate, f), ups = productOf(matrix(x, k), k, up, f);
        expectMatrix(got[0], m, f, [&](int64_t i, int64_t j) { return swiglu(gates(i, j), ups(i, j)); }, 1e-4, "swiglu");
      }
}

/// Rotary of a row of heads, as the dialect defines it.
Matrix rotate(const Matrix &x, int64_t headSize, int64_t pairs, bool interleaved, const Array &cos, const Array &sin) {
  return [=](int64_t i, int64_t column) {
    int64_t d = column % headSize, base = column - d;
    if (d >= 2 * pairs)
      return x(i, column);
    int64_t pair = interleaved ? d / 2 : d % pairs;
    bool first = interleaved ? d % 2 == 0 : d < pairs;
    double a = x(i, base + (interleaved ? 2 * pair : pair)), b = x(i, base + (interleaved ? 2 * pair + 1 : pair + pairs));
    double c = cos.get(i * pairs + pair), s = sin.get(i * pairs + pair);
    return first ? a * c - b * s : b * c + a * s;
  };
}

TEST(MatmulEpilogue, QkvWithRotaryAndWidthsOfTheirOwn) {
  for (bool interleaved : {false, true})
    for (int64_t m : {1, 7}) {
      const int64_t k = 40, head = 16, pairs = 6, nq = 64, nk = 32;
      KernelMaker maker("qkv", "matmul");
      maker.kernel.math = Math::exact;
      Array x = randomArray(rowsOf(m, k), -1, 1, 1), scale = randomArray(tensor(f32, {k}), 0.5, 1.5, 2);
      Array wq = randomArray(tensor(f32, {k, nq}), -1, 1, 3), wk = randomArray(tensor(f32, {k, nk}), -1, 1, 4);
      Array wv = randomArray(tensor(f32, {k, nk}), -1, 1, 5), bias = randomArray(tensor(f32, {nq}), -1, 1, 6);
      Array cos = randomArray(rowsOf(m, pairs), -1, 1, 7), sin = randomArray(rowsOf(m, pairs), -1, 1, 8);
      std::vector<Array> inputs = {x, scale, inPanels(wq, 1, 16), inPanels(wk, 1, 16), inPanels(wv, 1, 16), bias, cos, sin};
      std::vector<int> a;
      for (const Array &input : inputs)
        a.push_back(maker.argument(input.type));
      std::map<std::string, Attribute> plain = {{"transpose_rhs", int64_t(0)}};
      auto rotary = [&](int value, int64_t n) {
        std::map<std::string, Attribute> attributes = {{"heads", n / head}};
        if (interleaved)
          attributes["interleaved"] = int64_t(1);
        return maker.node("rotary", {value, a[6], a[7]}, rowsOf(m, n), attributes);
      };
      int normed = maker.node("rms_norm", {a[0], a[1]}, x.type, epsilon());
      int q = maker.node("matmul", {normed, a[2]}, rowsOf(m, nq), plain);
      q = rotary(maker.node("add", {q, a[5]}, rowsOf(m, nq)), nq);
      int kk = rotary(maker.node("matmul", {normed, a[3]}, rowsOf(m, nk), plain), nk);
      int v = maker.node("matmul", {normed, a[4]}, rowsOf(m, nk), plain);
      Schedule schedule = staged;
      schedule["parallel"] = 1, schedule["column_block"] = 2;
      Kernel &kernel = maker.yield({q, kk, v}, schedule);
      kernel.scratch = {tensor(f32, {m, k}), rowsOf(m, nq), rowsOf(m, nk)};
      auto got = run(kernel, inputs);
      ASSERT_EQ(got.size(), 6u);
      Array left = tabulate(rmsNorm(matrix(x, k), k, scale), m, k);
      Matrix biased = [&](int64_t i, int64_t j) { return productOf(matrix(left, k), k, wq, nq)(i, j) + bias.get(j); };
      expectMatrix(got[0], m, nq, rotate(biased, head, pairs, interleaved, cos, sin), 2e-5, "q");
      expectMatrix(got[1], m, nk, rotate(productOf(matrix(left, k), k, wk, nk), head, pairs, interleaved, cos, sin), 2e-5, "k");
      expectMatrix(got[2], m, nk, productOf(matrix(left, k), k, wv, nk), 2e-5, "v");
      auto cxx = runCxx(kernel, inputs);
      ASSERT_EQ(cxx.size(), 6u);
      for (size_t i = 0; i < 3; ++i)
        EXPECT_EQ(cxx[i].bytes, got[i].bytes) << "result " << i << " of the C++";
    }
}

TEST(MatmulEpilogue, ResultsOfSlices) {
  // One packed QKV weight; the last slice is no multiple of a vector.
  const int64_t m = 5, k = 30;
  KernelMaker maker("split", "matmul");
  Array x = randomArray(rowsOf(m, k), -1, 1, 1), w = randomArray(tensor(f32, {k, 76}), -1, 1, 2), packed = inPanels(w, 1, 16);
  int a = maker.argument(x.type), b = maker.argument(packed.type);
  int y = maker.node("matmul", {a, b}, rowsOf(m, 76), {{"transpose_rhs", int64_t(0)}});
  const std::pair<int64_t, int64_t> parts[] = {{0, 32}, {32, 24}, {56, 20}};
  std::vector<int> results;
  for (auto [start, size] : parts)
    results.push_back(maker.node("slice", {y}, rowsOf(m, size), slicing(start)));
  auto got = run(maker.yield(results, {{"vector", 8}, {"rows", 3}}), {x, packed});
  ASSERT_EQ(got.size(), 3u);
  Matrix whole = productOf(matrix(x, k), k, w, 76);
  for (size_t i = 0; i < 3; ++i)
    expectMatrix(got[i], m, parts[i].second,
                 [&](int64_t row, int64_t column) { return whole(row, column + parts[i].first); }, 1e-5, "part");
}

TEST(MatmulEpilogue, ResidualInPlaceBehindAStagedNorm) {
  const int64_t m = 7, k = 32;
  KernelMaker maker("residual", "matmul");
  Array x = randomArray(rowsOf(m, k), -1, 1, 1), scale = randomArray(tensor(f32, {k}), 0.5, 1.5, 2);
  Array w = randomArray(tensor(f32, {k, k}), -1, 1, 3), packed = inPanels(w, 1, 16);
  int a = maker.argument(x.type), s = maker.argument(scale.type), b = maker.argument(packed.type);
  int normed = maker.node("rms_norm", {a, s}, x.type, epsilon());
  int y = maker.node("matmul", {normed, b}, x.type, {{"transpose_rhs", int64_t(0)}});
  int sum = maker.node("add", {y, a}, x.type);
  maker.kernel.inPlace = {{a, 0}};
  Kernel &kernel = maker.yield({sum}, staged);
  kernel.scratch = {tensor(f32, {m, k})};
  auto got = run(kernel, {x, scale, packed});
  ASSERT_EQ(got.size(), 2u);
  Array left = tabulate(rmsNorm(matrix(x, k), k, scale), m, k);
  Matrix product = productOf(matrix(left, k), k, w, k);
  expectMatrix(got[0], m, k, [&](int64_t i, int64_t j) { return product(i, j) + x.get(i * k + j); }, 2e-5, "residual");
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

std::string errorOf(const Kernel &kernel) { return compileKernel(kernel, bestTarget().halide, {true, false, false, false}).error; }

TEST(MatmulRefuses, WhatItCannotDo) {
  std::map<std::string, Attribute> plain = {{"transpose_rhs", int64_t(0)}};
  auto expectError = [&](const std::string &part, const std::function<void(KernelMaker &, int, int, int)> &finish) {
    KernelMaker maker("refused", "matmul");
    int x = maker.argument(rowsOf(4, 8)), w = maker.argument(tensor(f32, {8, 16})), s = maker.argument(tensor(f32, {8}));
    finish(maker, x, w, s);
    std::string error = errorOf(maker.kernel);
    EXPECT_NE(error.find(part), std::string::npos) << "got: " << error;
  };
  expectError("needs schedule parameter 'stage_lhs'", [&](KernelMaker &m, int x, int w, int s) {
    int n = m.node("rms_norm", {x, s}, rowsOf(4, 8), epsilon());
    m.yield({m.node("matmul", {n, w}, rowsOf(4, 16), plain)});
  });
  expectError("share their left side", [&](KernelMaker &m, int x, int w, int) {
    int y = m.node("matmul", {m.node("neg", {x}, rowsOf(4, 8)), w}, rowsOf(4, 16), plain);
    m.yield({m.node("add", {y, m.node("matmul", {x, w}, rowsOf(4, 16), plain)}, rowsOf(4, 16))});
  });
  expectError("only pointwise ops and slices", [&](KernelMaker &m, int x, int w, int) {
    int y = m.node("matmul", {x, w}, rowsOf(4, 16), plain);
    m.yield({m.node("slice", {y}, rowsOf(4, 8), {{"starts", Shape{0, 0, 0}}, {"steps", Shape{1, 1, 2}}})});
  });
  expectError("does not depend on a matmul", [&](KernelMaker &m, int x, int w, int) {
    int y = m.node("matmul", {x, w}, rowsOf(4, 16), plain);
    m.yield({y, m.node("neg", {x}, rowsOf(4, 8))});
  });
  expectError("scratch tensors, expected 1", [&](KernelMaker &m, int x, int w, int) {
    m.yield({m.node("matmul", {x, w}, rowsOf(4, 16), plain)}, {{"stage_lhs", 1}});
  });
  expectError("expected to have 32 elements", [&](KernelMaker &m, int x, int w, int) {
    m.yield({m.node("matmul", {x, w}, rowsOf(4, 16), plain)}, {{"stage_lhs", 1}});
    m.kernel.scratch = {tensor(f32, {31})};
  });
  expectError("do not make 4 rows", [&](KernelMaker &m, int x, int w, int) {
    m.yield({m.node("matmul", {x, w}, rowsOf(4, 16), plain)}, {{"rows", 3}, {"tail_rows", 2}, {"tail_tiles", 1}});
  });
  expectError("is not staged, reads it", [&](KernelMaker &m, int x, int, int) {
    int w = m.argument(tensor(f32, {8, 8}));
    m.kernel.inPlace = {{x, 0}};
    m.yield({m.node("matmul", {x, w}, rowsOf(4, 8), plain)});
  });
}

} // namespace
