//===- ImportQuantized.cpp - Quantised weights and activations --------------===//
//
// Quantised numbers become arithmetic, `(cast(q) - zero) * scale` in f32, which
// constant folding evaluates where weights are concerned. Elements of less than
// a byte are unpacked here, so that every element is one of a tensor.
//
// What a zero point that is left out means differs: 0 for ONNX's operators and
// for unpacked int4 and uint4, the middle of the range, 2^(bits - 1), for ONNX
// Runtime's packed bytes.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Initializers.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

//===----------------------------------------------------------------------===//
// Scales and zero points beside the data
//===----------------------------------------------------------------------===//

/// How scales and zero points of one shape go with data of another: `data` is
/// the data's shape, perhaps with a dimension cut into blocks, and `parameter`
/// broadcasts to it.
struct Alignment {
  SmallVector<int64_t> data, parameter;
  /// Where blocks do not fill the dimension: parameters are repeated instead.
  std::optional<int64_t> ragged;
  int64_t blockSize = 0;
};

FailureOr<Alignment> alignBlocks(OnnxNode &node, ArrayRef<int64_t> shape, Value parameter, int64_t axis,
                                 int64_t blockSize) {
  SmallVector<int64_t> expected(shape);
  expected[axis] = llvm::divideCeil(shape[axis], blockSize);
  if (shapeOf(parameter) != ArrayRef<int64_t>(expected))
    return node.error() << "scale is " << parameter.getType() << ", expected shape " << shapeText(expected)
                        << " for blocks of " << blockSize << " along dimension " << axis << " of " << shapeText(shape);
  // The only block may be larger than the data.
  blockSize = std::min(blockSize, std::max<int64_t>(shape[axis], 1));
  Alignment alignment;
  alignment.data.assign(shape.begin(), shape.end());
  alignment.parameter = expected;
  alignment.blockSize = blockSize;
  if (shape[axis] % blockSize != 0) {
    alignment.ragged = axis;
    return alignment;
  }
  alignment.data[axis] = expected[axis];
  alignment.data.insert(alignment.data.begin() + axis + 1, blockSize);
  alignment.parameter.insert(alignment.parameter.begin() + axis + 1, 1);
  return alignment;
}

/// One scale for all, one for each index of `axis`, or one a block.
FailureOr<Alignment> align(OnnxNode &node, ArrayRef<int64_t> shape, Value scale, int64_t blockSize) {
  ArrayRef<int64_t> given = shapeOf(scale);
  Alignment alignment;
  alignment.data.assign(shape.begin(), shape.end());
  if (blockSize < 0)
    return node.error() << "'block_size' is " << blockSize << ", expected 0 or more";
  if (blockSize == 0 && (given.empty() || (given.size() == 1 && given[0] == 1)))
    return alignment;
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 1), shape.size());
  if (failed(axis))
    return failure();
  if (blockSize > 0)
    return alignBlocks(node, shape, scale, *axis, blockSize);
  if (given.size() != 1 || given[0] != shape[*axis])
    return node.error() << "scale is " << scale.getType()
                        << ", expected one element, or one for each index of dimension " << *axis << " of "
                        << shapeText(shape);
  alignment.parameter.assign(shape.size(), 1);
  alignment.parameter[*axis] = given[0];
  return alignment;
}

/// A scale or zero point so that it broadcasts to the aligned data.
Value aligned(OnnxNode &node, const Alignment &alignment, Value parameter) {
  if (!parameter || !alignment.ragged)
    return node.reshape(parameter, alignment.parameter);
  const int64_t axis = *alignment.ragged;
  SmallVector<int64_t> blocks = alignment.parameter, repeated = alignment.parameter, flat = alignment.parameter;
  blocks.insert(blocks.begin() + axis + 1, 1);
  repeated.insert(repeated.begin() + axis + 1, alignment.blockSize);
  flat[axis] *= alignment.blockSize;
  return slice(node, node.reshape(expand(node, node.reshape(parameter, blocks), repeated), flat), axis, 0,
               alignment.data[axis]);
}

/// (cast(x) - zero) * scale, of scale's type; x and the rest broadcast.
Value dequantize(OnnxNode &node, Value x, Value scale, Value zero, Type result) {
  if (!x || !scale)
    return {};
  Type f32 = node.builder().getF32Type();
  Value value = node.cast(x, f32);
  if (zero)
    value = node.make<glm::SubOp>({value, node.cast(zero, f32)});
  return node.cast(node.make<glm::MulOp>({value, node.cast(scale, f32)}), result);
}

bool isNumbers(Value value) { return isa<FloatType>(OnnxNode::elementOf(value)); }

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

