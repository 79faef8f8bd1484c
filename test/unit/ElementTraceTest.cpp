//===- ElementTraceTest.cpp - Where elements come from, against running it --===//
//
// What a trace says is checked by evaluating the graph on inputs that number
// their elements: the element of the result then names the element of the input
// that it is.
//
//===----------------------------------------------------------------------===//
#include "lowering/simplify/ElementTrace.h"
#include "test/unit/GraphMaker.h"

using namespace mlir;
using namespace glmc;

namespace {

class ElementTraceTest : public ::testing::Test {
protected:
  ElementTraceTest() : maker(context) {}

  /// The last value on the way back from all elements of `result`. If that is an
  /// input, checks all of them by running the graph.
  Value traceAll(Value result) {
    auto shape = GraphMaker::shapeOf(result);
    module = maker.finish({result});
    ConstantReader constants(*module);
    ElementTrace trace(constants);
    std::vector<LinearIndex> symbols;
    for (int64_t size : shape)
      symbols.push_back(trace.space.symbol(size));
    Element origin = trace.origin({result, llvm::SmallVector<LinearIndex, 6>(symbols.begin(), symbols.end())});
    auto argument = dyn_cast<BlockArgument>(origin.value);
    if (!argument)
      return origin.value;
    std::vector<reference::Tensor> inputs;
    for (BlockArgument input : argument.getOwner()->getArguments()) {
      reference::Tensor numbers(cast<RankedTensorType>(input.getType()));
      for (int64_t i = 0; i < numbers.size(); ++i)
        numbers.setFloat(i, i + (input == argument ? 0 : 1e6));
      inputs.push_back(std::move(numbers));
    }
    reference::Tensor moved = evaluate(*module, inputs)[0];
    LinearIndex position = trace.position(origin);
    for (int64_t i = 0; i < moved.size(); ++i) {
      std::vector<std::pair<LinearIndex, int64_t>> values;
      int64_t rest = i;
      for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
        values.push_back({symbols[d], rest % shape[d]});
      EXPECT_EQ(trace.space.valueAt(position, values), moved.getFloat(i)) << "element " << i;
    }
    return origin.value;
  }

