//===- ModelIdiomTest.cpp - Idioms of real exporters' models ----------------===//
//
// Every model of test/models must come out of simplify with its idioms whole,
// with the numbers that it had, and as a fixed point.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "test/unit/IdiomTest.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace mlir;
using namespace glmc;

namespace {

/// As in compiler/Pipeline.cpp, as far as it simplifies.
const std::string simplify = "glm-fold-constants,cse,glm-simplify-algebra,glm-fold-constants,cse,glm-recover-rms-norm,"
                             "glm-recover-layer-norm,glm-recover-gelu,glm-recover-swiglu,glm-recover-cache-update,"
                             "glm-recover-rotary,glm-recover-attention,glm-simplify-movement,glm-fold-constants,"
                             "glm-simplify-algebra,cse,glm-eliminate-dead-nodes";

std::vector<std::string> modelFolders() {
  std::vector<std::string> folders;
  for (const auto &entry : std::filesystem::directory_iterator(GLMC_TEST_DIR "/models"))
    if (exists(entry.path() / "model.onnx"))
      folders.push_back(entry.path().filename().string());
  llvm::sort(folders);
  return folders;
}

class ModelIdiomTest : public ::testing::TestWithParam<std::string> {
protected:
  MLIRContext context;
  OwningOpRef<ModuleOp> module = importOnnx(&context, GLMC_TEST_DIR "/models/" + GetParam() + "/model.onnx");
};

TEST_P(ModelIdiomTest, IdiomsAreRecovered) {
  ASSERT_TRUE(module);
  runPasses(*module, simplify);
  // Two layers of two norms and one at the end; GLM-4 has four norms a layer.
  EXPECT_EQ(countOps(*module, "glm.rms_norm"), StringRef(GetParam()).starts_with("glm4") ? 9 : 5);
  EXPECT_EQ(countOps(*module, "glm.swiglu"), 2);
  EXPECT_EQ(countOps(*module, "glm.rotary"), 4);
  EXPECT_EQ(countOps(*module, "glm.attention"), 2);
  // Keys and values of two layers go into caches head by head; of one token
  // that is no movement.
  EXPECT_EQ(countOps(*module, "glm.transpose"), StringRef(GetParam()).contains("decode") ? 0 : 4);
  for (const char *piece : {"glm.sqrt", "glm.reciprocal", "glm.sigmoid", "glm.softmax", "glm.expand", "glm.neg",
                            "glm.is_nan", "glm.gather_nd"})
    EXPECT_EQ(countOps(*module, piece), 0) << piece;
}

TEST_P(ModelIdiomTest, NumbersAreTheSame) {
  ASSERT_TRUE(module);
  expectSameNumbers(*module, simplify);
}

TEST_P(ModelIdiomTest, IsAFixedPoint) {
  ASSERT_TRUE(module);
  auto text = [&] {
    runPasses(*module, simplify);
    std::string result;
    llvm::raw_string_ostream stream(result);
    module->print(stream, OpPrintingFlags().enableDebugInfo());
    return result;
  };
  std::string once = text();
  EXPECT_EQ(once, text());
}

INSTANTIATE_TEST_SUITE_P(, ModelIdiomTest, ::testing::ValuesIn(modelFolders()), [](const auto &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(ModelFoldersTest, AreThere) { EXPECT_GE(modelFolders().size(), 17u); }

} // namespace
