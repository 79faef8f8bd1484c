//===- ModelIdiomTest.cpp - Idioms of real exporters' models ----------------===//
//
// Every model of test/models must come out of simplify with its idioms whole,
// with the numbers that it had, and as a fixed point.
//
//===----------------------------------------------------------------------===//
#include "test/unit/IdiomTest.h"
#include "test/unit/Models.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace glmc;

namespace {

class ModelIdiomTest : public ::testing::TestWithParam<std::string> {
protected:
  MLIRContext context;
  OwningOpRef<ModuleOp> module = importModel(context, GetParam());
};

TEST_P(ModelIdiomTest, IdiomsAreRecovered) {
  ASSERT_TRUE(module);
  auto graph = *module->getOps<glm::GraphOp>().begin();
  const int64_t tokens = cast<RankedTensorType>(graph.getArgumentTypes()[0]).getDimSize(1);
  runPasses(*module, simplifyPasses());
  // Two layers of two norms and one at the end; GLM-4 has four norms a layer.
  EXPECT_EQ(countOps(*module, "glm.rms_norm"), StringRef(GetParam()).starts_with("glm4") ? 9 : 5);
  EXPECT_EQ(countOps(*module, "glm.swiglu"), 2);
  EXPECT_EQ(countOps(*module, "glm.rotary"), 4);
  EXPECT_EQ(countOps(*module, "glm.attention"), 2);
  // Keys and values of two layers go into caches head by head; of one token
  // that is no movement.
  // optimum's angles are a product with the tokens last.
  EXPECT_EQ(countOps(*module, "glm.transpose"), (tokens == 1 ? 0 : 4) + (GetParam() == "optimum.glm" ? 1 : 0));
  for (const char *piece : {"glm.sqrt", "glm.reciprocal", "glm.sigmoid", "glm.softmax", "glm.expand", "glm.neg",
                            "glm.is_nan", "glm.gather_nd"})
    EXPECT_EQ(countOps(*module, piece), 0) << piece;
}

TEST_P(ModelIdiomTest, NumbersAreTheSame) {
  ASSERT_TRUE(module);
  expectSameNumbers(*module, simplifyPasses());
}

TEST_P(ModelIdiomTest, IsAFixedPoint) {
  ASSERT_TRUE(module);
  auto text = [&] {
    runPasses(*module, simplifyPasses());
    std::string result;
    llvm::raw_string_ostream stream(result);
    module->print(stream, OpPrintingFlags().enableDebugInfo());
    return result;
  };
  std::string once = text();
  EXPECT_EQ(once, text());
}

INSTANTIATE_TEST_SUITE_P(, ModelIdiomTest, ::testing::ValuesIn(modelFolders()),
                         [](const auto &info) { return testName(info.param); });

TEST(ModelFoldersTest, AreThere) { EXPECT_GE(modelFolders().size(), 38u); }

} // namespace
