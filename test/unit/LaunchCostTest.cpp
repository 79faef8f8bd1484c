//===- LaunchCostTest.cpp - What `glmc bench` counts --------------------------===//
//
// Expected values are counted by hand.
//
//===----------------------------------------------------------------------===//
#include "compiler/LaunchCost.h"
#include "compiler/StepEntries.h"

#include <gtest/gtest.h>

namespace glmc {
namespace {

using kernels::Element;
using kernels::Kernel;
using kernels::Node;
using kernels::TensorType;

TensorType type(Element element, std::vector<int64_t> shape) {
  TensorType type;
  type.element = element;
  type.shape = std::move(shape);
  return type;
}

Node node(const std::string &op, std::vector<int> operands, TensorType type,
          std::map<std::string, kernels::Attribute> attributes = {}) {
  Node node;
  node.op = op;
  node.operands = std::move(operands);
  node.type = std::move(type);
  node.attributes = std::move(attributes);
  return node;
}

/// A program of one launch, whose values lie in the arena one behind the other.
Program programOf(Kernel kernel) {
  Program program;
  Launch launch;
  auto place = [&](const TensorType &type) {
    Place place{Memory::arena, 0, program.arenaBytes, type.storageBytes()};
    program.arenaBytes += (type.storageBytes() + 63) / 64 * 64;
    return place;
  };
  for (const TensorType &argument : kernel.arguments)
    launch.reads.push_back(place(argument));
  for (int result : kernel.results)
    launch.writes.push_back(place(kernel.typeOf(result)));
  for (const TensorType &scratch : kernel.scratch)
    launch.scratch.push_back(place(scratch));
  program.kernels.push_back(std::move(kernel));
  EntryPoint entry;
  entry.name = "run";
  entry.steps.push_back(launch);
  program.entryPoints.push_back(entry);
  return program;
}

LaunchCost costOf(Kernel kernel) {
  const Program program = programOf(std::move(kernel));
  return costOf(program, program.entryPoints.front().steps.front());
}

TEST(LaunchCost, WindowsCountEveryTap) {
  Kernel kernel;
  kernel.arguments = {type(Element::i8, {1, 6, 6, 8}), type(Element::i8, {16, 72})};
  kernel.nodes = {node("conv", {0, 1}, type(Element::i32, {1, 6, 6, 16}), {{"kernel", std::vector<int64_t>{3, 3}}}),
                  node("pool", {2}, type(Element::i32, {1, 3, 3, 16}), {{"kernel", std::vector<int64_t>{2, 2}}})};
  kernel.results = {3};
  EXPECT_EQ(costOf(kernel).operations, 2 * 36 * 16 * 72 + 9 * 16 * 4);
  EXPECT_EQ(costOf(kernel).bytes, 36 * 8 + 16 * 72 + 9 * 16 * 4);
}

TEST(LaunchCost, MatmulWithEpilogue) {
  Kernel kernel;
  kernel.arguments = {type(Element::f32, {1, 3, 8}), type(Element::f16, {8, 20}), type(Element::f32, {20})};
  kernel.arguments[1].layout = {kernels::Layout::panels, 1, 16}; // Two panels, the last padded.
  kernel.nodes = {node("matmul", {0, 1}, type(Element::f32, {1, 3, 20})),
                  node("add", {3, 2}, type(Element::f32, {1, 3, 20}))};
  kernel.results = {4};
  kernel.scratch = {type(Element::f32, {1000})};
  const LaunchCost cost = costOf(kernel);
  EXPECT_EQ(cost.operations, 2 * 3 * 20 * 8 + 3 * 20);
  EXPECT_EQ(cost.bytes, 4 * 3 * 8 + 2 * 8 * 32 + 4 * 20 + 4 * 3 * 20);
}

TEST(LaunchCost, CausalAttentionCountsWhatIsAttended) {
  Kernel kernel;
  // 3 queries after 2 cached keys, 4 heads of 16 that share 2.
  kernel.arguments = {type(Element::f32, {1, 3, 64}), type(Element::f32, {1, 2, 5, 16}),
                      type(Element::f32, {1, 2, 5, 16})};
  kernel.nodes = {node("attention", {0, 1, 2}, type(Element::f32, {1, 3, 64}),
                       {{"heads", int64_t(4)}, {"kv_heads", int64_t(2)}, {"causal", int64_t(1)}})};
  kernel.results = {3};
  EXPECT_EQ(costOf(kernel).operations, 4 * (3 + 4 + 5) * (2 * 16 + 2 * 16));
  kernel.nodes[0].attributes.erase("causal");
  EXPECT_EQ(costOf(kernel).operations, 4 * 3 * 5 * (2 * 16 + 2 * 16));
}

TEST(LaunchCost, OnlyWhatIsTakenIsRead) {
  Kernel kernel;
  kernel.arguments = {type(Element::f32, {256, 64}), type(Element::i64, {1, 7}), type(Element::f32, {1, 7, 200})};
  kernel.nodes = {node("gather", {0, 1}, type(Element::f32, {1, 7, 64})),
                  node("slice", {2}, type(Element::f32, {1, 7, 64})),
                  node("mul", {3, 4}, type(Element::f32, {1, 7, 64}))};
  kernel.results = {5};
  const LaunchCost cost = costOf(kernel);
  EXPECT_EQ(cost.operations, 7 * 64);
  EXPECT_EQ(cost.bytes, 8 * 7 + 3 * 4 * 7 * 64);
}

TEST(LaunchCost, UpdateInPlace) {
  Kernel kernel;
  kernel.arguments = {type(Element::f32, {32, 16}), type(Element::i64, {1, 1}), type(Element::f32, {1, 16})};
  kernel.nodes = {node("scatter_nd", {0, 1, 2}, type(Element::f32, {32, 16}))};
  kernel.results = {3};
  kernel.inPlace = {{0, 0}};
  Program program = programOf(kernel);
  EXPECT_EQ(costOf(program, program.entryPoints[0].steps[0]).bytes, 2 * 4 * 32 * 16 + 8 + 4 * 16);
  Launch &launch = std::get<Launch>(program.entryPoints[0].steps[0]);
  launch.writes[0] = launch.reads[0];
  EXPECT_EQ(costOf(program, program.entryPoints[0].steps[0]).bytes, 8 + 2 * 4 * 16);
}

TEST(LaunchCost, ReductionAndCopy) {
  Kernel kernel;
  kernel.arguments = {type(Element::f32, {4, 100})};
  kernel.nodes = {node("reduce", {0}, type(Element::f32, {4, 1}))};
  kernel.results = {1};
  EXPECT_EQ(costOf(kernel).operations, 400);
  Copy copy;
  copy.from.bytes = copy.to.bytes = 48;
  EXPECT_EQ(costOf(Program(), copy).bytes, 96);
  EXPECT_EQ(costOf(Program(), copy).operations, 0);
}

TEST(StepEntries, OneAStepAndOneWithout) {
  Kernel kernel;
  kernel.name = "k";
  kernel.arguments = {type(Element::f32, {4})};
  kernel.nodes = {node("neg", {0}, type(Element::f32, {4}))};
  kernel.results = {1};
  Program program = programOf(kernel);
  program.entryPoints[0].steps.push_back(Copy());
  addStepEntries(program);
  ASSERT_EQ(program.entryPoints.size(), 4u);
  EXPECT_EQ(program.entryPoints[0].steps.size(), 2u);
  EXPECT_EQ(program.entryPoints[1].name, stepEntryName(-1));
  EXPECT_TRUE(program.entryPoints[1].steps.empty());
  EXPECT_EQ(program.entryPoints[2].name, stepEntryName(0));
  ASSERT_EQ(program.entryPoints[2].steps.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Launch>(program.entryPoints[2].steps[0]));
  ASSERT_EQ(program.entryPoints[3].steps.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Copy>(program.entryPoints[3].steps[0]));
}

} // namespace
} // namespace glmc
