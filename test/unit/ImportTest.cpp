//===- ImportTest.cpp - ONNX models to the glm dialect ----------------------===//
//
// Models come from three places: test/models (made by PyTorch's exporters, with
// PyTorch's inputs and outputs), ONNX's text format, and protobuf by hand.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "compiler/import/onnx/OnnxTypes.h"
#include "compiler/import/onnx/ReadModel.h"
#include "compiler/import/onnx/WireScan.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/reference/Evaluate.h"

#include "mlir/IR/Verifier.h"

#include "onnx/defs/parser.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

using namespace glmc;
using namespace glmc::onnximport;
namespace fs = std::filesystem;

namespace {

std::string contentsOf(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A folder of its own for each test, gone afterwards.
class ImportTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder = fs::temp_directory_path() / ("glmc-import-" + std::to_string(getpid()) + "-" + name);
    fs::create_directories(folder);
    context.printOpOnDiagnostic(false);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string write(const std::string &name, const std::string &bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  }
  std::string write(const onnx::ModelProto &model) { return write("model.onnx", model.SerializeAsString()); }

  /// The model of ONNX's text format.
  onnx::ModelProto parse(const std::string &text) {
    onnx::ModelProto model;
    auto status = onnx::OnnxParser(text.c_str()).Parse(model);
    EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
    return model;
  }

  /// Imports, collecting errors as "node: text" in `errors`.
  mlir::OwningOpRef<mlir::ModuleOp> import(const std::string &path, const ImportOptions &options = {}) {
    errors.clear();
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      errors += glm::describe(diagnostic.getLocation()) + ": " + diagnostic.str() + "\n";
      return mlir::success();
    });
    mlir::OwningOpRef<mlir::ModuleOp> module = importOnnx(&context, path, options);
    if (module) {
      EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
      EXPECT_EQ(errors, "");
    }
    return module;
  }

  static glm::GraphOp graphOf(mlir::ModuleOp module) { return *module.getOps<glm::GraphOp>().begin(); }

  reference::Tensor floats(std::vector<int64_t> shape, std::vector<double> values) {
    reference::Tensor tensor(mlir::RankedTensorType::get(shape, mlir::Float32Type::get(&context)));
    for (size_t i = 0; i < values.size(); ++i)
      tensor.setFloat(i, values[i]);
    return tensor;
  }

  /// Imports a model of text and evaluates it.
  std::vector<reference::Tensor> run(const std::string &text, std::vector<reference::Tensor> inputs) {
    mlir::OwningOpRef<mlir::ModuleOp> module = import(write(parse(text)));
    EXPECT_TRUE(module) << errors;
    if (!module)
      return {};
    WeightSource weights(*module);
    auto outputs = reference::evaluateGraph(graphOf(*module), inputs, weights);
    EXPECT_TRUE(mlir::succeeded(outputs));
    return mlir::succeeded(outputs) ? *outputs : std::vector<reference::Tensor>();
  }

  static std::vector<double> valuesOf(const reference::Tensor &tensor) {
    std::vector<double> values;
    for (int64_t i = 0; i < tensor.size(); ++i)
      values.push_back(tensor.getFloat(i));
    return values;
  }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  fs::path folder;
  std::string errors;
};

//===----------------------------------------------------------------------===//
// Payloads and files
//===----------------------------------------------------------------------===//

onnx::ModelProto modelOfTensors() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  auto &graph = *model.mutable_graph();
  auto add = [&](const char *name, int type, int elements) {
    auto &tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    tensor.add_dims(elements);
    return &tensor;
  };
  std::string raw(4096, '\0');
  for (size_t i = 0; i < raw.size(); ++i)
    raw[i] = char(i * 7);
  add("raw", onnx::TensorProto::FLOAT, 1024)->set_raw_data(raw);
  auto *floats = add("floats", onnx::TensorProto::FLOAT, 500);
  auto *ints = add("ints", onnx::TensorProto::INT64, 600);
  auto *halves = add("halves", onnx::TensorProto::FLOAT16, 700);
  for (int i = 0; i < 700; ++i) {
    if (i < 500)
      floats->add_float_data(float(i) / 3);
    if (i < 600)
      ints->add_int64_data(i % 3 ? i * 1000003ll : -i);
    halves->add_int32_data(i * 40);
  }
  add("small", onnx::TensorProto::FLOAT, 2)->set_raw_data(raw.substr(0, 8));
  auto &attribute = *graph.add_node()->add_attribute();
  attribute.set_name("value");
  attribute.set_type(onnx::AttributeProto::TENSOR);
  attribute.mutable_t()->set_raw_data(raw.substr(0, 2000));
  return model;
}

