//===- ImportQuantizedTest.cpp - Models that come quantised -----------------===//
//
// That integers stay where they are stored, and that forms which contradict
// themselves are refused. What the operators compute is in test/operators.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/reference/Evaluate.h"
#include "lowering/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include "onnx/onnx_pb.h"
#include "gtest/gtest.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace glmc;
using onnx::TensorProto;
namespace fs = std::filesystem;

namespace {

class ImportQuantizedTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder = fs::temp_directory_path() / ("glmc-quantized-" + std::to_string(getpid()) + "-" + name);
    fs::create_directories(folder);
    context.printOpOnDiagnostic(false);
    model.set_ir_version(10);
    addOpset("", 21);
    addOpset("com.microsoft", 1);
    model.mutable_graph()->set_name("test");
  }
  void TearDown() override { fs::remove_all(folder); }

  void addOpset(const char *domain, int version) {
    auto *opset = model.add_opset_import();
    opset->set_domain(domain);
    opset->set_version(version);
  }
  void addInput(const std::string &name, int type, std::vector<int64_t> shape) {
    auto *input = model.mutable_graph()->add_input();
    input->set_name(name);
    auto *tensor = input->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (int64_t size : shape)
      tensor->mutable_shape()->add_dim()->set_dim_value(size);
  }
  void addOutput(const std::string &name, int type = TensorProto::FLOAT, int rank = 2) {
    auto *output = model.mutable_graph()->add_output();
    output->set_name(name);
    auto *tensor = output->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (int i = 0; i < rank; ++i)
      tensor->mutable_shape()->add_dim()->set_dim_param("d" + std::to_string(i));
  }

  /// A tensor of these bytes.
  TensorProto &add(const std::string &name, int type, std::vector<int64_t> shape, const std::string &bytes) {
    TensorProto &tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    tensor.mutable_dims()->Add(shape.begin(), shape.end());
    tensor.set_raw_data(bytes);
    return tensor;
  }
  TensorProto &addFloats(const std::string &name, std::vector<int64_t> shape, int64_t count) {
    std::vector<float> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = float(i % 5 + 1) / 8;
    return add(name, TensorProto::FLOAT, shape, std::string(reinterpret_cast<char *>(values.data()), count * 4));
  }
  /// Bytes that no two neighbours share.
  static std::string bytes(int64_t count) {
    std::string result;
    for (int64_t i = 0; i < count; ++i)
      result.push_back(char(i * 37 + i / 256));
    return result;
  }

  using Attributes = std::vector<std::pair<std::string, int64_t>>;
  void addNode(const std::string &type, std::vector<std::string> inputs, const std::string &output,
               const Attributes &attributes = {}, const char *domain = "") {
    auto *node = model.mutable_graph()->add_node();
    node->set_op_type(type);
    node->set_domain(domain);
    for (const std::string &input : inputs)
      node->add_input(input);
    node->add_output(output);
    for (const auto &[name, value] : attributes) {
      auto *attribute = node->add_attribute();
      attribute->set_name(name);
      attribute->set_type(onnx::AttributeProto::INT);
      attribute->set_i(value);
    }
  }

  mlir::OwningOpRef<mlir::ModuleOp> import() {
    errors.clear();
    std::ofstream(folder / "model.onnx", std::ios::binary) << model.SerializeAsString();
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      errors += glm::describe(diagnostic.getLocation()) + ": " + diagnostic.str() + "\n";
      return mlir::success();
    });
    auto module = importOnnx(&context, (folder / "model.onnx").string(), {});
    if (module) {
      EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
      EXPECT_EQ(errors, "");
    }
    return module;
  }

  /// The passes that could make something else of weights.
  void simplify(mlir::ModuleOp module) {
    mlir::PassManager passes(&context, mlir::ModuleOp::getOperationName());
    for (int round = 0; round < 2; ++round) {
      passes.addPass(createFoldConstants());
      passes.addPass(createSimplifyAlgebra());
      passes.addPass(createRecoverIntegerProducts());
    }
    passes.addPass(createEliminateDeadNodes());
    ASSERT_TRUE(mlir::succeeded(passes.run(module)));
  }

  static glm::GraphOp graphOf(mlir::ModuleOp module) { return *module.getOps<glm::GraphOp>().begin(); }

  static int64_t largestConstant(mlir::ModuleOp module) {
    int64_t largest = 0;
    graphOf(module).walk([&](glm::ConstantOp op) { largest = std::max(largest, glm::storageBytes(op.getType())); });
    return largest;
  }
  static glm::WeightOp weightOf(mlir::ModuleOp module, llvm::StringRef name) {
    glm::WeightOp found;
    graphOf(module).walk([&](glm::WeightOp op) { found = op.getName() == name && !op->use_empty() ? op : found; });
    return found;
  }
  /// Imported, simplified: how weight `name` is stored, read by a dequantize or, as
  /// a table, by a gather.
  void expectStored(llvm::StringRef name, llvm::StringRef encoding, mlir::Type type) {
    auto module = import();
    ASSERT_TRUE(module) << errors;
    for (int round = 0; round < 2; ++round) {
      glm::WeightOp weight = weightOf(*module, name);
      ASSERT_TRUE(weight);
      EXPECT_EQ(weight.getStored().getEncoding(), encoding);
      EXPECT_EQ(weight.getType(), type);
      EXPECT_TRUE((mlir::isa<glm::DequantizeOp, glm::GatherOp>(*weight->user_begin())));
      EXPECT_LE(largestConstant(*module), 1024);
      simplify(*module);
    }
  }
  mlir::Type tensor(std::vector<int64_t> shape, unsigned bits, bool isUnsigned) {
    auto signedness = isUnsigned ? mlir::IntegerType::Unsigned : mlir::IntegerType::Signless;
    return mlir::RankedTensorType::get(shape, mlir::IntegerType::get(&context, bits, signedness));
  }

  /// Evaluates the graph on numbers 0, 1, ... over 16, and small integers.
  std::vector<double> evaluate(mlir::ModuleOp module) {
    glm::GraphOp graph = graphOf(module);
    std::vector<reference::Tensor> inputs;
    for (mlir::Type type : graph.getArgumentTypes()) {
      reference::Tensor input(llvm::cast<mlir::RankedTensorType>(type));
      for (int64_t i = 0; i < input.size(); ++i)
        llvm::isa<mlir::FloatType>(input.type.getElementType()) ? input.setFloat(i, double(i % 16) / 16)
                                                                : input.setInt(i, i % 3);
      inputs.push_back(std::move(input));
    }
    WeightSource weights(module);
    auto outputs = reference::evaluateGraph(graph, inputs, weights);
    EXPECT_TRUE(mlir::succeeded(outputs));
    std::vector<double> values;
    for (int64_t i = 0; mlir::succeeded(outputs) && i < outputs->front().size(); ++i)
      values.push_back(outputs->front().getFloat(i));
    return values;
  }

  void expectRefused(const std::string &error) {
    auto module = import();
    EXPECT_FALSE(module) << error;
    EXPECT_NE(errors.find(error), std::string::npos) << errors;
    EXPECT_EQ(llvm::count(errors, '\n'), 1) << errors;
  }

  onnx::ModelProto model;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  fs::path folder;
  std::string errors;
};

