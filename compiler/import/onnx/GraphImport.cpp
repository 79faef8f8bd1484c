//===- GraphImport.cpp - Nodes in order, each to glm ops --------------------===//
#include "compiler/import/onnx/GraphImport.h"

#include "compiler/import/onnx/ModelCheck.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <set>

using namespace mlir;
using onnx::FunctionProto;
using onnx::NodeProto;
using onnx::ValueInfoProto;

namespace glmc::onnximport {
namespace {

/// Functions may call functions, each twice, and so on.
constexpr int maxDepth = 32;
constexpr int64_t maxExpandedNodes = 1000000;

/// "sequence" and the like; empty for a tensor.
std::string otherKind(const onnx::TypeProto &type) {
  switch (type.value_case()) {
  case onnx::TypeProto::kTensorType: return {};
  case onnx::TypeProto::kSequenceType: return "a sequence";
  case onnx::TypeProto::kMapType: return "a map";
  case onnx::TypeProto::kOptionalType: return "an optional value";
  case onnx::TypeProto::kSparseTensorType: return "a sparse tensor";
  case onnx::TypeProto::kOpaqueType: return "an opaque value";
  case onnx::TypeProto::VALUE_NOT_SET: break;
  }
  return "of unknown type";
}

onnx::TypeProto typeProtoOf(Value value) {
  onnx::TypeProto proto;
  if (!value)
    return proto;
  RankedTensorType type = OnnxNode::typeOf(value);
  proto.mutable_tensor_type()->set_elem_type(dataTypeOf(type.getElementType()));
  auto *shape = proto.mutable_tensor_type()->mutable_shape();
  for (int64_t dim : type.getShape())
    shape->add_dim()->set_dim_value(dim);
  return proto;
}

} // namespace

GraphImport::GraphImport(MLIRContext *context, const onnx::ModelProto &model, const Functions &functions,
                         const Initializers &initializers, WeightSource &weights, const ImportOptions &options)
    : context(context), model(model), functions(functions), initializers(initializers), options(options),
      builder(context), constants(weights), shared{builder, constants, initializers, options.maxTensorBytes},
      unknown(UnknownLoc::get(context)) {}

OwningOpRef<ModuleOp> GraphImport::run() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
  builder.setInsertionPointToStart(module->getBody());
  auto graph = glm::GraphOp::create(builder, unknown, "run", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(&graph.getBody().emplaceBlock());
  if (failed(bindDimensions()) || failed(addInitializers()) || failed(addInputs(graph)))
    return {};
  Opsets opsets = opsetsOf(model.opset_import());
  for (auto [i, node] : llvm::enumerate(model.graph().node()))
    if (failed(importNode(node, opsets, locationOf(context, node, i, opsets), values, 0)))
      return {};
  if (failed(addOutputs(graph)))
    return {};
  return module;
}

LogicalResult GraphImport::bindDimensions() {
  std::set<std::string> free;
  for (const ValueInfoProto &input : model.graph().input())
    for (const auto &dim : input.type().tensor_type().shape().dim())
      if (dim.has_dim_param())
        free.insert(dim.dim_param());
  LogicalResult result = success();
  for (const auto &[name, value] : options.dims) {
    if (!free.count(name)) {
      auto error = emitError(unknown) << "--dim names '" << name << "', expected a free dimension of an input";
      error << (free.empty() ? ": the model has none" : ": '" + llvm::join(free, "', '") + "'");
      result = error;
    } else if (value < 1) {
      result = emitError(unknown) << "--dim gives '" << name << "' the size " << value << ", expected 1 or more";
    }
  }
  return result;
}

RankedTensorType GraphImport::inputType(const ValueInfoProto &input) {
  auto fail = [&](const Twine &why) {
    emitError(unknown) << "input '" << input.name() << "' " << why;
    return RankedTensorType();
  };
  if (std::string kind = otherKind(input.type()); !kind.empty())
    return fail("is " + kind + ", expected a tensor");
  const auto &tensor = input.type().tensor_type();
  Type element = elementType(context, tensor.elem_type());
  if (!element)
    return fail("has elements of " + dataTypeName(tensor.elem_type()) + ", which is not supported");
  if (!tensor.has_shape())
    return fail("has no shape, expected a known number of dimensions");
  SmallVector<int64_t> shape;
  for (auto [i, dim] : llvm::enumerate(tensor.shape().dim())) {
    if (dim.has_dim_value()) {
      shape.push_back(dim.dim_value());
    } else if (auto bound = options.dims.find(dim.dim_param()); dim.has_dim_param() && bound != options.dims.end()) {
      shape.push_back(bound->second);
    } else if (dim.dim_param().empty()) {
      return fail("has no size for dimension " + Twine(i) + " and no name to bind one to, expected a size");
    } else {
      return fail("has free dimension " + Twine(i) + " named '" + dim.dim_param() + "', expected a size: add --dim " +
                  dim.dim_param() + "=VALUE");
    }
  }
  std::string why;
  RankedTensorType type = tensorType(element, shape, options.maxTensorBytes, why);
  return type ? type : fail(why);
}

LogicalResult GraphImport::addInputs(glm::GraphOp graph) {
  LogicalResult result = success();
  SmallVector<Attribute> attributes;
  llvm::StringSet<> names;
  for (const ValueInfoProto &input : model.graph().input()) {
    // Until IR version 4 initializers had to be inputs too; later an initializer
    // is an input's default. Either way its value is what we compile.
    if (values.count(input.name()) && !names.contains(input.name()))
      continue;
    if (!names.insert(input.name()).second) {
      result = emitError(unknown) << "input '" << input.name() << "' is listed twice";
      continue;
    }
    RankedTensorType type = inputType(input);
    if (!type) {
      result = failure();
      continue;
    }
    values[input.name()] = graph.getBody().front().addArgument(type, unknown);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(glm::GlmDialect::nameAttr, builder.getStringAttr(input.name()))));
  }
  if (!attributes.empty())
    graph.setArgAttrsAttr(builder.getArrayAttr(attributes));
  return result;
}

