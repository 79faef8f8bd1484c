//===- AttentionKernelTest.cpp - Family attention against plain loops -------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr double inf = INFINITY;

struct Attention {
  int64_t batch = 1, queries = 1, keys = 1, heads = 1, kvHeads = 1, features = 8, valueFeatures = 8;
  bool headMajorKeys = false, headMajorValues = false, causal = false, guarded = false;
  Shape mask; ///< Empty: none.
  Element maskElement = Element::f32, element = Element::f32;
  int64_t rows = 4, lanes = 8;
  Math math = Math::fast;
  bool parallel = false;
  double scale = 0.3;
  /// At run time; -1: there is none. With it, `keys` is how many have room.
  int64_t past = -1;
  Element pastElement = Element::i64;

  /// Keys that there are, and those before the queries'.
  int64_t before() const { return past < 0 ? keys - queries : std::min(past, keys - queries); }
  int64_t valid() const { return past < 0 ? keys : before() + queries; }

  std::string describe() const {
    std::string text = "attention of";
    for (int64_t n : {batch, queries, keys, heads, kvHeads, features, valueFeatures, rows})
      text += " " + std::to_string(n);
    return text + (past < 0 ? "" : " past " + std::to_string(past)) + (causal ? " causal" : "") + (guarded ? " guarded" : "") + (mask.empty() ? "" : " masked");
  }
};

TensorType keyType(const Attention &a, bool headMajor, int64_t features) {
  return tensor(a.element, headMajor ? Shape{a.batch, a.kvHeads, a.keys, features}
                                     : Shape{a.batch, a.keys, a.kvHeads * features});
}

/// What Schedules.h says of scratch.
int64_t scratchElements(const Attention &a) {
  int64_t bytes = a.element == Element::f64 ? 8 : 4, keys = (a.keys + 15) / 16 * 16, total = 0;
  int64_t rows = a.heads / a.kvHeads * std::min(a.rows, a.queries);
  for (int64_t elements : {rows * (keys % 128 ? keys : keys + 16), rows * a.valueFeatures})
    total += elements * bytes > 4096 ? elements : 0;
  return total * (a.parallel ? a.batch * a.kvHeads : 1);
}

Kernel attentionKernel(const Attention &a) {
  KernelMaker maker("attention", "attention");
  maker.kernel.math = a.math;
  TensorType q = tensor(a.element, {a.batch, a.queries, a.heads * a.features});
  TensorType y = tensor(a.element, {a.batch, a.queries, a.heads * a.valueFeatures});
  std::vector<int> operands = {maker.argument(q), maker.argument(keyType(a, a.headMajorKeys, a.features)),
                               maker.argument(keyType(a, a.headMajorValues, a.valueFeatures))};
  if (!a.mask.empty())
    operands.push_back(maker.argument(tensor(a.maskElement, a.mask)));
  if (a.past >= 0)
    operands.push_back(maker.argument(tensor(a.pastElement, {1})));
  std::map<std::string, Attribute> attributes = {{"heads", a.heads}, {"kv_heads", a.kvHeads}, {"scale", a.scale}};
  if (a.causal)
    attributes["causal"] = int64_t(1);
  if (a.guarded)
    attributes["guarded"] = int64_t(1);
  int value = maker.node("attention", operands, y, attributes);
  if (int64_t elements = scratchElements(a))
    maker.kernel.scratch = {tensor(a.element == Element::f64 ? Element::f64 : Element::f32, {elements})};
  std::map<std::string, int64_t> schedule = {{"vector", a.lanes}, {"rows", a.rows}};
  if (a.parallel)
    schedule["parallel"] = 1;
  return maker.yield({value}, schedule);
}

std::vector<Array> inputsOf(const Attention &a, const Kernel &kernel) {
  std::vector<Array> inputs;
  for (unsigned i = 0; i < 3; ++i)
    inputs.push_back(randomArray(kernel.arguments[i], -2, 2, i + 1));
  if (!a.mask.empty()) {
    Array mask = randomArray(kernel.arguments[3], -1, 1, 9);
    for (int64_t i = 0; i < mask.size(); ++i) {
      bool off = i % 3 == 1 || (a.mask[2] > 2 && i / a.mask[3] % a.mask[2] == 2); // token 2 sees nothing
      if (a.maskElement == Element::boolean)
        mask.set(i, !off);
      else if (off)
        mask.set(i, -inf);
    }
    inputs.push_back(mask);
  }
  if (a.past >= 0)
    inputs.push_back(arrayOf(tensor(a.pastElement, {1}), {double(a.past)}));
  return inputs;
}