TEST(WireScan, FindsPayloadsWhereTheyAre) {
  onnx::ModelProto model = modelOfTensors();
  std::string bytes = model.SerializeAsString(), error;
  auto scanned = cutPayloads(bytes, error);
  ASSERT_TRUE(scanned) << error;
  EXPECT_LT(scanned->bytes.size(), 1000u);
  // Nodes come before initializers in the file.
  ASSERT_EQ(scanned->cuts.size(), 5u);
  const auto &graph = model.graph();
  auto text = [&](const Cut &cut) { return bytes.substr(cut.offset, cut.bytes); };
  EXPECT_EQ(text(scanned->cuts[0]), graph.node(0).attribute(0).t().raw_data());
  EXPECT_EQ(text(scanned->cuts[1]), graph.initializer(0).raw_data());
  const auto &floats = graph.initializer(1).float_data();
  EXPECT_EQ(text(scanned->cuts[2]), std::string(reinterpret_cast<const char *>(floats.data()), floats.size() * 4));
  EXPECT_EQ(countVarints(text(scanned->cuts[3])), 600u);
  EXPECT_TRUE(scanned->cuts[3].isVarint());
  EXPECT_FALSE(scanned->cuts[1].isVarint());

  onnx::ModelProto stripped;
  ASSERT_TRUE(stripped.ParseFromString(scanned->bytes));
  EXPECT_EQ(stripped.graph().initializer(4).raw_data(), graph.initializer(4).raw_data());
  EXPECT_FALSE(stripped.graph().initializer(0).has_raw_data());
  EXPECT_EQ(stripped.graph().initializer(0).external_data(0).key(), cutKey.str());
}

TEST(WireScan, RefusesEveryTruncation) {
  std::string bytes = modelOfTensors().SerializeAsString(), error;
  for (size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 61) {
    EXPECT_FALSE(cutPayloads(llvm::StringRef(bytes).take_front(size), error)) << size;
    EXPECT_NE(error, "");
  }
}

TEST(WireScan, RefusesItsOwnKey) {
  onnx::ModelProto model = modelOfTensors();
  auto &entry = *model.mutable_graph()->mutable_initializer(4)->add_external_data();
  entry.set_key(cutKey.str());
  entry.set_value("0");
  std::string error;
  EXPECT_FALSE(cutPayloads(model.SerializeAsString(), error));
}

TEST_F(ImportTest, ReadsStoredElementsOfEveryEncoding) {
  onnx::ModelProto model = modelOfTensors();
  model.mutable_graph()->clear_node();
  model.mutable_graph()->set_name("test");
  model.add_opset_import()->set_version(18);
  for (const auto &tensor : model.graph().initializer())
    model.mutable_graph()->add_output()->set_name(tensor.name());
  // An output needs a type for the checker.
  for (auto &output : *model.mutable_graph()->mutable_output())
    for (const auto &tensor : model.graph().initializer())
      if (tensor.name() == output.name()) {
        output.mutable_type()->mutable_tensor_type()->set_elem_type(tensor.data_type());
        output.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(tensor.dims(0));
      }
  auto module = import(write(model));
  ASSERT_TRUE(module) << errors;
  WeightSource weights(*module);
  auto outputs = reference::evaluateGraph(graphOf(*module), {}, weights);
  ASSERT_TRUE(mlir::succeeded(outputs));
  const auto &graph = model.graph();
  EXPECT_EQ(std::string((*outputs)[0].bytes.begin(), (*outputs)[0].bytes.end()), graph.initializer(0).raw_data());
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ((*outputs)[1].getFloat(i), graph.initializer(1).float_data(i));
  for (int i = 0; i < 600; ++i)
    EXPECT_EQ((*outputs)[2].getInt(i), graph.initializer(2).int64_data(i));
  for (int i = 0; i < 700; ++i) {
    uint16_t bits;
    std::memcpy(&bits, &(*outputs)[3].bytes[2 * i], 2);
    EXPECT_EQ(bits, graph.initializer(3).int32_data(i));
  }
}