LogicalResult GraphImport::addInitializers() {
  LogicalResult result = success();
  for (const onnx::TensorProto &initializer : model.graph().initializer()) {
    Value value = initializers.import(builder, unknown, initializer, initializer.name(), "initializer");
    if (!value)
      result = failure();
    else if (!values.try_emplace(initializer.name(), value).second)
      result = emitError(unknown) << "initializer '" << initializer.name() << "' is listed twice";
  }
  return result;
}

LogicalResult GraphImport::checkOutput(const ValueInfoProto &output, RankedTensorType type) {
  auto fail = [&](const Twine &why) { return emitError(unknown) << "output '" << output.name() << "' " << why; };
  if (output.type().value_case() == onnx::TypeProto::VALUE_NOT_SET)
    return success();
  if (std::string kind = otherKind(output.type()); !kind.empty())
    return fail("is " + kind + ", expected a tensor");
  const auto &declared = output.type().tensor_type();
  if (declared.elem_type() && elementType(context, declared.elem_type()) != type.getElementType())
    return fail("is declared with elements of " + dataTypeName(declared.elem_type())) << ", but the nodes make " << type;
  if (!declared.has_shape())
    return success();
  bool fits = declared.shape().dim_size() == type.getRank();
  for (int i = 0; fits && i < type.getRank(); ++i) {
    const auto &dim = declared.shape().dim(i);
    auto bound = options.dims.find(dim.dim_param());
    if (dim.has_dim_value())
      fits = dim.dim_value() == type.getDimSize(i);
    else if (bound != options.dims.end())
      fits = bound->second == type.getDimSize(i);
  }
  if (fits)
    return success();
  std::vector<std::string> dims;
  for (const auto &dim : declared.shape().dim())
    dims.push_back(dim.has_dim_value() ? std::to_string(dim.dim_value()) : dim.dim_param());
  return fail("is declared with shape [" + llvm::join(dims, ", ") + "]") << ", but the nodes make " << type;
}

LogicalResult GraphImport::addOutputs(glm::GraphOp graph) {
  LogicalResult result = success();
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  llvm::StringSet<> names;
  for (const ValueInfoProto &output : model.graph().output()) {
    Value value = values.lookup(output.name());
    if (!value)
      result = emitError(unknown) << "output '" << output.name() << "' is not made by any node";
    else if (!names.insert(output.name()).second)
      result = emitError(unknown) << "output '" << output.name() << "' is listed twice";
    else if (failed(checkOutput(output, OnnxNode::typeOf(value))))
      result = failure();
    results.push_back(value);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(glm::GlmDialect::nameAttr, builder.getStringAttr(output.name()))));
  }
  if (results.empty())
    result = emitError(unknown) << "the model has no outputs";
  if (failed(result))
    return failure();
  glm::ReturnOp::create(builder, unknown, results);
  auto type = builder.getFunctionType(graph.getBody().front().getArgumentTypes(), ValueRange(results).getTypes());
  graph.setFunctionTypeAttr(TypeAttr::get(type));
  graph.setResAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> GraphImport::inputsOf(const NodeProto &node, Location loc, const Scope &scope) {
  SmallVector<Value> inputs;
  for (const std::string &name : node.input()) {
    inputs.push_back(name.empty() ? Value() : scope.lookup(name));
    if (!name.empty() && !scope.count(name))
      return emitError(loc) << "reads tensor '" << name << "', which does not exist";
  }
  return inputs;
}