/// Row `t` of the keys (1) or values (2) of head `g`: its first element.
int64_t rowOf(const Attention &a, int input, int64_t b, int64_t g, int64_t t) {
  const int64_t features = input == 1 ? a.features : a.valueFeatures;
  return (input == 1 ? a.headMajorKeys : a.headMajorValues) ? ((b * a.kvHeads + g) * a.keys + t) * features
                                                            : ((b * a.keys + t) * a.kvHeads + g) * features;
}

/// What a cache holds where no key is: `junk`.
void spoil(const Attention &a, std::vector<Array> &inputs, double junk) {
  for (int input : {1, 2})
    for (int64_t b = 0; b < a.batch; ++b)
      for (int64_t g = 0; g < a.kvHeads; ++g)
        for (int64_t t = a.valid(); t < a.keys; ++t)
          for (int64_t d = 0; d < (input == 1 ? a.features : a.valueFeatures); ++d)
            inputs[input].set(rowOf(a, input, b, g, t) + d, junk);
}

/// One row of the result, in double precision.
std::vector<double> expectedRow(const Attention &a, const std::vector<Array> &in, int64_t b, int64_t s, int64_t h) {
  const int64_t g = h / (a.heads / a.kvHeads);
  auto at = [&](int input, int64_t t, int64_t d) { return in[input].get(rowOf(a, input, b, g, t) + d); };
  std::vector<double> score(a.valid()), row(a.valueFeatures);
  double largest = -inf, sum = 0;
  for (int64_t t = 0; t < a.valid(); ++t) {
    for (int64_t d = 0; d < a.features; ++d)
      score[t] += in[0].get(((b * a.queries + s) * a.heads + h) * a.features + d) * at(1, t, d);
    score[t] *= a.scale;
    if (!a.mask.empty()) {
      Shape full = {b, h, s, t};
      int64_t flat = 0;
      for (int i = 0; i < 4; ++i)
        flat = flat * a.mask[i] + (a.mask[i] == 1 ? 0 : full[i]);
      double m = in[3].get(flat);
      score[t] = a.maskElement == Element::boolean ? (m != 0 ? score[t] : -inf) : score[t] + m;
    }
    if (a.causal && t > s + a.before())
      score[t] = -inf;
    largest = std::max(largest, score[t]);
  }
  if (largest == -inf)
    return std::vector<double>(a.valueFeatures, a.guarded ? 0 : NAN);
  for (double &x : score)
    sum += x = std::exp(x - largest);
  for (int64_t d = 0; d < a.valueFeatures; ++d)
    for (int64_t t = 0; t < a.valid(); ++t)
      row[d] += score[t] / sum * at(2, t, d);
  return row;
}

void compare(const Attention &a, const std::vector<Array> &inputs, const std::vector<Array> &got) {
  ASSERT_GE(got.size(), 1u) << a.describe();
  double tolerance = a.element == Element::f64    ? 1e-13
                     : a.element == Element::f32  ? 5e-6
                     : a.element == Element::f16  ? 3e-3
                                                  : 2e-2;
  for (int64_t b = 0; b < a.batch; ++b)
    for (int64_t s = 0; s < a.queries; ++s)
      for (int64_t h = 0; h < a.heads; ++h) {
        std::vector<double> row = expectedRow(a, inputs, b, s, h);
        for (int64_t d = 0; d < a.valueFeatures; ++d) {
          double value = got[0].get(((b * a.queries + s) * a.heads + h) * a.valueFeatures + d);
          if (std::isnan(row[d]))
            ASSERT_TRUE(std::isnan(value)) << a.describe() << " at " << b << " " << s << " " << h << " is " << value;
          else
            ASSERT_NEAR(value, row[d], tolerance) << a.describe() << " at " << b << " " << s << " " << h << " " << d;
        }
      }
}

void check(const Attention &a) {
  Kernel kernel = attentionKernel(a);
  std::vector<Array> inputs = inputsOf(a, kernel);
  if (a.past >= 0)
    spoil(a, inputs, NAN);
  compare(a, inputs, run(kernel, inputs));
}

