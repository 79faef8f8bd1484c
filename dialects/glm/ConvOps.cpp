//===- ConvOps.cpp - Shapes of convolutions and pools -----------------------===//
#include "dialects/glm/GlmOps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::glm {
namespace {

/// Sizes, strides and pads are below this, so that sums of products of two fit
/// into 64 bits.
constexpr int64_t limit = int64_t(1) << 31;

/// What slides over a tensor of a rank.
struct Windows {
  ArrayRef<int64_t> kernel, strides, dilations, pads;
  bool ceilMode;

  /// Emits what is wrong with them, if anything is.
  LogicalResult check(std::optional<Location> loc, RankedTensorType x) const {
    const int64_t space = x.getRank() - 2;
    if (space < 0)
      return emitOptionalError(loc, "operand is ", x, ", expected a batch and channels at least");
    if (int64_t(kernel.size()) != space || int64_t(strides.size()) != space || int64_t(dilations.size()) != space ||
        int64_t(pads.size()) != 2 * space)
      return emitOptionalError(loc, "kernel has ", kernel.size(), " sizes, ", strides.size(), " strides, ",
                               dilations.size(), " dilations and ", pads.size(), " pads, expected ", space, " each and ",
                               2 * space, " pads for ", x);
    for (ArrayRef<int64_t> sizes : {kernel, strides, dilations})
      for (int64_t size : sizes)
        if (size < 1 || size >= limit)
          return emitOptionalError(loc, "has a kernel size, stride or dilation of ", size, ", expected 1 to ", limit - 1);
    for (int64_t pad : pads)
      if (pad < 0 || pad >= limit)
        return emitOptionalError(loc, "has a pad of ", pad, ", expected 0 to ", limit - 1);
    return success();
  }

  /// How many windows there are along dimension i of space.
  FailureOr<int64_t> count(std::optional<Location> loc, size_t i, int64_t size) const {
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t padded = size + pads[i] + pads[kernel.size() + i];
    if (padded < extent)
      return emitOptionalError(loc, "a window of ", extent, " elements does not fit into dimension ", i, " of space, ",
                               size, " elements with pads of ", pads[i], " and ", pads[kernel.size() + i]);
    int64_t windows = (padded - extent) / strides[i] + 1;
    if (ceilMode && (padded - extent) % strides[i] && windows * strides[i] < size + pads[i])
      ++windows;
    return windows;
  }

  /// The result's shape; `channels` is how many it has.
  FailureOr<SmallVector<int64_t>> shape(std::optional<Location> loc, RankedTensorType x, int64_t channels,
                                        bool channelsLast) const {
    SmallVector<int64_t> result = {x.getDimSize(0)};
    if (!channelsLast)
      result.push_back(channels);
    for (size_t i = 0; i < kernel.size(); ++i) {
      FailureOr<int64_t> windows = count(loc, i, x.getDimSize(i + (channelsLast ? 1 : 2)));
      if (failed(windows))
        return failure();
      result.push_back(*windows);
    }
    if (channelsLast)
      result.push_back(channels);
    return result;
  }
};

/// The type that a convolution of these gives; null where they do not go together.
Type resultElement(Type x, Type w) {
  if (isa<FloatType>(x))
    return x == w ? x : Type();
  const bool isInteger = isa<IntegerType>(w) && !x.isInteger(1) && !w.isInteger(1);
  return isInteger && x.getIntOrFloatBitWidth() <= 32 && w.getIntOrFloatBitWidth() <= 32
             ? Type(IntegerType::get(x.getContext(), 32))
             : Type();
}

} // namespace

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &results) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = logicalType(op.getX().getType()), w = logicalType(op.getW().getType());
  const Windows windows = {op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(), false};
  if (failed(windows.check(loc, x)))
    return failure();
  Type element = resultElement(x.getElementType(), w.getElementType());
  if (!element)
    return emitOptionalError(loc, "cannot convolve ", x, " with ", w,
                             ", expected floats of one type or integers of at most 32 bits");
  const int64_t groups = op.getGroups(), channels = op.getChannelsLast() ? x.getShape().back() : x.getDimSize(1);
  if (groups < 1 || channels % groups || w.getRank() != 2 || w.getDimSize(0) % groups)
    return emitOptionalError(loc, "cannot cut ", channels, " channels and weights of ", w, " into ", groups, " groups");
  int64_t columns = channels / groups;
  for (int64_t size : windows.kernel)
    if (llvm::MulOverflow(columns, size, columns))
      return emitOptionalError(loc, "has a kernel of too many elements");
  if (w.getDimSize(1) != columns)
    return emitOptionalError(loc, "has weights of ", w, ", expected ", columns, " columns for ", channels / groups,
                             " channels of a group and the kernel");
  if (const int64_t value = int64_t(op.getPadValue().value_or(0)); value != 0) {
    auto integer = dyn_cast<IntegerType>(x.getElementType());
    const int64_t width = integer ? integer.getWidth() : 0, least = integer && !integer.isUnsigned() ? -1 : 0;
    if (!integer || value < least * (int64_t(1) << (width - 1)) ||
        value >= int64_t(1) << (integer.isUnsigned() ? width : width - 1))
      return emitOptionalError(loc, "pads ", x, " with ", value, ", which is none of its elements");
  }
  auto shape = windows.shape(loc, x, w.getDimSize(0), op.getChannelsLast());
  if (failed(shape))
    return failure();
  results.push_back(RankedTensorType::get(*shape, element));
  return success();
}

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &results) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = logicalType(op.getX().getType());
  const Windows windows = {op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(), op.getCeilMode()};
  if (failed(windows.check(loc, x)))
    return failure();
  Type element = x.getElementType();
  const bool isFloat = isa<FloatType>(element), isBool = element.isInteger(1);
  if (op.getKind() == "sum" && !isFloat && !isBool && element.getIntOrFloatBitWidth() <= 32)
    element = IntegerType::get(context, 32);
  else if (isBool || (op.getKind() == "average" ? !isFloat : op.getKind() != "max"))
    return emitOptionalError(loc, "is '", op.getKind(), "' of ", x,
                             ", expected max of numbers, average of floats or sum of integers of at most 32 bits");
  auto shape = windows.shape(loc, x, op.getChannelsLast() ? x.getShape().back() : x.getDimSize(1), op.getChannelsLast());
  if (failed(shape))
    return failure();
  results.push_back(RankedTensorType::get(*shape, element));
  return success();
}

} // namespace glmc::glm
