//===- BindingsTest.cpp - From flags to the graphs that a model is compiled to -===//
//
// Signatures are those of exporters: torch's dynamo names dimensions s70 and
// gives one length several names, TorchScript takes the user's, optimum and
// onnxruntime-genai name lengths by what they are, transformers' StaticCache has
// none that is free.
//
//===----------------------------------------------------------------------===//
#include "compiler/Bindings.h"
#include "compiler/DimExpression.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace glmc;
using glmc::reference::Tensor;

namespace {

class BindingsTest : public testing::Test {
protected:
  ModelSignature::Tensor tensor(const std::string &name, mlir::Type element, const std::string &elementName,
                                const std::vector<std::string> &shape) {
    ModelSignature::Tensor result;
    result.name = name;
    result.element = element;
    result.elementName = elementName;
    result.hasShape = true;
    for (const std::string &dim : shape) {
      const bool isNumber = std::isdigit(static_cast<unsigned char>(dim[0]));
      result.shape.push_back(isNumber && dim.find_first_not_of("0123456789") == std::string::npos
                                 ? ModelSignature::Dimension{std::stoll(dim), ""}
                                 : ModelSignature::Dimension{-1, dim});
    }
    return result;
  }
  ModelSignature::Tensor ints(const std::string &name, const std::vector<std::string> &shape) {
    return tensor(name, builder.getI64Type(), "int64", shape);
  }
  ModelSignature::Tensor floats(const std::string &name, const std::vector<std::string> &shape) {
    return tensor(name, builder.getF32Type(), "float32", shape);
  }

  /// glm.chunk.dyn.dynamo: one past has two names, one batch too.
  ModelSignature dynamo() {
    return {{ints("input_ids", {"s33", "s70"}), ints("attention_mask", {"s43", "s53"}),
             ints("position_ids", {"s33", "s70"}), floats("past_key_values.0.key", {"s33", "2", "s18", "16"}),
             floats("past_key_values.0.value", {"s33", "2", "s74", "16"})},
            {floats("logits", {"s33", "s70", "256"}), floats("present.0.key", {"s33", "2", "s18 + s70", "16"}),
             floats("present.0.value", {"s33", "2", "s70 + s74", "16"})}};
  }
  ModelSignature optimum() {
    return {{ints("input_ids", {"batch_size", "sequence_length"}),
             ints("attention_mask", {"batch_size", "past_sequence_length + sequence_length"}),
             floats("past_key_values.0.key", {"batch_size", "2", "past_sequence_length", "16"})},
            {floats("logits", {"batch_size", "sequence_length", "256"}),
             floats("present.0.key", {"batch_size", "2", "past_sequence_length + sequence_length", "16"})}};
  }
  ModelSignature staticDecode() {
    return {{ints("input_ids", {"1", "1"}), ints("attention_mask", {"1", "12"}), ints("position_ids", {"1", "1"}),
             floats("past_key_values.0.key", {"1", "2", "11", "16"})},
            {floats("logits", {"1", "1", "256"}), floats("present.0.key", {"1", "2", "12", "16"})}};
  }
  ModelSignature staticCache() {
    return {
        {ints("input_ids", {"1", "1"}), tensor("attention_mask", builder.getI1Type(), "bool", {"1", "1", "1", "32"}),
         ints("position_ids", {"1", "1"}), floats("input.past_key_values.layers.0.keys", {"1", "2", "32", "16"}),
         ints("input.past_key_values.layers.0.cumulative_length", {})},
        {floats("logits", {"1", "1", "256"}), floats("output.past_key_values.layers.0.keys", {"1", "2", "32", "16"})}};
  }
  ModelSignature picture() {
    return {{floats("key_picture", {"n", "3", "height", "7"}), ints("shape", {"rank"})}, {floats("y", {"n", "10"})}};
  }

  bool resolve(const ModelSignature &signature, const BindingFlags &flags) {
    bindings.clear();
    error.clear();
    BindingRequest request;
    return parseBindings(flags, request, error) && resolveBindings(signature, request, bindings, error);
  }
  bool resolveDims(const ModelSignature &signature, const std::vector<std::string> &dims) {
    BindingFlags flags;
    flags.dims = dims;
    return resolve(signature, flags);
  }
  bool resolveContext(const ModelSignature &signature, int64_t context, const std::vector<std::string> &dims = {}) {
    BindingFlags flags;
    flags.dims = dims;
    flags.context = context;
    return resolve(signature, flags);
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const ImportOptions &binding : bindings)
      names.push_back(binding.entry);
    return names;
  }
  bool says(const std::string &text) const { return error.find(text) != std::string::npos; }

