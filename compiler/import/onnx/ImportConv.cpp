//===- ImportConv.cpp - Convolutions ----------------------------------------===//
//
// A glm.conv has weights as a matrix and no bias, which is an addition after it.
// Zero points of weights are taken off the weights, which are constants almost
// always; that of the data is what the convolution pads with, and is taken off by
// sums of weights:
//
//   sum (x - zx) w  =  sum x w - zx sum w      where x is zx outside
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Quantize.h"
#include "compiler/import/onnx/Registry.h"
#include "compiler/import/onnx/Windows.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// One number a channel so that it broadcasts to [n, c, space...].
Value byChannel(OnnxNode &node, Value value, size_t rank) {
  if (!value)
    return {};
  SmallVector<int64_t> shape(rank - 1, 1);
  shape[0] = OnnxNode::typeOf(value).getNumElements();
  return node.reshape(value, shape);
}

/// The convolution of x with `w`, [m, c / groups, kernel...]. Null after an error.
Value convolve(OnnxNode &node, Value x, Value w, int64_t padValue = 0) {
  if (!x || !w)
    return {};
  ArrayRef<int64_t> weights = shapeOf(w);
  if (weights.size() < 3 || weights.size() != shapeOf(x).size()) {
    node.error() << "input is " << x.getType() << " and weights are " << w.getType()
                 << ", expected as many dimensions, three or more";
    return {};
  }
  FailureOr<Windows> windows = windowsOf(node, x, weights.drop_front(2));
  if (failed(windows))
    return {};
  const int64_t groups = node.intAttribute("group", 1);
  if (groups < 1 || shapeOf(x)[1] % groups || weights[0] % groups || shapeOf(x)[1] / groups != weights[1]) {
    node.error() << "'group' is " << groups << ", which does not cut " << x.getType() << " for weights of "
                 << w.getType();
    return {};
  }
  glm::ConvOp::Properties properties;
  properties.kernel = node.integers(windows->kernel);
  properties.strides = node.integers(windows->strides);
  properties.dilations = node.integers(windows->dilations);
  properties.pads = node.integers(windows->pads);
  properties.groups = node.integer(groups);
  if (padValue != 0)
    properties.pad_value = node.integer(padValue);
  Value matrix = node.reshape(w, {weights[0], ShapedType::getNumElements(weights.drop_front())});
  return matrix ? node.make<glm::ConvOp>({x, matrix}, properties) : Value();
}

/// A bias of one number an output channel, added.
Value withBias(OnnxNode &node, Value y, Value bias) {
  if (!y || !bias)
    return y;
  if (shapeOf(bias).size() != 1 || shapeOf(bias)[0] != shapeOf(y)[1] || node.elementOf(bias) != node.elementOf(y)) {
    node.error() << "bias is " << bias.getType() << ", expected " << shapeOf(y)[1] << " elements of type "
                 << node.elementOf(y);
    return {};
  }
  return node.make<glm::AddOp>({y, byChannel(node, bias, shapeOf(y).size())});
}

LogicalResult importConv(OnnxNode &node) {
  Value x = node.input(0), w = node.input(1);
  if (!isa<FloatType>(node.elementOf(x)) || node.elementOf(w) != node.elementOf(x))
    return node.error() << "inputs are " << x.getType() << " and " << w.getType()
                        << ", expected floating-point tensors of one type";
  return node.setOutput(withBias(node, convolve(node, x, w), node.input(2)));
}

bool isByte(Type type) { return isa<IntegerType>(type) && type.getIntOrFloatBitWidth() == 8; }

/// An input that holds one element of `type`, as [].
FailureOr<Value> scalarOf(OnnxNode &node, unsigned input, Type type, StringRef name) {
  Value value = node.input(input);
  if (node.typeOf(value).getNumElements() != 1 || node.elementOf(value) != type)
    return node.error() << "'" << name << "' is " << value.getType() << ", expected one element of type " << type;
  return node.reshape(value, {});
}

/// Inputs of an integer convolution: where they are in a node.
struct IntegerInputs {
  unsigned x, xZero, w, wZero;
};

/// The exact sums of products, i32.
FailureOr<Value> integerConv(OnnxNode &node, IntegerInputs at) {
  Value x = node.input(at.x), w = node.input(at.w), xZero = node.input(at.xZero), wZero = node.input(at.wZero);
  if (!isByte(node.elementOf(x)) || !isByte(node.elementOf(w)) || shapeOf(w).size() < 3)
    return node.error() << "inputs are " << x.getType() << " and " << w.getType()
                        << ", expected 8-bit integers and weights of three or more dimensions";
  Type i32 = node.builder().getI32Type();
  auto isZero = [&](Value value) {
    FailureOr<reference::Tensor> known = node.context.constants.read(value);
    return succeeded(known) && llvm::all_of(known->bytes, [](uint8_t byte) { return byte == 0; });
  };
  if (wZero && !isZero(wZero)) {
    const int64_t count = node.typeOf(wZero).getNumElements();
    if (node.elementOf(wZero) != node.elementOf(w) || (count != 1 && count != shapeOf(w)[0]))
      return node.error() << "the weights' zero point is " << wZero.getType() << ", expected one element, or "
                          << shapeOf(w)[0] << ", of type " << node.elementOf(w);
    SmallVector<int64_t> shape(shapeOf(w).size(), 1);
    shape[0] = count;
    w = node.make<glm::SubOp>({node.cast(w, i32), node.cast(node.reshape(wZero, shape), i32)});
  }
  if (!xZero || isZero(xZero))
    return convolve(node, x, w);
  FailureOr<Value> zero = scalarOf(node, at.xZero, node.elementOf(x), "x_zero_point");
  if (failed(zero))
    return failure();
  FailureOr<reference::Tensor> known = node.context.constants.read(node.input(at.xZero));
  if (failed(known)) // Not known yet: taken off before.
    return convolve(node, node.make<glm::SubOp>({node.cast(x, i32), node.cast(*zero, i32)}), w);
  Value sum = convolve(node, x, w, known->getInt(0));
  if (!sum)
    return failure();
  glm::ReduceOp::Properties properties;
  properties.kind = node.builder().getStringAttr("sum");
  properties.axes = node.integers({1});
  Value matrix = node.cast(node.reshape(w, {shapeOf(w)[0], node.typeOf(w).getNumElements() / shapeOf(w)[0]}), i32);
  Value taken = withScalar<glm::MulOp>(node, node.make<glm::ReduceOp>(matrix, properties), double(known->getInt(0)));
  return node.make<glm::SubOp>({sum, byChannel(node, taken, shapeOf(sum).size())});
}