TEST_F(ImportTest, ReadsExternalDataInsideTheFolderOnly) {
  auto with = [&](std::vector<std::pair<std::string, std::string>> entries) {
    onnx::ModelProto model = parse(R"(<ir_version: 8, opset_import: ["" : 18]>
      test (float[4] x) => (float[4] y) { y = Add(x, w) })");
    auto &tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name("w");
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_dims(4);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (auto &[key, value] : entries) {
      auto &entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return bool(import(write(model)));
  };
  float values[6] = {9, 1, 2, 3, 4, 9};
  write("w.data", std::string(reinterpret_cast<char *>(values), sizeof(values)));
  EXPECT_TRUE(with({{"location", "w.data"}})) << errors;
  EXPECT_TRUE(with({{"location", "w.data"}, {"offset", "4"}, {"length", "16"}})) << errors;
  EXPECT_TRUE(with({{"location", "w.data"}, {"offset", "8"}})) << errors;
  EXPECT_FALSE(with({{"location", "w.data"}, {"offset", "12"}}));
  EXPECT_NE(errors.find("expected it within the 24 bytes"), std::string::npos) << errors;
  EXPECT_FALSE(with({{"location", "w.data"}, {"offset", "18446744073709551615"}}));
  EXPECT_FALSE(with({{"location", "w.data"}, {"length", "20"}}));
  EXPECT_FALSE(with({{"location", "w.data"}, {"offset", "four"}}));
  EXPECT_FALSE(with({{"offset", "4"}}));
  EXPECT_FALSE(with({{"location", "."}}));
  fs::create_symlink("/etc/hostname", folder / "link");
  EXPECT_FALSE(with({{"location", "link"}}));
  EXPECT_NE(errors.find("symbolic link"), std::string::npos) << errors;
}

TEST_F(ImportTest, SurvivesEveryDamagedByte) {
  std::string bytes = contentsOf(fs::path(GLMC_TEST_DIR) / "fuzz/seeds/movement.onnx");
  ASSERT_FALSE(bytes.empty());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= char(1 << (i % 8));
    auto module = import(write("model.onnx", damaged));
    EXPECT_NE(bool(module), !errors.empty()) << "byte " << i;
  }
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

TEST_F(ImportTest, SlicesAsEveryOpsetSays) {
  const char *start = R"(<ir_version: 8, opset_import: ["" : 13]> test (float[2,5] x) => (float[N,M] y) {
    s = Constant<value_ints = [-1, 10]>() e = Constant<value_ints = [-100, -100]>()
    a = Constant<value_ints = [0, 1]>() t = Constant<value_ints = [-1, -2]>() y = Slice(x, s, e, a, t) })";
  auto outputs = run(start, {floats({2, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})});
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].shape(), llvm::ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(valuesOf(outputs[0]), std::vector<double>({9, 7, 5, 4, 2, 0}));

  outputs = run(R"(<ir_version: 4, opset_import: ["" : 9]> test (float[2,5] x) => (float[N,M] y) {
    y = Slice<starts = [1], ends = [-1], axes = [1]>(x) })",
                {floats({2, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})});
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(valuesOf(outputs[0]), std::vector<double>({1, 2, 3, 6, 7, 8}));
}

TEST_F(ImportTest, SoftmaxFlattensBeforeOpset13) {
  auto text = [](const char *opset) {
    return std::string(R"(<ir_version: 4, opset_import: ["" : )") + opset +
           "]> test (float[1,2,2] x) => (float[1,2,2] y) { y = Softmax<axis = 1>(x) }";
  };
  reference::Tensor zeros = floats({1, 2, 2}, {0, 0, 0, 0});
  auto old = run(text("11"), {zeros}), recent = run(text("13"), {zeros});
  ASSERT_TRUE(old.size() == 1 && recent.size() == 1);
  EXPECT_EQ(valuesOf(old[0]), std::vector<double>({0.25, 0.25, 0.25, 0.25}));
  EXPECT_EQ(valuesOf(recent[0]), std::vector<double>({0.5, 0.5, 0.5, 0.5}));
}

TEST_F(ImportTest, ExpandsFunctionsOfOnnxAndOfTheModel) {
  auto outputs = run(R"(<ir_version: 10, opset_import: ["" : 23, "local" : 1]>
    test (float[1,2] x, float[2] g) => (float[1,2] y) {
      n = RMSNormalization<axis = -1, epsilon = 0.0>(x, g)
      y = local.scale<factor = 3.0>(n)
    }
    <domain: "local", opset_import: ["" : 23]>
    scale<factor>(a) => (b) { f = Constant<value_float: float = @factor>() b = Mul(a, f) })",
                     {floats({1, 2}, {3, 4}), floats({2}, {1, 2})});
  ASSERT_EQ(outputs.size(), 1u);
  double rms = std::sqrt(12.5);
  EXPECT_NEAR(outputs[0].getFloat(0), 3 * 3 / rms, 1e-5);
  EXPECT_NEAR(outputs[0].getFloat(1), 3 * 2 * 4 / rms, 1e-5);
}