  using Sizes = std::map<std::string, int64_t>;
  mlir::MLIRContext context;
  mlir::Builder builder{&context};
  std::vector<ImportOptions> bindings;
  std::string error;
};

TEST_F(BindingsTest, ModelsNames) {
  ASSERT_TRUE(resolveDims(dynamo(), {"s33=2", "s70=5", "s18=14", "s43=2", "s53=19", "s74=14"})) << error;
  ASSERT_EQ(bindings.size(), 1u);
  EXPECT_EQ(bindings[0].entry, "run");
  EXPECT_FALSE(bindings[0].stateful);
  EXPECT_EQ(bindings[0].dims, (Sizes{{"s33", 2}, {"s70", 5}, {"s18", 14}, {"s43", 2}, {"s53", 19}, {"s74", 14}}));
}

TEST_F(BindingsTest, GenericNames) {
  ASSERT_TRUE(resolveDims(dynamo(), {"batch=2", "seq=5", "past=14"})) << error;
  EXPECT_EQ(bindings[0].dims, (Sizes{{"s33", 2}, {"s70", 5}, {"s18", 14}, {"s43", 2}, {"s53", 19}, {"s74", 14}}));
  ASSERT_TRUE(resolveDims(dynamo(), {"batch=2", "seq=5", "total=19"})) << error;
  EXPECT_EQ(bindings[0].dims.at("s18"), 14);
  ASSERT_TRUE(resolveDims(optimum(), {"batch=1", "seq=7", "past=0"})) << error;
  EXPECT_EQ(bindings[0].dims, (Sizes{{"batch_size", 1},
                                     {"sequence_length", 7},
                                     {"past_sequence_length", 0},
                                     {"past_sequence_length + sequence_length", 7}}));
}

TEST_F(BindingsTest, OneNameBindsItsRole) {
  ASSERT_TRUE(resolveDims(dynamo(), {"s33=1", "s70=3", "s18=11"})) << error;
  EXPECT_EQ(bindings[0].dims.at("s43"), 1);
  EXPECT_EQ(bindings[0].dims.at("s74"), 11);
  EXPECT_EQ(bindings[0].dims.at("s53"), 14);
}

TEST_F(BindingsTest, ModelsOwnNameWins) {
  ModelSignature signature{
      {ints("input_ids", {"batch", "past"}), floats("past_key_values.0.key", {"batch", "2", "seq", "16"})},
      {floats("present.0.key", {"batch", "2", "total", "16"})}};
  ASSERT_TRUE(resolveDims(signature, {"batch=1", "past=3", "seq=11"})) << error;
  EXPECT_EQ(bindings[0].dims, (Sizes{{"batch", 1}, {"past", 3}, {"seq", 11}}));
}

TEST_F(BindingsTest, FormulasFollowAndMustHold) {
  ASSERT_TRUE(
      resolveDims(optimum(), {"batch_size=1", "sequence_length=3", "past_sequence_length + sequence_length=14"}))
      << error;
  EXPECT_EQ(bindings[0].dims.at("past_sequence_length"), 11);
  EXPECT_FALSE(resolveDims(optimum(), {"batch=1", "seq=3", "past=11", "past_sequence_length + sequence_length=15"}));
  EXPECT_TRUE(says("is 15, but its formula gives 14")) << error;
  EXPECT_FALSE(resolveDims(optimum(), {"batch=1", "seq=3", "past_sequence_length + sequence_length=2"}));
  EXPECT_TRUE(says("would be -1")) << error;
  EXPECT_FALSE(resolveDims(optimum(), {"batch=1", "seq=9223372036854775807", "past=1"}));
}

TEST_F(BindingsTest, SeveralSizesMakeSeveralEntries) {
  ASSERT_TRUE(resolveDims(dynamo(), {"batch=1", "seq=1,16", "past=4,11"})) << error;
  EXPECT_EQ(entries(), (std::vector<std::string>{"run_1_4", "run_1_11", "run_16_4", "run_16_11"}));
  EXPECT_EQ(bindings[2].dims.at("s70"), 16);
  EXPECT_EQ(bindings[2].dims.at("s18"), 4);
  EXPECT_EQ(bindings[2].dims.at("s53"), 20);
  std::string many = "seq=1";
  for (int i = 2; i <= 64; ++i)
    many += "," + std::to_string(i);
  ASSERT_TRUE(resolveDims(dynamo(), {"batch=1", "past=1", many})) << error;
  EXPECT_EQ(bindings.size(), 64u);
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=1,2", "past=1", many}));
  EXPECT_TRUE(says("more than 64 combinations")) << error;
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=1", "past=1", many + ",65"}));
  EXPECT_TRUE(says("more than 64 sizes")) << error;
  EXPECT_FALSE(resolveDims(dynamo(), {"seq=1,16,1"}));
  EXPECT_TRUE(says("the size 1 twice")) << error;
}