TEST_F(ImportQuantizedTest, Int4StaysInTheModel) {
  addInput("x", TensorProto::FLOAT, {1, 64});
  add("q", TensorProto::INT4, {64, 48}, bytes(64 * 48 / 2));
  addFloats("s", {2, 48}, 96);
  addNode("DequantizeLinear", {"q", "s"}, "w", {{"axis", 0}, {"block_size", 32}});
  addNode("MatMul", {"x", "w"}, "y");
  addOutput("y");
  expectStored("q", "nibbles", tensor({64, 48}, 4, false));
}

TEST_F(ImportQuantizedTest, Int4StaysInItsOwnFile) {
  addInput("x", TensorProto::FLOAT, {1, 48});
  TensorProto &q = add("q", TensorProto::UINT4, {48, 48}, "");
  q.clear_raw_data();
  q.set_data_location(TensorProto::EXTERNAL);
  for (auto [key, value] : {std::pair("location", "weights"), {"offset", "64"}, {"length", "1152"}}) {
    auto *entry = q.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  std::ofstream(folder / "weights", std::ios::binary) << bytes(64 + 1152);
  addFloats("s", {48}, 48);
  addNode("DequantizeLinear", {"q", "s"}, "n", {{"axis", 0}});
  addNode("Transpose", {"n"}, "w");
  addNode("MatMul", {"x", "w"}, "y");
  addOutput("y");
  expectStored("q", "nibbles", tensor({48, 48}, 4, true));
}

/// The last byte holds one element; what is stored as varints is unpacked.
TEST_F(ImportQuantizedTest, OddNumbersOfInt4) {
  addInput("x", TensorProto::FLOAT, {1, 31});
  TensorProto &q = add("q", TensorProto::INT4, {31, 67}, bytes(1039));
  addFloats("s", {67}, 67);
  addNode("DequantizeLinear", {"q", "s"}, "w", {{"axis", 1}});
  addNode("MatMul", {"x", "w"}, "y");
  addOutput("y");
  auto module = import();
  ASSERT_TRUE(module) << errors;
  EXPECT_EQ(weightOf(*module, "q").getStored().getBytes(), 1039u);
  std::vector<double> expected(67), values = evaluate(*module);
  const std::string stored = bytes(1039);
  for (int64_t i = 0; i < 31 * 67; ++i) {
    int integer = (uint8_t(stored[i / 2]) >> (i % 2 * 4)) & 15;
    integer = integer > 7 ? integer - 16 : integer;
    expected[i % 67] += double(i / 67 % 16) / 16 * integer * (i % 67 % 5 + 1) / 8;
  }
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected[i], 1e-4);
  q.clear_raw_data();
  for (char byte : stored)
    q.add_int32_data(uint8_t(byte));
  module = import();
  ASSERT_TRUE(module) << errors;
  EXPECT_FALSE(weightOf(*module, "q"));
  EXPECT_EQ(evaluate(*module), values);
}

