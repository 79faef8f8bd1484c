//===- ModelOutputsTest.cpp - Simplified models against what made them ------===//
//
// The reference evaluator runs each model of test/models as the passes of
// simplify leave it, on its stored inputs. The outputs stored beside them are
// ONNX Runtime's or PyTorch's, so that an idiom recovered wrongly shows here
// even if evaluator and pass err alike.
//
//===----------------------------------------------------------------------===//
#include "compiler/Compare.h"
#include "compiler/Compile.h"
#include "compiler/Pipeline.h"
#include "compiler/Slots.h"
#include "compiler/TestFolder.h"
#include "dialects/glm/reference/Evaluate.h"
#include "test/unit/Models.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace glmc;
using reference::Tensor;

namespace {

std::vector<Slot> slotsOf(TypeRange types, llvm::function_ref<StringRef(unsigned)> nameOf) {
  std::vector<Slot> slots;
  for (auto [i, type] : llvm::enumerate(types))
    slots.push_back({nameOf(i).str(), "", cast<RankedTensorType>(type), /*needed=*/false});
  return slots;
}

class ModelOutputsTest : public ::testing::TestWithParam<std::string> {};

void check(MLIRContext &context, ModuleOp module, const std::string &path) {
  PassManager passes(&context, ModuleOp::getOperationName());
  ASSERT_TRUE(succeeded(parsePassPipeline(simplifyPasses(), passes)));
  ASSERT_TRUE(succeeded(passes.run(module)));

  auto graph = *module.getOps<glm::GraphOp>().begin();
  auto inputs = slotsOf(graph.getArgumentTypes(), [&](unsigned i) { return graph.getInputName(i); });
  auto outputs = slotsOf(graph.getResultTypes(), [&](unsigned i) { return graph.getOutputName(i); });
  WeightSource weights(module);
  std::string error;
  auto set = readDataSet(context, path, error);
  ASSERT_TRUE(set) << error;
  std::vector<std::optional<Tensor>> given, expected;
  std::vector<Tensor> values;
  ASSERT_TRUE(assignTensors(inputs, std::move(set->inputs), "input", given, error)) << error;
  ASSERT_TRUE(completeInputs(inputs, std::move(given), values, error)) << error;
  ASSERT_TRUE(assignTensors(outputs, std::move(set->outputs), "output", expected, error)) << error;
  auto got = reference::evaluateGraph(graph, values, weights);
  ASSERT_TRUE(succeeded(got));
  for (auto [slot, value, stored] : llvm::zip(outputs, *got, expected)) {
    ASSERT_TRUE(stored) << slot.name;
    Difference difference = compare(value, *stored, Tolerance());
    EXPECT_TRUE(difference.within) << slot.name << ": " << difference.maxAbsolute;
  }
}

TEST_P(ModelOutputsTest, AreThoseStored) {
  registerPasses();
  std::string error;
  auto folder = findTestFolder(modelPath(GetParam()), error);
  ASSERT_TRUE(folder) << error;
  ASSERT_FALSE(folder->dataSets.empty());
  for (size_t set = 0; set < folder->dataSets.size(); ++set) {
    MLIRContext context;
    auto module = importModel(context, GetParam(), set);
    ASSERT_TRUE(module);
    check(context, *module, folder->dataSets[set]);
  }
}

INSTANTIATE_TEST_SUITE_P(, ModelOutputsTest, ::testing::ValuesIn(modelFolders()),
                         [](const auto &info) { return testName(info.param); });

} // namespace
