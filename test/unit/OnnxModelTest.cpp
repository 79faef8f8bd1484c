//===- OnnxModelTest.cpp - One model, imported for several bindings -----------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "dialects/glm/GlmOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include "gtest/gtest.h"

using namespace glmc;
using glmc::reference::Tensor;

namespace {

class OnnxModelTest : public testing::Test {
protected:
  std::unique_ptr<OnnxModel> read(const std::string &folder) {
    return OnnxModel::read(&context, std::string(GLMC_TEST_DIR) + "/cli/Inputs/" + folder + "/model.onnx");
  }
  Tensor ints(std::vector<int64_t> shape, std::vector<int64_t> values) {
    Tensor tensor(mlir::RankedTensorType::get(shape, builder.getI64Type()));
    for (size_t i = 0; i < values.size(); ++i)
      tensor.setInt(int64_t(i), values[i]);
    return tensor;
  }
  mlir::OwningOpRef<mlir::ModuleOp> import(OnnxModel &model, const std::vector<ImportOptions> &bindings) {
    errors.clear();
    shapeInputs.clear();
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      errors += diagnostic.str() + "\n";
      return mlir::success();
    });
    return model.import(bindings, &shapeInputs);
  }

  mlir::MLIRContext context;
  mlir::Builder builder{&context};
  std::string errors;
  std::vector<std::string> shapeInputs;
};

TEST_F(OnnxModelTest, AGraphForEachBinding) {
  auto model = read("dynamic");
  ASSERT_TRUE(model);
  ImportOptions one, two;
  one.dims = {{"s33", 1}, {"s70", 3}, {"s43", 1}, {"s53", 3}};
  one.entry = "short";
  two.dims = {{"s33", 1}, {"s70", 7}, {"s43", 1}, {"s53", 7}};
  two.entry = "long";
  auto module = import(*model, {one, two});
  ASSERT_TRUE(module) << errors;
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
  auto longer = module->lookupSymbol<glm::GraphOp>("long");
  ASSERT_TRUE(longer && module->lookupSymbol("short"));
  EXPECT_EQ(longer.getArgumentTypes()[0], mlir::RankedTensorType::get({1, 7}, builder.getI64Type()));
}

TEST_F(OnnxModelTest, ReadsSizesThatAreWrittenAsNames) {
  auto model = OnnxModel::read(&context, std::string(GLMC_TEST_DIR) + "/models/native.glm.dyn.decode/model.onnx");
  ASSERT_TRUE(model);
  const ModelSignature::Tensor &cache = model->signature().inputs.at(2);
  EXPECT_EQ(cache.name, "input.past_key_values.layers.0.keys");
  ASSERT_EQ(cache.shape.size(), 4u);
  EXPECT_EQ(cache.shape[1].size, 2);
  EXPECT_TRUE(cache.shape[2].isFree());
  EXPECT_EQ(cache.shape[2].name, "s36");
  EXPECT_EQ(cache.shape[3].size, 16);
}

TEST_F(OnnxModelTest, BoundInputsAreConstants) {
  auto model = read("dynamic");
  ASSERT_TRUE(model);
  ImportOptions options;
  options.dims = {{"s33", 1}, {"s70", 3}, {"s43", 1}, {"s53", 2}};
  options.constants = {{"attention_mask", ints({1, 2}, {1, 1})}};
  auto module = import(*model, {options});
  ASSERT_TRUE(module) << errors;
  auto graph = module->lookupSymbol<glm::GraphOp>("run");
  ASSERT_EQ(graph.getArgumentTypes().size(), 1u);
  EXPECT_EQ(graph.getInputName(0), "input_ids");

  options.constants = {{"attention_mask", ints({2}, {1, 1})}};
  EXPECT_FALSE(import(*model, {options}));
  EXPECT_NE(
      errors.find("input 'attention_mask' is bound to a value of type 'tensor<2xi64>', expected 'tensor<1x2xi64>'"),
      std::string::npos)
      << errors;
  options.constants = {{"mask", ints({1, 2}, {1, 1})}};
  EXPECT_FALSE(import(*model, {options}));
  EXPECT_NE(errors.find("--bind names 'mask', expected an input: 'attention_mask', 'input_ids'"), std::string::npos)
      << errors;
}

TEST_F(OnnxModelTest, NamesInputsThatHaveToBeConstants) {
  auto model = read("shaped");
  ASSERT_TRUE(model);
  ImportOptions options;
  options.dims = {{"n", 2}, {"rank", 2}};
  EXPECT_FALSE(import(*model, {options}));
  EXPECT_EQ(shapeInputs, std::vector<std::string>({"shape"}));
  options.constants = {{"shape", ints({2}, {3, 4})}};
  EXPECT_TRUE(import(*model, {options})) << errors;
}

TEST_F(OnnxModelTest, StepsTakeTheLengthFirst) {
  auto model = read("cached");
  ASSERT_TRUE(model);
  ImportOptions options;
  options.dims = {{"batch_size", 1},
                  {"sequence_length", 2},
                  {"past_sequence_length", 14},
                  {"past_sequence_length + sequence_length", 16}};
  options.entry = "step_2";
  options.stateful = true;
  options.tokens = 2;
  options.roles = {{"input_ids", "tokens"}, {"past_key_values.0.key", "cache"}};
  auto module = import(*model, {options});
  ASSERT_TRUE(module) << errors;
  auto graph = module->lookupSymbol<glm::GraphOp>("step_2");
  ASSERT_EQ(graph.getArgumentTypes().size(), 4u);
  EXPECT_EQ(graph.getInputState(0), glm::GlmDialect::lengthState);
  EXPECT_EQ(graph.getArgumentTypes()[0], mlir::RankedTensorType::get({1}, builder.getI64Type()));
  EXPECT_EQ(graph.getArgAttrOfType<mlir::StringAttr>(1, glm::GlmDialect::roleAttr).getValue(), "tokens");
  EXPECT_FALSE(graph.getArgAttrOfType<mlir::StringAttr>(2, glm::GlmDialect::roleAttr));
  EXPECT_EQ(graph->getAttrOfType<mlir::IntegerAttr>(glm::GlmDialect::tokensAttr).getInt(), 2);
}

} // namespace
