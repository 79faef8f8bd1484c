//===- ContribSchemas.cpp - Operators of ONNX Runtime, for ONNX's checker ----===//
#include "compiler/import/onnx/ContribSchemas.h"

#include "onnx/defs/schema.h"

#include <vector>

namespace glmc::onnximport {
namespace {

constexpr const char *microsoft = "com.microsoft";
constexpr auto integer = onnx::AttributeProto::INT, number = onnx::AttributeProto::FLOAT,
               text = onnx::AttributeProto::STRING;

struct Attribute {
  const char *name;
  onnx::AttributeProto::AttributeType type;
  bool required = false;
};

/// Which inputs there are: the first `required` have to be, and so on. Element
/// types are for handlers to check.
struct Contrib {
  const char *domain, *name;
  int required, inputs, outputs;
  std::vector<Attribute> attributes;
};

std::vector<Contrib> contribs() {
  return {
      {"", "SimplifiedLayerNormalization", 2, 2, 2, {{"axis", integer}, {"epsilon", number}, {"stash_type", integer}}},
      {microsoft, "SkipSimplifiedLayerNormalization", 3, 4, 4, {{"epsilon", number}}},
      {microsoft, "RotaryEmbedding", 4, 4, 1,
       {{"interleaved", integer}, {"is_packed_batching", integer}, {"num_heads", integer},
        {"rotary_embedding_dim", integer}, {"scale", number}}},
      {microsoft, "FusedMatMul", 2, 2, 1,
       {{"alpha", number}, {"transA", integer}, {"transB", integer}, {"transBatchA", integer},
        {"transBatchB", integer}}},
      {microsoft, "MatMulNBits", 3, 6, 1,
       {{"K", integer, true}, {"N", integer, true}, {"bits", integer}, {"block_size", integer, true},
        {"accuracy_level", integer}, {"weight_prepacked", integer}}},
      {microsoft, "GatherBlockQuantized", 3, 4, 1,
       {{"bits", integer}, {"block_size", integer}, {"gather_axis", integer}, {"quantize_axis", integer}}},
      {microsoft, "GroupQueryAttention", 1, 16, 4,
       {{"num_heads", integer, true}, {"kv_num_heads", integer, true}, {"scale", number}, {"softcap", number},
        {"local_window_size", integer}, {"sliding_window_cache", integer}, {"do_rotary", integer},
        {"rotary_interleaved", integer}, {"smooth_softmax", integer}, {"causal", integer}, {"qk_output", integer},
        {"qk_norm_epsilon", number}, {"kv_cache_bit_width", integer}, {"k_quant_type", text},
        {"v_quant_type", text}}},
  };
}

onnx::OpSchema schemaOf(const Contrib &contrib) {
  onnx::OpSchema schema(contrib.name, __FILE__, __LINE__);
  schema.SetDomain(contrib.domain).SinceVersion(1);
  auto option = [](bool required) { return required ? onnx::OpSchema::Single : onnx::OpSchema::Optional; };
  for (int i = 0; i < contrib.inputs; ++i)
    schema.Input(i, "input" + std::to_string(i), std::string(), "T" + std::to_string(i), option(i < contrib.required));
  for (int i = 0; i < contrib.outputs; ++i)
    schema.Output(i, "output" + std::to_string(i), std::string(), "T0", option(i == 0));
  for (int i = 0; i < contrib.inputs; ++i)
    schema.TypeConstraint("T" + std::to_string(i), onnx::OpSchema::all_tensor_types(), "any");
  for (const Attribute &attribute : contrib.attributes)
    schema.Attr(attribute.name, std::string(), attribute.type, attribute.required);
  return schema;
}

} // namespace

void registerContribSchemas() {
  static const bool once = [] {
    // ONNX registers its own schemas when one is first asked for.
    onnx::OpSchemaRegistry::Schema("Identity");
    auto &domains = onnx::OpSchemaRegistry::DomainToVersionRange::Instance();
    if (!domains.Map().count(microsoft))
      domains.AddDomainToVersion(microsoft, 1, 1);
    for (const Contrib &contrib : contribs())
      onnx::RegisterSchema(schemaOf(contrib), /*opset_version_to_load=*/0, /*fail_duplicate_schema=*/false);
    return true;
  }();
  static_cast<void>(once);
}

} // namespace glmc::onnximport
