//===- ImportElementwise.cpp - Elementwise operators ------------------------===//
//
// Their semantics did not change between opsets, but for types allowed and for
// Clip, whose bounds became inputs with opset 11.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Registry.h"

#include <limits>

using namespace mlir;

namespace glmc::onnximport {
namespace {

template <typename Op>
LogicalResult importUnary(OnnxNode &node) {
  return node.setOutput(node.make<Op>(node.input(0)));
}

template <typename Op>
LogicalResult importFloatUnary(OnnxNode &node) {
  if (!isa<FloatType>(node.elementOf(node.input(0))))
    return node.error() << "input is " << node.input(0).getType() << ", expected a floating-point tensor";
  return importUnary<Op>(node);
}

template <typename Op>
LogicalResult importBinary(OnnxNode &node) {
  return node.setOutput(node.make<Op>({node.input(0), node.input(1)}));
}

/// Greater is Less with the operands exchanged.
template <typename Op>
LogicalResult importSwapped(OnnxNode &node) {
  return node.setOutput(node.make<Op>({node.input(1), node.input(0)}));
}

template <typename Op>
LogicalResult importVariadic(OnnxNode &node) {
  Value result = node.input(0);
  for (Value next : node.allInputs().drop_front()) {
    if (!next)
      return node.error() << "an input is left out, expected all of " << node.inputCount();
    result = node.make<Op>({result, next});
  }
  return node.setOutput(result);
}

LogicalResult importPow(OnnxNode &node) {
  // The result has the base's type; the exponent may have another. An integer
  // raised to a float is computed in floats.
  Value base = node.input(0), exponent = node.input(1);
  Type element = node.elementOf(base);
  if (!isa<FloatType>(element) && isa<FloatType>(node.elementOf(exponent)))
    base = node.cast(base, node.elementOf(exponent));
  else
    exponent = node.cast(exponent, element);
  return node.setOutput(node.cast(node.make<glm::PowOp>({base, exponent}), element));
}

LogicalResult importMod(OnnxNode &node) {
  Value x = node.input(0), y = node.input(1);
  bool sameSign = node.intAttribute("fmod", 0) != 0, isFloat = isa<FloatType>(node.elementOf(x));
  if (isFloat && !sameSign)
    return node.error() << "'fmod' is 0 for " << x.getType() << ", expected 1 for floating-point tensors";
  if (isFloat || !sameSign)
    return importBinary<glm::ModOp>(node);
  // C's remainder of integers, whose sign is x's: division truncates.
  Value product = node.make<glm::MulOp>({node.make<glm::DivOp>({x, y}), y});
  return node.setOutput(node.make<glm::SubOp>({x, product}));
}

LogicalResult importWhere(OnnxNode &node) {
  return node.setOutput(node.make<glm::WhereOp>({node.input(0), node.input(1), node.input(2)}));
}

LogicalResult importCast(OnnxNode &node) {
  int to = static_cast<int>(node.intAttribute("to", 0));
  Type element = elementType(node.builder().getContext(), to);
  if (!element)
    return node.error() << "casts to " << dataTypeName(to) << ", which is not supported";
  return node.setOutput(node.cast(node.input(0), element));
}

LogicalResult importCastLike(OnnxNode &node) {
  return node.setOutput(node.cast(node.input(0), node.elementOf(node.input(1))));
}

LogicalResult importRelu(OnnxNode &node) {
  Value zero = node.splatOf(node.elementOf(node.input(0)), {}, 0);
  return node.setOutput(node.make<glm::MaxOp>({node.input(0), zero}));
}

LogicalResult importClip(OnnxNode &node) {
  Value result = node.input(0), low = node.input(1), high = node.input(2);
  if (node.opset < 11) {
    Type element = node.elementOf(result);
    if (node.attribute("min"))
      low = node.splatOf(element, {}, node.floatAttribute("min", 0));
    if (node.attribute("max"))
      high = node.splatOf(element, {}, node.floatAttribute("max", 0));
  }
  // ONNX's order: where the bounds cross, the upper one wins.
  if (low)
    result = node.make<glm::MaxOp>({result, low});
  if (high)
    result = node.make<glm::MinOp>({result, high});
  return node.setOutput(result);
}

LogicalResult importIdentity(OnnxNode &node) { return node.setOutput(node.input(0)); }

LogicalResult importDropout(OnnxNode &node) {
  if (node.opset >= 12 && node.input(2)) {
    FailureOr<const reference::Tensor *> training = node.constantInput(2, "training_mode");
    if (failed(training))
      return failure();
    if ((*training)->size() != 1 || (*training)->getInt(0) != 0)
      return node.error() << "'training_mode' is true, expected false: glmc compiles models for inference";
  }
  if (node.hasOutput(1)) {
    // Until opset 10 the mask had the data's type.
    Type element = node.opset < 10 ? node.elementOf(node.input(0)) : node.builder().getI1Type();
    if (failed(node.setOutput(node.splatOf(element, node.typeOf(node.input(0)).getShape(), 1), 1)))
      return failure();
  }
  return node.setOutput(node.input(0));
}

} // namespace

void addElementwise(Registry &registry) {
  registry.add("Neg", 1, importUnary<glm::NegOp>);
  registry.add("Abs", 1, importUnary<glm::AbsOp>);
  registry.add("Sign", 1, importUnary<glm::SignOp>);
  registry.add("Not", 1, importUnary<glm::NotOp>);
  registry.add("Sqrt", 1, importFloatUnary<glm::SqrtOp>);
  registry.add("Reciprocal", 1, importFloatUnary<glm::ReciprocalOp>);
  registry.add("Exp", 1, importFloatUnary<glm::ExpOp>);
  registry.add("Log", 1, importFloatUnary<glm::LogOp>);
  registry.add("Sin", 1, importFloatUnary<glm::SinOp>);
  registry.add("Cos", 1, importFloatUnary<glm::CosOp>);
  registry.add("Tanh", 1, importFloatUnary<glm::TanhOp>);
  registry.add("Sigmoid", 1, importFloatUnary<glm::SigmoidOp>);
  registry.add("Erf", 1, importFloatUnary<glm::ErfOp>);
  registry.add("Floor", 1, importFloatUnary<glm::FloorOp>);
  registry.add("Ceil", 1, importFloatUnary<glm::CeilOp>);
  registry.add("Round", 1, importFloatUnary<glm::RoundOp>);
  registry.add("IsNaN", 1, importFloatUnary<glm::IsNanOp>);
  registry.add("Add", 2, importBinary<glm::AddOp>);
  registry.add("Sub", 2, importBinary<glm::SubOp>);
  registry.add("Mul", 2, importBinary<glm::MulOp>);
  registry.add("Div", 2, importBinary<glm::DivOp>);
  registry.add("Mod", 2, importMod);
  registry.add("Pow", 2, importPow);
  registry.add("Equal", 2, importBinary<glm::EqualOp>);
  registry.add("Less", 2, importBinary<glm::LessOp>);
  registry.add("LessOrEqual", 2, importBinary<glm::LessEqualOp>);
  registry.add("Greater", 2, importSwapped<glm::LessOp>);
  registry.add("GreaterOrEqual", 2, importSwapped<glm::LessEqualOp>);
  registry.add("And", 2, importBinary<glm::AndOp>);
  registry.add("Or", 2, importBinary<glm::OrOp>);
  registry.add("Xor", 2, importBinary<glm::XorOp>);
  registry.add("Max", 1, importVariadic<glm::MaxOp>);
  registry.add("Min", 1, importVariadic<glm::MinOp>);
  registry.add("Sum", 1, importVariadic<glm::AddOp>);
  registry.add("Where", 3, importWhere);
  registry.add("Cast", 1, importCast);
  registry.add("CastLike", 2, importCastLike);
  registry.add("Relu", 1, importRelu);
  registry.add("Clip", 1, importClip);
  registry.add("Identity", 1, importIdentity);
  registry.add("Dropout", 1, importDropout);
}

} // namespace glmc::onnximport