TEST(KernelAttention, OneQueryManyKeys) {
  int64_t group = 1;
  for (int64_t keys : {1, 7, 16, 18, 32, 129, 1030})
    for (int repeat = 0; repeat < 2; ++repeat) { // of the groups 1, 2, 4
      group = group == 4 ? 1 : group * 2;
      Attention a;
      a.keys = keys, a.heads = 2 * group, a.kvHeads = 2, a.features = 16, a.valueFeatures = 24;
      a.headMajorKeys = a.headMajorValues = group != 2;
      a.math = group == 4 ? Math::exact : Math::fast;
      check(a);
    }
}

TEST(KernelAttention, ManyQueriesAndTiles) {
  for (bool causal : {false, true})
    for (int64_t rows : {1, 3, 16}) {
      Attention a;
      a.queries = 18, a.keys = 37, a.heads = 4, a.kvHeads = rows == 3 ? 4 : 2, a.features = 20, a.valueFeatures = 12;
      a.causal = causal, a.rows = rows;
      a.headMajorValues = rows == 1;
      check(a);
      a.queries = a.keys = 32, a.features = 8;
      check(a);
    }
}

TEST(KernelAttention, FewQueriesAsDotProducts) {
  for (bool causal : {false, true})
    for (int64_t keys : {5, 21, 128}) {
      Attention a;
      a.queries = 5, a.keys = keys, a.heads = 4, a.kvHeads = 2, a.features = 32, a.rows = 2;
      a.causal = causal, a.headMajorKeys = true;
      check(a);
    }
}

TEST(KernelAttention, OddSizes) {
  for (int64_t features : {1, 5, 8})
    for (int64_t lanes : {1, 8}) {
      Attention a;
      a.batch = 2, a.queries = 3, a.keys = 9, a.heads = 6, a.kvHeads = 2, a.features = features, a.valueFeatures = 7;
      a.lanes = lanes, a.headMajorKeys = features == 5;
      check(a);
    }
}

TEST(KernelAttention, MasksOfEveryShape) {
  for (Element element : {Element::boolean, Element::f32})
    for (const Shape &mask :
         {Shape{1, 1, 6, 19}, Shape{1, 1, 1, 19}, Shape{2, 1, 6, 19}, Shape{1, 4, 6, 19}, Shape{2, 4, 1, 1}})
      for (bool guarded : {false, true}) {
        if (guarded && mask[2] == 1)
          continue; // as little is masked as without
        Attention a;
        a.batch = 2, a.queries = 6, a.keys = 19, a.heads = 4, a.kvHeads = 2, a.features = 16;
        a.mask = mask, a.maskElement = element, a.guarded = guarded, a.math = guarded ? Math::exact : Math::fast;
        check(a);
      }
  for (int64_t queries : {1, 20}) {
    Attention a;
    a.queries = queries, a.keys = 32, a.heads = 4, a.kvHeads = 2, a.features = 16, a.causal = true;
    a.mask = {1, 1, queries, 32}, a.maskElement = Element::boolean;
    check(a);
  }
}

/// More queries than keys: the first may attend to nothing.
TEST(KernelAttention, RowsWithNothingToAttendTo) {
  for (bool guarded : {false, true})
    for (int64_t rows : {2, 7}) {
      Attention a;
      a.queries = 23, a.keys = 9, a.heads = 2, a.kvHeads = 1, a.causal = true, a.guarded = guarded, a.rows = rows;
      check(a);
    }
}

TEST(KernelAttention, ScratchIsPerTaskWhenParallel) {
  for (bool parallel : {false, true})
    for (int64_t queries : {1, 33}) {
      Attention a;
      a.batch = 2, a.queries = queries, a.keys = 600, a.heads = 8, a.kvHeads = 2, a.features = 16, a.valueFeatures = 16;
      a.rows = 16, a.parallel = parallel, a.causal = true;
      check(a);
    }
}

TEST(KernelAttention, OtherElements) {
  for (Element element : {Element::f16, Element::bf16, Element::f64})
    for (int64_t queries : {1, 17}) {
      Attention a;
      a.queries = queries, a.keys = 20, a.heads = 4, a.kvHeads = 2, a.features = 16, a.element = element;
      check(a);
    }
}