TEST_F(BindingsTest, SaysWhatIsMissing) {
  EXPECT_FALSE(resolveDims(dynamo(), {}));
  EXPECT_EQ(error, "input 'input_ids' has free dimension 0 named 's33', expected a size: add --dim batch=VALUE "
                   "--dim seq=VALUE --dim past=VALUE ('s33' is batch, 's70' is seq, 's43' is batch, "
                   "'s53' is total, 's18' is past, 's74' is past)");
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=1", "past=3"}));
  EXPECT_TRUE(says("add --dim seq=VALUE")) << error;
  EXPECT_FALSE(resolveDims(picture(), {"n=1"}));
  EXPECT_TRUE(says("input 'key_picture' has free dimension 2 named 'height', expected a size: add --dim height=VALUE "
                   "--dim rank=VALUE"))
      << error;
}

TEST_F(BindingsTest, NamesThatAreNone) {
  EXPECT_FALSE(resolveDims(dynamo(), {"bach=1"}));
  EXPECT_TRUE(
      says("--dim names 'bach', expected a free dimension of an input: 's33', 's70', 's43', 's53', 's18', 's74', or "
           "what it is for: 'batch', 'seq', 'past', 'total'"))
      << error;
  // No language model, so that no name means more than the model says.
  EXPECT_FALSE(resolveDims(picture(), {"batch=1", "height=4", "rank=1"}));
  EXPECT_TRUE(says("--dim names 'batch', expected a free dimension of an input: 'n', 'height', 'rank'")) << error;
  BindingFlags flags;
  flags.binds = {"shap=1"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("--bind names 'shap', expected an input: 'key_picture', 'shape'")) << error;
}

TEST_F(BindingsTest, MoreDimensionsThanAnyModelHas) {
  ModelSignature signature;
  for (int i = 0; i <= 1000; ++i)
    signature.inputs.push_back(ints("x" + std::to_string(i), {"d" + std::to_string(i)}));
  EXPECT_FALSE(resolveDims(signature, {"d0=1"}));
  EXPECT_TRUE(says("has 1001 free dimensions, expected at most 1000")) << error;
}

TEST_F(BindingsTest, SizesThatContradict) {
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=1", "seq=3", "past=11", "total=15"}));
  EXPECT_TRUE(says("'total' would be 14, but is 15")) << error;
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=1", "seq=3", "s70=4", "past=11"}));
  EXPECT_TRUE(says("'seq' is 3, but dimension 's70', which is that, is 4")) << error;
  EXPECT_FALSE(resolveDims(staticDecode(), {"seq=2"}));
  EXPECT_TRUE(says("'seq' would be 2, but is 1 in the model")) << error;
  EXPECT_TRUE(resolveDims(staticDecode(), {"seq=1", "batch=1"})) << error;
  EXPECT_FALSE(resolveDims(dynamo(), {"batch=0", "seq=3", "past=11"}));
  EXPECT_TRUE(says("the size 0, expected 1 or more")) << error;
}

TEST_F(BindingsTest, ValuesOfInputs) {
  BindingFlags flags;
  flags.dims = {"n=1", "height=4"};
  flags.binds = {"shape=2,-3"};
  ASSERT_TRUE(resolve(picture(), flags)) << error;
  EXPECT_EQ(bindings[0].dims.at("rank"), 2);
  const Tensor &shape = bindings[0].constants.at("shape");
  EXPECT_EQ(shape.type, mlir::RankedTensorType::get({2}, builder.getI64Type()));
  EXPECT_EQ(shape.getInt(1), -3);

  flags.dims = {"n=1", "height=4", "rank=3"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("--bind gives 'shape' 2 values")) << error;
  flags.binds = {"shape=7"};
  ASSERT_TRUE(resolve(picture(), flags)) << error;
  EXPECT_EQ(bindings[0].constants.at("shape").getInt(2), 7);

  flags.binds = {"shape=7,8,x"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("element 2 is given as 'x'")) << error;
  flags.binds = {"shape=9223372036854775808"};
  EXPECT_FALSE(resolve(picture(), flags));
  flags.binds = {"key_picture=1.5e0,2"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("is float32[1, 3, 4, 7], but 2 values are given, expected 84, or one for all")) << error;
  flags.binds = {"shape=1", "shape=1"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("a value twice")) << error;
  flags.dims = {"n=1000000000000", "height=1000000000000", "rank=1"};
  flags.binds = {"key_picture=0"};
  EXPECT_FALSE(resolve(picture(), flags));
  EXPECT_TRUE(says("expected at most")) << error;
}

