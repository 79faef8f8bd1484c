//===- ImportConvTest.cpp - Models of convolutions and pools ----------------===//
//
// Forms that contradict themselves are refused, and what the passes of
// convolutions make of the models in test/operators computes the same: bit for
// bit where the outputs are integers.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/reference/Evaluate.h"
#include "lowering/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include "onnx/defs/parser.h"
#include "onnx/onnx_pb.h"
#include "gtest/gtest.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace glmc;
namespace fs = std::filesystem;

namespace {

class ImportConvTest : public testing::Test {
protected:
  /// What is wrong with a graph of ONNX's text; empty if nothing is.
  std::string errorsOf(const std::string &graph, int opset = 22) {
    onnx::ModelProto model;
    onnx::OnnxParser parser(graph.c_str());
    EXPECT_TRUE(parser.Parse(*model.mutable_graph()).IsOK()) << graph;
    model.set_ir_version(10);
    auto *set = model.add_opset_import();
    set->set_domain("");
    set->set_version(opset);
    const fs::path file = fs::temp_directory_path() / ("glmc-conv-" + std::to_string(getpid()) + ".onnx");
    std::ofstream(file, std::ios::binary) << model.SerializeAsString();
    std::string errors;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      errors += glm::describe(diagnostic.getLocation()) + ": " + diagnostic.str() + "\n";
      return mlir::success();
    });
    context.printOpOnDiagnostic(false);
    auto module = importOnnx(&context, file.string(), {});
    fs::remove(file);
    EXPECT_EQ(bool(module), errors.empty()) << errors;
    return errors;
  }

  mlir::MLIRContext context;
};

TEST_F(ImportConvTest, RefusesWhatDoesNotFit) {
  struct Case {
    const char *node, *error;
  };
  const Case cases[] = {
      {"y = Conv<strides = [0, 1]>(x, w)", "'strides' has 0, expected 1 to 2147483647"},
      {"y = Conv<strides = [1, 1, 1]>(x, w)", "'strides' has 3 values, expected 2"},
      {"y = Conv<strides = [1, -2]>(x, w)", "'strides' has -2"},
      {"y = Conv<dilations = [9223372036854775807, 1]>(x, w)", "'dilations' has 9223372036854775807"},
      {"y = Conv<dilations = [2147483647, 1]>(x, w)", "a window of 4294967295 elements does not fit"},
      {"y = Conv<pads = [0, -1, 0, 0]>(x, w)", "'pads' has -1, expected 0"},
      {"y = Conv<pads = [0, 0]>(x, w)", "'pads' has 2 values, expected 4"},
      {"y = Conv<pads = [2147483647, 2147483647, 2147483647, 2147483647]>(x, w)", "takes more than 2^63 bytes"},
      {"y = Conv<kernel_shape = [2, 3]>(x, w)", "'kernel_shape' is not that of the weights"},
      {"y = Conv<auto_pad = \"SAME\">(x, w)", "'auto_pad' is 'SAME'"},
      {"y = Conv<group = 0>(x, w)", "'group' is 0"},
      {"y = Conv<group = 3>(x, w)", "'group' is 3"},
      {"y = Conv<group = 2>(x, w)", "'group' is 2"},
      {"y = Conv(x, w, x)", "bias is"},
      {"y = Conv(x, v)", "expected as many dimensions"},
      {"y = Conv(x, big)", "does not fit into dimension 0 of space"},
      {"y = ConvInteger(x, w)", "expected 8-bit integers"},
      {"y = ConvInteger(q, r, z4)", "'x_zero_point' is"},
      {"y = ConvInteger(q, r, , z4)", "the weights' zero point is"},
      {"y = QLinearConv(q, s, z, r, s4, zw, s, z)", "'w_scale' is"},
      {"y = QLinearConv(q, z, z, r, s, z, s, z)", "input 1 is"},
      {"y = QLinearConv(q, s4, z, r, s, zw, s, z)", "'x_scale' is"},
      {"y = MaxPool<kernel_shape = [0, 2]>(x)", "the kernel has a size of 0"},
      {"y = MaxPool<kernel_shape = [2]>(x)", "'kernel_shape' has 1 values, expected 2"},
      {"y, i = MaxPool<kernel_shape = [2, 2]>(x)", "'Indices' is read"},
      {"y = AveragePool<kernel_shape = [9, 1]>(x)", "a window of 9 elements does not fit"},
      {"y = GlobalAveragePool(v1)", "expected a batch and channels"},
      {"y = BatchNormalization(x, s4, s4, s4, s4)", "input 1 is"},
      {"y = BatchNormalization<training_mode = 1>(x, s2, s2, s2, s2)", "'training_mode' is 1"},
  };
  for (const Case &each : cases) {
    const bool hasIndices = llvm::StringRef(each.node).starts_with("y, i");
    const std::string outputs = hasIndices ? "float[a, b, c, d] y, int64[a, b, c, d] i" : "float[a, b, c, d] y";
    const std::string graph =
        "g (float[1, 2, 5, 5] x, float[4, 2, 3, 3] w, float[4, 2, 3] v, float[4] v1, float[4, 2, 6, 1] big, "
        "uint8[1, 2, 5, 5] q, int8[3, 2, 3, 3] r, uint8[4] z4, uint8 z, int8 zw, float s, float[4] s4, float[2] s2) => (" +
        outputs + ") { " + each.node + " }";
    const std::string errors = errorsOf(graph);
    EXPECT_NE(errors.find(each.error), std::string::npos) << each.node << "\n" << errors;
  }
}

