//===- Rounding.cpp - Weights in fewer bits ---------------------------------===//
//
// Weights of a big model pass through here, so loops are over several groups at
// once, whose numbers are laid side by side first, and tasks run on all cores. What
// comes out does not depend on how many there are: groups know nothing of each other.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/Rounding.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace glmc::glm {
namespace {

float asFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

uint32_t asBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// IEEE binary16, rounded to nearest even.
uint16_t halfOf(float value) {
  const uint32_t bits = asBits(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return uint16_t(sign | 0x7e00);
  if (magnitude >= 0x47800000) // 65536 and more; what rounds to it carries below.
    return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) { // Below the normal ones: multiples of 2^-24.
    const float quanta = std::nearbyint(std::ldexp(asFloat(magnitude), 24));
    return uint16_t(sign | uint32_t(quanta));
  }
  const uint32_t rebased = magnitude - 0x38000000;
  return uint16_t(sign | (rebased + 0xfff + (rebased >> 13 & 1)) >> 13);
}

float floatOfHalf(uint16_t half) {
  const uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff;
  float value;
  if (exponent == 0)
    value = std::ldexp(float(fraction), -24);
  else
    value = asFloat(exponent == 31 ? 0x7f800000 | fraction << 13 : (exponent + 112) << 23 | fraction << 13);
  return half & 0x8000 ? -value : value;
}

uint16_t bfloatOf(float value) {
  const uint32_t bits = asBits(value);
  return std::isnan(value) ? uint16_t(bits >> 16 | 0x40) : uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// `count` elements of a float type.
void readFloats(Type element, const uint8_t *from, int64_t count, float *values) {
  if (element.isF32()) {
    std::memcpy(values, from, count * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (element.isF64()) {
      double value;
      std::memcpy(&value, from + i * sizeof(value), sizeof(value));
      values[i] = float(value);
      continue;
    }
    uint16_t bits;
    std::memcpy(&bits, from + i * sizeof(bits), sizeof(bits));
    values[i] = element.isF16() ? floatOfHalf(bits) : asFloat(uint32_t(bits) << 16);
  }
}

void roundToHalves(RoundingAttr rounding, const uint8_t *from, std::vector<uint8_t> &part) {
  constexpr int64_t together = 4096;
  const Type element = rounding.getFrom().getElementType();
  const int64_t count = rounding.getFrom().getNumElements(), bytes = elementBytes(element);
  const bool isHalf = rounding.getTo().isF16();
  part.resize(count * 2);
  float values[together];
  for (int64_t at = 0; at < count; at += together) {
    const int64_t size = std::min(together, count - at);
    readFloats(element, from + at * bytes, size, values);
    for (int64_t i = 0; i < size; ++i) {
      const uint16_t bits = isHalf ? halfOf(values[i]) : bfloatOf(values[i]);
      std::memcpy(&part[(at + i) * 2], &bits, sizeof(bits));
    }
  }
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Groups that are rounded together: number k of one lies beside number k of the
/// next, so that loops over them become vector instructions.
constexpr int lanes = 16;
/// Columns that a task takes.
constexpr int64_t taskColumns = 64 * lanes;
/// The largest f16, which scales stop at.
constexpr float largestScale = 65504;

/// Into how many steps of the scale the largest number is cut, for candidates of
/// scales. The first is the common rule; where several are as good it is taken.
constexpr float signedCuts[] = {8, 8.75, 8.5, 8.25, 7.75, 7.5, 7.25, 7, 6.75, 6.5};
/// The same for the range from the lowest number to the highest.
constexpr float unsignedCuts[] = {15, 14, 14.5, 15.5, 16, 16.5, 17, 17.5};

/// To nearest, halves to even; for numbers below 2^22.
float roundSmall(float x) {
  constexpr float shift = 12582912; // 1.5 * 2^23: what is added to it has no fraction.
  return (x + shift) - shift;
}

/// To an f16, as a float; infinities stop at the largest.
float roundToHalf(float value) {
  const float x = std::clamp(value, -largestScale, largestScale);
  // Below the normal ones they are multiples of 2^-24, as floats near 0.75 are.
  const float small = std::copysign((x + 0.75f) - 0.75f, x);
  const uint32_t bits = asBits(x), rounded = (bits + 0xfff + (bits >> 13 & 1)) & ~uint32_t(0x1fff);
  return std::fabs(x) < 0x1p-14f ? small : asFloat(rounded);
}

/// A scale and a zero for each of `lanes` groups.
struct Scales {
  float scale[lanes] = {}, zero[lanes] = {};
};

/// The rules of one kind of integers.
class Rules {
public:
  explicit Rules(RoundingAttr rounding) {
    auto to = cast<IntegerType>(rounding.getTo());
    isUnsigned = to.isUnsigned();
    isNarrow = to.getWidth() == 4;
    least = isUnsigned ? 0 : isNarrow ? -8 : -127;
    most = isUnsigned ? (isNarrow ? 15 : 255) : isNarrow ? 7 : 127;
  }

  /// The scales of `depth` rows of `lanes` numbers.
  Scales find(const float *rows, int64_t depth) const {
    const Range range = rangeOf(rows, depth);
    if (!isNarrow)
      return candidate(range, most);
    ArrayRef<float> cuts = isUnsigned ? ArrayRef<float>(unsignedCuts) : ArrayRef<float>(signedCuts);
    Scales best = candidate(range, cuts.front());
    float smallest[lanes];
    errorOf(best, rows, depth, smallest);
    for (float cut : cuts.drop_front())
      keepBetter(best, smallest, candidate(range, cut), rows, depth);
    keepBetter(best, smallest, refined(best, rows, depth), rows, depth);
    return best;
  }

  /// The integers of `depth` rows.
  void round(const Scales &scales, const float *rows, int64_t depth, uint8_t *out) const {
    const Steps steps = stepsOf(scales);
    for (int64_t row = 0; row < depth; ++row)
      for (int i = 0; i < lanes; ++i)
        out[row * lanes + i] = uint8_t(int(integer(steps, i, rows[row * lanes + i]) + scales.zero[i]));
  }

private:
  /// low and high include 0.
  struct Range {
    float low[lanes] = {}, high[lanes] = {};
  };
  /// What integers are made with, before the zero is added.
  struct Steps {
    float inverse[lanes], low[lanes], high[lanes];
  };

  static Range rangeOf(const float *rows, int64_t depth) {
    Range range;
    for (int64_t row = 0; row < depth; ++row)
      for (int i = 0; i < lanes; ++i) {
        const float x = rows[row * lanes + i];
        range.low[i] = x < range.low[i] ? x : range.low[i];
        range.high[i] = x > range.high[i] ? x : range.high[i];
      }
    return range;
  }

  /// Scales that cut what there is into so many steps. Where they are more than
  /// there are integers, both ends of an unsigned range lose as much.
  Scales candidate(const Range &range, float cut) const {
    Scales scales;
    for (int i = 0; i < lanes; ++i) {
      const float low = range.low[i], high = range.high[i];
      const float largest = high > -low ? high : low; // Of magnitude.
      const float exact = isUnsigned ? high / cut - low / cut : isNarrow ? largest / -cut : std::fabs(largest) / cut;
      scales.scale[i] = roundToHalf(exact);
      const float inverse = scales.scale[i] != 0 ? 1 / scales.scale[i] : 0;
      const float zero = -low * inverse - (cut - most) / 2;
      scales.zero[i] = isUnsigned ? roundSmall(zero < 0 ? 0 : zero > most ? most : zero) : 0;
    }
    return scales;
  }

  Steps stepsOf(const Scales &scales) const {
    Steps steps;
    for (int i = 0; i < lanes; ++i) {
      steps.inverse[i] = scales.scale[i] != 0 ? 1 / scales.scale[i] : 0;
      steps.low[i] = least - scales.zero[i];
      steps.high[i] = most - scales.zero[i];
    }
    return steps;
  }

  /// Clamped before it is rounded: bounds are integers, so that is the same.
  static float integer(const Steps &steps, int i, float x) {
    const float q = x * steps.inverse[i];
    return roundSmall(q < steps.low[i] ? steps.low[i] : q > steps.high[i] ? steps.high[i] : q);
  }

  void errorOf(const Scales &scales, const float *rows, int64_t depth, float *error) const {
    const Steps steps = stepsOf(scales);
    float sum[lanes] = {};
    for (int64_t row = 0; row < depth; ++row)
      for (int i = 0; i < lanes; ++i) {
        const float x = rows[row * lanes + i], rest = x - integer(steps, i, x) * scales.scale[i];
        sum[i] += rest * rest;
      }
    std::copy_n(sum, lanes, error);
  }

  void keepBetter(Scales &best, float *smallest, const Scales &other, const float *rows, int64_t depth) const {
    float error[lanes];
    errorOf(other, rows, depth, error);
    for (int i = 0; i < lanes; ++i) {
      const bool isBetter = error[i] < smallest[i];
      smallest[i] = isBetter ? error[i] : smallest[i];
      best.scale[i] = isBetter ? other.scale[i] : best.scale[i];
      best.zero[i] = isBetter ? other.zero[i] : best.zero[i];
    }
  }

  /// The scales that fit the integers of others best: sum x q / sum q q.
  Scales refined(const Scales &scales, const float *rows, int64_t depth) const {
    const Steps steps = stepsOf(scales);
    float products[lanes] = {}, squares[lanes] = {};
    for (int64_t row = 0; row < depth; ++row)
      for (int i = 0; i < lanes; ++i) {
        const float x = rows[row * lanes + i], q = integer(steps, i, x);
        products[i] += x * q;
        squares[i] += q * q;
      }
    Scales fitted = scales;
    for (int i = 0; i < lanes; ++i)
      fitted.scale[i] = squares[i] > 0 ? roundToHalf(products[i] / squares[i]) : scales.scale[i];
    return fitted;
  }

  bool isUnsigned, isNarrow;
  float least, most;
};

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// A weight as columns, of which each is cut into groups: number k of column c is at
/// base(c) + k * stride.
class Columns {
public:
  Columns(RoundingAttr rounding, const uint8_t *from)
      : from(from), element(rounding.getFrom().getElementType()), bytes(elementBytes(element)),
        size(rounding.getFrom().getDimSize(rounding.getAxis())), group(std::min(rounding.getGroup(), size)) {
    RankedTensorType type = rounding.getFrom();
    for (int64_t i = 0; i < type.getRank(); ++i)
      (i < rounding.getAxis() ? outer : stride) *= i == rounding.getAxis() ? 1 : type.getDimSize(i);
    groups = size ? int64_t(llvm::divideCeil(size, group)) : 0;
  }

  int64_t count() const { return outer * stride; }
  int64_t groupsOfColumn() const { return groups; }
  int64_t longestGroup() const { return group; }
  int64_t depthOf(int64_t g) const { return std::min(group, size - g * group); }
  /// Where number k of a column is, and the scale of its group.
  int64_t place(int64_t column, int64_t k) const { return (column / stride * size + k) * stride + column % stride; }
  int64_t placeOfGroup(int64_t column, int64_t g) const {
    return (column / stride * groups + g) * stride + column % stride;
  }

  /// Group g of `many` columns from `column` on, lane by lane; NaN as 0, and what
  /// is no column too.
  void load(int64_t column, int64_t many, int64_t g, float *rows) const {
    const int64_t depth = depthOf(g);
    std::fill(rows, rows + depth * lanes, 0.0f);
    if (liesInRows(column, many)) {
      const uint8_t *row = from + place(column, g * group) * bytes;
      for (int64_t k = 0; k < depth; ++k, row += stride * bytes)
        readFloats(element, row, many, rows + k * lanes);
    } else {
      // One behind the other, or far apart: a column at a time.
      thread_local std::vector<float> line;
      line.resize(depth);
      for (int64_t i = 0; i < many; ++i) {
        const uint8_t *number = from + place(column + i, g * group) * bytes;
        if (stride == 1)
          readFloats(element, number, depth, line.data());
        else
          for (int64_t k = 0; k < depth; ++k)
            readFloats(element, number + k * stride * bytes, 1, &line[k]);
        for (int64_t k = 0; k < depth; ++k)
          rows[k * lanes + i] = line[k];
      }
    }
    for (int64_t i = 0; i < depth * lanes; ++i)
      rows[i] = rows[i] == rows[i] ? rows[i] : 0;
  }

  /// The same way back, into bytes.
  void store(int64_t column, int64_t many, int64_t g, const uint8_t *rows, uint8_t *to) const {
    const int64_t depth = depthOf(g);
    if (liesInRows(column, many)) {
      uint8_t *row = to + place(column, g * group);
      for (int64_t k = 0; k < depth; ++k, row += stride)
        std::copy_n(rows + k * lanes, many, row);
      return;
    }
    for (int64_t i = 0; i < many; ++i) {
      uint8_t *number = to + place(column + i, g * group);
      for (int64_t k = 0; k < depth; ++k, number += stride)
        *number = rows[k * lanes + i];
    }
  }

  /// What `visit(column, many, g)` is called with covers all groups; calls may be at
  /// the same time.
  template <typename Visit>
  void forEachTile(Visit visit) const {
    const int64_t tasks = llvm::divideCeil(count(), taskColumns);
    llvm::parallelFor(0, size_t(tasks * groups), [&](size_t task) {
      const int64_t begin = int64_t(task) % tasks * taskColumns, end = std::min(count(), begin + taskColumns);
      for (int64_t column = begin; column < end; column += lanes)
        visit(column, std::min<int64_t>(lanes, end - column), int64_t(task) / tasks);
    });
  }

private:
  /// Whether number k of all of them lie together.
  bool liesInRows(int64_t column, int64_t many) const { return column % stride + many <= stride; }

  const uint8_t *from;
  Type element;
  int64_t bytes, size, group, groups, outer = 1, stride = 1;
};

/// Room for a tile, a thread each.
float *tileBuffer(int64_t depth) {
  thread_local std::vector<float> tile;
  tile.resize(std::max<size_t>(tile.size(), depth * lanes));
  return tile.data();
}

} // namespace

GroupScales findScales(RoundingAttr rounding, ArrayRef<uint8_t> from) {
  const Columns columns(rounding, from.data());
  const Rules rules(rounding);
  const bool hasZeros = rounding.getTo().isUnsignedInteger();
  GroupScales found;
  found.scales.resize(columns.count() * columns.groupsOfColumn());
  found.zeros.resize(hasZeros ? found.scales.size() : 0);
  columns.forEachTile([&](int64_t column, int64_t many, int64_t g) {
    float *rows = tileBuffer(columns.longestGroup());
    columns.load(column, many, g, rows);
    const Scales scales = rules.find(rows, columns.depthOf(g));
    for (int64_t i = 0; i < many; ++i) {
      const int64_t at = columns.placeOfGroup(column + i, g);
      found.scales[at] = halfOf(scales.scale[i]); // Exact: it is one.
      if (hasZeros)
        found.zeros[at] = uint8_t(int(scales.zero[i]));
    }
  });
  return found;
}

void roundValues(RoundingAttr rounding, ArrayRef<uint8_t> from, const GroupScales &found,
                 std::vector<uint8_t> &values) {
  const Columns columns(rounding, from.data());
  const Rules rules(rounding);
  values.resize(rounding.getFrom().getNumElements());
  columns.forEachTile([&](int64_t column, int64_t many, int64_t g) {
    const int64_t depth = columns.depthOf(g);
    float *rows = tileBuffer(columns.longestGroup());
    columns.load(column, many, g, rows);
    Scales scales;
    for (int64_t i = 0; i < many; ++i) {
      const int64_t at = columns.placeOfGroup(column + i, g);
      scales.scale[i] = floatOfHalf(found.scales[at]);
      scales.zero[i] = found.zeros.empty() ? 0 : found.zeros[at];
    }
    thread_local std::vector<uint8_t> rounded;
    rounded.resize(depth * lanes);
    rules.round(scales, rows, depth, rounded.data());
    columns.store(column, many, g, rounded.data(), values.data());
  });
}

void roundWeight(RoundingAttr rounding, ArrayRef<uint8_t> from, std::vector<uint8_t> &part) {
  if (isa<FloatType>(rounding.getTo()))
    return roundToHalves(rounding, from.data(), part);
  const GroupScales scales = findScales(rounding, from);
  if (rounding.getPart() == "values")
    return roundValues(rounding, from, scales, part);
  scales.copyPart(rounding.getPart(), part);
}

void GroupScales::copyPart(StringRef name, std::vector<uint8_t> &part) const {
  if (name == "zeros") {
    part = zeros;
    return;
  }
  part.resize(scales.size() * sizeof(uint16_t));
  std::memcpy(part.data(), scales.data(), part.size());
}

} // namespace glmc::glm
