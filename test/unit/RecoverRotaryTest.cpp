//===- RecoverRotaryTest.cpp - Rotary embeddings in all arrangements --------===//
//
// A generator writes the same rotation as exporters do: pairs next to each other
// or half a head apart, turned as a whole or pair by pair, tables with columns
// twice in several ways, heads before or after tokens. Each must become
// glm.rotary with the same numbers; spoilt ones must stay.
//
//===----------------------------------------------------------------------===//
#include "test/unit/GraphMaker.h"

using namespace mlir;
using namespace glmc;

namespace {

enum class Layout { tokenMajor, tokensBeforeHeads, headMajor };
enum class Form { turnWhole, pairByPair };
enum class Tables { concatAngles, concatTables, expand, tile };
enum class Spoil {
  nothing,
  noSign,
  otherSign,
  cosineTwice,
  swappedTables,
  otherColumns,
  scaledCopy,
  sumReadElsewhere,
  productReadElsewhere,
  shiftedCopy
};

struct RotaryCase {
  int64_t batch = 1, heads = 4, tokens = 7, size = 16, pairs = 4;
  bool isInterleaved = true;
  Form form = Form::turnWhole;
  Tables tables = Tables::concatAngles;
  Layout layout = Layout::tokenMajor;
  bool areAnglesBatched = false;
  Spoil spoil = Spoil::nothing;
};

std::string describe(const RotaryCase &c) {
  return "batch " + std::to_string(c.batch) + " heads " + std::to_string(c.heads) + " tokens " +
         std::to_string(c.tokens) + " size " + std::to_string(c.size) + " pairs " + std::to_string(c.pairs) +
         (c.isInterleaved ? " interleaved" : " halves") + " form " + std::to_string(int(c.form)) + " tables " +
         std::to_string(int(c.tables)) + " layout " + std::to_string(int(c.layout)) +
         (c.areAnglesBatched ? " batched angles" : "") + " spoil " + std::to_string(int(c.spoil));
}

class RotaryMaker : public GraphMaker {
public:
  RotaryMaker(MLIRContext &context, const RotaryCase &c) : GraphMaker(context), c(c) {}

  OwningOpRef<ModuleOp> build() {
    Value x = heads(), angles = input({c.areAnglesBatched ? c.batch : 1, c.tokens, c.pairs});
    Value rotated = cut(x, 3, 0, 2 * c.pairs);
    Value cos = tableOf(angles, true), sin = tableOf(angles, false);
    if (c.spoil == Spoil::swappedTables)
      std::swap(cos, sin);
    if (c.spoil == Spoil::cosineTwice)
      sin = cos;
    Value y = c.form == Form::turnWhole ? turnWhole(rotated, cos, sin) : pairByPair(rotated, cos, sin);
    if (c.size > 2 * c.pairs) {
      Value copy = cut(x, 3, c.spoil == Spoil::shiftedCopy ? 0 : 2 * c.pairs, c.size - 2 * c.pairs);
      y = concat({y, c.spoil == Spoil::scaledCopy ? mul(copy, scalar(2)) : copy}, 3);
    }
    extra.insert(extra.begin(), y);
    return finish(extra);
  }

private:
  /// x as [B, H, S, D] or [B, S, H, D].
  Value heads() {
    if (c.layout == Layout::headMajor)
      return input({c.batch, c.heads, c.tokens, c.size});
    Value x = reshape(input({c.batch, c.tokens, c.heads * c.size}), {c.batch, c.tokens, c.heads, c.size});
    return c.layout == Layout::tokenMajor ? transpose(x, {0, 2, 1, 3}) : x;
  }

  /// A table that broadcasts to heads: of all features, or of pairs only.
  Value tableOf(Value angles, bool isCosine) {
    bool isWide = c.form == Form::turnWhole;
    auto function = [&](Value value) { return isCosine ? make<glm::CosOp>(value) : make<glm::SinOp>(value); };
    Value table;
    if (!isWide || c.tables == Tables::concatTables || c.tables == Tables::expand || c.tables == Tables::tile)
      table = function(angles);
    else
      table = function(concat({angles, angles}, 2));
    Shape shape = shapeOf(table);
    int64_t batch = shape[0];
    if (isWide && c.isInterleaved) {
      // Only the first half of a table with two halves, each column twice.
      table = reshape(cut(table, 2, 0, c.pairs), {batch, c.tokens, c.pairs, 1});
      table = c.tables == Tables::expand ? expand(table, {batch, c.tokens, c.pairs, 2})
              : c.tables == Tables::tile ? tile(table, {1, 1, 1, 2})
                                         : concat({table, table}, 3);
      table = reshape(table, {batch, c.tokens, 2 * c.pairs});
    } else if (isWide && shape[2] == c.pairs) {
      table = c.tables == Tables::tile ? tile(table, {1, 1, 2}) : concat({table, table}, 2);
    }
    int64_t width = shapeOf(table)[2];
    if (c.spoil == Spoil::otherColumns)
      table = cut(table, 2, width - 1, width, -1);
    return c.layout == Layout::tokensBeforeHeads ? reshape(table, {batch, c.tokens, 1, width})
                                                 : reshape(table, {batch, 1, c.tokens, width});
  }

