//===- RecoverAttentionTest.cpp - Attention in all arrangements -------------===//
//
// A generator writes the same attention as exporters do; each arrangement must
// become glm.attention with the same numbers, and spoilt ones must stay.
//
//===----------------------------------------------------------------------===//
#include "test/unit/GraphMaker.h"

using namespace mlir;
using namespace glmc;

namespace {

enum class Scale { none, mulAfter, divAfter, onQuery, onBoth };
enum class Mask {
  none,
  numbers,
  whereInfinity,
  whereLowest,
  fill,
  fillNegated,
  causal,
  causalLowest,
  causalAndPadding
};
enum class Guard { none, isNan, rowMaximum, emptyRow };
enum class Keys { tokenMajor, headMajor, cache, transposed };
enum class Products { fourDimensions, threeDimensions, fiveDimensions, headsAsRows };
enum class Spoil { nothing, otherAxis, scoresRead, probabilitiesRead, negatedScore, guardOfOnes, scaledProbabilities };

struct AttentionCase {
  int64_t batch = 1, heads = 4, kvHeads = 2, tokens = 5, keys = 5, size = 8;
  Scale scale = Scale::mulAfter;
  Mask mask = Mask::none;
  Guard guard = Guard::none;
  Keys layout = Keys::tokenMajor;
  Products products = Products::fourDimensions;
  bool isQueryHeadMajor = false;
  Spoil spoil = Spoil::nothing;
};

std::string describe(const AttentionCase &c) {
  std::string text = "batch heads kvHeads tokens keys:";
  for (int64_t number : {c.batch, c.heads, c.kvHeads, c.tokens, c.keys})
    text += " " + std::to_string(number);
  text += "; scale mask guard layout products spoil:";
  for (int number : {int(c.scale), int(c.mask), int(c.guard), int(c.layout), int(c.products), int(c.spoil)})
    text += " " + std::to_string(number);
  return text;
}

class AttentionMaker : public GraphMaker {
public:
  AttentionMaker(MLIRContext &context, const AttentionCase &c) : GraphMaker(context), c(c) {}

  OwningOpRef<ModuleOp> build() {
    Value q = query(), k = keysOrValues(), v = keysOrValues();
    Value mask = maskNumbers();
    k = transpose(repeat(k), {0, 1, 3, 2});
    v = repeat(v);
    float root = 0.35f;
    if (c.scale == Scale::onQuery || c.scale == Scale::onBoth)
      q = mul(q, scalar(root));
    if (c.scale == Scale::onBoth)
      k = mul(k, scalar(root));
    Value scores = withScores(product(q, k), mask);
    Value p = softmax(scores, c.spoil == Spoil::otherAxis ? 2 : 3);
    p = guarded(p, mask);
    if (c.spoil == Spoil::scoresRead)
      extra.push_back(scores);
    if (c.spoil == Spoil::probabilitiesRead)
      extra.push_back(p);
    if (c.spoil == Spoil::scaledProbabilities)
      p = mul(p, scalar(2));
    Value y = product(p, v);
    if (c.guard == Guard::emptyRow)
      y = where(emptyRows(), scalar(0), y);
    y = reshape(transpose(rows(y), {0, 2, 1, 3}), {c.batch, c.tokens, c.heads * c.size});
    extra.insert(extra.begin(), y);
    return finish(extra);
  }

private:
  Value query() {
    if (c.isQueryHeadMajor)
      return input({c.batch, c.heads, c.tokens, c.size});
    Value q = input({c.batch, c.tokens, c.heads * c.size});
    return transpose(reshape(q, {c.batch, c.tokens, c.heads, c.size}), {0, 2, 1, 3});
  }

  /// [B, G, T, D]
  Value keysOrValues() {
    switch (c.layout) {
    case Keys::headMajor:
      return input({c.batch, c.kvHeads, c.keys, c.size});
    case Keys::cache:
      return concat({input({c.batch, c.kvHeads, c.keys - 1, c.size}), input({c.batch, c.kvHeads, 1, c.size})}, 2);
    case Keys::transposed:
      return transpose(input({c.batch, c.kvHeads, c.size, c.keys}), {0, 1, 3, 2});
    case Keys::tokenMajor:
      break;
    }
    Value k = input({c.batch, c.keys, c.kvHeads * c.size});
    return transpose(reshape(k, {c.batch, c.keys, c.kvHeads, c.size}), {0, 2, 1, 3});
  }