LogicalResult importConvInteger(OnnxNode &node) {
  FailureOr<Value> result = integerConv(node, {0, 2, 1, 3});
  return failed(result) ? failure() : node.setOutput(*result);
}

/// Inputs: x, its scale and zero point, w, ..., those of the result, and a bias
/// that is in units of the product of scales.
LogicalResult importQLinearConv(OnnxNode &node) {
  for (unsigned i : {1, 4, 6})
    if (!isNumbers(node.input(i)))
      return node.error() << "input " << i << " is " << node.input(i).getType() << ", expected floating-point scales";
  Value zero = node.input(7);
  if (!isByte(node.elementOf(zero)))
    return node.error() << "'y_zero_point' is " << zero.getType() << ", expected 8-bit integers";
  Type f32 = node.builder().getF32Type();
  auto result = integerConv(node, {0, 2, 3, 5});
  if (failed(result) || !*result)
    return failure();
  Value sum = withBias(node, *result, node.input(8));
  auto xScale = scalarOf(node, 1, f32, "x_scale"), yScale = scalarOf(node, 6, f32, "y_scale");
  auto yZero = scalarOf(node, 7, node.elementOf(zero), "y_zero_point");
  if (!sum || failed(xScale) || failed(yScale) || failed(yZero))
    return failure();
  Value wScale = node.input(4);
  const int64_t count = node.typeOf(wScale).getNumElements();
  if (count != 1 && count != shapeOf(sum)[1])
    return node.error() << "'w_scale' is " << wScale.getType() << ", expected one element, or " << shapeOf(sum)[1];
  // One factor, as ONNX Runtime has it: (x_scale * w_scale) / y_scale.
  Value factor = node.make<glm::MulOp>({*xScale, byChannel(node, node.cast(wScale, f32), shapeOf(sum).size())});
  factor = node.make<glm::DivOp>({factor, *yScale});
  Value number = factor ? node.make<glm::MulOp>({node.cast(sum, f32), factor}) : Value();
  return node.setOutput(roundTo(node, number, node.cast(*yZero, f32), cast<IntegerType>(node.elementOf(zero))));
}

/// (x - mean) / sqrt(var + epsilon) * scale + bias as x * factor + offset, one of
/// each a channel.
LogicalResult importBatchNormalization(OnnxNode &node) {
  Value x = node.input(0), scale = node.input(1), bias = node.input(2), mean = node.input(3), var = node.input(4);
  if (!isa<FloatType>(node.elementOf(x)) || shapeOf(x).size() < 2)
    return node.error() << "input is " << x.getType() << ", expected a floating-point tensor with channels";
  if (failed(requireInt(node, "training_mode", 0)))
    return failure();
  if (node.opset < 9 && failed(requireInt(node, "spatial", 1)))
    return failure();
  for (unsigned i = 1; i < 5; ++i)
    if (shapeOf(node.input(i)) != ArrayRef<int64_t>{shapeOf(x)[1]} || !isa<FloatType>(node.elementOf(node.input(i))))
      return node.error() << "input " << i << " is " << node.input(i).getType() << ", expected " << shapeOf(x)[1]
                          << " floating-point numbers";
  Type element = node.elementOf(x), wide = element.isF64() ? element : node.builder().getF32Type();
  auto number = [&](Value value) { return node.cast(value, wide); };
  Value root = node.make<glm::SqrtOp>(withScalar<glm::AddOp>(node, number(var), node.floatAttribute("epsilon", 1e-5f)));
  Value factor = root ? node.make<glm::DivOp>({number(scale), root}) : Value();
  Value offset = factor ? node.make<glm::SubOp>({number(bias), node.make<glm::MulOp>({number(mean), factor})}) : Value();
  if (!offset)
    return failure();
  Value y = node.make<glm::MulOp>({number(x), byChannel(node, factor, shapeOf(x).size())});
  return node.setOutput(node.cast(node.make<glm::AddOp>({y, byChannel(node, offset, shapeOf(x).size())}), element));
}

} // namespace

void addConv(Registry &registry) {
  registry.add("Conv", 2, importConv);
  registry.add("ConvInteger", 2, importConvInteger);
  registry.add("QLinearConv", 8, importQLinearConv);
  registry.add("BatchNormalization", 5, importBatchNormalization);
}

} // namespace glmc::onnximport
