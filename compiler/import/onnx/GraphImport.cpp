//===- GraphImport.cpp - Nodes in order, each to glm ops --------------------===//
#include "compiler/import/onnx/GraphImport.h"

#include "compiler/import/onnx/ModelCheck.h"
#include "compiler/import/onnx/Registry.h"
#include "compiler/import/onnx/Signature.h"
#include "dialects/glm/NodeLocation.h"

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

/// Whether an operator reads 4-bit integers: it converts or only moves them.
bool takesFourBits(const NodeProto &node) {
  static const llvm::StringSet<> operators = {
      "Cast",  "DequantizeLinear", "Flatten", "Identity",  "QuantizeLinear", "Reshape",
      "Shape", "Size",             "Squeeze", "Transpose", "Unsqueeze",      "com.microsoft.GatherBlockQuantized"};
  return operators.contains(operatorName(node));
}

} // namespace

GraphImport::GraphImport(MLIRContext *context, const onnx::ModelProto &model, const Functions &functions,
                         const Initializers &initializers, WeightSource &weights, const ImportOptions &options)
    : context(context), model(model), functions(functions), initializers(initializers), options(options),
      builder(context), constants(weights), shared{builder, constants, initializers, options.maxTensorBytes},
      unknown(UnknownLoc::get(context)) {}

LogicalResult GraphImport::run(ModuleOp module) {
  builder.setInsertionPointToEnd(module.getBody());
  auto graph = glm::GraphOp::create(builder, unknown, options.entry, builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(&graph.getBody().emplaceBlock());
  if (failed(checkDimensions()) || failed(checkConstants()) || failed(addInitializers()) || failed(addInputs(graph)))
    return failure();
  Opsets opsets = opsetsOf(model.opset_import());
  for (auto [i, node] : llvm::enumerate(model.graph().node()))
    if (failed(importNode(node, opsets, locationOf(context, node, i, opsets), values, 0)))
      return failure();
  return addOutputs(graph);
}

std::vector<std::string> GraphImport::shapeInputs() const {
  std::set<std::string> names;
  for (Value value : shared.missingConstants)
    for (const std::string &name : inputsBehind(value))
      names.insert(name);
  return {names.begin(), names.end()};
}

LogicalResult GraphImport::checkDimensions() {
  std::set<std::string> free;
  for (const ValueInfoProto &input : model.graph().input())
    for (auto [axis, dim] : llvm::enumerate(input.type().tensor_type().shape().dim()))
      if (!declaredSize(dim))
        free.insert(freeDimensionName(input, axis));
  LogicalResult result = success();
  for (const auto &[name, value] : options.dims) {
    if (!free.count(name)) {
      auto error = emitError(unknown) << "--dim names '" << name << "', expected a free dimension of an input";
      error << (free.empty() ? ": the model has none" : ": '" + llvm::join(free, "', '") + "'");
      result = error;
    } else if (value < 0) {
      result = emitError(unknown) << "--dim gives '" << name << "' the size " << value << ", expected 0 or more";
    }
  }
  return result;
}

LogicalResult GraphImport::checkConstants() {
  std::set<std::string> names;
  for (const ValueInfoProto &input : model.graph().input())
    names.insert(input.name());
  for (const onnx::TensorProto &initializer : model.graph().initializer())
    names.erase(initializer.name());
  for (const auto &[name, tensor] : options.constants)
    if (!names.count(name))
      return emitError(unknown) << "--bind names '" << name << "', expected an input"
                                << (names.empty() ? ": the model has none" : ": '" + llvm::join(names, "', '") + "'");
  return success();
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
    if (auto size = declaredSize(dim)) {
      shape.push_back(*size);
      continue;
    }
    const std::string name = freeDimensionName(input, i);
    auto bound = options.dims.find(name);
    if (bound == options.dims.end())
      return fail("has free dimension " + Twine(i) + " named '" + name + "', expected a size: add --dim " + name +
                  "=VALUE");
    shape.push_back(bound->second);
  }
  std::string why;
  RankedTensorType type = tensorType(element, shape, options.maxTensorBytes, why);
  return type ? type : fail(why);
}

LogicalResult GraphImport::addConstant(const std::string &name, RankedTensorType type) {
  const reference::Tensor &tensor = options.constants.at(name);
  if (tensor.type != type)
    return emitError(unknown) << "input '" << name << "' is bound to a value of type " << tensor.type << ", expected "
                              << type;
  values[name] = glm::ConstantOp::create(builder, unknown, type, reference::attributeOf(tensor));
  return success();
}

DictionaryAttr GraphImport::argumentAttributes(const std::string &name) {
  NamedAttrList attributes;
  attributes.set(glm::GlmDialect::nameAttr, builder.getStringAttr(name));
  if (auto role = options.roles.find(name); role != options.roles.end())
    attributes.set(glm::GlmDialect::roleAttr, builder.getStringAttr(role->second));
  return attributes.getDictionary(context);
}

LogicalResult GraphImport::addInputs(glm::GraphOp graph) {
  LogicalResult result = success();
  SmallVector<Attribute> attributes;
  Block &block = graph.getBody().front();
  if (options.stateful) {
    shared.pastLength = block.addArgument(RankedTensorType::get({1}, builder.getI64Type()), unknown);
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        glm::GlmDialect::stateAttr, builder.getStringAttr(glm::GlmDialect::lengthState))));
    graph->setAttr(glm::GlmDialect::tokensAttr, builder.getI64IntegerAttr(options.tokens));
  }
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
    } else if (options.constants.count(input.name())) {
      if (failed(addConstant(input.name(), type)))
        result = failure();
    } else {
      values[input.name()] = block.addArgument(type, unknown);
      attributes.push_back(argumentAttributes(input.name()));
    }
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
  if (type.getElementType().isInteger(4))
    return fail("has elements of 4 bits, which is not supported: cast them to 8 bits");
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
    if (auto size = declaredSize(dim))
      fits = *size == type.getDimSize(i);
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
      result = emitError(unknown) << "output '" << output.name() << "' is "
                                  << (unmade.count(output.name()) ? unmade.lookup(output.name())
                                                                  : "not made by any node");
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
      return emitError(loc) << "reads tensor '" << name << "', "
                            << (unmade.count(name) ? unmade.lookup(name) : "which does not exist");
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
  for (auto [i, input] : llvm::enumerate(node.allInputs()))
    if (input && OnnxNode::elementOf(input).isInteger(4) && !takesFourBits(proto))
      return emitError(loc) << "input " << i << " is " << input.getType()
                            << ", which the operator does not take: 4-bit integers have to be dequantised first";
  if (failed(op.handler(node)))
    return failure();
  for (int i = 0; i < proto.output_size(); ++i) {
    if (!node.hasOutput(i))
      continue;
    // Exporters name outputs that nobody reads.
    if (!node.output(i))
      unmade[proto.output(i)] =
          "output " + std::to_string(i) + " of " + glm::describe(loc) + ", which is not supported";
    else
      scope[proto.output(i)] = node.output(i);
  }
  return success();
}

} // namespace glmc::onnximport
