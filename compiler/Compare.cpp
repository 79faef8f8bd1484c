//===- Compare.cpp - How far two tensors are apart ----------------------------===//
#include "compiler/Compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace glmc {
namespace {

/// Below this an expected value counts as noise for the relative error.
constexpr double relativeFloor = 1e-6;

double distance(double actual, double expected) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected)))
    return 0;
  const double difference = std::fabs(actual - expected);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

/// Exact for 64-bit integers, which a double does not hold.
double integerDistance(int64_t actual, int64_t expected, bool isUnsigned) {
  const bool less = isUnsigned ? uint64_t(actual) < uint64_t(expected) : actual < expected;
  return double(less ? uint64_t(expected) - uint64_t(actual) : uint64_t(actual) - uint64_t(expected));
}

} // namespace

Difference compare(const reference::Tensor &actual, const reference::Tensor &expected, const Tolerance &tolerance) {
  Difference result;
  Type element = expected.type.getElementType();
  const bool isFloat = isa<FloatType>(element);
  for (int64_t i = 0, size = expected.size(); i < size; ++i) {
    const double wanted = isFloat ? expected.getFloat(i) : double(expected.getInt(i));
    const double off = isFloat ? distance(actual.getFloat(i), wanted)
                               : integerDistance(actual.getInt(i), expected.getInt(i), element.isUnsignedInteger());
    if (off > result.maxAbsolute || result.worst < 0) {
      result.worst = i;
      result.maxAbsolute = off;
    }
    if (off == 0)
      continue;
    const double magnitude = std::isfinite(wanted) ? std::fabs(wanted) : 0;
    result.maxRelative = std::max(result.maxRelative, off / std::max(magnitude, relativeFloor));
    // Written so that no NaN passes.
    result.within &= off <= tolerance.absolute + tolerance.relative * magnitude;
  }
  return result;
}

bool sameButForOnes(RankedTensorType a, RankedTensorType b) {
  auto significant = [](RankedTensorType type) {
    SmallVector<int64_t> dims;
    llvm::copy_if(type.getShape(), std::back_inserter(dims), [](int64_t dim) { return dim != 1; });
    return dims;
  };
  return a.getElementType() == b.getElementType() && significant(a) == significant(b);
}

} // namespace glmc