LogicalResult importDequantizeLinear(OnnxNode &node) {
  Value x = node.input(0), scale = node.input(1), zero = node.input(2);
  if (!isa<IntegerType>(node.elementOf(x)) || node.elementOf(x).isInteger(1) || !isNumbers(scale))
    return node.error() << "inputs are " << x.getType() << " and " << scale.getType()
                        << ", expected integers and floating-point scales";
  FailureOr<Alignment> alignment = align(node, shapeOf(x), scale, node.intAttribute("block_size", 0));
  if (failed(alignment) || failed(checkZeroPoint(node, scale, zero, node.elementOf(x))))
    return failure();
  Type element = outputType(node, node.elementOf(scale));
  if (!element)
    return failure();
  if (!isa<FloatType>(element))
    return node.error() << "'output_dtype' is " << element << ", expected a floating-point type";
  Value value = dequantize(node, node.reshape(x, alignment->data), aligned(node, *alignment, scale),
                           zero ? aligned(node, *alignment, zero) : Value(), element);
  return node.setOutput(value ? node.reshape(value, shapeOf(x)) : value);
}

/// Saturates at the range of the integers, with halves rounded to even.
LogicalResult importQuantizeLinear(OnnxNode &node) {
  Value x = node.input(0), scale = node.input(1), zero = node.input(2);
  Type element = outputType(node, zero ? node.elementOf(zero) : node.builder().getIntegerType(8, false));
  if (!element)
    return failure();
  auto integers = dyn_cast<IntegerType>(element);
  if (!isNumbers(scale) || !integers || (integers.getWidth() != 8 && integers.getWidth() != 16) ||
      (zero && node.context.initializers.isFourBit(zero)))
    return node.error() << "quantises to " << element << " with scales of " << scale.getType()
                        << ", expected 8 or 16-bit integers and floating-point scales";
  FailureOr<Alignment> alignment = align(node, shapeOf(x), scale, node.intAttribute("block_size", 0));
  if (failed(alignment) || failed(checkZeroPoint(node, scale, zero, element)))
    return failure();
  Type f32 = node.builder().getF32Type();
  Value value = node.make<glm::DivOp>(
      {node.cast(node.reshape(x, alignment->data), f32), node.cast(aligned(node, *alignment, scale), f32)});
  value = node.make<glm::RoundOp>(value);
  if (zero)
    value = node.make<glm::AddOp>({value, node.cast(aligned(node, *alignment, zero), f32)});
  const bool isUnsigned = integers.isUnsigned();
  const double steps = double(int64_t(1) << integers.getWidth()), lowest = isUnsigned ? 0 : -steps / 2;
  value = withScalar<glm::MaxOp>(node, value, lowest);
  value = withScalar<glm::MinOp>(node, value, lowest + steps - 1);
  value = node.cast(value, element);
  return node.setOutput(value ? node.reshape(value, shapeOf(x)) : value);
}

/// Integers less a zero point: a scalar, or one for each row of A (column of B).
Value centred(OnnxNode &node, Value x, Value zero, bool isRows) {
  Type i32 = node.builder().getI32Type();
  Value value = node.cast(x, i32);
  if (!zero)
    return value;
  ArrayRef<int64_t> shape = shapeOf(zero);
  if (shape.size() == 1 && isRows && shape[0] != 1)
    zero = node.reshape(zero, {shape[0], 1});
  return node.make<glm::SubOp>({value, node.cast(zero, i32)});
}

LogicalResult importMatMulInteger(OnnxNode &node) {
  Value a = node.input(0), b = node.input(1);
  for (Value each : {a, b})
    if (!isa<IntegerType>(node.elementOf(each)) || node.elementOf(each).getIntOrFloatBitWidth() != 8 ||
        shapeOf(each).size() < 2)
      return node.error() << "inputs are " << a.getType() << " and " << b.getType()
                          << ", expected 8-bit integers of two or more dimensions";
  Value left = centred(node, a, node.input(2), true), right = centred(node, b, node.input(3), false);
  if (left && right && (shapeOf(left) != shapeOf(a) || shapeOf(right) != shapeOf(b)))
    return node.error() << "zero points do not broadcast to the inputs, " << a.getType() << " and " << b.getType();
  return node.setOutput(node.make<glm::MatmulOp>({left, right}));
}

//===----------------------------------------------------------------------===//
// ONNX Runtime's packed weights
//===----------------------------------------------------------------------===//

/// Rows of elements of 8 / `perByte` bits, low bits first, each row starting in a
/// new byte.
struct Packing {
  int64_t perRow, perByte;
  bool transposed = false; ///< The result's rows are these columns.
};

