//===- Tensor.cpp - Element types as bytes, and constants as tensors --------===//
//
// All knowledge about how an element type is stored is in the codecs here. The
// 16-bit floats are encoded by definition (quantum, then nearest even), because
// neither the compiler nor the CPU may know them.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Tensor.h"

#include "dialects/glm/reference/Elements.h"

#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

using namespace mlir;

namespace glmc::reference {
namespace {

/// The largest tensor that isHoldable allows.
constexpr int64_t maximumBytes = int64_t(64) << 30;
/// Constants of more bytes than this are resources, not text in the IR.
constexpr int64_t maximumDenseBytes = 4096;

/// A float as an integer type: truncated, saturated, NaN as 0. ONNX leaves
/// out-of-range values open; this is what LLVM's fptosi.sat and ARM do.
template <typename Integer>
Integer saturate(double value) {
  using Limits = std::numeric_limits<Integer>;
  if (std::isnan(value))
    return 0;
  if (value >= std::ldexp(1.0, Limits::digits))
    return Limits::max();
  if (value <= static_cast<double>(Limits::min()))
    return Limits::min();
  return static_cast<Integer>(value);
}

template <typename T>
struct PlainCodec {
  using Stored = T;
  static double toFloat(T value) { return static_cast<double>(value); }
  static int64_t toInt(T value) {
    if constexpr (std::is_floating_point_v<T>)
      return saturate<int64_t>(value);
    else
      return static_cast<int64_t>(value);
  }
  static T fromFloat(double value) {
    if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(value);
    else
      return saturate<T>(value);
  }
  static T fromInt(int64_t value) { return static_cast<T>(value); }
};

struct BoolCodec {
  using Stored = uint8_t;
  static double toFloat(uint8_t value) { return value != 0; }
  static int64_t toInt(uint8_t value) { return value != 0; }
  static uint8_t fromFloat(double value) { return value != 0; } // NaN is true
  static uint8_t fromInt(int64_t value) { return value != 0; }
};

/// An integer of 4 bits in a byte, its sign extended.
template <bool isSigned>
struct FourBitCodec {
  using Stored = uint8_t;
  static double toFloat(uint8_t value) { return static_cast<double>(toInt(value)); }
  static int64_t toInt(uint8_t value) { return isSigned ? int64_t((value & 15) ^ 8) - 8 : value & 15; }
  static uint8_t fromFloat(double value) {
    if (std::isnan(value))
      return 0;
    return fromInt(static_cast<int64_t>(std::clamp(value, isSigned ? -8.0 : 0.0, isSigned ? 7.0 : 15.0)));
  }
  static uint8_t fromInt(int64_t value) { return static_cast<uint8_t>(toInt(static_cast<uint8_t>(value))); }
};

/// A float of 16 bits, `mantissa` of them after the point.
template <int mantissa>
struct NarrowFloatCodec {
  using Stored = uint16_t;
  static constexpr int infinity = 0x7fff >> mantissa << mantissa;
  static constexpr int bias = (0x7fff >> mantissa) / 2;
  static constexpr int smallestExponent = 1 - bias;

  static double toFloat(uint16_t bits) {
    int exponent = (bits & 0x7fff) >> mantissa;
    int fraction = bits & ((1 << mantissa) - 1);
    double value;
    if ((bits & infinity) == infinity)
      value = fraction ? std::nan("") : HUGE_VAL;
    else if (exponent == 0)
      value = std::ldexp(fraction, smallestExponent - mantissa);
    else
      value = std::ldexp(fraction + (1 << mantissa), exponent - bias - mantissa);
    return bits & 0x8000 ? -value : value;
  }
  static uint16_t fromFloat(double value) {
    uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value))
      return infinity | 1 << (mantissa - 1);
    value = std::fabs(value);
    if (std::isinf(value))
      return sign | infinity;
    if (value == 0)
      return sign;
    // The distance between neighbours near `value` is 2^(exponent - mantissa);
    // how many of them it is, rounded to nearest even. A carry of the rounding
    // moves into the exponent bits by itself.
    int exponent = std::max(std::ilogb(value), smallestExponent);
    if (exponent > bias)
      return sign | infinity;
    int quanta = static_cast<int>(std::nearbyint(std::ldexp(value, mantissa - exponent)));
    int bits = ((exponent - smallestExponent) << mantissa) + quanta;
    return sign | std::min(bits, infinity);
  }
  static int64_t toInt(uint16_t bits) { return saturate<int64_t>(toFloat(bits)); }
  static uint16_t fromInt(int64_t value) { return fromFloat(static_cast<double>(value)); }
};