TEST(KernelAttention, SameBitsOnEveryTargetAndInCxx) {
  for (int64_t queries : {1, 19}) {
    Attention a;
    a.queries = queries, a.keys = 45, a.heads = 4, a.kvHeads = 2, a.features = 24, a.valueFeatures = 16;
    a.causal = true, a.math = Math::exact;
    Kernel kernel = attentionKernel(a);
    std::vector<Array> inputs = inputsOf(a, kernel);
    auto reference = run(kernel, inputs);
    compare(a, inputs, reference);
    ASSERT_FALSE(reference.empty());
    for (const TestTarget &target : targets()) {
      if (!target.runs)
        continue;
      kernel.schedule["vector"] = target.lanes;
      auto object = run(kernel, inputs, target), cxx = runCxx(kernel, inputs, target);
      ASSERT_FALSE(object.empty());
      ASSERT_FALSE(cxx.empty());
      EXPECT_EQ(object[0].bytes, reference[0].bytes) << target.name;
      EXPECT_EQ(cxx[0].bytes, reference[0].bytes) << target.name;
    }
  }
}

TEST(KernelAttention, CxxWithScratch) {
  Attention a;
  a.queries = 20, a.keys = 150, a.heads = 4, a.kvHeads = 2, a.features = 16, a.rows = 16;
  Kernel kernel = attentionKernel(a);
  ASSERT_FALSE(kernel.scratch.empty());
  std::vector<Array> inputs = inputsOf(a, kernel);
  compare(a, inputs, runCxx(kernel, inputs));
}

/// Operands that other ops make on the way in, and an op on the way out: q is
/// negated, keys are an old and a new part, values come transposed.
TEST(KernelAttention, OpsAround) {
  for (int64_t queries : {2, 16}) {
    Attention a;
    a.queries = queries, a.keys = 23, a.heads = 4, a.kvHeads = 2, a.features = 16, a.valueFeatures = 8;
    a.headMajorKeys = a.headMajorValues = true;
    KernelMaker maker("around", "attention");
    TensorType q = tensor(Element::f32, {1, queries, 64}), k = keyType(a, true, 16), v = keyType(a, true, 8);
    TensorType y = tensor(Element::f32, {1, queries, 32});
    int qs = maker.argument(q), old = maker.argument(tensor(Element::f32, {1, 2, 20, 16}));
    int fresh = maker.argument(tensor(Element::f32, {1, 2, 3, 16})),
        vs = maker.argument(tensor(Element::f32, {1, 23, 2, 8}));
    int keys = maker.node("concat", {old, fresh}, k, {{"axis", int64_t(2)}});
    int values = maker.node("transpose", {vs}, v, {{"permutation", Shape{0, 2, 1, 3}}});
    int value = maker.node("attention", {maker.node("neg", {qs}, q), keys, values}, y,
                           {{"heads", a.heads}, {"kv_heads", a.kvHeads}, {"scale", a.scale}});
    Kernel &kernel = maker.yield({maker.node("abs", {value}, y)}, {{"vector", 8}, {"rows", 2}});
    std::vector<Array> in;
    for (unsigned i = 0; i < 4; ++i)
      in.push_back(randomArray(kernel.arguments[i], -1, 1, i));
    std::vector<Array> plain = {in[0], Array(k), Array(v)};
    for (int64_t i = 0; i < in[0].size(); ++i)
      plain[0].set(i, -in[0].get(i));
    for (int64_t g = 0; g < 2; ++g)
      for (int64_t t = 0; t < 23; ++t) {
        for (int64_t d = 0; d < 16; ++d)
          plain[1].set((g * 23 + t) * 16 + d,
                       t < 20 ? in[1].get((g * 20 + t) * 16 + d) : in[2].get((g * 3 + t - 20) * 16 + d));
        for (int64_t d = 0; d < 8; ++d)
          plain[2].set((g * 23 + t) * 8 + d, in[3].get((t * 2 + g) * 8 + d));
      }
    auto got = run(kernel, in);
    ASSERT_EQ(got.size(), 1u);
    for (int64_t s = 0; s < queries; ++s)
      for (int64_t h = 0; h < 4; ++h) {
        std::vector<double> row = expectedRow(a, plain, 0, s, h);
        for (int64_t d = 0; d < 8; ++d)
          ASSERT_NEAR(got[0].get((s * 4 + h) * 8 + d), std::fabs(row[d]), 5e-6) << s << " " << h << " " << d;
      }
  }
}

//===----------------------------------------------------------------------===//
// Caches: how many keys there are is known at run time
//===----------------------------------------------------------------------===//