  /// [B, H, T, D]: every head as often as queries read it. [B, G, T, D] where
  /// those are rows of it.
  Value repeat(Value k) {
    int64_t repeats = c.heads / c.kvHeads;
    if (c.products == Products::headsAsRows || repeats == 1)
      return k;
    Value one = reshape(k, {c.batch, c.kvHeads, 1, c.keys, c.size});
    return reshape(expand(one, {c.batch, c.kvHeads, repeats, c.keys, c.size}), {c.batch, c.heads, c.keys, c.size});
  }

  /// x times y, both [B, H, .., ..], with the dimensions that the case has.
  Value product(Value x, Value y) {
    Shape a = shapeOf(x), b = shapeOf(y);
    int64_t repeats = c.heads / c.kvHeads;
    if (c.products == Products::threeDimensions) {
      Value z = matmul(reshape(x, {a[0] * a[1], a[2], a[3]}), reshape(y, {b[0] * b[1], b[2], b[3]}));
      return reshape(z, {a[0], a[1], a[2], b[3]});
    }
    if (c.products == Products::fiveDimensions) {
      Value z = matmul(reshape(x, {a[0], c.kvHeads, repeats, a[2], a[3]}),
                       reshape(y, {b[0], c.kvHeads, repeats, b[2], b[3]}));
      return reshape(z, {a[0], c.heads, a[2], b[3]});
    }
    if (c.products == Products::headsAsRows)
      return matmul(reshape(x, {c.batch, c.kvHeads, repeats * c.tokens, a[3]}), y);
    return matmul(x, y);
  }

  /// [B, H, S, D] from a product's result.
  Value rows(Value y) { return reshape(y, {c.batch, c.heads, c.tokens, c.size}); }

  std::vector<bool> causal() {
    std::vector<bool> all;
    for (int64_t s = 0; s < c.tokens; ++s)
      for (int64_t t = 0; t < c.keys; ++t)
        all.push_back(t <= s + c.keys - c.tokens);
    return all;
  }

  Value causalNumbers(float low) {
    std::vector<float> all;
    for (bool attended : causal())
      all.push_back(attended ? 0 : low);
    return constant({1, 1, c.tokens, c.keys}, all);
  }

  /// What is added to scores, if anything; sets `attended` where booleans decide.
  Value maskNumbers() {
    Shape rowShape = {c.batch, 1, c.tokens, c.keys};
    if (c.products == Products::headsAsRows)
      rowShape = {c.batch, 1, 1, c.keys};
    Value infinity = scalar(-INFINITY), lowest = scalar(-3.4e38f), zero = scalar(0);
    switch (c.mask) {
    case Mask::none:
      return {};
    case Mask::numbers:
      return input(rowShape);
    case Mask::causal:
      return causalNumbers(-INFINITY);
    case Mask::causalLowest:
      return causalNumbers(-3.4e38f);
    case Mask::causalAndPadding: {
      Value padding = booleans({c.batch, c.keys});
      attended = make<glm::AndOp>(reshape(padding, {c.batch, 1, 1, c.keys}),
                                  constantBooleans({1, 1, c.tokens, c.keys}, causal()));
      return where(attended, zero, infinity);
    }
    case Mask::whereLowest:
      attended = booleans(rowShape);
      return where(attended, zero, lowest);
    default:
      attended = booleans(rowShape);
      return where(attended, zero, infinity);
    }
  }

  Value withScores(Value scores, Value mask) {
    if (c.scale == Scale::mulAfter)
      scores = mul(scores, scalar(0.3f));
    if (c.scale == Scale::divAfter)
      scores = make<glm::DivOp>(scores, scalar(3));
    if (c.spoil == Spoil::negatedScore)
      scores = make<glm::AbsOp>(scores);
    if (c.mask == Mask::fill)
      return where(attended, scores, scalar(-INFINITY));
    if (c.mask == Mask::fillNegated)
      return where(make<glm::NotOp>(attended), scalar(-INFINITY), scores);
    return mask ? add(mask, scores) : scores;
  }

  Value guarded(Value p, Value mask) {
    Value zero = scalar(c.spoil == Spoil::guardOfOnes ? 1 : 0);
    if (c.guard == Guard::isNan)
      return where(make<glm::IsNanOp>(p), zero, p);
    if (c.guard == Guard::rowMaximum) {
      Value most = make<glm::ReduceOp>("max", mask, ArrayRef<int64_t>({3}));
      return where(make<glm::EqualOp>(most, scalar(-INFINITY)), zero, p);
    }
    return p;
  }