LogicalResult GraphImport::importNode(const NodeProto &node, const Opsets &opsets, Location loc, Scope &scope,
                                      int depth) {
  if (depth > maxDepth || expanded > maxExpandedNodes)
    return emitError(loc) << "functions nest deeper than " << maxDepth << " or expand to more than "
                          << maxExpandedNodes << " nodes";
  if (const FunctionProto *function = functions.local(node))
    return importCall(node, *function, opsets, loc, scope, depth);
  auto found = opsets.find(canonicalDomain(node.domain()).str());
  int opset = found == opsets.end() ? 0 : found->second;
  if (registry().find(node.domain(), node.op_type()))
    return importNative(node, opset, loc, scope);
  FailureOr<SmallVector<Value>> inputs = inputsOf(node, loc, scope);
  if (failed(inputs))
    return failure();
  std::vector<onnx::TypeProto> types;
  for (Value input : *inputs)
    types.push_back(typeProtoOf(input));
  std::string why;
  std::optional<FunctionProto> body;
  try {
    body = Functions::standardBody(node, opset, types, why);
  } catch (const std::exception &exception) {
    why = std::string("cannot be expanded: ") + exception.what();
  }
  if (!body)
    return emitError(loc) << (depth ? "uses operator " + operatorName(node) + ", which " : "operator ") << why;
  return importCall(node, *body, opsets, loc, scope, depth);
}

LogicalResult GraphImport::importCall(const NodeProto &call, const FunctionProto &body, const Opsets &caller,
                                      Location loc, Scope &scope, int depth) {
  FailureOr<SmallVector<Value>> inputs = inputsOf(call, loc, scope);
  if (failed(inputs))
    return failure();
  if (inputs->size() > size_t(body.input_size()) || call.output_size() > body.output_size())
    return emitError(loc) << "has " << inputs->size() << " inputs and " << call.output_size() << " outputs, expected "
                          << "at most " << body.input_size() << " and " << body.output_size();
  // Inputs that are left out exist in the body, as nothing.
  Scope local;
  for (auto [i, formal] : llvm::enumerate(body.input()))
    local[formal] = i < inputs->size() ? (*inputs)[i] : Value();
  Opsets opsets = opsetsOf(body.opset_import(), caller);
  for (const NodeProto &inner : body.node()) {
    ++expanded;
    if (failed(importNode(Functions::bindAttributes(inner, body, call), opsets, loc, local, depth + 1)))
      return failure();
  }
  for (auto [formal, actual] : llvm::zip(body.output(), call.output())) {
    if (actual.empty())
      continue;
    Value value = local.lookup(formal);
    if (!value)
      return emitError(loc) << "output '" << actual << "' is not made by the function";
    scope[actual] = value;
  }
  return success();
}

LogicalResult GraphImport::importNative(const NodeProto &proto, int opset, Location loc, Scope &scope) {
  FailureOr<SmallVector<Value>> inputs = inputsOf(proto, loc, scope);
  if (failed(inputs))
    return failure();
  const Operator &op = *registry().find(proto.domain(), proto.op_type());
  OnnxNode node(shared, proto, opset, loc, std::move(*inputs));
  for (unsigned i = 0; i < op.requiredInputs; ++i)
    if (!node.input(i))
      return emitError(loc) << "input " << i << " is left out, expected at least " << op.requiredInputs;
  if (failed(op.handler(node)))
    return failure();
  for (int i = 0; i < proto.output_size(); ++i) {
    if (!node.hasOutput(i))
      continue;
    if (!node.output(i))
      return emitError(loc) << "output " << i << " ('" << proto.output(i) << "') is not supported";
    scope[proto.output(i)] = node.output(i);
  }
  return success();
}

} // namespace glmc::onnximport