TEST_F(ImportTest, BindsFreeDimensions) {
  std::string path = write(parse(R"(<ir_version: 8, opset_import: ["" : 18]>
    test (float[batch,4] x) => (float[batch,4] y) { y = Neg(x) })"));
  EXPECT_FALSE(import(path));
  EXPECT_NE(errors.find("add --dim batch=VALUE"), std::string::npos) << errors;
  ImportOptions options;
  options.dims["batch"] = 3;
  auto module = import(path, options);
  ASSERT_TRUE(module) << errors;
  auto type = llvm::cast<mlir::RankedTensorType>(graphOf(*module).getArgumentTypes()[0]);
  EXPECT_EQ(type.getShape(), llvm::ArrayRef<int64_t>({3, 4}));
  options.dims["other"] = 3;
  EXPECT_FALSE(import(path, options));
}

TEST_F(ImportTest, NamesNodesInLocations) {
  auto module = import(write(parse(R"(<ir_version: 8, opset_import: ["" : 18]>
    test (float[4] x) => (float[4] y) { a = Neg(x) [middle] b = Abs(a) y = Neg(b) })")));
  ASSERT_TRUE(module) << errors;
  std::vector<std::string> nodes;
  graphOf(*module).walk([&](mlir::Operation *op) {
    if (std::string text = glm::describe(op->getLoc()); !text.empty())
      nodes.push_back(text);
  });
  EXPECT_EQ(nodes, std::vector<std::string>({"node 'Neg_0' (Neg, opset 18)", "node 'middle' (Abs, opset 18)",
                                             "node 'Neg_2' (Neg, opset 18)"}));
}

TEST_F(ImportTest, InitializersThatAreInputsToo) {
  onnx::ModelProto model = parse(R"(<ir_version: 3, opset_import: ["" : 8]>
    test (float[1] x, float[1] w) => (float[1] y) { y = Add(x, w) })");
  auto &tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(1);
  tensor.add_float_data(2);
  auto module = import(write(model));
  ASSERT_TRUE(module) << errors;
  EXPECT_EQ(graphOf(*module).getNumArguments(), 1u);
}

TEST_F(ImportTest, ListsAllUnsupportedNodes) {
  auto module = import((fs::path(GLMC_TEST_DIR) / "errors/unsupported.onnx").string());
  EXPECT_FALSE(module);
  EXPECT_EQ(llvm::count(errors, '\n'), 5) << errors;
}

/// A model of ONNX Runtime's operators on one line, and what the error says.
struct Refused {
  const char *nodes, *error;
};

TEST_F(ImportTest, RefusesFormsThatMeanSomethingElse) {
  const Refused cases[] = {
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 16>(x, b, s, , g)", "input 'g_idx' ('g')"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 16, weight_prepacked = 1>(x, b, s)",
       "'weight_prepacked' is 1, expected 0"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 16, bits = 3>(x, b, s)",
       "'bits' is 3, expected 4 or 8"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 24>(x, b, s)", "'block_size' is 24"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 3, block_size = 16>(x, b, s)", "'scales' is"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 16>(x, bx, s)", "'B' ('bx') is not a constant"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2, block_size = 16, colour = 3>(x, b, s)", "colour"},
      {"y = com.microsoft.MatMulNBits<K = 16, N = 2>(x, b, s)", "block_size"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1, softcap = 3.0>(q,,,,, l, t)",
       "'softcap' is 3"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1, local_window_size = 4>(q,,,,, l, t)",
       "'local_window_size' is 4, expected -1"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1, smooth_softmax = 1>(q,,,,, l, t)",
       "'smooth_softmax' is 1"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q,,,,, l, t,,,,, s)",
       "input 'head_sink' ('s')"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1, do_rotary = 1>(q,,,,, l, t)",
       "without 'cos_cache'"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 3, kv_num_heads = 2>(q,,,,, l, t)", "3 heads for 2"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q,,,,, l, l)",
       "'total_sequence_length' ('l') depends on run-time data"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q,,,,, l, big)",
       "expected 3 new tokens and up to 0 past ones"},
      {"y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q)", "'seqlens_k' is left out"},
      {"y, p = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q, x,,,, l, t)",
       "has 'key' without 'value'"},
      {"y = com.microsoft.FusedMatMul<transBatchA = 1>(x, x)", "'transBatchA' is 1"},
      {"y = com.microsoft.RotaryEmbedding<is_packed_batching = 1>(q, l, x, x)", "'is_packed_batching' is 1"},
      {"y = com.microsoft.SkipSimplifiedLayerNormalization(x, q, s)", "do not broadcast"},
      {"n, m = com.microsoft.SkipSimplifiedLayerNormalization(x, x, s16) y = Neg(m)",
       "reads tensor 'm', output 1 of node 'SkipSimplifiedLayerNormalization_0'"},
      {"y = com.microsoft.GatherBlockQuantized<block_size = 16, gather_axis = 1>(b, l, s)", "two dimensions"},
      {"y = NonZero(x)", "depends on run-time data"},
      {"y = DequantizeLinear<axis = 0, block_size = 2>(b8, s16)", "for blocks of 2"},
      {"y = DequantizeLinear<axis = 3>(b8, s16)", "axis is 3"},
      {"y = TensorScatter<axis = 0>(x, x)", "along dimension 0"},
  };
  for (const Refused &each : cases) {
    auto module = import(write(parse(std::string(R"(<ir_version: 11, opset_import: ["" : 24, "com.microsoft" : 1]>
      test (float[1,16] x, float[1,3,64] q, int32[1] l, uint8[2,1,8] bx) => (float[1,2] y)
      <uint8[2,1,8] b = {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}, int32[16] g = {0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0},
       uint8[16,1] b8 = {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}, float[2] s = {1,2},
       float[16] s16 = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}, int32 t = {3}, int32 big = {2000000000}> { )") + each.nodes + " }")));
    EXPECT_FALSE(module) << each.nodes;
    EXPECT_NE(errors.find(each.error), std::string::npos) << each.nodes << "\n" << errors;
    EXPECT_EQ(llvm::count(errors, '\n'), 1) << errors;
  }
}

TEST_F(ImportTest, SummarisesWithoutImporting) {
  auto summary = summariseOnnx(&context, (fs::path(GLMC_TEST_DIR) / "errors/unsupported.onnx").string());
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->nodes, 6);
  ASSERT_EQ(summary->operators.size(), 5u);
  EXPECT_EQ(summary->operators[0].name, "Unique");
  EXPECT_EQ(summary->operators[0].count, 2);
  EXPECT_FALSE(summary->operators[0].supported);
  ASSERT_EQ(summary->signature.inputs.size(), 2u);
  ASSERT_EQ(summary->signature.inputs[0].shape.size(), 2u);
  EXPECT_EQ(summary->signature.inputs[0].shape[1].size, 4);
}

//===----------------------------------------------------------------------===//
// The GLM models, and single operators
//===----------------------------------------------------------------------===//

std::vector<std::string> modelFolders() {
  std::vector<std::string> folders;
  for (std::string kind : {"models", "operators"})
    for (const auto &entry : fs::directory_iterator(fs::path(GLMC_TEST_DIR) / kind))
      if (fs::exists(entry.path() / "model.onnx"))
        folders.push_back(kind + "/" + entry.path().filename().string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

class FolderTest : public ImportTest {
protected:
  onnx::TensorProto protoOf(const fs::path &path) {
    onnx::TensorProto proto;
    EXPECT_TRUE(proto.ParseFromString(contentsOf(path))) << path;
    return proto;
  }
  /// A TensorProto of the model's test data as a tensor of `type`; exporters
  /// store scalars as vectors of one element.
  reference::Tensor load(const fs::path &path, mlir::Type type) {
    reference::Tensor tensor;
    std::string why;
    EXPECT_TRUE(readTensor(protoOf(path), llvm::cast<mlir::RankedTensorType>(type), tensor, why)) << path << why;
    return tensor;
  }
  /// Free dimensions as the data of a set has them.
  ImportOptions bindingOf(const fs::path &set) {
    ImportOptions options;
    auto read = OnnxModel::read(&context, (model / "model.onnx").string());
    EXPECT_TRUE(read);
    for (size_t i = 0; read && i < read->signature().inputs.size(); ++i) {
      const ModelSignature::Tensor &input = read->signature().inputs[i];
      onnx::TensorProto data = protoOf(set / ("input_" + std::to_string(i) + ".pb"));
      for (size_t axis = 0; axis < input.shape.size(); ++axis)
        if (input.shape[axis].isFree())
          options.dims[input.shape[axis].name] = data.dims(axis);
    }
    return options;
  }
  void check(const onnx::GraphProto &proto, const fs::path &set);

  fs::path model;
};

class ModelTest : public FolderTest, public testing::WithParamInterface<std::string> {};

void FolderTest::check(const onnx::GraphProto &proto, const fs::path &set) {
  auto module = import((model / "model.onnx").string(), bindingOf(set));
  ASSERT_TRUE(module) << errors;
  glm::GraphOp graph = graphOf(*module);

  // Inputs and outputs are those that the model declares.
  ASSERT_EQ(graph.getNumArguments(), unsigned(proto.input_size()));
  ASSERT_EQ(graph.getNumResults(), unsigned(proto.output_size()));
  std::vector<reference::Tensor> inputs;
  for (unsigned i = 0; i < graph.getNumArguments(); ++i) {
    EXPECT_EQ(graph.getInputName(i).str(), proto.input(i).name());
    inputs.push_back(load(set / ("input_" + std::to_string(i) + ".pb"), graph.getArgumentTypes()[i]));
  }

  WeightSource weights(*module);
  auto outputs = reference::evaluateGraph(graph, inputs, weights);
  ASSERT_TRUE(mlir::succeeded(outputs));
  for (unsigned i = 0; i < outputs->size(); ++i) {
    EXPECT_EQ(graph.getOutputName(i).str(), proto.output(i).name());
    reference::Tensor expected = load(set / ("output_" + std::to_string(i) + ".pb"), graph.getResultTypes()[i]);
    double worst = 0;
    for (int64_t element = 0; element < expected.size(); ++element) {
      // Not a maximum of differences: a NaN is one too.
      double difference = std::abs((*outputs)[i].getFloat(element) - expected.getFloat(element));
      worst = difference <= worst ? worst : difference;
    }
    EXPECT_LE(worst, 1e-4) << "output " << i;
  }
}

/// In a program with state the number of past tokens is an argument, whatever
/// seqlens_k says; a cache that is full is that of the program without.
TEST_F(FolderTest, GroupQueryAttentionTakesPositionsFromTheState) {
  model = fs::path(GLMC_TEST_DIR) / "operators/gqa_decode";
  const fs::path set = model / "test_data_set_0";
  ImportOptions options;
  options.stateful = true;
  auto module = import((model / "model.onnx").string(), options);
  ASSERT_TRUE(module) << errors;
  glm::GraphOp graph = graphOf(*module);
  ASSERT_EQ(graph.getInputState(0), glm::GlmDialect::lengthState);
  reference::Tensor length(llvm::cast<mlir::RankedTensorType>(graph.getArgumentTypes()[0]));
  std::vector<reference::Tensor> inputs = {length};
  for (unsigned i = 1; i < graph.getNumArguments(); ++i)
    inputs.push_back(load(set / ("input_" + std::to_string(i - 1) + ".pb"), graph.getArgumentTypes()[i]));
  reference::Tensor expected = load(set / "output_0.pb", graph.getResultTypes()[0]);
  WeightSource weights(*module);
  auto largestDifference = [&](int64_t past) {
    inputs[0].setInt(0, past);
    auto outputs = reference::evaluateGraph(graph, inputs, weights);
    EXPECT_TRUE(mlir::succeeded(outputs));
    double worst = 0;
    for (int64_t i = 0; i < expected.size(); ++i)
      worst = std::max(worst, std::abs((*outputs)[0].getFloat(i) - expected.getFloat(i)));
    return worst;
  };
  EXPECT_LE(largestDifference(6), 1e-4);
  EXPECT_GT(largestDifference(5), 1e-2);
}

TEST_P(ModelTest, ComputesWhatOthersComputed) {
  model = fs::path(GLMC_TEST_DIR) / GetParam();
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(contentsOf(model / "model.onnx")));
  int sets = 0;
  for (; fs::exists(model / ("test_data_set_" + std::to_string(sets))); ++sets)
    check(proto.graph(), model / ("test_data_set_" + std::to_string(sets)));
  EXPECT_GT(sets, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, ModelTest, testing::ValuesIn(modelFolders()), [](const auto &info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  for (char &c : name)
    c = std::isalnum(c) ? c : '_';
  return name;
});

} // namespace
