//===- ImportBlockQuantized.cpp - ONNX Runtime's packed weights -------------===//
//
// Unsigned integers of 4 or 8 bits in bytes, low bits first, each row starting in
// a new byte, with a scale a block. A zero point that is left out is the middle of
// the range, 2^(bits - 1), but for tensors that are int4 or uint4 already: 0.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Quantize.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

LogicalResult checkBlocks(OnnxNode &node, int64_t bits, int64_t blockSize) {
  if (bits != 4 && bits != 8)
    return node.error() << "'bits' is " << bits << ", expected 4 or 8";
  if (blockSize < 16 || blockSize > (int64_t(1) << 30) || !llvm::isPowerOf2_64(blockSize))
    return node.error() << "'block_size' is " << blockSize << ", expected a power of 2 from 16 on";
  return success();
}

/// The zero point of packed bytes that have none.
Value middleOf(OnnxNode &node, int64_t bits, ArrayRef<int64_t> shape) {
  return node.splatOf(node.builder().getIntegerType(unsigned(bits), false), shape, double(int64_t(1) << (bits - 1)));
}

/// What MatMulNBits multiplies.
struct PackedWeight {
  int64_t n, k, bits, blockSize;
  int64_t blocks() const { return llvm::divideCeil(k, blockSize); }
};

/// W [N, K] in f32, or f64 where that is what is multiplied.
Value weightOf(OnnxNode &node, const PackedWeight &packed, Type element) {
  Value scales = node.input(2), zeros = node.input(3);
  const int64_t blocks = packed.blocks();
  auto hasOneABlock = [&](Value value, StringRef name) {
    if (node.typeOf(value).getNumElements() == packed.n * blocks)
      return true;
    node.error() << "'" << name << "' is " << value.getType() << ", expected " << packed.n << " times " << blocks
                 << (isNumbers(value) ? " floating-point elements" : " elements");
    return false;
  };
  if (!isNumbers(scales)) {
    node.error() << "'scales' is " << scales.getType() << ", expected floating-point elements";
    return {};
  }
  if (!hasOneABlock(scales, "scales"))
    return {};
  Value weight = packedIntegers(node, 1, "B", packed.bits, {packed.n, blocks * packed.blockSize});
  if (!weight)
    return {};
  Granularity granularity{{packed.n, blocks}, 1, std::min(packed.blockSize, packed.k)};
  if (!zeros)
    zeros = middleOf(node, packed.bits, granularity.shape);
  else if (!isNumbers(zeros))
    zeros = packedIntegers(node, 3, "zero_points", packed.bits, {packed.n, blocks});
  else if (!hasOneABlock(zeros, "zero_points"))
    return {};
  if (!zeros)
    return {};
  return dequantize(node, slice(node, weight, 1, 0, packed.k), granularity, scales, zeros, element);
}

/// A @ W^T + bias with W [N, K] in blocks along K. Computed in f32, as ONNX Runtime
/// does where A has 16 bits: weights are rounded once, to their integers.
LogicalResult importMatMulNBits(OnnxNode &node) {
  Value a = node.input(0), bias = node.input(5);
  const PackedWeight packed = {node.intAttribute("N", 0), node.intAttribute("K", 0), node.intAttribute("bits", 4),
                               node.intAttribute("block_size", 0)};
  const int64_t n = packed.n, k = packed.k, most = int64_t(1) << 30;
  if (failed(checkBlocks(node, packed.bits, packed.blockSize)) || failed(requireInt(node, "weight_prepacked", 0)) ||
      failed(requireAbsent(node, 4, "g_idx")))
    return failure();
  if (n < 1 || k < 1 || n > most || k > most || !isNumbers(a) || shapeOf(a).empty() || shapeOf(a).back() != k)
    return node.error() << "'A' is " << a.getType() << ", 'K' " << k << " and 'N' " << n
                        << ", expected floats with rows of K";
  if (bias && (!isNumbers(bias) || node.typeOf(bias).getNumElements() != n))
    return node.error() << "'bias' is " << bias.getType() << ", expected " << n << " elements";
  Type stored = node.elementOf(a), element = stored.isF64() ? stored : node.builder().getF32Type();
  Value weight = weightOf(node, packed, element);
  if (!weight)
    return failure();
  // One row is a matrix of one row.
  SmallVector<int64_t> shape(shapeOf(a));
  if (shape.size() == 1)
    a = node.reshape(a, {1, k});
  glm::MatmulOp::Properties properties;
  properties.transpose_rhs = node.builder().getUnitAttr();
  Value product = node.make<glm::MatmulOp>({node.cast(a, element), weight}, properties);
  if (product && bias)
    product = node.make<glm::AddOp>({product, node.cast(node.reshape(bias, {n}), element)});
  shape.back() = n;
  return node.setOutput(node.reshape(node.cast(product, stored), shape));
}

