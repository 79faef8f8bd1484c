//===- OnnxNode.cpp - One node as its handler sees it -----------------------===//
#include "compiler/import/onnx/OnnxNode.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using onnx::AttributeProto;

namespace glmc::onnximport {

std::vector<std::string> inputsBehind(Value value) {
  std::vector<std::string> names;
  llvm::DenseSet<Value> seen;
  SmallVector<Value> stack{value};
  while (!stack.empty()) {
    Value top = stack.pop_back_val();
    if (!top || !seen.insert(top).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(top)) {
      auto graph = dyn_cast<glm::GraphOp>(argument.getOwner()->getParentOp());
      if (StringRef name = graph ? graph.getInputName(argument.getArgNumber()) : StringRef(); !name.empty())
        names.push_back(name.str());
    } else if (!isa<glm::ShapeOp>(top.getDefiningOp())) {
      stack.append(top.getDefiningOp()->operand_begin(), top.getDefiningOp()->operand_end());
    }
  }
  llvm::sort(names);
  return names;
}

const AttributeProto *OnnxNode::attribute(StringRef name) const {
  for (const AttributeProto &attribute : proto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

// The checker has compared every attribute's type with the operator's schema,
// so a wrong type is only met in a model's own functions; it reads as absent.
int64_t OnnxNode::intAttribute(StringRef name, int64_t otherwise) const {
  const AttributeProto *found = attribute(name);
  return found && found->type() == AttributeProto::INT ? found->i() : otherwise;
}

float OnnxNode::floatAttribute(StringRef name, float otherwise) const {
  const AttributeProto *found = attribute(name);
  return found && found->type() == AttributeProto::FLOAT ? found->f() : otherwise;
}

std::string OnnxNode::stringAttribute(StringRef name, StringRef otherwise) const {
  const AttributeProto *found = attribute(name);
  return found && found->type() == AttributeProto::STRING ? found->s() : otherwise.str();
}

std::optional<SmallVector<int64_t>> OnnxNode::intsAttribute(StringRef name) const {
  const AttributeProto *found = attribute(name);
  if (!found || found->type() != AttributeProto::INTS)
    return std::nullopt;
  return SmallVector<int64_t>(found->ints().begin(), found->ints().end());
}

FailureOr<const reference::Tensor *> OnnxNode::constantInput(unsigned i, StringRef name) {
  if (const reference::Tensor *tensor = context.constants.constantOf(input(i)))
    return tensor;
  context.missingConstants.push_back(input(i));
  auto diagnostic = error();
  diagnostic << "'" << name << "' ('" << proto.input(i)
             << "') depends on run-time data, expected a value known when compiling: make it a constant of the model";
  StringRef before = ", or add";
  for (const std::string &cause : inputsBehind(input(i))) {
    diagnostic << before << " --bind " << cause << "=VALUES";
    before = "";
  }
  return diagnostic;
}

FailureOr<SmallVector<int64_t>> OnnxNode::constantInts(unsigned i, StringRef name) {
  if (!isa<IntegerType>(elementOf(input(i))))
    return error() << "'" << name << "' is " << input(i).getType() << ", expected integers";
  FailureOr<const reference::Tensor *> tensor = constantInput(i, name);
  if (failed(tensor))
    return failure();
  SmallVector<int64_t> values;
  for (int64_t element = 0; element < (*tensor)->size(); ++element)
    values.push_back((*tensor)->getInt(element));
  return values;
}

FailureOr<int64_t> OnnxNode::axisOf(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return error() << "axis is " << axis << ", expected one of " << rank << " dimensions";
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> OnnxNode::axesOf(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t each : axes) {
    FailureOr<int64_t> axis = axisOf(each, rank);
    if (failed(axis))
      return failure();
    result.push_back(*axis);
  }
  llvm::sort(result);
  if (auto twice = llvm::adjacent_find(result); twice != result.end())
    return error() << "axis " << *twice << " is given twice";
  return result;
}

RankedTensorType OnnxNode::type(Type element, ArrayRef<int64_t> shape) {
  std::string why;
  RankedTensorType type = tensorType(element, shape, context.maxTensorBytes, why);
  if (!type)
    error() << "a result of " << shape.size() << " dimensions " << why;
  return type;
}

bool OnnxNode::checkSize(RankedTensorType result) {
  return result && type(result.getElementType(), result.getShape());
}

Value OnnxNode::finish(OperationState &state) {
  // The verifier stands between hostile models and the rest of glmc; it emits
  // at the op's location, which is the node's.
  Operation *op = builder().create(state);
  if (succeeded(verify(op)))
    return op->getResult(0);
  op->erase();
  return {};
}

Value OnnxNode::constant(ElementsAttr value) {
  return glm::ConstantOp::create(builder(), loc, value.getType(), value);
}

Value OnnxNode::splatOf(Type element, ArrayRef<int64_t> shape, double value) {
  RankedTensorType result = type(element, shape);
  return result ? constant(splat(result, value)) : Value();
}

Value OnnxNode::constantInts(ArrayRef<int64_t> values) {
  auto result = RankedTensorType::get({int64_t(values.size())}, builder().getI64Type());
  return constant(DenseElementsAttr::get(result, values));
}

Value OnnxNode::reshape(Value value, ArrayRef<int64_t> shape) {
  if (!value || typeOf(value).getShape() == shape)
    return value;
  RankedTensorType result = type(elementOf(value), shape);
  return result ? make<glm::ReshapeOp>(value, {}, result) : Value();
}

Value OnnxNode::cast(Value value, Type element) {
  if (!value || elementOf(value) == element)
    return value;
  RankedTensorType result = type(element, typeOf(value).getShape());
  return result ? make<glm::CastOp>(value, {}, result) : Value();
}

LogicalResult OnnxNode::setOutput(Value value, unsigned i) {
  if (!value)
    return failure();
  if (i < outputs.size())
    outputs[i] = value;
  return success();
}

} // namespace glmc::onnximport
