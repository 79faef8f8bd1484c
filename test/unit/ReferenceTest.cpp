//===- ReferenceTest.cpp - The reference evaluator against ONNX's own -------===//
//
// data/reference_cases.txt has, for every op, operands and what ONNX's reference
// implementation computes (data/make_reference_data.py). Each case is run as a
// glm.graph of one op. What ONNX cannot say, constants as attributes and whole
// graphs with launches and weights, is tested below.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Evaluate.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>

using namespace mlir;
using namespace glmc;
using reference::Tensor;

namespace {

struct Case {
  std::string name, op;
  bool exact = true, fails = false;
  std::vector<Tensor> inputs;
  Tensor output;
};

class ReferenceTest : public ::testing::Test {
protected:
  ReferenceTest() { context.loadDialect<glm::GlmDialect>(); }

  RankedTensorType typeOf(StringRef text) { return cast<RankedTensorType>(parseType(text, &context)); }

  Tensor tensorFrom(std::istream &line) {
    std::string type, hexadecimal;
    line >> type >> hexadecimal;
    Tensor tensor(typeOf(type));
    std::string bytes = hexadecimal == "-" ? "" : llvm::fromHex(hexadecimal);
    EXPECT_EQ(bytes.size(), tensor.bytes.size()) << type;
    tensor.bytes.assign(bytes.begin(), bytes.end());
    return tensor;
  }

  /// A tensor of the type with these elements.
  Tensor tensor(StringRef type, std::vector<double> values) {
    Tensor result(typeOf(type));
    for (size_t i = 0; i < values.size(); ++i)
      result.setFloat(i, values[i]);
    return result;
  }

  std::vector<Case> readCases() {
    std::ifstream file(GLMC_TEST_DIR "/unit/data/reference_cases.txt");
    EXPECT_TRUE(file.good());
    std::vector<Case> cases;
    std::string text, word;
    while (std::getline(file, text)) {
      std::istringstream line(text);
      line >> word;
      if (word == "case") {
        cases.emplace_back();
        line >> cases.back().name >> word;
        cases.back().exact = word == "exact";
      } else if (word == "in") {
        cases.back().inputs.push_back(tensorFrom(line));
      } else if (word == "op") {
        cases.back().op = text.substr(3);
      } else if (word == "out") {
        cases.back().output = tensorFrom(line);
      } else {
        cases.back().fails = true;
      }
    }
    return cases;
  }

  OwningOpRef<ModuleOp> parse(const std::string &text) {
    ParserConfig config(&context);
    return parseSourceString<ModuleOp>(text, config);
  }

  /// Collects diagnostics instead of printing them.
  template <typename Run>
  std::string diagnosticsOf(Run run) {
    std::string text;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { text += diagnostic.str() + "\n"; });
    run();
    return text;
  }

  MLIRContext context;
  WeightSource weights{"."};
};

std::string asText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// The one-op graph of a case. Operands %0, %1 are written %x0, %x1 in it.
std::string graphOf(const Case &test) {
  std::string arguments, op = test.op;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    arguments += (i ? ", %x" : "%x") + std::to_string(i) + ": " + asText(test.inputs[i].type);
    for (size_t at; (at = op.find("%" + std::to_string(i))) != std::string::npos;)
      op.insert(at + 1, "x");
  }
  // Of a case that fails there is only the op's text, where it is the last type.
  std::string result = test.fails ? op.substr(op.rfind("tensor<")) : asText(test.output.type);
  return "glm.graph @g(" + arguments + ") -> " + result + " {\n  %y = " + op + "\n  glm.return %y : " + result +
         "\n}\n";
}

/// Distance between floats of a type near 1, relative.
double epsilonOf(Type type) {
  return type.isF64() ? 0x1p-52 : type.isF32() ? 0x1p-23 : type.isF16() ? 0x1p-10 : 0x1p-7;
}

/// Differing elements as text; none if all are equal or, where not exact, within
/// four units in the last place. NaNs are equal; zeros' signs count.
std::string differences(const Tensor &got, const Tensor &expected, bool exact) {
  std::ostringstream text;
  Type element = expected.type.getElementType();
  for (int64_t i = 0; i < expected.size(); ++i) {
    if (!isa<FloatType>(element)) {
      if (got.getInt(i) != expected.getInt(i))
        text << "\n  [" << i << "] " << got.getInt(i) << ", expected " << expected.getInt(i);
      continue;
    }
    double a = got.getFloat(i), b = expected.getFloat(i);
    double margin = exact ? 0 : 4 * epsilonOf(element) * std::max(std::fabs(b), 1e-3);
    bool same = std::isnan(b)   ? std::isnan(a)
                : std::isinf(b) ? a == b
                                : std::fabs(a - b) <= margin && (!exact || std::signbit(a) == std::signbit(b));
    if (!same)
      text << "\n  [" << i << "] " << a << ", expected " << b;
  }
  return text.str();
}

