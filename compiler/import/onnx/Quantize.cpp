//===- Quantize.cpp - What handlers of quantised operators share ------------===//
#include "compiler/import/onnx/Quantize.h"

#include "compiler/import/onnx/Initializers.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {

FailureOr<Granularity> blocksOf(OnnxNode &node, ArrayRef<int64_t> shape, Value scales, int64_t axis,
                                int64_t blockSize) {
  Granularity blocks;
  blocks.shape.assign(shape.begin(), shape.end());
  blocks.shape[axis] = llvm::divideCeil(shape[axis], blockSize);
  if (shapeOf(scales) != ArrayRef<int64_t>(blocks.shape))
    return node.error() << "scale is " << scales.getType() << ", expected shape " << shapeText(blocks.shape)
                        << " for blocks of " << blockSize << " along dimension " << axis << " of " << shapeText(shape);
  blocks.axis = axis;
  // The only block may be larger than the data.
  blocks.group = std::min(blockSize, std::max<int64_t>(shape[axis], 1));
  return blocks;
}

/// Zeros by `shape`. Those that do not differ need no place each: they are what they
/// all are, with no dimension but those of 1; nothing for 0.
static std::optional<Value> zerosOf(OnnxNode &node, Value zeros, ArrayRef<int64_t> shape) {
  FailureOr<reference::Tensor> known = failure();
  if (reference::elementBytes(node.elementOf(zeros)) == 1)
    known = node.context.constants.read(zeros);
  if (failed(known) || known->bytes.empty() || !llvm::all_equal(known->bytes))
    return node.reshape(zeros, shape);
  if (known->bytes.front() == 0)
    return std::nullopt;
  return node.splatOf(node.elementOf(zeros), SmallVector<int64_t>(shape.size(), 1), double(known->getInt(0)));
}

Value dequantize(OnnxNode &node, Value q, const Granularity &granularity, Value scales, Value zeros, Type result) {
  if (!q || !scales)
    return {};
  glm::DequantizeOp::Properties properties;
  properties.axis = node.integer(granularity.axis);
  properties.group = node.integer(granularity.group);
  SmallVector<Value> operands = {q, node.reshape(scales, granularity.shape)};
  if (zeros)
    if (std::optional<Value> needed = zerosOf(node, zeros, granularity.shape))
      operands.push_back(*needed);
  RankedTensorType type = node.type(result, shapeOf(q));
  return type ? node.make<glm::DequantizeOp>(operands, properties, type) : Value();
}

Value quantize(OnnxNode &node, Value x, Value scale, Value zero, IntegerType integers) {
  return x && scale ? roundTo(node, node.make<glm::DivOp>({x, scale}), zero, integers) : Value();
}

Value roundTo(OnnxNode &node, Value x, Value zero, IntegerType integers) {
  if (!x)
    return {};
  Value value = node.make<glm::RoundOp>(x);
  if (zero)
    value = node.make<glm::AddOp>({value, zero});
  const double steps = double(int64_t(1) << integers.getWidth()), lowest = integers.isUnsigned() ? 0 : -steps / 2;
  value = withScalar<glm::MaxOp>(node, value, lowest);
  value = withScalar<glm::MinOp>(node, value, lowest + steps - 1);
  return node.cast(value, integers);
}

/// The bytes of `packed` as 4-bit integers of `type`, two a byte. Null if it is
/// no constant.
static Value nibblesOf(OnnxNode &node, Value packed, RankedTensorType type) {
  auto weight = packed.getDefiningOp<glm::WeightOp>();
  if (weight && weight.getStored().getEncoding() == "raw") {
    glm::StoredAttr stored = weight.getStored();
    return glm::WeightOp::create(node.builder(), weight.getLoc(), type, weight.getNameAttr(),
                                 glm::StoredAttr::get(node.builder().getContext(), stored.getFile(),
                                                      stored.getOffset(), stored.getBytes(), "nibbles"));
  }
  FailureOr<reference::Tensor> bytes = node.context.constants.read(packed);
  return succeeded(bytes) ? node.constant(reference::attributeOf(unpackNibbles(type, bytes->bytes))) : Value();
}

Value packedIntegers(OnnxNode &node, unsigned input, StringRef name, int64_t bits, ArrayRef<int64_t> shape) {
  Value packed = node.input(input);
  const int64_t perByte = 8 / bits, perRow = shape.back();
  SmallVector<int64_t> padded(shape);
  padded.back() = llvm::alignTo(perRow, perByte);
  RankedTensorType type = node.type(node.builder().getIntegerType(unsigned(bits), false), padded);
  if (!type)
    return {};
  const int64_t bytes = type.getNumElements() / perByte;
  if (!node.elementOf(packed).isUnsignedInteger(8) || node.typeOf(packed).getNumElements() != bytes) {
    node.error() << "'" << name << "' is " << packed.getType() << ", expected "
                 << (padded.back() ? type.getNumElements() / padded.back() : 0) << " rows of "
                 << padded.back() / perByte << " uint8 each";
    return {};
  }
  if (bits == 8)
    return node.reshape(packed, shape);
  Value integers = nibblesOf(node, packed, type);
  if (!integers) {
    node.error() << "'" << name << "' ('" << node.proto.input(input) << "') is not a constant of the model";
    return {};
  }
  return slice(node, integers, int64_t(shape.size()) - 1, 0, perRow);
}

} // namespace glmc::onnximport
