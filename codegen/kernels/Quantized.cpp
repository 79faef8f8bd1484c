//===- Quantized.cpp - Numbers from integers as index functions -------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"

#include <cmath>
#include <cstring>
#include <optional>

using namespace Halide;

namespace glmc::kernels {

namespace {

/// The index of the group that an element belongs to, in scales or zeros.
Index groupOf(const Node &node, const Index &index, const Shape &shape) {
  Index group = index;
  const size_t axis = static_cast<size_t>(integer(node, "axis"));
  group[axis] = group[axis] / static_cast<int>(std::min<int64_t>(integer(node, "group"), INT32_MAX));
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1)
      group[i] = 0;
  return group;
}

/// (q - zero) * scale in f32. Each operation is rounded on its own in both modes.
Expr dequantizeAt(Builder &builder, const Node &node, const Index &index) {
  const Kernel &kernel = builder.kernel;
  auto number = [&](int value, const Index &at) { return cast<float>(builder.computeAt(value, at)); };
  const int scales = node.operands.at(1);
  Expr q = number(node.operands.at(0), index);
  if (node.operands.size() > 2)
    q = q - number(node.operands[2], groupOf(node, index, kernel.typeOf(node.operands[2]).shape));
  return fromCompute(q * number(scales, groupOf(node, index, kernel.typeOf(scales).shape)), node.type.element);
}

/// The f32 number that a constant is everywhere.
std::optional<float> splatOf(const Builder &builder, int value) {
  const int arguments = static_cast<int>(builder.kernel.arguments.size());
  if (value < arguments)
    return std::nullopt;
  const Node &node = builder.kernel.nodes[value - arguments];
  if (node.op != "constant" || node.type.element != Element::f32 || node.data.size() < sizeof(float))
    return std::nullopt;
  float first, other;
  std::memcpy(&first, node.data.data(), sizeof(float));
  for (size_t at = sizeof(float); at + sizeof(float) <= node.data.size(); at += sizeof(float)) {
    std::memcpy(&other, node.data.data() + at, sizeof(float));
    if (other != first)
      return std::nullopt;
  }
  return first;
}

/// If `value` is `op` of something and a number: the something, and the number.
bool isWithNumber(const Builder &builder, int value, const char *op, int &something, float &number) {
  const int arguments = static_cast<int>(builder.kernel.arguments.size());
  if (value < arguments || builder.isDefined(value))
    return false;
  const Node &node = builder.kernel.nodes[value - arguments];
  if (node.op != op || node.operands.size() != 2)
    return false;
  for (int side : {1, 0})
    if (std::optional<float> splat = splatOf(builder, node.operands[side])) {
      something = node.operands[1 - side];
      number = *splat;
      return builder.kernel.typeOf(something).shape == node.type.shape;
    }
  return false;
}

} // namespace

Expr saturatedAt(Builder &builder, const Node &cast, const Index &index) {
  const Kernel &kernel = builder.kernel;
  const int arguments = static_cast<int>(kernel.arguments.size());
  const bool isSigned = cast.type.element == Element::i8;
  if ((!isSigned && cast.type.element != Element::u8) || kernel.typeOf(cast.operands[0]).element != Element::f32)
    return Expr();
  int value = cast.operands[0];
  float high = 0, low = 0, zero = 0;
  if (!isWithNumber(builder, value, "min", value, high) || !isWithNumber(builder, value, "max", value, low) ||
      low != (isSigned ? -128.f : 0.f) || high != low + 255)
    return Expr();
  isWithNumber(builder, value, "add", value, zero);
  if (value < arguments || builder.isDefined(value) || kernel.nodes[value - arguments].op != "round" ||
      zero != std::nearbyint(zero) || std::fabs(zero) > 255)
    return Expr();
  Expr x = builder.computeAt(kernel.nodes[value - arguments].operands[0], index);
  const Expr magic = 12582912.f; // 1.5 * 2^23: of a sum with it the last bits are the integer.
  const int magicBits = 0x4b400000 - static_cast<int>(zero);
  if (builder.schedule("vector", 1) == 1) {
    // Sums that are too large are large as integers, too; small machines saturate in
    // one instruction.
    Expr integer = Halide::saturating_sub(reinterpret<int>(math::add(x, magic)), Expr(magicBits));
    return Halide::cast(storageType(cast.type.element), clamp(integer, static_cast<int>(low), static_cast<int>(high)));
  }
  // Bounds are integers, so they may come before rounding; the choices are those that
  // CPUs have instructions for.
  Expr least = low - zero, most = high - zero;
  x = select(math::less(least, x), x, least);
  x = select(math::less(x, most), x, most);
  Expr bits = reinterpret<int>(math::add(x, magic));
  return Halide::cast(storageType(cast.type.element), bits - magicBits);
}

void addQuantizedOps(OpTable &table) { table["dequantize"] = dequantizeAt; }

} // namespace glmc::kernels