TEST_F(ReferenceTest, AgreesWithOnnx) {
  std::vector<Case> cases = readCases();
  EXPECT_GT(cases.size(), 700u);
  for (const Case &test : cases) {
    SCOPED_TRACE(test.name + ": " + test.op);
    OwningOpRef<ModuleOp> module = parse(graphOf(test));
    if (!module) {
      ADD_FAILURE() << "does not parse:\n" << graphOf(test);
      continue;
    }
    auto graph = *module->getOps<glm::GraphOp>().begin();
    FailureOr<std::vector<Tensor>> results = failure();
    std::string diagnostics = diagnosticsOf([&] { results = reference::evaluateGraph(graph, test.inputs, weights); });
    EXPECT_EQ(failed(results), test.fails) << diagnostics;
    EXPECT_EQ(diagnostics.empty(), !test.fails) << diagnostics;
    if (failed(results) || test.fails)
      continue;
    ASSERT_EQ(results->size(), 1u);
    EXPECT_EQ(asText(results->front().type), asText(test.output.type));
    EXPECT_EQ(results->front().bytes.size(), test.output.bytes.size());
    EXPECT_EQ(differences(results->front(), test.output, test.exact), "");
  }
}

/// Every op that the evaluator must know occurs in a case.
TEST_F(ReferenceTest, CasesCoverTheDialect) {
  llvm::StringSet<> covered;
  for (const Case &test : readCases())
    covered.insert(test.op.substr(0, test.op.find(' ')));
  llvm::StringSet<> others = {"glm.graph",         "glm.return",   "glm.kernel",         "glm.yield",
                              "glm.launch",        "glm.program",  "glm.planned_launch", "glm.planned_copy",
                              "glm.placed_weight", "glm.placed_state", "glm.constant", "glm.weight"};
  for (RegisteredOperationName op : context.getRegisteredOperationsByDialect("glm"))
    EXPECT_TRUE(covered.contains(op.getStringRef()) || others.contains(op.getStringRef())) << op.getStringRef().str();
}