  /// The first (0) or second (1) features of all pairs.
  Value part(Value x, int64_t which) {
    return c.isInterleaved ? cut(x, 3, which, c.pairs, 2) : cut(x, 3, which * c.pairs, c.pairs);
  }

  /// All pairs from their first and second features.
  Value join(Value first, Value second) {
    if (!c.isInterleaved)
      return concat({first, second}, 3);
    Shape shape = shapeOf(first), column = shape;
    column.push_back(1);
    shape.back() *= 2;
    return reshape(concat({reshape(first, column), reshape(second, column)}, 4), shape);
  }

  Value turnWhole(Value x, Value cos, Value sin) {
    Value first = part(x, 0), second = part(x, 1);
    Value turned = c.spoil == Spoil::noSign      ? join(second, first)
                   : c.spoil == Spoil::otherSign ? join(second, neg(first))
                                                 : join(neg(second), first);
    Value product = mul(turned, sin), sum = add(mul(x, cos), product);
    if (c.spoil == Spoil::sumReadElsewhere)
      extra.push_back(sum);
    if (c.spoil == Spoil::productReadElsewhere)
      extra.push_back(neg(product));
    return sum;
  }

  Value pairByPair(Value x, Value cos, Value sin) {
    Value first = part(x, 0), second = part(x, 1);
    Value a = sub(mul(first, cos), mul(second, sin)), b = add(mul(cos, second), mul(first, sin));
    if (c.spoil == Spoil::noSign)
      a = add(mul(first, cos), mul(second, sin));
    if (c.spoil == Spoil::otherSign)
      b = sub(mul(first, sin), mul(cos, second));
    if (c.spoil == Spoil::sumReadElsewhere)
      extra.push_back(b);
    if (c.spoil == Spoil::productReadElsewhere)
      extra.push_back(neg(a.getDefiningOp()->getOperand(0)));
    return join(a, b);
  }

  RotaryCase c;
  std::vector<Value> extra;
};

class RecoverRotaryTest : public ::testing::Test {
protected:
  OwningOpRef<ModuleOp> run(const RotaryCase &c) {
    OwningOpRef<ModuleOp> module = RotaryMaker(context, c).build();
    expectSameNumbersOfMasked(*module, "glm-recover-rotary");
    return module;
  }

  void expectRecovered(const RotaryCase &c) {
    SCOPED_TRACE(describe(c));
    OwningOpRef<ModuleOp> module = run(c);
    ASSERT_EQ(count<glm::RotaryOp>(*module), 1);
    EXPECT_EQ(count<glm::MulOp>(*module), 0);
    auto rotary = *(*module->getOps<glm::GraphOp>().begin()).getOps<glm::RotaryOp>().begin();
    EXPECT_EQ(int64_t(rotary.getHeads()), c.heads);
    EXPECT_TRUE(rotary.getInterleaved() == c.isInterleaved || c.pairs == 1);
    EXPECT_EQ(GraphMaker::shapeOf(rotary.getCos())[2], c.pairs);
    // Token-major sources are read as they are.
    EXPECT_EQ(isa<BlockArgument>(rotary.getX()), c.layout != Layout::headMajor);
  }

