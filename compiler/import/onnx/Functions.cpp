//===- Functions.cpp - Operators that are made of other operators -----------===//
#include "compiler/import/onnx/Functions.h"

#include "compiler/import/onnx/OnnxTypes.h"

#include "onnx/defs/schema.h"

namespace glmc::onnximport {
namespace {

const onnx::OpSchema *schemaOf(const onnx::NodeProto &node, int opset) {
  return onnx::OpSchemaRegistry::Schema(node.op_type(), opset, canonicalDomain(node.domain()).str());
}

} // namespace

Functions::Functions(const onnx::ModelProto &model) {
  for (const onnx::FunctionProto &function : model.functions())
    functions[{canonicalDomain(function.domain()).str(), function.name(), function.overload()}] = &function;
}

const onnx::FunctionProto *Functions::local(const onnx::NodeProto &node) const {
  auto found = functions.find({canonicalDomain(node.domain()).str(), node.op_type(), node.overload()});
  return found == functions.end() ? nullptr : found->second;
}

bool Functions::isStandardFunction(const onnx::NodeProto &node, int opset) {
  const onnx::OpSchema *schema = schemaOf(node, opset);
  return schema && (schema->HasFunction() || schema->HasContextDependentFunction());
}

std::optional<onnx::FunctionProto> Functions::standardBody(const onnx::NodeProto &node, int opset,
                                                           const std::vector<onnx::TypeProto> &inputTypes,
                                                           std::string &why) {
  const onnx::OpSchema *schema = schemaOf(node, opset);
  if (!schema) {
    why = "has no definition in opset " + std::to_string(opset);
    return std::nullopt;
  }
  if (!schema->HasFunction() && !schema->HasContextDependentFunction()) {
    why = "is not supported";
    return std::nullopt;
  }
  std::optional<onnx::FunctionProto> body;
  if (const onnx::FunctionProto *fixed = schema->HasFunction() ? schema->GetFunction(opset) : nullptr) {
    body = *fixed;
  } else if (schema->HasContextDependentFunction()) {
    onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
    onnx::FunctionProto built;
    if (schema->BuildContextDependentFunction(context, built, opset))
      body = std::move(built);
  }
  if (!body) {
    why = "is not supported with these inputs and attributes";
    return std::nullopt;
  }
  // A body refers to attributes that a call may leave out; the schema knows
  // their defaults where the body does not.
  for (const auto &[name, attribute] : schema->attributes())
    if (attribute.default_value.has_name())
      *body->add_attribute_proto() = attribute.default_value;
  return body;
}

onnx::NodeProto Functions::bindAttributes(const onnx::NodeProto &inner, const onnx::FunctionProto &body,
                                          const onnx::NodeProto &call) {
  onnx::NodeProto bound = inner;
  bound.clear_attribute();
  for (const onnx::AttributeProto &attribute : inner.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *bound.add_attribute() = attribute;
      continue;
    }
    auto copyFrom = [&](const auto &candidates) {
      for (const onnx::AttributeProto &candidate : candidates) {
        if (candidate.name() != attribute.ref_attr_name())
          continue;
        onnx::AttributeProto *copy = bound.add_attribute();
        *copy = candidate;
        copy->set_name(attribute.name());
        return true;
      }
      return false;
    };
    if (!copyFrom(call.attribute()))
      copyFrom(body.attribute_proto());
  }
  return bound;
}

Opsets opsetsOf(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &imports, Opsets opsets) {
  for (const onnx::OperatorSetIdProto &import : imports)
    opsets[canonicalDomain(import.domain()).str()] =
        static_cast<int>(std::clamp<int64_t>(import.version(), 0, INT32_MAX));
  return opsets;
}

} // namespace glmc::onnximport