/// Out-of-range floats, which ONNX leaves open: saturated, NaN is 0.
TEST_F(ReferenceTest, FloatsSaturateInIntegers) {
  Tensor small = tensor("tensor<5xi8>", {1e9, -1e9, NAN, INFINITY, -128.9});
  EXPECT_EQ(small.getInt(0), 127);
  EXPECT_EQ(small.getInt(1), -128);
  EXPECT_EQ(small.getInt(2), 0);
  EXPECT_EQ(small.getInt(3), 127);
  EXPECT_EQ(small.getInt(4), -128);
  Tensor large = tensor("tensor<3xi64>", {0x1p63, -0x1p63, -INFINITY});
  EXPECT_EQ(large.getInt(0), INT64_MAX);
  EXPECT_EQ(large.getInt(1), INT64_MIN);
  EXPECT_EQ(large.getInt(2), INT64_MIN);
  Tensor natural = tensor("tensor<2xui64>", {-1, 1e30});
  EXPECT_EQ(natural.getInt(0), 0);
  EXPECT_EQ(natural.getInt(1), -1); // by its bits
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

const char *const allElementTypes[] = {"i1",   "i8",   "i16", "i32",  "i64", "ui8", "ui16",
                                       "ui32", "ui64", "f16", "bf16", "f32", "f64"};

TEST_F(ReferenceTest, ConstantsSurviveAttributes) {
  for (const char *element : allElementTypes)
    for (const char *shape : {"", "0x", "3x", "2x5x", "70x90x"}) {
      SCOPED_TRACE(std::string(shape) + element);
      Tensor original(typeOf(std::string("tensor<") + shape + element + ">"));
      for (int64_t i = 0; i < original.size(); ++i)
        original.setInt(i, i % 7 - 3);
      ElementsAttr attr = reference::attributeOf(original);
      EXPECT_EQ(isa<DenseResourceElementsAttr>(attr), original.bytes.size() > 4096);
      EXPECT_EQ(reference::attributeOf(original), attr);
      FailureOr<Tensor> read = reference::tensorOf(attr);
      ASSERT_TRUE(succeeded(read));
      EXPECT_EQ(read->type, original.type);
      EXPECT_EQ(read->bytes, original.bytes);
    }
}

TEST_F(ReferenceTest, SplatsAreRead) {
  for (const char *element : allElementTypes) {
    SCOPED_TRACE(element);
    bool isFloat = StringRef(element).contains('f'), isBool = StringRef(element) == "i1";
    std::string text = std::string("dense<") +
                       (isFloat  ? "1.0"
                        : isBool ? "true"
                                 : "1") +
                       "> : tensor<2x3x" + element + ">";
    FailureOr<Tensor> read = reference::tensorOf(cast<ElementsAttr>(parseAttribute(text, &context)));
    ASSERT_TRUE(succeeded(read));
    for (int64_t i = 0; i < 6; ++i)
      EXPECT_EQ(read->getFloat(i), 1);
    // A splat stays the same attribute, so that equal constants are found equal.
    EXPECT_EQ(reference::attributeOf(*read), parseAttribute(text, &context));
  }
}

TEST_F(ReferenceTest, LargeConstantsAreNamedByContent) {
  Tensor values(typeOf("tensor<2000xf32>"));
  values.setFloat(7, 1.5);
  auto first = cast<DenseResourceElementsAttr>(reference::attributeOf(values));
  EXPECT_TRUE(first.getRawHandle().getKey().starts_with("c_"));
  MLIRContext other;
  Tensor same(RankedTensorType::get({2000}, Float32Type::get(&other)));
  same.setFloat(7, 1.5);
  auto second = cast<DenseResourceElementsAttr>(reference::attributeOf(same));
  EXPECT_EQ(first.getRawHandle().getKey(), second.getRawHandle().getKey());
  values.setFloat(8, 2);
  auto third = cast<DenseResourceElementsAttr>(reference::attributeOf(values));
  EXPECT_NE(first.getRawHandle().getKey(), third.getRawHandle().getKey());
}

TEST_F(ReferenceTest, UnreadableConstantsFail) {
  for (const char *text : {"dense_resource<__elided__> : tensor<4xf32>", "dense<1.0> : tensor<1000000x1000000xf32>",
                           "dense<1> : tensor<4294967296x4294967296x0xi8>", "dense<1> : tensor<4xi2>",
                           "dense<(1.0, 2.0)> : tensor<2xcomplex<f32>>", "dense<1> : vector<4xi32>",
                           "sparse<[[0]], [1.0]> : tensor<2xf32>"}) {
    SCOPED_TRACE(text);
    Attribute attr;
    diagnosticsOf([&] { attr = parseAttribute(text, &context); });
    ASSERT_TRUE(attr);
    EXPECT_TRUE(failed(reference::tensorOf(cast<ElementsAttr>(attr))));
  }
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// y = relu(x * w + b) twice over by one kernel; expected by NumPy:
///   w = np.array([[1, -2], [3, 4]]); f = lambda x: np.maximum(x @ w + [0.5, -1], 0)
///   f(f(np.array([[1, 2]]))) = [[23, 4]]
const char *const launches = R"(
  glm.kernel @k(%x: tensor<1x2xf32>, %w: !glm.packed<tensor<2x2xf32>, #glm.panels<1, 8>>) -> tensor<1x2xf32> {
    %b = glm.constant dense<[0.5, -1.0]> : tensor<2xf32>
    %zero = glm.constant dense<0.0> : tensor<f32>
    %m = glm.matmul %x, %w : tensor<1x2xf32>, !glm.packed<tensor<2x2xf32>, #glm.panels<1, 8>> -> tensor<1x2xf32>
    %s = glm.add %m, %b : tensor<1x2xf32>, tensor<2xf32> -> tensor<1x2xf32>
    %y = glm.max %s, %zero : tensor<1x2xf32>, tensor<f32> -> tensor<1x2xf32>
    glm.yield %y : tensor<1x2xf32>
  }
  glm.graph @g(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
    %w = glm.weight "w" <"reference_test.bin", 4, 16, raw> : !glm.packed<tensor<2x2xf32>, #glm.panels<1, 8>>
    %a = glm.launch @k(%x, %w) : (tensor<1x2xf32>, !glm.packed<tensor<2x2xf32>, #glm.panels<1, 8>>) -> tensor<1x2xf32>
    %b = glm.launch @k(%a, %w) : (tensor<1x2xf32>, !glm.packed<tensor<2x2xf32>, #glm.panels<1, 8>>) -> tensor<1x2xf32>
    %d = glm.mul %a, %a : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x2xf32>
    glm.return %b, %d : tensor<1x2xf32>, tensor<1x2xf32>
  }
)";

TEST_F(ReferenceTest, GraphsOfLaunches) {
  {
    std::ofstream file("reference_test.bin", std::ios::binary);
    float stored[] = {99, 1, -2, 3, 4};
    file.write(reinterpret_cast<char *>(stored), sizeof(stored));
  }
  llvm::scope_exit cleanup([] { llvm::sys::fs::remove("reference_test.bin"); });
  OwningOpRef<ModuleOp> module = parse(launches);
  ASSERT_TRUE(module);
  std::vector<std::string> seen;
  auto observe = [&](Operation *op, ArrayRef<Tensor> results) {
    seen.push_back(op->getName().getStringRef().str());
    EXPECT_EQ(results.size(), op->getNumResults());
  };
  FailureOr<std::vector<Tensor>> results = reference::evaluateGraph(
      *module->getOps<glm::GraphOp>().begin(), tensor("tensor<1x2xf32>", {1, 2}), weights, observe);
  ASSERT_TRUE(succeeded(results));
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].getFloat(0), 23.0);
  EXPECT_EQ((*results)[0].getFloat(1), 4.0);
  EXPECT_EQ((*results)[1].getFloat(0), 56.25); // 7.5 squared
  EXPECT_EQ((*results)[1].getFloat(1), 25.0);
  EXPECT_EQ(seen, (std::vector<std::string>{"glm.weight", "glm.launch", "glm.launch", "glm.mul"}));
}

TEST_F(ReferenceTest, GraphErrorsSayWhere) {
  OwningOpRef<ModuleOp> module = parse(launches);
  ASSERT_TRUE(module);
  auto graph = *module->getOps<glm::GraphOp>().begin();
  auto errorOf = [&](std::vector<Tensor> inputs) {
    bool failedToRun = false;
    std::string text = diagnosticsOf([&] { failedToRun = failed(reference::evaluateGraph(graph, inputs, weights)); });
    EXPECT_TRUE(failedToRun);
    return text;
  };
  EXPECT_EQ(errorOf({}), "has 1 inputs, 0 given\n");
  EXPECT_EQ(errorOf({tensor("tensor<2xf32>", {1, 2})}), "input 0 is 'tensor<1x2xf32>', given 'tensor<2xf32>'\n");
  EXPECT_EQ(errorOf({tensor("tensor<1x2xf32>", {1, 2})}),
            "cannot open weight file 'reference_test.bin': No such file or directory\n");
}

TEST_F(ReferenceTest, TooLargeOrElidedIsAnError) {
  for (const char *body : {"%y = glm.expand %x : tensor<1xf32> to tensor<99999999999xf32>\n"
                           "glm.return %y : tensor<99999999999xf32>",
                           "%y = glm.constant dense_resource<__elided__> : tensor<99999999999xf32>\n"
                           "glm.return %y : tensor<99999999999xf32>"}) {
    OwningOpRef<ModuleOp> module =
        parse("glm.graph @g(%x: tensor<1xf32>) -> tensor<99999999999xf32> {\n" + std::string(body) + "\n}");
    ASSERT_TRUE(module);
    auto graph = *module->getOps<glm::GraphOp>().begin();
    std::string text = diagnosticsOf(
        [&] { EXPECT_TRUE(failed(reference::evaluateGraph(graph, tensor("tensor<1xf32>", {1}), weights))); });
    EXPECT_NE(text, "");
  }
}

/// A kernel that launches itself must not recurse.
TEST_F(ReferenceTest, KernelsDoNotLaunch) {
  OwningOpRef<ModuleOp> module = parse(R"(
    glm.kernel @k(%x: tensor<f32>) -> tensor<f32> {
      %y = glm.launch @k(%x) : (tensor<f32>) -> tensor<f32>
      glm.yield %y : tensor<f32>
    }
    glm.graph @g(%x: tensor<f32>) -> tensor<f32> {
      %y = glm.launch @k(%x) : (tensor<f32>) -> tensor<f32>
      glm.return %y : tensor<f32>
    })");
  if (!module)
    return; // refused by a verifier: as good
  auto graph = *module->getOps<glm::GraphOp>().begin();
  std::string text =
      diagnosticsOf([&] { EXPECT_TRUE(failed(reference::evaluateGraph(graph, tensor("tensor<f32>", {1}), weights))); });
  EXPECT_EQ(text, "is inside a kernel\n");
}

/// Weights are transposed and small models run through this when compiling; a
/// hundred times slower would make every use of it a wait.
TEST_F(ReferenceTest, IsFastEnoughToFoldWeights) {
  OwningOpRef<ModuleOp> module = parse(R"(
    glm.graph @g(%x: tensor<4096x1024xf16>, %a: tensor<7x64xf32>, %b: tensor<64x256xf32>) -> (tensor<1024x4096xf16>, tensor<7x256xf32>) {
      %y = glm.transpose %x [1, 0] : tensor<4096x1024xf16> -> tensor<1024x4096xf16>
      %z = glm.matmul %a, %b : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
      glm.return %y, %z : tensor<1024x4096xf16>, tensor<7x256xf32>
    })");
  ASSERT_TRUE(module);
  std::vector<Tensor> inputs = {Tensor(typeOf("tensor<4096x1024xf16>")), Tensor(typeOf("tensor<7x64xf32>")),
                                Tensor(typeOf("tensor<64x256xf32>"))};
  auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(succeeded(reference::evaluateGraph(*module->getOps<glm::GraphOp>().begin(), inputs, weights)));
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("milliseconds", static_cast<int>(seconds * 1e3));
  EXPECT_LT(seconds, 5);
}

} // namespace