/// Unpacks into `elements`, a byte each.
void unpack(const Packing &packing, ArrayRef<uint8_t> packed, MutableArrayRef<uint8_t> elements) {
  const int64_t rows = packing.perRow ? elements.size() / packing.perRow : 0;
  const int64_t rowBytes = llvm::divideCeil(packing.perRow, packing.perByte), bits = 8 / packing.perByte;
  // In squares, whose lines stay in the cache while columns become rows.
  constexpr int64_t edge = 64;
  for (int64_t top = 0; top < rows; top += edge)
    for (int64_t left = 0; left < packing.perRow; left += edge)
      for (int64_t row = top; row < std::min(rows, top + edge); ++row)
        for (int64_t i = left; i < std::min(packing.perRow, left + edge); ++i)
          elements[packing.transposed ? i * rows + row : row * packing.perRow + i] =
              (packed[row * rowBytes + i / packing.perByte] >> (i % packing.perByte * bits)) & ((1 << bits) - 1);
}

/// An input that is packed, as a ui8 constant of `shape`. Null after an error.
Value unpackedBytes(OnnxNode &node, unsigned input, StringRef name, const Packing &packing, ArrayRef<int64_t> shape) {
  Value packed = node.input(input);
  FailureOr<reference::Tensor> bytes = node.context.constants.read(packed);
  if (failed(bytes)) {
    node.error() << "'" << name << "' ('" << node.proto.input(input) << "') is not a constant of the model";
    return {};
  }
  RankedTensorType type = node.type(node.builder().getIntegerType(8, false), shape);
  if (!type)
    return {};
  const int64_t rows = packing.perRow ? type.getNumElements() / packing.perRow : 0;
  const int64_t rowBytes = llvm::divideCeil(packing.perRow, packing.perByte);
  if (!node.elementOf(packed).isUnsignedInteger(8) || bytes->size() != rows * rowBytes) {
    node.error() << "'" << name << "' is " << packed.getType() << ", expected " << rows << " rows of " << rowBytes
                 << " uint8 each";
    return {};
  }
  reference::Tensor elements(type);
  unpack(packing, bytes->bytes, elements.bytes);
  return node.constant(reference::attributeOf(elements));
}

LogicalResult checkBlocks(OnnxNode &node, int64_t bits, int64_t blockSize) {
  if (bits != 4 && bits != 8)
    return node.error() << "'bits' is " << bits << ", expected 4 or 8";
  if (blockSize < 16 || blockSize > (int64_t(1) << 30) || !llvm::isPowerOf2_64(blockSize))
    return node.error() << "'block_size' is " << blockSize << ", expected a power of 2 from 16 on";
  return success();
}

/// A @ W^T + bias with W [N, K] in blocks along K. Its transposed [K, N] is what
/// matmuls like to read and what DequantizeLinear gives, so it is made here.
LogicalResult importMatMulNBits(OnnxNode &node) {
  Value a = node.input(0), scales = node.input(2), zero = node.input(3), bias = node.input(5);
  const int64_t n = node.intAttribute("N", 0), k = node.intAttribute("K", 0), bits = node.intAttribute("bits", 4);
  const int64_t blockSize = node.intAttribute("block_size", 0), most = int64_t(1) << 30;
  if (failed(checkBlocks(node, bits, blockSize)) || failed(requireInt(node, "weight_prepacked", 0)) ||
      failed(requireAbsent(node, 4, "g_idx")))
    return failure();
  if (n < 1 || k < 1 || n > most || k > most || !isNumbers(a) || shapeOf(a).empty() || shapeOf(a).back() != k)
    return node.error() << "'A' is " << a.getType() << ", 'K' " << k << " and 'N' " << n
                        << ", expected floats with rows of K";
  const int64_t blocks = llvm::divideCeil(k, blockSize), perByte = 8 / bits;
  if (!isNumbers(scales) || ShapedType::getNumElements(shapeOf(scales)) != n * blocks)
    return node.error() << "'scales' is " << scales.getType() << ", expected " << n << " times " << blocks
                        << " floating-point elements";
  auto columns = [&](Value perBlock) {
    return node.reshape(transpose(node, node.reshape(perBlock, {n, blocks}), {1, 0}), {blocks, 1, n});
  };
  Value weight = unpackedBytes(node, 1, "B", {blocks * blockSize, perByte, true}, {blocks, blockSize, n});
  if (!weight)
    return failure();
  if (!zero)
    zero = node.splatOf(node.builder().getF32Type(), {}, double(int64_t(1) << (bits - 1)));
  else if (!isNumbers(zero))
    zero = unpackedBytes(node, 3, "zero_points", {blocks, perByte, true}, {blocks, 1, n});
  else if (ShapedType::getNumElements(shapeOf(zero)) != n * blocks)
    return node.error() << "'zero_points' is " << zero.getType() << ", expected " << n << " times " << blocks
                        << " elements";
  else
    zero = columns(zero);
  if (!zero)
    return failure();
  weight = dequantize(node, weight, columns(scales), zero, node.elementOf(a));
  if (weight)
    weight = slice(node, node.reshape(weight, {blocks * blockSize, n}), 0, 0, k);
  // One row is a matrix of one row.
  SmallVector<int64_t> shape(shapeOf(a));
  if (shape.size() == 1)
    a = node.reshape(a, {1, k});
  Value product = node.make<glm::MatmulOp>({a, weight});
  if (product && bias)
    product = node.make<glm::AddOp>({product, bias});
  shape.back() = n;
  if (product && ShapedType::getNumElements(shape) != ShapedType::getNumElements(shapeOf(product)))
    return node.error() << "'bias' is " << bias.getType() << ", expected " << n << " elements";
  return node.setOutput(product ? node.reshape(product, shape) : product);
}

