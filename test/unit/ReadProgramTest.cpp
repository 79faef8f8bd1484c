//===- ReadProgramTest.cpp - What emitters read of a planned module ----------===//
#include "codegen/PackWeight.h"
#include "codegen/ReadProgram.h"
#include "dialects/glm/GlmOps.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace glmc;

namespace {

constexpr const char *planned = R"(
module attributes {glm.math = "exact"} {
  glm.placed_weight "gain" at 0 type tensor<3xf32> source dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  glm.placed_weight "w" at 64 type !glm.packed<tensor<2x3xi8>, #glm.panels<1, 2>> source dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  glm.kernel @k00_add(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32>
      attributes {family = "elementwise", schedule = {vector = 2 : i64}, scratch = [tensor<5xi32>], in_place = array<i64: 0, 0>} {
    %z = glm.add %x, %y : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
    glm.yield %z : tensor<3xf32>
  }
  glm.program @run arena 100 bound 80 peak ["x: 0..12"]
      inputs [#glm.parameter<"in.a", tensor<3xf32>, <input 0[0:12]>>, #glm.parameter<"in a", tensor<3xf32>, <input 1[0:12]>>]
      outputs [#glm.parameter<"out", tensor<3xf32>, <output 0[0:12]>>] {
    glm.planned_launch @k00_add on "cpu" reads [#glm.place<input 0[0:12]>, #glm.place<weights[0:12]>] writes [#glm.place<arena[64:12]>] scratch [#glm.place<arena[0:20]>]
    glm.planned_copy #glm.place<arena[64:12]> to #glm.place<output 0[0:12]>
  }
}
)";

class ReadProgramTest : public testing::Test {
protected:
  ReadProgramTest() {
    context.loadDialect<glm::GlmDialect>();
    handler = context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return mlir::success();
    });
  }
  mlir::FailureOr<Program> read(const std::string &text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    return module ? readProgram(*module) : mlir::FailureOr<Program>();
  }
  mlir::MLIRContext context;
  mlir::DiagnosticEngine::HandlerID handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string messages;
};

TEST_F(ReadProgramTest, readsKernelsStepsAndSizes) {
  auto program = read(planned);
  ASSERT_TRUE(mlir::succeeded(program)) << messages;
  EXPECT_EQ(program->math, kernels::Math::exact);
  ASSERT_EQ(program->kernels.size(), 1u);
  const kernels::Kernel &kernel = program->kernels[0];
  EXPECT_EQ(kernel.name, "k00_add");
  EXPECT_EQ(kernel.schedule.at("vector"), 2);
  ASSERT_EQ(kernel.nodes.size(), 1u);
  EXPECT_EQ(kernel.nodes[0].op, "add");
  EXPECT_EQ(kernel.nodes[0].operands, (std::vector<int>{0, 1}));
  EXPECT_EQ(kernel.results, std::vector<int>{2});
  EXPECT_EQ(kernel.scratch[0].storageBytes(), 20);
  EXPECT_EQ(kernel.inPlace, (std::vector<std::pair<int, int>>{{0, 0}}));

  const EntryPoint &entry = program->entryPoints[0];
  EXPECT_EQ(entry.arenaBytes, 100);
  EXPECT_EQ(entry.boundBytes, 80);
  EXPECT_EQ(program->arenaBytes, 128); // To a multiple of 64.
  EXPECT_EQ(entry.inputs[0].identifier, "in_a");
  EXPECT_NE(entry.inputs[1].identifier, "in_a"); // Made unique.
  EXPECT_EQ(entry.inputs[1].name, "in a");
  ASSERT_EQ(entry.steps.size(), 2u);
  const auto &launch = std::get<Launch>(entry.steps[0]);
  EXPECT_EQ(launch.reads[1].memory, Memory::weights);
  EXPECT_EQ(launch.writes[0].offset, 64);
  EXPECT_EQ(std::get<Copy>(entry.steps[1]).to.memory, Memory::output);
}

/// The planned module for the targets `names`, whose kernel says `versions` of them.
std::string withVersions(const std::string &names, const std::string &versions) {
  std::string text = planned;
  auto replace = [&](const std::string &what, const std::string &with) { text.replace(text.find(what), what.size(), with); };
  replace("glm.math = \"exact\"", "glm.math = \"exact\", glm.versions = " + names);
  replace("family = \"elementwise\",", "family = \"elementwise\", versions = " + versions + ",");
  return text;
}

