//===- MutateModel.cpp - Damages a model as chance wills --------------------===//
#include "test/fuzz/MutateModel.h"

#include "onnx/onnx_pb.h"

#include <google/protobuf/stubs/logging.h>

#include <cstring>
#include <vector>

namespace glmc::fuzz {

// SplitMix64: every seed gives a good sequence at once.
uint64_t Chance::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

namespace {

int64_t interesting(Chance &chance) {
  constexpr int64_t numbers[] = {0,         1,         -1,        2,         3,
                                 7,         -2,        64,        1000,      65536,
                                 1 << 20,   INT32_MAX, INT32_MIN, 1ll << 32, 1ll << 40,
                                 1ll << 61, INT64_MAX, INT64_MIN, -9,        INT64_MAX - 1};
  return chance.oneIn(4) ? int64_t(chance.next()) : numbers[chance.below(std::size(numbers))];
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

void mutateBytes(std::string &bytes, Chance &chance) {
  size_t at = chance.below(bytes.size()), length = chance.below(1 + std::min<size_t>(64, bytes.size() - at));
  switch (chance.below(6)) {
  case 0:
    for (uint64_t flips = 1 + chance.below(8); flips-- > 0 && !bytes.empty();)
      bytes[chance.below(bytes.size())] ^= char(1 << chance.below(8));
    break;
  case 1: bytes.resize(at); break;
  case 2: bytes.erase(at, length); break;
  case 3: bytes.insert(at, bytes.substr(chance.below(bytes.size()), length)); break;
  case 4: bytes.insert(at, length, char(chance.next())); break;
  case 5: // A varint of all ones says "very long".
    for (size_t i = at; i < std::min(bytes.size(), at + 9); ++i)
      bytes[i] = char(0xff);
    break;
  }
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

/// One of a repeated field's messages, if there is any.
template <typename Message>
Message *any(google::protobuf::RepeatedPtrField<Message> *list, Chance &chance) {
  return list->empty() ? nullptr : list->Mutable(chance.below(list->size()));
}

std::string anyTensorName(const onnx::GraphProto &graph, Chance &chance) {
  std::vector<std::string> names{""};
  for (const auto &node : graph.node())
    names.insert(names.end(), node.output().begin(), node.output().end());
  for (const auto &input : graph.input())
    names.push_back(input.name());
  for (const auto &initializer : graph.initializer())
    names.push_back(initializer.name());
  return names[chance.below(names.size())];
}

void mutateTensor(onnx::TensorProto &tensor, Chance &chance) {
  switch (chance.below(8)) {
  case 0:
    if (tensor.dims_size())
      tensor.set_dims(chance.below(tensor.dims_size()), interesting(chance));
    break;
  case 1: tensor.add_dims(interesting(chance)); break;
  case 2: tensor.clear_dims(); break;
  case 3: tensor.set_data_type(chance.oneIn(4) ? int(chance.next()) : int(chance.below(28))); break;
  case 4: {
    // Values: often a shape, axes or indices.
    std::string data = tensor.raw_data();
    int64_t number = interesting(chance);
    if (data.size() >= sizeof(number)) {
      std::memcpy(&data[chance.below(data.size() / sizeof(number)) * sizeof(number)], &number, sizeof(number));
      tensor.set_raw_data(data);
    } else if (tensor.int64_data_size()) {
      tensor.set_int64_data(chance.below(tensor.int64_data_size()), number);
    }
    break;
  }
  case 5: {
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    constexpr const char *keys[] = {"location", "offset", "length", "glmc.cut"};
    constexpr const char *values[] = {"external.data", "..", "/dev/zero", "0", "-1", "18446744073709551615", "8"};
    auto *entry = tensor.add_external_data();
    entry->set_key(keys[chance.below(std::size(keys))]);
    entry->set_value(values[chance.below(std::size(values))]);
    break;
  }
  case 6: tensor.mutable_float_data()->Resize(int(chance.below(2000)), 1.0f); break;
  case 7: tensor.mutable_int32_data()->Resize(int(chance.below(2000)), int(interesting(chance))); break;
  }
}

void mutateAttribute(onnx::AttributeProto &attribute, Chance &chance) {
  switch (chance.below(6)) {
  case 0: attribute.set_i(interesting(chance)); break;
  case 1:
    if (attribute.ints_size())
      attribute.set_ints(chance.below(attribute.ints_size()), interesting(chance));
    break;
  case 2: attribute.add_ints(interesting(chance)); break;
  case 3: attribute.set_type(onnx::AttributeProto::AttributeType(chance.below(15))); break;
  case 4: attribute.set_f(float(interesting(chance))); break;
  case 5:
    if (attribute.has_t())
      mutateTensor(*attribute.mutable_t(), chance);
    else
      attribute.set_name("axis");
    break;
  }
}

void mutateNode(onnx::GraphProto &graph, onnx::NodeProto &node, Chance &chance) {
  constexpr const char *operators[] = {
      "Reshape",   "Slice",  "Concat",   "Gather",     "GatherND", "ScatterND",       "Tile",           "Expand",
      "Transpose", "Split",  "MatMul",   "Gemm",       "Softmax",  "ReduceMean",      "Squeeze",        "Unsqueeze",
      "Range",     "Trilu",  "Flatten",  "Attention",  "Shape",    "ConstantOfShape", "Clip",           "Pow",
      "Cast",      "Where",  "Mod",      "Loop",       "Constant", "LayerNormalization", "CastLike",    "Dropout",
      "Gelu",      "Size",   "Identity", "RMSNormalization", "Sum", "MeanVarianceNormalization", "RotaryEmbedding", "Div"};
  switch (chance.below(8)) {
  case 0:
    if (node.input_size())
      node.set_input(chance.below(node.input_size()), anyTensorName(graph, chance));
    break;
  case 1: node.add_input(anyTensorName(graph, chance)); break;
  case 2:
    if (node.input_size())
      node.mutable_input()->RemoveLast();
    break;
  case 3:
    if (node.output_size())
      node.set_output(chance.below(node.output_size()), anyTensorName(graph, chance));
    break;
  case 4: node.set_op_type(operators[chance.below(std::size(operators))]); break;
  case 5: node.add_output("extra" + std::to_string(chance.below(3))); break;
  case 6: node.set_domain(chance.oneIn(2) ? "ai.onnx" : "com.microsoft"); break;
  case 7: {
    auto *attribute = node.add_attribute();
    constexpr const char *names[] = {"axis", "axes", "perm", "to", "keepdims", "starts", "value", "is_causal"};
    attribute->set_name(names[chance.below(std::size(names))]);
    attribute->set_type(chance.oneIn(2) ? onnx::AttributeProto::INT : onnx::AttributeProto::INTS);
    mutateAttribute(*attribute, chance);
    break;
  }
  }
}

void mutateType(onnx::TypeProto &type, Chance &chance) {
  auto &tensor = *type.mutable_tensor_type();
  if (chance.oneIn(3))
    return tensor.set_elem_type(int(chance.below(28)));
  auto *dim = chance.oneIn(4) ? tensor.mutable_shape()->add_dim() : any(tensor.mutable_shape()->mutable_dim(), chance);
  if (dim && chance.oneIn(8))
    dim->set_dim_param("n");
  else if (dim)
    dim->set_dim_value(interesting(chance));
}

void mutateFields(onnx::ModelProto &model, Chance &chance) {
  onnx::GraphProto &graph = *model.mutable_graph();
  onnx::NodeProto *node = any(graph.mutable_node(), chance);
  switch (chance.below(12)) {
  case 0:
  case 1:
  case 2:
    if (auto *tensor = any(graph.mutable_initializer(), chance))
      mutateTensor(*tensor, chance);
    break;
  case 3:
  case 4:
    if (auto *attribute = node ? any(node->mutable_attribute(), chance) : nullptr)
      mutateAttribute(*attribute, chance);
    break;
  case 5:
  case 6:
    if (node)
      mutateNode(graph, *node, chance);
    break;
  case 7:
    if (auto *info = any(chance.oneIn(2) ? graph.mutable_input() : graph.mutable_output(), chance))
      mutateType(*info->mutable_type(), chance);
    break;
  case 8:
    if (auto *opset = any(model.mutable_opset_import(), chance))
      opset->set_version(chance.oneIn(4) ? interesting(chance) : int64_t(chance.below(30)));
    break;
  case 9:
    if (node)
      graph.mutable_node()->SwapElements(chance.below(graph.node_size()), chance.below(graph.node_size()));
    break;
  case 10:
    if (node)
      *graph.add_node() = *node;
    break;
  case 11: // The node becomes a function that may call itself.
    if (node) {
      onnx::FunctionProto &function = *model.add_functions();
      function.set_name(node->op_type());
      function.set_domain(node->domain());
      *function.mutable_input() = node->input();
      *function.mutable_output() = node->output();
      for (uint64_t i = chance.below(4); i-- > 0;)
        *function.add_node() = *any(graph.mutable_node(), chance);
    }
    break;
  }
}

} // namespace

std::string mutate(const std::string &model, Chance &chance) {
  std::string bytes = model;
  if (!chance.oneIn(4)) {
    google::protobuf::LogSilencer silence;
    onnx::ModelProto parsed;
    if (parsed.ParseFromString(bytes)) {
      for (uint64_t times = chance.oneIn(3) ? 1 + chance.below(4) : 1; times-- > 0;)
        mutateFields(parsed, chance);
      bytes = parsed.SerializeAsString();
      if (!chance.oneIn(8))
        return bytes;
    }
  }
  for (uint64_t times = 1 + chance.below(3); times-- > 0 && !bytes.empty();)
    mutateBytes(bytes, chance);
  return bytes;
}

} // namespace glmc::fuzz