TEST_F(ImportQuantizedTest, MatMulNBitsReadsItsBytes) {
  addInput("x", TensorProto::FLOAT, {1, 128});
  add("b", TensorProto::UINT8, {33, 4, 16}, bytes(33 * 64));
  addFloats("s", {33, 4}, 132);
  addNode("MatMulNBits", {"x", "b", "s"}, "y", {{"N", 33}, {"K", 128}, {"bits", 4}, {"block_size", 32}},
          "com.microsoft");
  addOutput("y");
  expectStored("b", "nibbles", tensor({33, 128}, 4, true));
}

TEST_F(ImportQuantizedTest, MatMulOf8BitsReadsItsBytes) {
  addInput("x", TensorProto::FLOAT, {1, 64});
  add("b", TensorProto::UINT8, {33, 2, 32}, bytes(33 * 64));
  addFloats("s", {33, 2}, 66);
  add("z", TensorProto::UINT8, {33, 2}, bytes(66));
  addNode("MatMulNBits", {"x", "b", "s", "z"}, "y", {{"N", 33}, {"K", 64}, {"bits", 8}, {"block_size", 32}},
          "com.microsoft");
  addOutput("y");
  auto module = import();
  ASSERT_TRUE(module) << errors;
  simplify(*module);
  glm::WeightOp weight = weightOf(*module, "b");
  ASSERT_TRUE(weight);
  EXPECT_EQ(weight.getType(), tensor({33, 64}, 8, true));
  EXPECT_LE(largestConstant(*module), 1024);
}

TEST_F(ImportQuantizedTest, TablesReadTheirBytes) {
  addInput("i", TensorProto::INT64, {1, 3});
  add("b", TensorProto::UINT8, {50, 32}, bytes(50 * 32));
  addFloats("s", {50, 2}, 100);
  add("z", TensorProto::UINT8, {50, 1}, bytes(50));
  addNode("GatherBlockQuantized", {"b", "i", "s", "z"}, "y", {{"block_size", 32}}, "com.microsoft");
  addOutput("y", TensorProto::FLOAT, 3);
  expectStored("b", "nibbles", tensor({50, 64}, 4, true));
  // After simplification rows are gathered first.
  auto module = import();
  ASSERT_TRUE(module) << errors;
  simplify(*module);
  EXPECT_TRUE(mlir::isa<glm::GatherOp>(*weightOf(*module, "b")->user_begin()));
}