TEST_F(ReadProgramTest, readsVersions) {
  auto program = read(withVersions(R"(["a", "b-1", "c"])", R"({"a" = {schedule = {vector = 4 : i64}},
      "b-1" = {schedule = {vector = 8 : i64}, scratch = [tensor<3xi32>]}, "c" = "b-1"})"));
  ASSERT_TRUE(mlir::succeeded(program)) << messages;
  EXPECT_EQ(program->versions, (std::vector<std::string>{"a", "b-1", "c"}));
  ASSERT_EQ(program->kernels.size(), 2u);
  EXPECT_EQ(launchedKernels(*program), 1u);
  EXPECT_EQ(program->choices, (std::vector<std::vector<int>>{{0, 1, 1}}));
  EXPECT_EQ(program->kernelVersions, (std::vector<int>{0, 1}));
  EXPECT_EQ(program->kernels[0].schedule.at("vector"), 4);
  EXPECT_TRUE(program->kernels[0].scratch.empty()); // The launch has room; this version does not use it.
  EXPECT_EQ(program->kernels[1].name, "k00_add_b_1");
  EXPECT_EQ(program->kernels[1].schedule.at("vector"), 8);
  EXPECT_EQ(program->kernels[1].scratch[0].storageBytes(), 12);
  EXPECT_EQ(program->kernels[1].arguments, program->kernels[0].arguments);
}

TEST_F(ReadProgramTest, refusesVersionsThatAreNone) {
  auto messageOf = [&](const std::string &names, const std::string &versions) {
    messages.clear();
    EXPECT_TRUE(mlir::failed(read(withVersions(names, versions)))) << versions;
    return messages;
  };
  const std::string two = R"(["a", "b"])", a = R"("a" = {schedule = {}})";
  EXPECT_EQ(messageOf(R"(["a", "a"])", "{" + a + "}"),
            "glm.versions is [\"a\", \"a\"], expected names of two targets or more, each once\n");
  EXPECT_EQ(messageOf(R"(["a"])", "{" + a + "}"),
            "glm.versions is [\"a\"], expected names of two targets or more, each once\n");
  EXPECT_EQ(messageOf("7", "{" + a + "}"),
            "glm.versions is 7 : i64, expected names of two targets or more, each once\n");
  auto has = [&](const std::string &versions, const std::string &text) {
    const std::string message = messageOf(two, versions);
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  has("7", "does not say what its versions are");
  has("{" + a + "}", "does not say what it is in version 'b'");
  has(R"({"a" = "b", "b" = {schedule = {}}})", "version 'a' shares the code of \"b\", which is no version before it");
  has("{" + a + R"(, "b" = "z"})", "version 'b' shares the code of \"z\", which is no version before it");
  has("{" + a + R"(, "b" = {schedule = 7}})", "expected a schedule and scratch");
  has("{" + a + R"(, "b" = {schedule = {vector = "x"}}})", "schedule parameter \"vector\" is not an integer");
  has("{" + a + R"(, "b" = {schedule = {}, scratch = [tensor<?xf32>]}})", "expected static tensors");
  has("{" + a + R"(, "b" = {schedule = {}, scratch = [i8]}})", "expected static tensors");
  has("{" + a + R"(, "b" = {schedule = {}, scratch = [tensor<1xf32>, tensor<1xf32>]}})",
      "has 2 scratch buffers, and the kernel's launches 1");
}

TEST_F(ReadProgramTest, writesTheWeightsImageInOrderWithPadding) {
  auto program = read(planned);
  ASSERT_TRUE(mlir::succeeded(program)) << messages;
  std::vector<uint8_t> image;
  ASSERT_TRUE(program->writeWeights([&](const uint8_t *data, size_t size) { image.insert(image.end(), data, data + size); }));
  ASSERT_EQ(int64_t(image.size()), program->weightBytes);
  ASSERT_EQ(image.size(), 128u);
  float gain[3];
  std::memcpy(gain, image.data(), sizeof gain);
  EXPECT_EQ(gain[2], 3.0f);
  for (size_t i = 12; i < 64; ++i)
    EXPECT_EQ(image[i], 0) << i;
  // Panels of 2 columns of [[1 2 3] [4 5 6]]: columns 0 and 1 row by row, then
  // column 2 beside padding.
  EXPECT_EQ(std::vector<uint8_t>(&image[64], &image[72]), (std::vector<uint8_t>{1, 2, 4, 5, 3, 0, 6, 0}));
}

std::vector<uint8_t> packed(const kernels::TensorType &type, const std::vector<uint8_t> &elements) {
  std::vector<uint8_t> all;
  packWeight(type, elements.data(), [&](const uint8_t *data, size_t size) { all.insert(all.end(), data, data + size); });
  return all;
}

/// The layout's definition, element by element.
std::vector<uint8_t> packedPlainly(const kernels::TensorType &type, const std::vector<uint8_t> &elements) {
  const int64_t bytes = kernels::byteSize(type.element), width = type.layout.width;
  const int64_t rows = type.shape[0], columns = type.shape[1], depth = type.layout.dim == 0 ? columns : rows;
  std::vector<uint8_t> all(type.storageBytes(), 0);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t n = type.layout.dim == 0 ? i : j, k = type.layout.dim == 0 ? j : i;
      std::memcpy(&all[((n / width * depth + k) * width + n % width) * bytes], &elements[(i * columns + j) * bytes], bytes);
    }
  return all;
}