TEST_F(BindingsTest, ValuesOutsideTheirType) {
  ModelSignature signature{{tensor("small", builder.getIntegerType(8, false), "uint8", {"2"}),
                            tensor("flag", builder.getI1Type(), "bool", {"2"}), floats("f", {"2"})},
                           {}};
  BindingFlags flags;
  flags.binds = {"small=255,0", "flag=true,0", "f=-1e-3,inf"};
  ASSERT_TRUE(resolve(signature, flags)) << error;
  EXPECT_EQ(bindings[0].constants.at("small").getInt(0), 255);
  EXPECT_EQ(bindings[0].constants.at("flag").getInt(0), 1);
  EXPECT_FLOAT_EQ(bindings[0].constants.at("f").getFloat(0), -1e-3f);
  for (const char *wrong : {"small=256,0", "small=-1,0", "flag=2,0", "f=1,one", "f=1,"}) {
    flags.binds = {wrong};
    EXPECT_FALSE(resolve(signature, flags)) << wrong;
  }
}

TEST_F(BindingsTest, ContextMakesSteps) {
  ASSERT_TRUE(resolveContext(dynamo(), 2000)) << error;
  EXPECT_EQ(entries(), (std::vector<std::string>{"step_1", "step_16", "step_128"}));
  for (const ImportOptions &step : bindings) {
    EXPECT_TRUE(step.stateful);
    EXPECT_EQ(step.dims, (Sizes{{"s33", 1},
                                {"s43", 1},
                                {"s70", step.tokens},
                                {"s18", 2000 - step.tokens},
                                {"s74", 2000 - step.tokens},
                                {"s53", 2000}}));
    const Tensor &mask = step.constants.at("attention_mask");
    EXPECT_EQ(mask.size(), 2000);
    EXPECT_EQ(mask.getInt(1999), 1);
    EXPECT_EQ(step.roles, (std::map<std::string, std::string>{{"input_ids", "tokens"},
                                                              {"position_ids", "positions"},
                                                              {"past_key_values.0.key", "cache"},
                                                              {"past_key_values.0.value", "cache"}}));
  }
  ASSERT_TRUE(resolveContext(optimum(), 100, {"seq=7,20"})) << error;
  EXPECT_EQ(entries(), (std::vector<std::string>{"step_1", "step_7", "step_20"}));
  EXPECT_EQ(bindings[1].dims.at("past_sequence_length"), 105); // Of 112, a multiple of 16.
  ASSERT_TRUE(resolveContext(optimum(), 16)) << error;
  EXPECT_EQ(entries(), (std::vector<std::string>{"step_1"}));
}

TEST_F(BindingsTest, ContextOfFixedCaches) {
  ASSERT_TRUE(resolveContext(staticDecode(), 12)) << error;
  EXPECT_EQ(entries(), (std::vector<std::string>{"step_1"}));
  EXPECT_FALSE(resolveContext(staticDecode(), 2048));
  EXPECT_TRUE(says("the model's caches hold 11 tokens and one is added: expected --context 12")) << error;
  ASSERT_TRUE(resolveContext(staticCache(), 32)) << error;
  EXPECT_EQ(bindings[0].roles.at("input.past_key_values.layers.0.cumulative_length"), "length");
  EXPECT_EQ(bindings[0].constants.at("attention_mask").type.getShape(), llvm::ArrayRef<int64_t>({1, 1, 1, 32}));
  EXPECT_FALSE(resolveContext(staticCache(), 16));
  EXPECT_TRUE(says("have room for 32: expected --context 32")) << error;
}

TEST_F(BindingsTest, ContextThatCannotBe) {
  EXPECT_FALSE(resolveContext(picture(), 16));
  EXPECT_TRUE(says("--role key_picture=tokens")) << error;
  EXPECT_FALSE(resolveContext(dynamo(), 2048, {"batch=2"}));
  EXPECT_TRUE(says("needs a batch of 1")) << error;
  EXPECT_FALSE(resolveContext(dynamo(), 2048, {"past=3"}));
  EXPECT_TRUE(says("'past' a size, but --context says it")) << error;
  EXPECT_FALSE(resolveContext(dynamo(), 2048, {"s18=3"}));
  EXPECT_FALSE(resolveContext(dynamo(), 2048, {"seq=4096"}));
  EXPECT_TRUE(says("'seq' the size 4096")) << error;
  EXPECT_FALSE(resolveContext(dynamo(), largestContext + 1));
  ModelSignature prefill{{ints("input_ids", {"b", "s"})}, {floats("logits", {"b", "s", "9"})}};
  EXPECT_FALSE(resolveContext(prefill, 64));
  EXPECT_TRUE(says("export the model with its cache")) << error;
  BindingFlags flags;
  flags.kv = "int8";
  EXPECT_FALSE(resolve(dynamo(), flags));
  EXPECT_TRUE(says("add --context N")) << error;
  flags = BindingFlags();
  flags.context = 64;
  flags.binds = {"attention_mask=1"};
  EXPECT_FALSE(resolve(dynamo(), flags));
}