  MLIRContext context;
};

TEST_F(RecoverRotaryTest, EveryArrangement) {
  for (bool isInterleaved : {true, false})
    for (Form form : {Form::turnWhole, Form::pairByPair})
      for (Tables tables : {Tables::concatAngles, Tables::concatTables, Tables::expand, Tables::tile})
        for (Layout layout : {Layout::tokenMajor, Layout::tokensBeforeHeads, Layout::headMajor})
          for (int64_t pairs : {4, 8}) {
            RotaryCase c;
            c.isInterleaved = isInterleaved;
            c.form = form;
            c.tables = tables;
            c.layout = layout;
            c.pairs = pairs;
            expectRecovered(c);
          }
}

TEST_F(RecoverRotaryTest, EveryShape) {
  for (bool isInterleaved : {true, false})
    for (int64_t batch : {1, 2})
      for (int64_t heads : {2, 4})
        for (int64_t tokens : {1, 2, 5})
          for (int64_t pairs : {1, 2, 4})
            for (bool areAnglesBatched : {false, true}) {
              RotaryCase c;
              c.batch = batch;
              c.heads = heads;
              c.tokens = tokens;
              c.size = 8;
              c.pairs = pairs;
              c.isInterleaved = isInterleaved;
              c.areAnglesBatched = areAnglesBatched;
              expectRecovered(c);
            }
}

/// One head: nothing tells x from the tables but that it is there twice.
TEST_F(RecoverRotaryTest, OneHead) {
  for (Form form : {Form::turnWhole, Form::pairByPair})
    for (int64_t tokens : {1, 5}) {
      RotaryCase c;
      c.heads = 1;
      c.tokens = tokens;
      c.form = form;
      expectRecovered(c);
    }
}

TEST_F(RecoverRotaryTest, SpoiltOnesStay) {
  for (Form form : {Form::turnWhole, Form::pairByPair})
    for (bool isInterleaved : {true, false})
      for (Spoil spoil : {Spoil::noSign, Spoil::otherSign, Spoil::scaledCopy, Spoil::sumReadElsewhere,
                          Spoil::productReadElsewhere, Spoil::shiftedCopy}) {
        RotaryCase c;
        c.form = form;
        c.isInterleaved = isInterleaved;
        c.spoil = spoil;
        SCOPED_TRACE(describe(c));
        EXPECT_EQ(count<glm::RotaryOp>(*run(c)), 0);
      }
}

/// Tables of any origin are tables, so exchanging them is another rotation; but
/// the elements of a pair have to have one angle.
TEST_F(RecoverRotaryTest, TablesAreWhatTheyAre) {
  for (Spoil spoil : {Spoil::swappedTables, Spoil::cosineTwice}) {
    RotaryCase c;
    c.spoil = spoil;
    SCOPED_TRACE(describe(c));
    EXPECT_EQ(count<glm::RotaryOp>(*run(c)), 1);
  }
  RotaryCase c;
  c.spoil = Spoil::otherColumns;
  c.isInterleaved = false;
  c.tables = Tables::tile;
  EXPECT_EQ(count<glm::RotaryOp>(*run(c)), 1); // f3 f2 f1 f0 f3 f2 f1 f0
  c.isInterleaved = true;
  c.tables = Tables::expand;
  EXPECT_EQ(count<glm::RotaryOp>(*run(c)), 1); // f3 f3 f2 f2 f1 f1 f0 f0
}

/// Tables of which the two elements of a pair read other columns.
TEST_F(RecoverRotaryTest, TwoAnglesInAPairStay) {
  GraphMaker maker(context);
  auto x = maker.transpose(maker.reshape(maker.input({1, 7, 64}), {1, 7, 4, 16}), {0, 2, 1, 3});
  auto angles = maker.input({1, 1, 7, 16});
  auto turned = maker.concat({maker.neg(maker.cut(x, 3, 8, 8)), maker.cut(x, 3, 0, 8)}, 3);
  auto y = maker.add(maker.mul(x, maker.make<glm::CosOp>(angles)),
                     maker.mul(turned, maker.make<glm::SinOp>(angles)));
  OwningOpRef<ModuleOp> module = maker.finish({y});
  expectSameNumbersOfMasked(*module, "glm-recover-rotary");
  EXPECT_EQ(count<glm::RotaryOp>(*module), 0);
}

/// Turned over tokens instead of features.
TEST_F(RecoverRotaryTest, AnotherAxisStays) {
  GraphMaker maker(context);
  auto x = maker.transpose(maker.reshape(maker.input({1, 8, 32}), {1, 8, 4, 8}), {0, 2, 1, 3});
  auto angles = maker.input({1, 1, 8, 1});
  auto turned = maker.concat({maker.neg(maker.cut(x, 2, 4, 4)), maker.cut(x, 2, 0, 4)}, 2);
  auto y = maker.add(maker.mul(x, maker.make<glm::CosOp>(angles)),
                     maker.mul(turned, maker.make<glm::SinOp>(angles)));
  OwningOpRef<ModuleOp> module = maker.finish({y});
  expectSameNumbersOfMasked(*module, "glm-recover-rotary");
  EXPECT_EQ(count<glm::RotaryOp>(*module), 0);
}

/// The result names the nodes of all that it replaces.
TEST_F(RecoverRotaryTest, KeepsLocations) {
  RotaryMaker maker(context, RotaryCase());
  OwningOpRef<ModuleOp> module = maker.build();
  int64_t number = 0;
  module->walk([&](glm::MulOp op) {
    op->setLoc(NameLoc::get(StringAttr::get(&context, "mul" + std::to_string(number++))));
  });
  runPasses(*module, "glm-recover-rotary");
  module->walk([&](glm::RotaryOp op) {
    std::string text;
    llvm::raw_string_ostream(text) << op.getLoc();
    EXPECT_NE(text.find("mul0"), std::string::npos) << text;
    EXPECT_NE(text.find("mul1"), std::string::npos) << text;
  });
}

} // namespace
