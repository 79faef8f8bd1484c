//===- CompareTest.cpp - Tolerances, and which tensor belongs where -----------===//
#include "compiler/Compare.h"
#include "compiler/Slots.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>
#include <limits>

using namespace glmc;
using glmc::reference::Tensor;
using mlir::RankedTensorType;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class Compare : public testing::Test {
protected:
  RankedTensorType type(std::vector<int64_t> shape) { return RankedTensorType::get(shape, builder.getF64Type()); }
  Tensor floats(std::vector<double> values) {
    Tensor tensor(type({int64_t(values.size())}));
    for (size_t i = 0; i < values.size(); ++i)
      tensor.setFloat(i, values[i]);
    return tensor;
  }
  Tensor integers(mlir::Type element, std::vector<int64_t> values) {
    Tensor tensor(RankedTensorType::get({int64_t(values.size())}, element));
    for (size_t i = 0; i < values.size(); ++i)
      tensor.setInt(i, values[i]);
    return tensor;
  }
  Slot slot(const std::string &name, std::vector<int64_t> shape, bool needed = true) {
    return {name, name, type(shape), needed};
  }

  mlir::MLIRContext context;
  mlir::Builder builder{&context};
};

TEST_F(Compare, FindsTheLargestDifference) {
  Difference difference = compare(floats({1, 2, 4.5}), floats({1, 2.25, 4}), {0.25, 0});
  EXPECT_EQ(difference.maxAbsolute, 0.5);
  EXPECT_EQ(difference.maxRelative, 0.125);
  EXPECT_EQ(difference.worst, 2);
  EXPECT_FALSE(difference.within);
  EXPECT_TRUE(compare(floats({1, 2, 4.5}), floats({1, 2.25, 4}), {0.5, 0}).within);
  EXPECT_TRUE(compare(floats({110}), floats({100}), {0, 0.1}).within);
  EXPECT_FALSE(compare(floats({111}), floats({100}), {0, 0.1}).within);
}

TEST_F(Compare, TakesNothingForEqualThatIsNot) {
  EXPECT_TRUE(compare(floats({nan, infinity, -infinity}), floats({nan, infinity, -infinity}), {}).within);
  for (auto [actual, expected] :
       {std::pair(nan, 1.0), {1.0, nan}, {infinity, 1.0}, {1.0, infinity}, {infinity, -infinity}, {infinity, nan}}) {
    Difference difference = compare(floats({0, actual}), floats({0, expected}), {1e30, 1e30});
    EXPECT_FALSE(difference.within) << actual << " " << expected;
    EXPECT_EQ(difference.maxAbsolute, infinity);
    EXPECT_EQ(difference.worst, 1);
  }
}

TEST_F(Compare, IsExactOnWideIntegers) {
  const int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(compare(integers(builder.getI64Type(), {most}), integers(builder.getI64Type(), {most - 1}), {}).maxAbsolute,
            1);
  EXPECT_EQ(compare(integers(builder.getI64Type(), {most}), integers(builder.getI64Type(), {least}), {}).maxAbsolute,
            0x1p64);
  mlir::Type u64 = builder.getIntegerType(64, false);
  EXPECT_EQ(compare(integers(u64, {-1}), integers(u64, {-2}), {}).maxAbsolute, 1);
}

TEST_F(Compare, OverlooksDimensionsOfOneOnly) {
  EXPECT_TRUE(sameButForOnes(type({}), type({1})));
  EXPECT_TRUE(sameButForOnes(type({2, 1, 3}), type({1, 2, 3})));
  EXPECT_FALSE(sameButForOnes(type({2, 3}), type({3, 2})));
  EXPECT_FALSE(sameButForOnes(type({2, 3}), type({6})));
  EXPECT_FALSE(sameButForOnes(type({2}), RankedTensorType::get({2}, builder.getF32Type())));
}

TEST_F(Compare, AssignsTensorsByNameThenByOrder) {
  const std::vector<Slot> slots = {slot("a", {1}), slot("b", {2}), slot("c", {3})};
  std::vector<std::optional<Tensor>> assigned;
  std::string error;
  ASSERT_TRUE(assignTensors(slots, {{"b", floats({1, 2})}, {"a", floats({7})}, {"", floats({1, 2, 3})}}, "input",
                            assigned, error))
      << error;
  EXPECT_EQ(assigned[0]->getFloat(0), 7);
  EXPECT_EQ(assigned[1]->size(), 2);
  EXPECT_EQ(assigned[2]->size(), 3);
  EXPECT_FALSE(assignTensors(slots, {{"a", floats({1})}, {"a", floats({1})}}, "input", assigned, error));
  EXPECT_EQ(error, "input 'a' is given twice");
  EXPECT_FALSE(assignTensors(slots, {{"b", floats({1})}}, "input", assigned, error));
  EXPECT_EQ(error, "input 'b' is float64[1], expected float64[2]");
  EXPECT_FALSE(assignTensors({slot("a", {1})}, {{"a", floats({1})}, {"z", floats({1})}}, "output", assigned, error));
  EXPECT_EQ(error, "output 1 ('z') is none of the model's 1: 'a'");
}

TEST_F(Compare, FillsOnlyUnneededInputsWithZeros) {
  std::vector<Tensor> inputs;
  std::string error;
  ASSERT_TRUE(completeInputs({slot("a", {1}), slot("b", {2}, false)}, {floats({7}), std::nullopt}, inputs, error));
  EXPECT_EQ(inputs[0].getFloat(0), 7);
  EXPECT_EQ(inputs[1].getFloat(1), 0);
  EXPECT_FALSE(completeInputs({slot("a", {1, 2})}, {std::nullopt}, inputs, error));
  EXPECT_EQ(error, "there is no data for input 'a', expected float64[1, 2]");
}

} // namespace