TEST_F(BindingsTest, RolesThatAreGiven) {
  ModelSignature signature{{ints("words", {"b", "n"}), floats("a", {"b", "2", "p", "16"})},
                           {floats("logits", {"b", "n", "9"}), floats("c", {"b", "2", "q", "16"})}};
  BindingFlags flags;
  flags.context = 32;
  flags.roles = {"words=tokens", "a=cache"};
  ASSERT_TRUE(resolve(signature, flags)) << error;
  EXPECT_EQ(bindings.back().dims, (Sizes{{"b", 1}, {"n", 16}, {"p", 16}}));
  flags.roles = {"wrds=tokens"};
  EXPECT_FALSE(resolve(signature, flags));
  EXPECT_TRUE(says("--role names 'wrds', expected an input: 'words', 'a'")) << error;
  flags.roles = {"words=word"};
  EXPECT_FALSE(resolve(signature, flags));
  EXPECT_TRUE(says("expected tokens, positions, mask, length, cache or none")) << error;
  flags.roles = {"words=cache"};
  EXPECT_FALSE(resolve(signature, flags));
  EXPECT_TRUE(says("which is floats [batch, heads, past, features], but it is int64[b, n]")) << error;
  flags.roles = {"words=tokens", "words=mask"};
  EXPECT_FALSE(resolve(signature, flags));
  EXPECT_TRUE(says("two roles")) << error;
}

TEST_F(BindingsTest, SizesOfData) {
  auto data = [&](const std::string &name, std::vector<int64_t> shape, mlir::Type element) {
    return NamedTensor{name, Tensor(mlir::RankedTensorType::get(shape, element))};
  };
  mlir::Type i64 = builder.getI64Type(), f32 = builder.getF32Type();
  std::vector<NamedTensor> inputs = {
      data("input_ids", {2, 5}, i64), data("", {2, 19}, i64), data("position_ids", {2, 5}, i64),
      data("past_key_values.0.value", {2, 2, 14, 16}, f32), data("past_key_values.0.key", {2, 2, 14, 16}, f32)};
  BindingRequest request;
  ASSERT_TRUE(bindSizesOf(dynamo(), inputs, request, error)) << error;
  ASSERT_TRUE(resolveBindings(dynamo(), request, bindings, error)) << error;
  EXPECT_EQ(bindings[0].dims, (Sizes{{"s33", 2}, {"s70", 5}, {"s18", 14}, {"s43", 2}, {"s53", 19}, {"s74", 14}}));
  inputs[2] = data("position_ids", {2, 4}, i64);
  BindingRequest wrong;
  EXPECT_FALSE(bindSizesOf(dynamo(), inputs, wrong, error));
  EXPECT_EQ(error, "dimension 's70' is 5 in 'input_ids' and 4 in 'position_ids'");
}

TEST(DimExpressionTest, Formulas) {
  auto sum = DimExpression::parse("past_sequence_length + sequence_length");
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->evaluate({{"past_sequence_length", 11}, {"sequence_length", 3}}), 14);
  EXPECT_FALSE(sum->evaluate({{"sequence_length", 3}}));
  EXPECT_EQ(sum->solve({{"sequence_length", 3}}, 14), std::make_pair(std::string("past_sequence_length"), int64_t(11)));
  auto other = DimExpression::parse("2*s0*s1 + 3 - s2");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->evaluate({{"s0", 2}, {"s1", 5}, {"s2", 4}}), 19);
  EXPECT_FALSE(other->solve({{"s0", 2}, {"s2", 4}}, 19)); // 4 s1 is no size of its own.
  EXPECT_FALSE(other->evaluate({{"s0", int64_t(1) << 62}, {"s1", 5}, {"s2", 4}}));
  for (const char *name :
       {"s70", "batch-size", "17", "a b", "Max(1, s0)", "a +", "+", "", "2 + 3", "99999999999999999999*a"})
    EXPECT_FALSE(DimExpression::parse(name)) << name;
}

} // namespace