/// Calls visit(codec of the element type); false if the dialect has no such type.
template <typename Visit>
bool withCodec(Type element, Visit visit) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    if (integer.isSigned() || (integer.isUnsigned() && integer.getWidth() == 1))
      return false;
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return visit(BoolCodec()), true;
    case 4:
      return isUnsigned ? visit(FourBitCodec<false>()) : visit(FourBitCodec<true>()), true;
    case 8:
      return isUnsigned ? visit(PlainCodec<uint8_t>()) : visit(PlainCodec<int8_t>()), true;
    case 16:
      return isUnsigned ? visit(PlainCodec<uint16_t>()) : visit(PlainCodec<int16_t>()), true;
    case 32:
      return isUnsigned ? visit(PlainCodec<uint32_t>()) : visit(PlainCodec<int32_t>()), true;
    case 64:
      return isUnsigned ? visit(PlainCodec<uint64_t>()) : visit(PlainCodec<int64_t>()), true;
    default:
      return false;
    }
  }
  if (element.isF16())
    return visit(NarrowFloatCodec<10>()), true;
  if (element.isBF16())
    return visit(NarrowFloatCodec<7>()), true;
  if (element.isF32())
    return visit(PlainCodec<float>()), true;
  if (element.isF64())
    return visit(PlainCodec<double>()), true;
  return false;
}

template <typename Codec>
typename Codec::Stored load(const Tensor &tensor, int64_t i) {
  typename Codec::Stored stored;
  std::memcpy(&stored, tensor.bytes.data() + i * sizeof(stored), sizeof(stored));
  return stored;
}

template <typename Codec>
void store(Tensor &tensor, int64_t i, typename Codec::Stored stored) {
  std::memcpy(tensor.bytes.data() + i * sizeof(stored), &stored, sizeof(stored));
}

/// Makes every nonzero byte of a bool tensor 1.
void normalizeBools(Tensor &tensor) {
  if (tensor.type.getElementType().isInteger(1))
    for (uint8_t &byte : tensor.bytes)
      byte = byte != 0;
}

} // namespace

int64_t elementBytes(Type element) {
  int64_t bytes = 0;
  withCodec(element, [&](auto codec) { bytes = sizeof(typename decltype(codec)::Stored); });
  return bytes;
}

bool isHoldable(RankedTensorType type) {
  int64_t bytes = elementBytes(type.getElementType());
  if (bytes == 0 || !type.hasStaticShape())
    return false;
  // An empty tensor is small however large its other dimensions are, but they
  // must not overflow strides either.
  for (int64_t dim : type.getShape())
    if (llvm::MulOverflow(bytes, std::max<int64_t>(dim, 1), bytes) || bytes > maximumBytes)
      return false;
  return true;
}

Tensor::Tensor(RankedTensorType type)
    : type(type), bytes(type.getNumElements() * elementBytes(type.getElementType())) {}

double Tensor::getFloat(int64_t i) const {
  double value = 0;
  withCodec(type.getElementType(), [&](auto codec) { value = codec.toFloat(load<decltype(codec)>(*this, i)); });
  return value;
}

int64_t Tensor::getInt(int64_t i) const {
  int64_t value = 0;
  withCodec(type.getElementType(), [&](auto codec) { value = codec.toInt(load<decltype(codec)>(*this, i)); });
  return value;
}

void Tensor::setFloat(int64_t i, double value) {
  withCodec(type.getElementType(), [&](auto codec) { store<decltype(codec)>(*this, i, codec.fromFloat(value)); });
}

void Tensor::setInt(int64_t i, int64_t value) {
  withCodec(type.getElementType(), [&](auto codec) { store<decltype(codec)>(*this, i, codec.fromInt(value)); });
}

std::vector<double> floatsOf(const Tensor &tensor) {
  std::vector<double> values(tensor.size());
  withCodec(tensor.type.getElementType(), [&](auto codec) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = codec.toFloat(load<decltype(codec)>(tensor, i));
  });
  return values;
}