/// Zero points that are all 0 are none; those that are equal are one.
TEST_F(ImportQuantizedTest, ZerosThatDoNotDiffer) {
  for (auto [byte, size] : {std::pair<char, int64_t>(0, -1), {0x11, 1}, {0x12, 96}}) {
    model.mutable_graph()->Clear();
    addInput("x", TensorProto::FLOAT, {1, 64});
    add("q", TensorProto::INT4, {64, 48}, bytes(64 * 48 / 2));
    addFloats("s", {2, 48}, 96);
    add("z", TensorProto::INT4, {2, 48}, std::string(48, byte));
    addNode("DequantizeLinear", {"q", "s", "z"}, "w", {{"axis", 0}, {"block_size", 32}});
    addNode("MatMul", {"x", "w"}, "y");
    addOutput("y");
    model.mutable_graph()->set_name("test");
    auto module = import();
    ASSERT_TRUE(module) << errors;
    graphOf(*module).walk([&, size = size](glm::DequantizeOp op) {
      EXPECT_EQ(op.getZeros() ? glm::logicalType(op.getZeros().getType()).getNumElements() : -1, size);
    });
  }
}

/// Exporters write a zero point of 0 for all of a tensor.
TEST_F(ImportQuantizedTest, OneZeroIsNone) {
  addInput("x", TensorProto::INT8, {2, 64});
  addFloats("s", {}, 1);
  add("z", TensorProto::INT8, {}, std::string(1, 0));
  addNode("DequantizeLinear", {"x", "s", "z"}, "y");
  addOutput("y");
  auto module = import();
  ASSERT_TRUE(module) << errors;
  graphOf(*module).walk([&](glm::DequantizeOp op) { EXPECT_FALSE(op.getZeros()); });
}

/// The bytes of a weight of integers are multiplied, whatever its zero points.
TEST_F(ImportQuantizedTest, IntegerProductsReadTheirBytes) {
  addInput("x", TensorProto::FLOAT, {3, 64});
  add("b", TensorProto::INT8, {64, 33}, bytes(33 * 64));
  add("zb", TensorProto::INT8, {33}, bytes(33));
  addNode("DynamicQuantizeLinear", {"x"}, "q");
  model.mutable_graph()->mutable_node(0)->add_output("s");
  model.mutable_graph()->mutable_node(0)->add_output("z");
  addNode("MatMulInteger", {"q", "b", "z", "zb"}, "y");
  addOutput("y", TensorProto::INT32);
  auto module = import();
  ASSERT_TRUE(module) << errors;
  const std::vector<double> before = evaluate(*module);
  simplify(*module);
  EXPECT_EQ(evaluate(*module), before);
  EXPECT_LE(largestConstant(*module), 1024);
  unsigned products = 0, sums = 0;
  graphOf(*module).walk([&](glm::MatmulOp op) {
    ++products;
    auto cast = op.getRhs().getDefiningOp<glm::CastOp>();
    EXPECT_TRUE(cast && cast.getX().getDefiningOp<glm::WeightOp>());
  });
  graphOf(*module).walk([&](glm::ReduceOp op) { sums += op.getKind() == "sum"; });
  EXPECT_EQ(products, 1u);
  EXPECT_EQ(sums, 1u) << "that of rows of the left side; columns are constants";
}

