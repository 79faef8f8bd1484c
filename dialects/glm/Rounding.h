//===- Rounding.h - Weights in fewer bits -----------------------------------===//
//
// What #glm.rounding says of a weight, done: floats to 16-bit floats, or to
// integers of 8 or 4 bits with a scale (and a zero) for each group.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_ROUNDING_H
#define GLMC_DIALECTS_GLM_ROUNDING_H

#include "dialects/glm/GlmOps.h"

#include <cstdint>
#include <vector>

namespace glmc::glm {

/// A group's integers and scale, s, which is rounded to f16 before it is used:
///   i8         s = max |x| / 127; q = round(x / s), -127 to 127 (-128 would
///              overflow sums of two products in 16 bits)
///   ui8        with low = min(x, 0), high = max(x, 0): s = (high - low) / 255,
///              zero = round(-low / s), q = round(x / s) + zero
///   i4         the best of several s = x / -c of the x of the largest magnitude,
///              c = 8 (llama.cpp's Q4_0, which uses all sixteen integers), 8.75,
///              8.5, ... 6.5; q = round(x / s)
///   ui4        the best of several s = (high - low) / c, c = 15, 14, 14.5, ... 17.5,
///              with zero = round(-low / s - (c - 15) / 2), q = round(x / s) + zero
/// rounded to nearest, halves to even, and clamped to the range. The best has the
/// least sum of (x - s * (q - zero))^2 over the group; of equal ones it is the first.
/// The integers of the best candidate are then tried with the s that fits them best,
/// sum x (q - zero) / sum (q - zero)^2, rounded again; that is taken if it is better.
/// Where s is 0, q is 0, or the zero. NaN counts as 0; s is at most the largest f16.

/// What groups have in common, row-major in the shape of #glm.rounding's scales.
struct GroupScales {
  std::vector<uint16_t> scales; ///< The bits of f16.
  std::vector<uint8_t> zeros;   ///< Empty for symmetric ones.

  /// "scales" or "zeros" as elements, little-endian.
  void copyPart(llvm::StringRef name, std::vector<uint8_t> &part) const;
};

/// The scales and zeros of a weight that is rounded to integers; `rounding` may be of
/// any part. `from` holds elements of rounding.getFrom(); their number must be right.
GroupScales findScales(RoundingAttr rounding, llvm::ArrayRef<uint8_t> from);

/// The integers that go with them, a byte each.
void roundValues(RoundingAttr rounding, llvm::ArrayRef<uint8_t> from, const GroupScales &scales,
                 std::vector<uint8_t> &values);

/// The part that `rounding` names of what rounding `from` gives, row-major and
/// little-endian, 4-bit integers a byte each; 16-bit floats have the values only.
void roundWeight(RoundingAttr rounding, llvm::ArrayRef<uint8_t> from, std::vector<uint8_t> &part);

} // namespace glmc::glm

#endif // GLMC_DIALECTS_GLM_ROUNDING_H