/// Gathers quantised rows and their scales, then dequantises what was gathered:
/// a table stays as small as it is stored.
LogicalResult importGatherBlockQuantized(OnnxNode &node) {
  Value data = node.input(0), indices = node.input(1), scales = node.input(2), zero = node.input(3);
  const int64_t bits = node.intAttribute("bits", 4), blockSize = node.intAttribute("block_size", 128);
  const bool isUnpacked = node.context.initializers.isFourBit(data);
  if (failed(checkBlocks(node, isUnpacked ? 4 : bits, blockSize)))
    return failure();
  const int64_t rank = shapeOf(data).size();
  FailureOr<int64_t> gatherAxis = node.axisOf(node.intAttribute("gather_axis", 0), rank);
  FailureOr<int64_t> blockAxis = node.axisOf(node.intAttribute("quantize_axis", 1), rank);
  if (failed(gatherAxis) || failed(blockAxis))
    return failure();
  if (*gatherAxis == *blockAxis || !isNumbers(scales) || !(isUnpacked || node.elementOf(data).isUnsignedInteger(8)))
    return node.error() << "gathers " << data.getType() << " with scales of " << scales.getType() << " along dimension "
                        << *gatherAxis << " with blocks along " << *blockAxis
                        << ", expected int4, uint4 or uint8 and two dimensions";
  SmallVector<int64_t> shape(shapeOf(data));
  if (!isUnpacked && bits < 8) {
    const int64_t perByte = 8 / bits;
    shape.back() *= perByte;
    data = unpackedBytes(node, 0, "data", {shape.back(), perByte}, shape);
    if (zero) {
      SmallVector<int64_t> zeros(shapeOf(scales));
      zero = zeros.empty() ? zero : unpackedBytes(node, 3, "zero_points", {zeros.back(), perByte}, zeros);
      if (!zero)
        return failure();
    }
  }
  if (!isUnpacked && !zero)
    zero = node.splatOf(node.builder().getF32Type(), {}, double(int64_t(1) << (bits - 1)));
  SmallVector<int64_t> expected(shape);
  expected[*blockAxis] = llvm::divideCeil(shape[*blockAxis], blockSize);
  if (shapeOf(scales) != ArrayRef<int64_t>(expected))
    return node.error() << "'scales' is " << scales.getType() << ", expected shape " << shapeText(expected);
  if (zero && !shapeOf(zero).empty() && shapeOf(zero) != ArrayRef<int64_t>(expected))
    return node.error() << "'zero_points' is " << zero.getType() << ", expected shape " << shapeText(expected);
  Value rows = gather(node, data, indices, *gatherAxis), rowScales = gather(node, scales, indices, *gatherAxis);
  if (!rows || !rowScales)
    return failure();
  const int64_t moved = *blockAxis < *gatherAxis ? *blockAxis : *blockAxis + int64_t(shapeOf(indices).size()) - 1;
  FailureOr<Alignment> alignment = alignBlocks(node, shapeOf(rows), rowScales, moved, blockSize);
  if (failed(alignment))
    return failure();
  if (zero && !shapeOf(zero).empty())
    zero = aligned(node, *alignment, gather(node, zero, indices, *gatherAxis));
  Value value = dequantize(node, node.reshape(rows, alignment->data), aligned(node, *alignment, rowScales), zero,
                           node.elementOf(scales));
  return node.setOutput(value ? node.reshape(value, shapeOf(rows)) : value);
}

} // namespace

void addQuantized(Registry &registry) {
  registry.add("DequantizeLinear", 2, importDequantizeLinear);
  registry.add("QuantizeLinear", 2, importQuantizeLinear);
  registry.add("MatMulInteger", 2, importMatMulInteger);
  registry.add("com.microsoft.MatMulNBits", 3, importMatMulNBits);
  registry.add("com.microsoft.GatherBlockQuantized", 3, importGatherBlockQuantized);
}

} // namespace glmc::onnximport