TEST_F(ImportQuantizedTest, RefusesSizesThatDoNotFit) {
  struct Case {
    Attributes attributes;
    std::string error;
  };
  const Attributes right = {{"N", 4}, {"K", 32}, {"bits", 4}, {"block_size", 32}};
  auto with = [&](size_t i, int64_t value) {
    Attributes changed = right;
    changed[i].second = value;
    return changed;
  };
  const std::vector<Case> cases = {
      {with(0, 0), "expected floats with rows of K"},
      {with(0, -1), "expected floats with rows of K"},
      {with(0, INT64_MAX), "expected floats with rows of K"},
      {with(0, int64_t(1) << 30), "'scales' is"},
      {with(1, 0), "expected floats with rows of K"},
      {with(2, 0), "'bits' is 0"},
      {with(2, 8), "'B' is"},
      {with(3, 0), "'block_size' is 0"},
      {with(3, -32), "'block_size' is -32"},
      {with(3, 16), "'scales' is"},
      {with(3, INT64_MAX), "'block_size' is 9223372036854775807"},
  };
  for (const Case &each : cases) {
    model.mutable_graph()->Clear();
    model.mutable_graph()->set_name("test");
    addInput("x", TensorProto::FLOAT, {1, 32});
    add("b", TensorProto::UINT8, {4, 1, 16}, bytes(64));
    addFloats("s", {4}, 4);
    addNode("MatMulNBits", {"x", "b", "s"}, "y", each.attributes, "com.microsoft");
    addOutput("y");
    expectRefused(each.error);
  }
}

TEST_F(ImportQuantizedTest, RefusesZerosAndBiasesThatDoNotFit) {
  for (auto [zeros, bias, error] : {std::tuple(5, 4, "'zero_points' is"), {4, 5, "'bias' is"}}) {
    model.mutable_graph()->Clear();
    model.mutable_graph()->set_name("test");
    addInput("x", TensorProto::FLOAT, {1, 32});
    add("b", TensorProto::UINT8, {4, 1, 16}, bytes(64));
    addFloats("s", {4}, 4);
    add("z", TensorProto::UINT8, {zeros}, bytes(zeros));
    addFloats("bias", {bias}, bias);
    addNode("MatMulNBits", {"x", "b", "s", "z", "", "bias"}, "y",
            {{"N", 4}, {"K", 32}, {"bits", 4}, {"block_size", 32}}, "com.microsoft");
    addOutput("y");
    expectRefused(error);
  }
}

TEST_F(ImportQuantizedTest, RefusesTablesThatDoNotFit) {
  struct Case {
    Attributes attributes;
    std::string error;
  };
  const std::vector<Case> cases = {
      {{{"block_size", 0}}, "'block_size' is 0"},
      {{{"block_size", 16}}, "for blocks of 16"},
      {{{"block_size", 32}, {"bits", 8}}, "for blocks of 32"},
      {{{"block_size", 32}, {"gather_axis", -3}}, "axis is -3"},
      {{{"block_size", 32}, {"gather_axis", -1}}, "two dimensions"},
      {{{"block_size", 32}, {"quantize_axis", 2}}, "axis is 2"},
      {{{"block_size", 32}, {"quantize_axis", 0}, {"gather_axis", 1}}, "for blocks of 32"},
  };
  for (const Case &each : cases) {
    model.mutable_graph()->Clear();
    model.mutable_graph()->set_name("test");
    addInput("i", TensorProto::INT64, {1});
    add("b", TensorProto::UINT8, {4, 32}, bytes(128));
    addFloats("s", {4, 2}, 8);
    addNode("GatherBlockQuantized", {"b", "i", "s"}, "y", each.attributes, "com.microsoft");
    addOutput("y");
    expectRefused(each.error);
  }
}

