//===- ImportQuantized.cpp - Numbers to integers and back -------------------===//
//
// ONNX's QuantizeLinear and DequantizeLinear with any of their granularities: a
// scale for all, one for each index of an axis, or one a block. A zero point that
// is left out is 0.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Quantize.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// What the scales of a node are for. Data has a dimension at least.
FailureOr<Granularity> granularityOf(OnnxNode &node, ArrayRef<int64_t> shape, Value scale) {
  const int64_t rank = int64_t(shape.size()), blockSize = node.intAttribute("block_size", 0);
  ArrayRef<int64_t> given = shapeOf(scale);
  if (blockSize < 0)
    return node.error() << "'block_size' is " << blockSize << ", expected 0 or more";
  Granularity granularity;
  granularity.shape.assign(rank, 1);
  // The dimension that products sum over, if this is a weight: the last but one,
  // unless it has the scales.
  auto shareAlong = [&](int64_t axis) {
    granularity.axis = axis;
    granularity.group = std::max<int64_t>(shape[axis], 1);
  };
  if (blockSize == 0 && (given.empty() || (given.size() == 1 && given[0] == 1))) {
    shareAlong(std::max<int64_t>(rank - 2, 0));
    return granularity;
  }
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 1), rank);
  if (failed(axis))
    return failure();
  if (blockSize > 0)
    return blocksOf(node, shape, scale, *axis, blockSize);
  if (given.size() != 1 || given[0] != shape[*axis])
    return node.error() << "scale is " << scale.getType()
                        << ", expected one element, or one for each index of dimension " << *axis << " of "
                        << shapeText(shape);
  granularity.shape[*axis] = given[0];
  if (rank > 1)
    shareAlong(*axis == rank - 1 ? rank - 2 : rank - 1);
  return granularity;
}

/// A scale or zero point so that it broadcasts to data of `shape`.
Value repeated(OnnxNode &node, const Granularity &granularity, ArrayRef<int64_t> shape, Value parameter) {
  const int64_t axis = granularity.axis;
  parameter = node.reshape(parameter, granularity.shape);
  if (granularity.shape[axis] == 1 || granularity.shape[axis] == shape[axis])
    return parameter;
  SmallVector<int64_t> blocks = granularity.shape, flat = granularity.shape;
  blocks.insert(blocks.begin() + axis + 1, 1);
  parameter = node.reshape(parameter, blocks);
  blocks[axis + 1] = granularity.group;
  flat[axis] *= granularity.group;
  return slice(node, node.reshape(expand(node, parameter, blocks), flat), axis, 0, shape[axis]);
}

/// The element type of 'output_dtype'; `otherwise` if there is none, null after
/// an error.
Type outputType(OnnxNode &node, Type otherwise) {
  const int dataType = static_cast<int>(node.intAttribute("output_dtype", 0));
  if (dataType == 0)
    return otherwise;
  Type element = elementType(node.builder().getContext(), dataType);
  if (!element)
    node.error() << "'output_dtype' is " << dataTypeName(dataType) << ", which is not supported";
  return element;
}

LogicalResult checkZeroPoint(OnnxNode &node, Value scale, Value zero, Type element) {
  if (!zero || (shapeOf(zero) == shapeOf(scale) && node.elementOf(zero) == element))
    return success();
  return node.error() << "zero point is " << zero.getType() << ", expected the scale's shape, "
                      << shapeText(shapeOf(scale)) << ", and elements of type " << element;
}

/// The data, with a dimension.
Value dataOf(OnnxNode &node) {
  Value x = node.input(0);
  return shapeOf(x).empty() ? node.reshape(x, {1}) : x;
}

LogicalResult importDequantizeLinear(OnnxNode &node) {
  Value x = dataOf(node), scale = node.input(1), zero = node.input(2);
  if (!x || !isa<IntegerType>(node.elementOf(x)) || node.elementOf(x).isInteger(1) || !isNumbers(scale))
    return node.error() << "inputs are " << node.input(0).getType() << " and " << scale.getType()
                        << ", expected integers and floating-point scales";
  FailureOr<Granularity> granularity = granularityOf(node, shapeOf(x), scale);
  if (failed(granularity) || failed(checkZeroPoint(node, scale, zero, node.elementOf(x))))
    return failure();
  Type element = outputType(node, node.elementOf(scale));
  if (!element)
    return failure();
  if (!isa<FloatType>(element))
    return node.error() << "'output_dtype' is " << element << ", expected a floating-point type";
  Value value = dequantize(node, x, *granularity, scale, zero, element);
  return node.setOutput(node.reshape(value, shapeOf(node.input(0))));
}

LogicalResult importQuantizeLinear(OnnxNode &node) {
  Value x = dataOf(node), scale = node.input(1), zero = node.input(2);
  Type element = outputType(node, zero ? node.elementOf(zero) : node.builder().getIntegerType(8, false));
  if (!x || !element)
    return failure();
  auto integers = dyn_cast<IntegerType>(element);
  if (!isNumbers(scale) || !integers || (integers.getWidth() != 8 && integers.getWidth() != 16))
    return node.error() << "quantises to " << element << " with scales of " << scale.getType()
                        << ", expected 8 or 16-bit integers and floating-point scales";
  FailureOr<Granularity> granularity = granularityOf(node, shapeOf(x), scale);
  if (failed(granularity) || failed(checkZeroPoint(node, scale, zero, element)))
    return failure();
  auto number = [&](Value parameter) {
    return node.cast(repeated(node, *granularity, shapeOf(x), parameter), node.builder().getF32Type());
  };
  Value value = quantize(node, node.cast(x, node.builder().getF32Type()), number(scale), zero ? number(zero) : Value(),
                         integers);
  return node.setOutput(node.reshape(value, shapeOf(node.input(0))));
}

} // namespace

void addQuantized(Registry &registry) {
  registry.add("DequantizeLinear", 2, importDequantizeLinear);
  registry.add("QuantizeLinear", 2, importQuantizeLinear);
}

} // namespace glmc::onnximport