std::vector<int64_t> integersOf(const Tensor &tensor) {
  std::vector<int64_t> values(tensor.size());
  withCodec(tensor.type.getElementType(), [&](auto codec) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = codec.toInt(load<decltype(codec)>(tensor, i));
  });
  return values;
}

Tensor tensorOfFloats(RankedTensorType type, ArrayRef<double> values) {
  Tensor tensor(type);
  withCodec(type.getElementType(), [&](auto codec) {
    for (size_t i = 0; i < values.size(); ++i)
      store<decltype(codec)>(tensor, i, codec.fromFloat(values[i]));
  });
  return tensor;
}

Tensor tensorOfIntegers(RankedTensorType type, ArrayRef<int64_t> values) {
  Tensor tensor(type);
  withCodec(type.getElementType(), [&](auto codec) {
    for (size_t i = 0; i < values.size(); ++i)
      store<decltype(codec)>(tensor, i, codec.fromInt(values[i]));
  });
  return tensor;
}

Dims rowMajorStrides(ArrayRef<int64_t> shape) {
  Dims strides(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

Dims broadcastStrides(ArrayRef<int64_t> shape, ArrayRef<int64_t> result) {
  Dims own = rowMajorStrides(shape);
  Dims strides(result.size(), 0);
  size_t missing = result.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    if (shape[d] != 1)
      strides[missing + d] = own[d];
  return strides;
}

FailureOr<Tensor> tensorOf(ElementsAttr attr) {
  if (!attr)
    return failure();
  auto type = dyn_cast<RankedTensorType>(attr.getShapedType());
  if (!type || !isHoldable(type))
    return failure();
  Tensor tensor(type);
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    if (type.getElementType().isInteger(1)) {
      // Bools are stored differently in different versions of MLIR.
      llvm::copy(dense.getValues<bool>(), tensor.bytes.begin());
      return tensor;
    }
    ArrayRef<char> raw = dense.getRawData();
    size_t step = dense.isSplat() ? 0 : elementBytes(type.getElementType());
    if (step != 0 && raw.size() != tensor.bytes.size())
      return failure();
    if (step != 0 && !raw.empty())
      std::memcpy(tensor.bytes.data(), raw.data(), raw.size());
    for (size_t at = 0; step == 0 && at < tensor.bytes.size(); at += raw.size())
      std::memcpy(tensor.bytes.data() + at, raw.data(), raw.size());
    return tensor;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != tensor.bytes.size())
      return failure();
    if (!tensor.bytes.empty())
      std::memcpy(tensor.bytes.data(), blob->getData().data(), tensor.bytes.size());
    normalizeBools(tensor);
    return tensor;
  }
  return failure();
}

ElementsAttr attributeOf(const Tensor &tensor) {
  ArrayRef<char> raw(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
  if (raw.size() <= maximumDenseBytes) {
    if (!tensor.type.getElementType().isInteger(1))
      return cast<ElementsAttr>(DenseElementsAttr::getFromRawBuffer(tensor.type, raw));
    SmallVector<bool> bools(tensor.bytes.begin(), tensor.bytes.end());
    return cast<ElementsAttr>(DenseElementsAttr::get(tensor.type, ArrayRef<bool>(bools)));
  }
  // Named by content, so that dumps do not depend on the order of folding, and
  // equal constants are one. The lock keeps two threads from inserting one name.
  static std::mutex lock;
  std::lock_guard<std::mutex> guard(lock);
  std::string key =
      "c_" + llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(tensor.bytes)), /*LowerCase=*/true, /*Width=*/16);
  auto &manager = DenseResourceElementsHandle::getManagerInterface(tensor.type.getContext());
  if (auto *entry = manager.getBlobManager().lookup(key))
    if (entry->getBlob() && entry->getBlob()->getData() == raw)
      return cast<ElementsAttr>(DenseResourceElementsAttr::get(
          tensor.type, DenseResourceElementsHandle(entry, cast<BuiltinDialect>(manager.getDialect()))));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, alignof(std::max_align_t), /*dataIsMutable=*/false);
  return cast<ElementsAttr>(DenseResourceElementsAttr::get(tensor.type, key, std::move(blob)));
}

} // namespace glmc::reference