  MLIRContext context;
  GraphMaker maker;
  OwningOpRef<ModuleOp> module;
};

TEST_F(ElementTraceTest, Transpose) {
  Value x = maker.input({2, 3, 4});
  EXPECT_EQ(traceAll(maker.transpose(x, {2, 0, 1})), x);
}

TEST_F(ElementTraceTest, ReshapeSplitsAndJoins) {
  Value x = maker.input({1, 7, 64});
  Value heads = maker.transpose(maker.reshape(x, {1, 7, 4, 16}), {0, 2, 1, 3});
  EXPECT_EQ(traceAll(maker.reshape(heads, {4, 7, 16})), x);
}

TEST_F(ElementTraceTest, ReshapeOfAllTokensAndHeadsBack) {
  Value x = maker.input({1, 7, 64});
  Value heads = maker.transpose(maker.reshape(x, {1, 7, 4, 16}), {0, 2, 1, 3});
  EXPECT_EQ(traceAll(maker.reshape(maker.transpose(heads, {0, 2, 1, 3}), {7, 64})), x);
}

TEST_F(ElementTraceTest, ReshapeOfWholeColumns) {
  Value x = maker.input({4, 6});
  EXPECT_EQ(traceAll(maker.reshape(maker.transpose(x, {1, 0}), {3, 8})), x); // 8 is two columns of 4.
}

TEST_F(ElementTraceTest, ReshapeAcrossColumnsStops) {
  Value x = maker.input({4, 6});
  Value y = maker.reshape(maker.transpose(x, {1, 0}), {8, 3}); // 3 of a column of 4.
  EXPECT_EQ(traceAll(y), y);
}

TEST_F(ElementTraceTest, SliceWithSteps) {
  Value x = maker.input({2, 9});
  EXPECT_EQ(traceAll(maker.slice(x, {1, 1}, {1, 3}, {1, 3})), x);
}

TEST_F(ElementTraceTest, SliceBackwardsThenReshape) {
  Value x = maker.input({3, 8});
  EXPECT_EQ(traceAll(maker.reshape(maker.slice(x, {2, 7}, {-1, -1}, {3, 8}), {3, 2, 4})), x);
}

TEST_F(ElementTraceTest, ExpandAndTileRepeat) {
  Value x = maker.input({1, 2, 1, 5});
  Value repeated = maker.reshape(maker.expand(x, {1, 2, 3, 5}), {6, 5});
  EXPECT_EQ(traceAll(maker.tile(repeated, {2, 3})), x);
}

TEST_F(ElementTraceTest, ConcatOfOneValueRepeats) {
  Value x = maker.input({3, 4});
  EXPECT_EQ(traceAll(maker.concat({x, x}, 1)), x);
}

TEST_F(ElementTraceTest, ConcatOfOthersIsAPieceOrNothing) {
  Value x = maker.input({3, 4}), y = maker.input({3, 2});
  Value all = maker.concat({x, y}, 1);
  EXPECT_EQ(traceAll(maker.cut(all, 1, 1, 3)), x);
}

TEST_F(ElementTraceTest, SecondPieceOfConcat) {
  Value x = maker.input({3, 4}), y = maker.input({3, 2});
  EXPECT_EQ(traceAll(maker.cut(maker.concat({x, y}, 1), 1, 4, 2)), y);
}

TEST_F(ElementTraceTest, CutAcrossConcatStops) {
  Value x = maker.input({3, 4}), y = maker.input({3, 2});
  Value all = maker.concat({x, y}, 1);
  EXPECT_EQ(traceAll(maker.cut(all, 1, 3, 2)), all);
}

TEST_F(ElementTraceTest, GatherByEvenIndices) {
  Value x = maker.input({8, 3});
  Value indices = maker.constantIndices({2, 2}, {1, 3, 5, -1});
  EXPECT_EQ(traceAll(maker.make<glm::GatherOp>(x, indices, 0)), x);
}

TEST_F(ElementTraceTest, GatherByOtherIndicesStops) {
  Value x = maker.input({8, 3});
  Value gathered = maker.make<glm::GatherOp>(x, maker.constantIndices({3}, {1, 2, 5}), 0);
  EXPECT_EQ(traceAll(gathered), gathered);
}

TEST_F(ElementTraceTest, GatherOutsideStops) {
  Value x = maker.input({8, 3});
  Value gathered = maker.make<glm::GatherOp>(x, maker.constantIndices({2}, {7, 8}), 0);
  module = maker.finish({gathered});
  ConstantReader constants(*module);
  ElementTrace trace(constants);
  EXPECT_FALSE(trace.step({gathered, {trace.space.symbol(2), trace.space.symbol(3)}}));
}

TEST_F(ElementTraceTest, GatherNdOfTuples) {
  Value x = maker.input({2, 4, 3});
  Value indices = maker.constantIndices({3, 2}, {0, 0, 0, 1, 0, 2});
  EXPECT_EQ(traceAll(maker.make<glm::GatherNdOp>(x, indices, 0)), x);
}

TEST_F(ElementTraceTest, RunTimeIndicesStop) {
  Value x = maker.input({8, 3});
  Value indices = maker.make<glm::CastOp>(
      RankedTensorType::get({2}, maker.builder.getI64Type()), maker.input({2}));
  Value gathered = maker.make<glm::GatherOp>(x, indices, 0);
  EXPECT_EQ(traceAll(gathered), gathered);
}

TEST_F(ElementTraceTest, ComputingStops) {
  Value x = maker.input({2, 3});
  Value y = maker.neg(maker.transpose(x, {1, 0}));
  EXPECT_EQ(traceAll(maker.transpose(y, {1, 0})), y);
}

/// cos(concat(f, f)): columns i and i + 4 are the same, i and i + 1 are not.
TEST_F(ElementTraceTest, SameExpressions) {
  Value f = maker.input({7, 4});
  Value cos = maker.make<glm::CosOp>(maker.mul(maker.concat({f, f}, 1), maker.scalar(2)));
  Value sin = maker.make<glm::SinOp>(maker.mul(maker.concat({f, f}, 1), maker.scalar(2)));
  module = maker.finish({cos, sin});
  ConstantReader constants(*module);
  ElementTrace trace(constants);
  LinearIndex s = trace.space.symbol(7);
  EXPECT_TRUE(trace.areSame({cos, {s, 1}}, {cos, {s, 5}}));
  EXPECT_FALSE(trace.areSame({cos, {s, 1}}, {cos, {s, 6}}));
  EXPECT_FALSE(trace.areSame({cos, {s, 1}}, {sin, {s, 1}}));
}

/// Splitting a symbol keeps indices made before comparable.
TEST(IndexSpaceTest, DivisionSplitsSymbols) {
  IndexSpace space;
  LinearIndex h = space.symbol(6), d = space.symbol(4);
  LinearIndex index = h * 4 + d;
  auto parts = space.divide(index, 8);
  ASSERT_TRUE(parts);
  EXPECT_EQ(space.range(parts->first), std::make_pair(int64_t(0), int64_t(2)));
  EXPECT_EQ(space.range(parts->second), std::make_pair(int64_t(0), int64_t(7)));
  EXPECT_EQ(space.resolve(index), space.resolve(parts->first * 8 + parts->second));
  EXPECT_FALSE(space.divide(index, 5));
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(space.valueAt(parts->first, {{h, i}, {d, 3}}), (i * 4 + 3) / 8);
}

TEST(IndexSpaceTest, SymbolOfOneIsZero) {
  IndexSpace space;
  EXPECT_EQ(space.symbol(1), LinearIndex(0));
  LinearIndex x = space.symbol(3), y = space.symbol(3);
  EXPECT_FALSE(x == y);
  EXPECT_EQ(x - x, LinearIndex(0));
  EXPECT_TRUE(space.usesOnly(x * 2 + 1, {x}));
  EXPECT_FALSE(space.usesOnly(x + y, {x}));
}

} // namespace