  Value emptyRows() {
    auto type = cast<RankedTensorType>(attended.getType()).clone(builder.getF32Type());
    Value sum = make<glm::ReduceOp>("sum", make<glm::CastOp>(type, attended), ArrayRef<int64_t>({3}));
    return make<glm::LessOp>(sum, scalar(1));
  }

  AttentionCase c;
  Value attended;
  std::vector<Value> extra;
};

class RecoverAttentionTest : public ::testing::Test {
protected:
  OwningOpRef<ModuleOp> run(const AttentionCase &c) {
    OwningOpRef<ModuleOp> module = AttentionMaker(context, c).build();
    expectSameNumbersOfMasked(*module, "glm-recover-attention,glm-simplify-movement");
    return module;
  }

  /// Runs a case, expects that it is recovered, and gives the op.
  glm::AttentionOp recovered(const AttentionCase &c) {
    module = run(c);
    EXPECT_EQ(count<glm::AttentionOp>(*module), 1);
    EXPECT_EQ(count<glm::SoftmaxOp>(*module), 0);
    EXPECT_EQ(count<glm::ExpandOp>(*module), 0);
    bool moves = c.isQueryHeadMajor && c.tokens > 1;
    EXPECT_EQ(count<glm::TransposeOp>(*module), (moves ? 1 : 0) + (c.layout == Keys::transposed ? 2 : 0));
    glm::AttentionOp attention;
    module->walk([&](glm::AttentionOp op) { attention = op; });
    EXPECT_TRUE(attention);
    if (attention) {
      EXPECT_EQ(int64_t(attention.getHeads()), c.heads);
      EXPECT_EQ(int64_t(attention.getKvHeads()), c.kvHeads);
      EXPECT_EQ(attention.getGuarded(), c.guard != Guard::none);
    }
    return attention;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(RecoverAttentionTest, EveryScaleAndProduct) {
  for (Scale scale : {Scale::none, Scale::mulAfter, Scale::divAfter, Scale::onQuery, Scale::onBoth})
    for (Products products : {Products::fourDimensions, Products::threeDimensions, Products::fiveDimensions}) {
      AttentionCase c;
      c.scale = scale;
      c.products = products;
      SCOPED_TRACE(describe(c));
      if (auto attention = recovered(c)) {
        float expected[] = {1, 0.3f, float(1 / 3.0), 0.35f, 0.35f * 0.35f};
        EXPECT_NEAR(attention.getScale().convertToDouble(), expected[int(scale)], 1e-6);
        EXPECT_FALSE(attention.getMask());
      }
    }
}

TEST_F(RecoverAttentionTest, EveryMaskAndGuard) {
  for (Mask mask : {Mask::none, Mask::numbers, Mask::whereInfinity, Mask::whereLowest, Mask::fill, Mask::fillNegated,
                    Mask::causal, Mask::causalLowest, Mask::causalAndPadding})
    for (Guard guard : {Guard::none, Guard::isNan})
      for (int64_t keys : {5, 8}) {
        AttentionCase c;
        c.mask = mask;
        c.guard = guard;
        c.keys = keys;
        SCOPED_TRACE(describe(c));
        auto attention = recovered(c);
        if (!attention)
          continue;
        bool isCausal = mask == Mask::causal || mask == Mask::causalLowest;
        EXPECT_EQ(attention.getCausal(), isCausal || mask == Mask::causalAndPadding);
        ASSERT_EQ(!attention.getMask(), isCausal || mask == Mask::none);
        bool isBoolean = mask != Mask::numbers && mask != Mask::whereLowest;
        if (attention.getMask()) {
          EXPECT_EQ(cast<RankedTensorType>(attention.getMask().getType()).getElementType().isInteger(1), isBoolean);
        }
      }
}

TEST_F(RecoverAttentionTest, GuardsThatLookAtTheMask) {
  AttentionCase c;
  c.mask = Mask::whereInfinity;
  c.guard = Guard::rowMaximum;
  recovered(c);
  // A lowest number and a guard after make a boolean mask.
  c.guard = Guard::emptyRow;
  c.mask = Mask::whereLowest;
  auto attention = recovered(c);
  ASSERT_TRUE(attention && attention.getMask());
  EXPECT_TRUE(cast<RankedTensorType>(attention.getMask().getType()).getElementType().isInteger(1));
}

TEST_F(RecoverAttentionTest, EveryLayout) {
  for (Keys layout : {Keys::tokenMajor, Keys::headMajor, Keys::cache, Keys::transposed})
    for (bool isQueryHeadMajor : {false, true})
      for (int64_t batch : {1, 2})
        for (int64_t tokens : {1, 3})
          for (Products products : {Products::fourDimensions, Products::threeDimensions}) {
            AttentionCase c;
            c.layout = layout;
            c.isQueryHeadMajor = isQueryHeadMajor;
            c.batch = batch;
            c.tokens = tokens;
            c.products = products;
            c.mask = Mask::numbers;
            SCOPED_TRACE(describe(c));
            recovered(c);
          }
}

TEST_F(RecoverAttentionTest, EveryNumberOfHeads) {
  for (auto [heads, kvHeads] : {std::pair<int64_t, int64_t>{1, 1}, {4, 4}, {4, 1}, {12, 3}, {6, 2}})
    for (int64_t tokens : {1, 4})
      for (int64_t batch : {1, 3}) {
        AttentionCase c;
        c.heads = heads;
        c.kvHeads = kvHeads;
        c.tokens = tokens;
        c.batch = batch;
        c.mask = Mask::causalAndPadding;
        c.guard = Guard::isNan;
        SCOPED_TRACE(describe(c));
        recovered(c);
      }
}

/// One token's query heads as rows of their key-value head.
TEST_F(RecoverAttentionTest, HeadsAsRows) {
  for (Mask mask : {Mask::none, Mask::numbers, Mask::whereInfinity}) {
    AttentionCase c;
    c.tokens = 1;
    c.products = Products::headsAsRows;
    c.mask = mask;
    c.layout = Keys::cache;
    SCOPED_TRACE(describe(c));
    recovered(c);
  }
}

TEST_F(RecoverAttentionTest, SpoiltOnesStay) {
  for (Spoil spoil : {Spoil::otherAxis, Spoil::scoresRead, Spoil::probabilitiesRead, Spoil::negatedScore,
                      Spoil::guardOfOnes, Spoil::scaledProbabilities}) {
    AttentionCase c;
    c.spoil = spoil;
    c.mask = Mask::numbers;
    c.guard = spoil == Spoil::guardOfOnes ? Guard::isNan : Guard::none;
    SCOPED_TRACE(describe(c));
    EXPECT_EQ(count<glm::AttentionOp>(*run(c)), 0);
  }
}

/// The lowest number, not -inf, in rows that attend to nothing: their mean is
/// over keys that causality would leave out.
TEST_F(RecoverAttentionTest, LowestNumbersAreNoBooleansByThemselves) {
  AttentionCase c;
  c.mask = Mask::causalLowest;
  c.tokens = 6;
  c.keys = 4; // The first two rows are empty.
  SCOPED_TRACE(describe(c));
  if (auto attention = recovered(c)) {
    EXPECT_FALSE(attention.getCausal());
    EXPECT_TRUE(attention.getMask());
  }
}

/// Key-value heads that are not repeated in order: head h reads h % 2.
TEST_F(RecoverAttentionTest, HeadsInAnotherOrderAreNotShared) {
  GraphMaker maker(context);
  auto q = maker.transpose(maker.reshape(maker.input({1, 5, 32}), {1, 5, 4, 8}), {0, 2, 1, 3});
  auto k = maker.tile(maker.input({1, 2, 5, 8}), {1, 2, 1, 1}), v = maker.tile(maker.input({1, 2, 5, 8}), {1, 2, 1, 1});
  auto y = maker.matmul(maker.softmax(maker.matmul(q, k, true), 3), v);
  module = maker.finish({y});
  expectSameNumbersOfMasked(*module, "glm-recover-attention");
  module->walk([&](glm::AttentionOp op) { EXPECT_EQ(op.getKvHeads(), 4u); });
}

/// A softmax between products that share no head structure: queries of one
/// token read keys of another.
TEST_F(RecoverAttentionTest, ShiftedQueryStays) {
  GraphMaker maker(context);
  auto q = maker.cut(maker.transpose(maker.reshape(maker.input({1, 6, 32}), {1, 6, 4, 8}), {0, 2, 1, 3}), 2, 5, 6, -1);
  auto k = maker.input({1, 4, 5, 8}), v = maker.input({1, 4, 5, 8});
  module = maker.finish({maker.matmul(maker.softmax(maker.matmul(q, k, true), 3), v)});
  expectSameNumbersOfMasked(*module, "glm-recover-attention");
  // Read from the reversed copy, not from the input.
  module->walk([&](glm::AttentionOp op) { EXPECT_FALSE(isa<BlockArgument>(op.getQ())); });
}

} // namespace