//===----------------------------------------------------------------------===//
// What passes make of them
//===----------------------------------------------------------------------===//

const char *const kinds[] = {"conv",  "qdq",       "qlinear_conv", "max_pool",       "average_pool",
                             "batch", "gemm_batch", "global"};

std::vector<std::string> windowOperators() {
  std::vector<std::string> folders;
  for (const auto &entry : fs::directory_iterator(fs::path(GLMC_TEST_DIR) / "operators"))
    for (const char *kind : kinds)
      if (llvm::StringRef(entry.path().filename().string()).starts_with(kind))
        folders.push_back(entry.path().filename().string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

class SimplifiedWindowsTest : public testing::TestWithParam<std::string> {
protected:
  static glm::GraphOp graphOf(mlir::ModuleOp module) { return *module.getOps<glm::GraphOp>().begin(); }

  void simplify(mlir::ModuleOp module) {
    mlir::PassManager passes(&context, mlir::ModuleOp::getOperationName());
    auto fold = [&] {
      passes.addPass(createFoldConstants());
      passes.addPass(createSimplifyAlgebra());
    };
    fold();
    passes.addPass(createFoldChannelScales());
    passes.addPass(createFoldPads());
    passes.addPass(createRecoverIntegerConvs());
    passes.addPass(createMergeScales());
    passes.addPass(createAssignLayouts());
    fold();
    passes.addPass(createEliminateDeadNodes());
    ASSERT_TRUE(mlir::succeeded(passes.run(module)));
  }

  std::vector<double> evaluate(mlir::ModuleOp module) {
    std::vector<reference::Tensor> inputs;
    for (mlir::Type type : graphOf(module).getArgumentTypes()) {
      reference::Tensor input(llvm::cast<mlir::RankedTensorType>(type));
      for (int64_t i = 0; i < input.size(); ++i) {
        const int64_t number = i * 2654435761 % 4093;
        llvm::isa<mlir::FloatType>(input.type.getElementType()) ? input.setFloat(i, double(number - 2046) / 1000)
                                                                : input.setInt(i, number);
      }
      inputs.push_back(std::move(input));
    }
    WeightSource weights(module);
    auto outputs = reference::evaluateGraph(graphOf(module), inputs, weights);
    EXPECT_TRUE(mlir::succeeded(outputs));
    std::vector<double> values;
    for (int64_t i = 0; mlir::succeeded(outputs) && i < outputs->front().size(); ++i)
      values.push_back(llvm::isa<mlir::FloatType>(outputs->front().type.getElementType())
                           ? outputs->front().getFloat(i)
                           : double(outputs->front().getInt(i)));
    return values;
  }

  mlir::MLIRContext context;
};

TEST_P(SimplifiedWindowsTest, ComputesTheSame) {
  auto module = importOnnx(&context, std::string(GLMC_TEST_DIR) + "/operators/" + GetParam() + "/model.onnx", {});
  ASSERT_TRUE(module);
  const std::vector<double> before = evaluate(*module);
  simplify(*module);
  const std::vector<double> after = evaluate(*module);
  ASSERT_EQ(before.size(), after.size());
  const bool isInteger = llvm::isa<mlir::IntegerType>(
      llvm::cast<mlir::RankedTensorType>(graphOf(*module).getResultTypes()[0]).getElementType());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(before[i], after[i], isInteger ? 0 : 1e-5 * std::max(1.0, std::abs(before[i]))) << i;
  // Windows have channels last, and of what was quantised they see integers only.
  const llvm::StringRef name = GetParam();
  const bool isQuantised = name.starts_with("q"), hasNorm = name != "batch_norm" && name.ends_with("batch_norm");
  auto isOfIntegers = [](mlir::Operation *op) {
    return llvm::isa<mlir::IntegerType>(
        llvm::cast<mlir::RankedTensorType>(op->getOperand(0).getType()).getElementType());
  };
  module->walk([&](mlir::Operation *op) {
    auto conv = llvm::dyn_cast<glm::ConvOp>(op);
    auto pool = llvm::dyn_cast<glm::PoolOp>(op);
    EXPECT_TRUE(!conv || conv.getChannelsLast());
    EXPECT_TRUE(!pool || pool.getChannelsLast());
    const bool isWindow = conv || pool || llvm::isa<glm::MatmulOp>(op);
    EXPECT_TRUE(!isQuantised || !isWindow || isOfIntegers(op));
    EXPECT_FALSE(isQuantised && llvm::isa<glm::DequantizeOp>(op));
    EXPECT_FALSE(hasNorm && llvm::isa<glm::MulOp>(op));
    EXPECT_FALSE(name == "conv_pad_before" && llvm::isa<glm::ConcatOp>(op));
  });
}

INSTANTIATE_TEST_SUITE_P(Operators, SimplifiedWindowsTest, testing::ValuesIn(windowOperators()),
                         [](const auto &info) { return info.param; });

} // namespace