TEST_F(ReadProgramTest, packsEveryWidthOfElementInPieces) {
  using kernels::Element;
  for (Element element : {Element::i8, Element::f16, Element::f32, Element::i64})
    for (int dim : {0, 1})
      // Fewer panels than the buffer holds, more than it holds, and none.
      for (auto [rows, columns] : {std::pair<int64_t, int64_t>{37, 53}, {3001, 700}, {700, 3001}, {0, 5}, {5, 0}})
        for (int64_t width : {1, 8, 24}) {
          kernels::TensorType type{element, {rows, columns}, {kernels::Layout::panels, dim, width}};
          std::vector<uint8_t> elements(rows * columns * kernels::byteSize(element));
          for (size_t i = 0; i < elements.size(); ++i)
            elements[i] = uint8_t(i * 31 + i / 251);
          EXPECT_TRUE(packed(type, elements) == packedPlainly(type, elements))
              << rows << "x" << columns << " dim " << dim << " width " << width;
        }
}

TEST_F(ReadProgramTest, packsPanelsOfEitherDimension) {
  kernels::TensorType type{kernels::Element::i8, {3, 2}, {kernels::Layout::panels, 0, 2}};
  EXPECT_EQ(packed(type, {1, 4, 2, 5, 3, 6}), (std::vector<uint8_t>{1, 2, 4, 5, 3, 0, 6, 0}));
  type.layout = {};
  EXPECT_EQ(packed(type, {1, 4, 2, 5, 3, 6}), (std::vector<uint8_t>{1, 4, 2, 5, 3, 6}));
}

TEST_F(ReadProgramTest, refusesWhatIsNotPlanned) {
  EXPECT_TRUE(mlir::failed(read("glm.graph @run(%x: tensor<3xf32>) -> tensor<3xf32> { glm.return %x : tensor<3xf32> }")));
  EXPECT_NE(messages.find("glm-plan-memory"), std::string::npos) << messages;
  messages.clear();
  EXPECT_TRUE(mlir::failed(read("module {}")));
  EXPECT_NE(messages.find("no glm.program"), std::string::npos) << messages;
}

TEST_F(ReadProgramTest, refusesWeightsThatAreNoTensors) {
  EXPECT_TRUE(mlir::failed(read("glm.placed_weight \"w\" at 0 type vector<4xf32> source \"x\"\n"
                                "glm.program @run arena 0 bound 0 peak [] inputs [] outputs [] {}")));
  EXPECT_NE(messages.find("expected a static tensor"), std::string::npos) << messages;
  messages.clear();
  EXPECT_TRUE(mlir::failed(read("glm.placed_weight \"w\" at -64 type tensor<4xf32> source \"x\"\n"
                                "glm.program @run arena 0 bound 0 peak [] inputs [] outputs [] {}")));
  EXPECT_NE(messages.find("is at -64"), std::string::npos) << messages;
}

TEST_F(ReadProgramTest, refusesElidedWeightsWhenTheyAreWritten) {
  std::string text = planned;
  std::string full = "dense<[1.0, 2.0, 3.0]> : tensor<3xf32>";
  text.replace(text.find(full), full.size(), "dense_resource<__elided__> : tensor<3xf32>");
  auto program = read(text);
  ASSERT_TRUE(mlir::succeeded(program)) << messages;
  EXPECT_FALSE(program->writeWeights([](const uint8_t *, size_t) {}));
  EXPECT_NE(messages.find("elided"), std::string::npos) << messages;
}

} // namespace
