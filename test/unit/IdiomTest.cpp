//===- IdiomTest.cpp - Passes of simplify keep what graphs compute -----------===//
//
// The graphs are those of the FileCheck tests, which hold every spelling that a
// pass knows and every near miss: of each, the numbers must be the same before
// and after.
//
//===----------------------------------------------------------------------===//
#include "test/unit/IdiomTest.h"

#include "dialects/glm/reference/Evaluate.h"
#include "lowering/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

using namespace mlir;

namespace glmc {
namespace {

void registerSimplifyPasses() {
  static const bool once = [] {
    registerFoldConstants();
    registerSimplifyAlgebra();
    registerEliminateDeadNodes();
    registerFoldChannelScales();
    registerFoldPads();
    registerRecoverIntegerConvs();
    registerMergeScales();
    registerAssignLayouts();
    registerRecoverIntegerProducts();
    registerRecoverRmsNorm();
    registerRecoverLayerNorm();
    registerRecoverGelu();
    registerRecoverSwiglu();
    registerRecoverRotary();
    registerRecoverAttention();
    registerRecoverCacheUpdate();
    registerSimplifyMovement();
    registerBindState();
    registerSelectLogits();
    registerStoreCaches();
    registerCSEPass();
    return true;
  }();
  (void)once;
}

/// The same numbers for the same types in every run.
std::vector<reference::Tensor> seededInputs(glm::GraphOp graph) {
  std::mt19937 random(7);
  std::vector<reference::Tensor> inputs;
  for (Type type : graph.getFunctionType().getInputs()) {
    reference::Tensor tensor(cast<RankedTensorType>(type));
    for (int64_t i = 0; i < tensor.size(); ++i) {
      // Not a standard distribution: those differ between libraries.
      uint32_t bits = random();
      if (isa<FloatType>(tensor.type.getElementType()))
        tensor.setFloat(i, bits / double(1u << 30) - 2);
      else
        tensor.setInt(i, (bits >> 8) % seededIntegers);
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::vector<std::vector<reference::Tensor>> evaluateAll(ModuleOp module) {
  WeightSource weights(module);
  std::vector<std::vector<reference::Tensor>> results;
  for (auto graph : module.getOps<glm::GraphOp>()) {
    auto result = reference::evaluateGraph(graph, seededInputs(graph), weights);
    EXPECT_TRUE(succeeded(result)) << graph.getSymName().str();
    results.push_back(succeeded(result) ? std::move(*result) : std::vector<reference::Tensor>());
  }
  return results;
}

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

std::string contentsOf(const std::string &path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace

std::string differences(const reference::Tensor &expected, const reference::Tensor &got) {
  std::ostringstream text;
  if (expected.type != got.type)
    return "types differ";
  Type element = expected.type.getElementType();
  bool isFloat = isa<FloatType>(element);
  double squares = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    if (double value = expected.getFloat(i); isFloat && std::isfinite(value))
      squares += value * value / expected.size();
  double step = element.isF16() ? 0x1p-10 : element.isBF16() ? 0x1p-7 : 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = expected.getFloat(i), b = got.getFloat(i);
    double margin = isFloat ? std::max(1e-5, 2 * step) * std::max(std::fabs(a), std::sqrt(squares)) : 0;
    if (a == b || (std::isnan(a) && std::isnan(b)) || (std::isfinite(a) && std::fabs(a - b) <= margin))
      continue;
    text << "\n  [" << i << "] " << b << ", expected " << a;
  }
  return text.str();
}

void runPasses(ModuleOp module, const std::string &pipeline) {
  registerSimplifyPasses();
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  std::string error;
  llvm::raw_string_ostream stream(error);
  ASSERT_TRUE(succeeded(parsePassPipeline(pipeline, passes, stream))) << error;
  ASSERT_TRUE(succeeded(passes.run(module)));
}

std::string expectSameNumbers(ModuleOp module, const std::string &pipeline) {
  auto before = evaluateAll(module);
  runPasses(module, pipeline);
  auto after = evaluateAll(module);
  size_t g = 0;
  for (auto graph : module.getOps<glm::GraphOp>()) {
    EXPECT_EQ(before[g].size(), after[g].size());
    for (size_t i = 0; i < before[g].size() && i < after[g].size(); ++i)
      EXPECT_EQ(differences(before[g][i], after[g][i]), "") << "result " << i << " of " << graph.getSymName().str();
    ++g;
  }
  EXPECT_GT(g, 0u);
  return textOf(module);
}

std::string expectSameNumbers(const std::string &text, const std::string &pipeline) {
  MLIRContext context;
  context.loadDialect<glm::GlmDialect>();
  ParserConfig config(&context);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, config);
  EXPECT_TRUE(module);
  return module ? expectSameNumbers(*module, pipeline) : "";
}

int64_t countOps(ModuleOp module, StringRef name) {
  int64_t count = 0;
  for (auto graph : module.getOps<glm::GraphOp>())
    for (Operation &op : graph.getBody().front())
      count += op.getName().getStringRef() == name;
  return count;
}

namespace {

/// A FileCheck test, its passes, and an op that they must have made.
struct Spellings {
  const char *file, *pipeline, *made;
};

class IdiomTest : public ::testing::TestWithParam<Spellings> {};

TEST_P(IdiomTest, SameNumbers) {
  std::string text = contentsOf(std::string(GLMC_TEST_DIR "/passes/simplify/") + GetParam().file);
  EXPECT_NE(expectSameNumbers(text, GetParam().pipeline).find(GetParam().made), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    , IdiomTest,
    ::testing::Values(Spellings{"recover-rms-norm.mlir", "glm-recover-rms-norm", "glm.rms_norm"},
                      Spellings{"recover-layer-norm.mlir", "glm-recover-rms-norm,glm-recover-layer-norm",
                                "glm.layer_norm"},
                      Spellings{"recover-gelu.mlir", "glm-recover-gelu", "glm.gelu"},
                      Spellings{"recover-swiglu.mlir", "glm-recover-swiglu", "glm.swiglu"},
                      Spellings{"recover-rotary.mlir", "glm-recover-rotary", "glm.rotary"},
                      Spellings{"recover-attention.mlir", "glm-recover-attention", "glm.attention"},
                      Spellings{"recover-cache-update.mlir", "glm-recover-cache-update", "1x2x1x3xi64"},
                      Spellings{"simplify-movement.mlir", "glm-simplify-movement", "glm.reshape"},
                      Spellings{"simplify-algebra.mlir", "glm-simplify-algebra", "glm.matmul"}),
    [](const auto &info) {
      std::string name = info.param.file;
      name = name.substr(0, name.find('.'));
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

/// The comparison itself can fail.
TEST(DifferencesTest, AreFound) {
  MLIRContext context;
  reference::Tensor tensor(RankedTensorType::get({2}, Float32Type::get(&context)));
  tensor.setFloat(0, 1);
  tensor.setFloat(1, NAN);
  EXPECT_EQ(differences(tensor, tensor), "");
  for (double other : {1.001, double(NAN), double(INFINITY), 0.0}) {
    reference::Tensor changed = tensor;
    changed.setFloat(0, other);
    EXPECT_NE(differences(tensor, changed), "") << other;
  }
  reference::Tensor number = tensor;
  number.setFloat(1, 0);
  EXPECT_NE(differences(tensor, number), "");
}

} // namespace
} // namespace glmc