/// Integers, scales and zeros of a table, of which rows are gathered: only those
/// are dequantised, when the program runs.
LogicalResult importGatherBlockQuantized(OnnxNode &node) {
  Value data = node.input(0), indices = node.input(1), scales = node.input(2), zeros = node.input(3);
  const bool isUnpacked = isFourBit(data);
  const int64_t bits = isUnpacked ? 4 : node.intAttribute("bits", 4), blockSize = node.intAttribute("block_size", 128);
  if (failed(checkBlocks(node, bits, blockSize)))
    return failure();
  const int64_t rank = int64_t(shapeOf(data).size());
  FailureOr<int64_t> gatherAxis = node.axisOf(node.intAttribute("gather_axis", 0), rank);
  FailureOr<int64_t> blockAxis = node.axisOf(node.intAttribute("quantize_axis", 1), rank);
  if (failed(gatherAxis) || failed(blockAxis))
    return failure();
  if (*gatherAxis == *blockAxis || !isNumbers(scales) || !(isUnpacked || node.elementOf(data).isUnsignedInteger(8)))
    return node.error() << "gathers " << data.getType() << " with scales of " << scales.getType() << " along dimension "
                        << *gatherAxis << " with blocks along " << *blockAxis
                        << ", expected int4, uint4 or uint8 and two dimensions";
  SmallVector<int64_t> shape(shapeOf(data));
  const bool isPacked = !isUnpacked && bits == 4;
  if (isPacked && shape.back() > (int64_t(1) << 30))
    return node.error() << "'data' is " << data.getType() << ", expected rows of at most 2^30";
  if (isPacked)
    shape.back() *= 2;
  FailureOr<Granularity> blocks = blocksOf(node, shape, scales, *blockAxis, blockSize);
  if (failed(blocks))
    return failure();
  if (isPacked)
    data = packedIntegers(node, 0, "data", bits, shape);
  if (!zeros)
    zeros = isUnpacked ? Value() : middleOf(node, bits, blocks->shape);
  else if (isPacked)
    zeros = packedIntegers(node, 3, "zero_points", bits, blocks->shape);
  else if (node.elementOf(zeros) != node.elementOf(data) || shapeOf(zeros) != ArrayRef<int64_t>(blocks->shape))
    return node.error() << "'zero_points' is " << zeros.getType() << ", expected shape " << shapeText(blocks->shape)
                        << " and elements of type " << node.elementOf(data);
  if (!data || (!zeros && !isUnpacked))
    return failure();
  Value table = dequantize(node, data, *blocks, scales, zeros, node.elementOf(scales));
  return node.setOutput(table ? gather(node, table, indices, *gatherAxis) : table);
}

} // namespace

void addBlockQuantized(Registry &registry) {
  registry.add("com.microsoft.MatMulNBits", 3, importMatMulNBits);
  registry.add("com.microsoft.GatherBlockQuantized", 3, importGatherBlockQuantized);
}

} // namespace glmc::onnximport