TEST_F(ImportQuantizedTest, RefusesWhatOnlyLooksQuantised) {
  struct Case {
    std::string type;
    std::vector<std::string> inputs;
    Attributes attributes;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"Add", {"q", "q"}, {}, "input 0 is 'tensor<4x6xi4>', which the operator does not take"},
      {"MatMul", {"x", "q"}, {}, "input 1 is 'tensor<4x6xi4>', which the operator does not take"},
      {"Identity", {"q"}, {}, "output 'y' has elements of 4 bits"},
      {"Cast", {"x"}, {{"to", TensorProto::INT4}}, "casts to int4"},
      {"DequantizeLinear", {"q", "s6", "z6"}, {}, "zero point is"},
      {"DequantizeLinear", {"q", "s6"}, {{"axis", 0}}, "one for each index of dimension 0"},
      {"DequantizeLinear", {"q", "s6"}, {{"axis", -3}}, "axis is -3"},
      {"DequantizeLinear", {"q", "s6"}, {{"block_size", -1}}, "'block_size' is -1"},
      {"DequantizeLinear", {"q", "s6"}, {{"block_size", INT64_MAX}}, "for blocks of 9223372036854775807"},
      {"DequantizeLinear", {"x", "s6"}, {}, "expected integers"},
      {"DequantizeLinear", {"q", "z6"}, {}, "expected integers and floating-point scales"},
      {"QuantizeLinear", {"x", "s6", "q"}, {}, "quantises to 'i4'"},
      {"MatMulInteger", {"z6", "m"}, {}, "input 0 is"},
      {"MatMulInteger", {"m", "m", "z6"}, {}, "expected one element, or one for each row"},
      {"MatMulInteger", {"m", "m", "s6"}, {}, "zero point is"},
      {"MatMulInteger", {"m", "m", "", "z6"}, {}, "one for each column"},
      {"QLinearMatMul", {"m", "s6", "z6", "m", "s6", "z6", "s6", "z6"}, {}, "expected one element"},
      {"QLinearMatMul", {"m", "s", "z", "m", "s", "z", "s6", "z"}, {}, "the result's scale"},
      {"QLinearMatMul", {"m", "z", "z", "m", "s", "z", "s", "z"}, {}, "input 1 is"},
  };
  for (const Case &each : cases) {
    model.mutable_graph()->Clear();
    model.mutable_graph()->set_name("test");
    addInput("x", TensorProto::FLOAT, {4, 4});
    add("q", TensorProto::INT4, {4, 6}, bytes(12));
    add("m", TensorProto::UINT8, {4, 4}, bytes(16));
    addFloats("s6", {6}, 6);
    add("z6", TensorProto::UINT8, {6}, bytes(6));
    addFloats("s", {}, 1);
    add("z", TensorProto::UINT8, {}, bytes(1));
    addNode(each.type, each.inputs, "y", each.attributes);
    addOutput("y");
    expectRefused(each.error);
  }
}

TEST_F(ImportQuantizedTest, RefusesInt4OfWrongSizes) {
  addInput("x", TensorProto::FLOAT, {1, 64});
  TensorProto &q = add("q", TensorProto::INT4, {64, 47}, bytes(64 * 48 / 2));
  addNode("Cast", {"q"}, "y", {{"to", TensorProto::FLOAT}});
  addOutput("y");
  expectRefused("has 1536 bytes of data, expected 1504");
  q.set_dims(0, int64_t(1) << 40);
  q.set_dims(1, int64_t(1) << 40);
  expectRefused("initializer 'q'");
}

/// The single operators that are of quantised tensors.
std::vector<std::string> quantizedOperators() {
  std::vector<std::string> folders;
  for (const auto &entry : fs::directory_iterator(fs::path(GLMC_TEST_DIR) / "operators")) {
    const std::string name = entry.path().filename().string();
    for (const char *kind : {"dequantize", "dynamic", "gather", "matmul", "product", "qlinear", "quantize", "static"})
      if (llvm::StringRef(name).starts_with(kind))
        folders.push_back(name);
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

class SimplifiedQuantizedTest : public ImportQuantizedTest, public testing::WithParamInterface<std::string> {};

/// Whatever is moved, and whichever products become ones of integers.
TEST_P(SimplifiedQuantizedTest, ComputesTheSame) {
  auto module = importOnnx(&context, std::string(GLMC_TEST_DIR) + "/operators/" + GetParam() + "/model.onnx", {});
  ASSERT_TRUE(module);
  const std::vector<double> before = evaluate(*module);
  simplify(*module);
  const std::vector<double> after = evaluate(*module);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(before[i], after[i], 1e-5 * std::max(1.0, std::abs(before[i]))) << i;
}

INSTANTIATE_TEST_SUITE_P(Operators, SimplifiedQuantizedTest, testing::ValuesIn(quantizedOperators()),
                         [](const auto &info) { return info.param; });

} // namespace