/// A cache of 48 rows after a write of `queries` tokens.
Attention cached(int64_t queries, int64_t past) {
  Attention a;
  a.queries = queries, a.keys = 48, a.heads = 4, a.kvHeads = 2, a.features = a.valueFeatures = 16;
  a.headMajorKeys = a.headMajorValues = a.causal = true;
  a.past = past;
  return a;
}

TEST(KernelAttentionPast, EveryPast) {
  for (int64_t queries : {1, 7, 16}) {
    Attention a = cached(queries, 0);
    Kernel kernel = attentionKernel(a);
    // The last two are clamped: there is no room for more. So is what is below 0.
    std::vector<Attention> cases;
    std::vector<std::vector<Array>> inputs;
    for (int64_t past :
         {int64_t(0), int64_t(0), int64_t(1), int64_t(14), int64_t(16), 48 - queries, int64_t(49), int64_t(1) << 40}) {
      a.past = past;
      cases.push_back(a);
      inputs.push_back(inputsOf(a, kernel));
      spoil(a, inputs.back(), NAN);
    }
    inputs[0].back().setInteger(0, -5);
    auto object = runEach(kernel, inputs), cxx = runCxxEach(kernel, inputs);
    for (size_t i = 0; i < cases.size(); ++i) {
      compare(cases[i], inputs[i], object[i]);
      compare(cases[i], inputs[i], cxx[i]);
    }
  }
}

TEST(KernelAttentionPast, EveryForm) {
  for (int64_t group : {1, 2, 4, 8})
    for (int64_t features : {16, 64, 128}) {
      Attention a = cached(group == 4 ? 7 : group == 8 ? 16 : 1, group == 2 ? 31 : 17);
      a.heads = 2 * group, a.features = a.valueFeatures = features;
      a.guarded = group == 8, a.rows = 3;
      a.causal = features != 64; // else new tokens see each other
      a.pastElement = features == 16 ? Element::i32 : Element::i64;
      a.headMajorKeys = a.headMajorValues = group != 2;
      a.math = group == 1 ? Math::exact : Math::fast;
      check(a);
    }
}

TEST(KernelAttentionPast, TilesMasksAndTasks) {
  for (bool parallel : {false, true})
    for (const Shape &mask : {Shape{}, Shape{1, 1, 21, 608}}) {
      Attention a = cached(21, 300);
      a.batch = 2, a.keys = 608, a.rows = 8, a.parallel = parallel, a.mask = mask;
      check(a);
    }
}

/// The order of every sum depends on what is there, not on the room for more,
/// the target, or what the rest of the room holds.
TEST(KernelAttentionPast, SameBitsForEveryRoomAndTarget) {
  for (int64_t queries : {7, 16}) {
    Attention small = cached(queries, 21), large = small;
    large.keys = 2080; // in scratch
    small.math = large.math = Math::exact;
    Kernel kernel = attentionKernel(small);
    std::vector<Array> inputs = inputsOf(small, kernel);
    spoil(small, inputs, 7);
    std::vector<Array> spoiled = inputs;
    spoil(small, spoiled, NAN);
    auto both = runEach(kernel, {inputs, spoiled});
    ASSERT_FALSE(both[0].empty() || both[1].empty());
    auto reference = both[0];
    EXPECT_EQ(both[1][0].bytes, reference[0].bytes);
    Kernel larger = attentionKernel(large);
    std::vector<Array> more = inputsOf(large, larger);
    spoil(large, more, -inf);
    more[0] = inputs[0];
    for (int input : {1, 2})
      for (int64_t g = 0; g < 2; ++g)
        for (int64_t i = 0; i < small.valid() * 16; ++i)
          more[input].set(rowOf(large, input, 0, g, 0) + i, inputs[input].get(rowOf(small, input, 0, g, 0) + i));
    for (const TestTarget &target : targets()) {
      if (!target.runs)
        continue;
      kernel.schedule["vector"] = larger.schedule["vector"] = target.lanes;
      auto here = run(kernel, inputs, target), there = run(larger, more, target);
      ASSERT_FALSE(here.empty() || there.empty());
      EXPECT_EQ(here[0].bytes, reference[0].bytes) << target.name;
      EXPECT_EQ(there[0].bytes, reference[0].bytes) << target.name;
    }
    auto cxx = runCxx(larger, more);
    ASSERT_FALSE(cxx.empty());
    EXPECT_EQ(cxx[0].bytes, reference[0].bytes);
  }
}

/// Caches of f16, or of i8 and a scale a row, which are converted where they are
/// read.
TEST(KernelAttentionPast, CachesOfOtherElements) {
  for (Element element : {Element::f16, Element::i8})
    for (int64_t queries : {1, 5, 16}) {
      const bool scaled = element == Element::i8;
      Attention a = cached(queries, 23);
      a.features = a.valueFeatures = 64, a.scale = 0.1;
      std::vector<Array> inputs = inputsOf(a, attentionKernel(a)), given = inputs;
      TensorType cache = inputs[1].type, stored = cache, scale = cache;
      stored.element = element, scale.shape.back() = 1;
      KernelMaker maker("stored", "attention");
      std::vector<int> operands = {maker.argument(inputs[0].type), maker.argument(stored), maker.argument(stored),
                                   maker.argument(inputs[3].type)};
      std::vector<int> scales;
      for (int input = 1; input <= 2; ++input) {
        given[input] = randomArray(stored, scaled ? -127 : -2, scaled ? 127 : 2, input);
        Array factors = randomArray(scale, 0.01, 0.02, 7 + input);
        for (int64_t i = 0; i < inputs[input].size(); ++i)
          inputs[input].set(i, given[input].get(i) * (scaled ? factors.get(i / 64) : 1));
        if (scaled) {
          scales.push_back(maker.argument(scale));
          given.push_back(factors);
        }
        for (int64_t g = 0; g < a.kvHeads && !scaled; ++g)
          for (int64_t i = rowOf(a, input, 0, g, a.valid()); i < rowOf(a, input, 0, g + 1, 0); ++i)
            given[input].set(i, NAN);
        for (int64_t i = 0; i < (scaled ? factors.size() : 0); ++i)
          if (i % a.keys >= a.valid())
            given.back().set(i, NAN);
      }
      for (int input = 1; input <= 2; ++input) {
        operands[input] = maker.node("cast", {operands[input]}, cache);
        if (scaled)
          operands[input] = maker.node("mul", {operands[input], scales[input - 1]}, cache);
      }
      Kernel plain = attentionKernel(a);
      int value = maker.node("attention", operands, plain.nodes[0].type, plain.nodes[0].attributes);
      maker.kernel.scratch = plain.scratch;
      Kernel kernel = maker.yield({value}, plain.schedule);
      compare(a, inputs, run(kernel, given));
      if (queries != 5)
        compare(a, inputs, runCxx(kernel, given));
    }
}

TEST(KernelAttentionPast, WrongPastsAreErrors) {
  auto errorOf = [](const Kernel &kernel) {
    return compileKernel(kernel, bestTarget().halide, {true, false, false, false}).error;
  };
  Attention a = cached(1, 3);
  a.keys = 40;
  EXPECT_NE(errorOf(attentionKernel(a)).find("expected a multiple of 16"), std::string::npos) << errorOf(attentionKernel(a));
  a = cached(49, 3);
  EXPECT_NE(errorOf(attentionKernel(a)).find("room for 48 keys"), std::string::npos) << errorOf(attentionKernel(a));
  a = cached(1, 3);
  a.pastElement = Element::f32;
  EXPECT_NE(errorOf(attentionKernel(a)).find("i32 or i64 argument"), std::string::npos) << errorOf(attentionKernel(a));
}

TEST(KernelAttention, WrongKernelsAreErrors) {
  auto errorOf = [](const Kernel &kernel) {
    return compileKernel(kernel, bestTarget().halide, {true, false, false, false}).error;
  };
  Attention a;
  a.queries = 33, a.keys = 600, a.heads = 4, a.kvHeads = 2, a.rows = 16;
  Kernel kernel = attentionKernel(a);
  kernel.scratch.clear();
  EXPECT_NE(errorOf(kernel).find("needs scratch"), std::string::npos) << errorOf(kernel);
  kernel.scratch = {tensor(Element::f32, {100})};
  EXPECT_NE(errorOf(kernel).find("needs scratch"), std::string::npos) << errorOf(kernel);
  kernel = attentionKernel(a);
  kernel.nodes[0].attributes["kv_heads"] = int64_t(3);
  EXPECT_NE(errorOf(kernel).find("do not fit"), std::string::npos) << errorOf(kernel);
  kernel = attentionKernel(a);
  kernel.nodes[0].attributes.erase("scale");
  EXPECT_NE(errorOf(kernel).find("no attribute 'scale'"), std::string::npos) << errorOf(kernel);
}

} // namespace
