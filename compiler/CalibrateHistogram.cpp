//===- CalibrateHistogram.cpp - How an activation's values are spread -----------===//
#include "compiler/CalibrateHistogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace glmc {
namespace {

/// What ONNX Runtime puts where a distribution is zero, and takes from the rest.
constexpr double smoothing = 1e-4;

/// The divergence of a histogram from what rounding leaves of it, for ranges that
/// grow from the middle.
class Divergence {
public:
  Divergence(const std::vector<uint64_t> &histogram, int64_t levels) : histogram(histogram), levels(levels) {
    sums.reserve(histogram.size() + 1);
    filled.reserve(histogram.size() + 1);
    sums.push_back(0);
    filled.push_back(0);
    for (uint64_t count : histogram) {
      sums.push_back(sums.back() + count);
      filled.push_back(filled.back() + (count != 0));
    }
  }

  /// Of bins [begin, end), which the values outside are clipped to.
  double of(int64_t begin, int64_t end) {
    const int64_t size = end - begin;
    clipped.assign(histogram.begin() + begin, histogram.begin() + end);
    clipped.front() += sums[begin];
    clipped.back() += sums.back() - sums[end];
    round(begin, end);
    return compare(size);
  }

private:
  /// Whether a bin is filled, with what was clipped; sums of that over a part.
  int64_t filledIn(int64_t begin, int64_t from, int64_t to) const {
    int64_t number = filled[begin + to] - filled[begin + from];
    const int64_t last = int64_t(clipped.size()) - 1;
    if (from == 0 && to > 0)
      number += (clipped[0] != 0) - (histogram[begin] != 0);
    if (from <= last && last < to && last != 0)
      number += (clipped[last] != 0) - (histogram[begin + last] != 0);
    return number;
  }

  /// `rounded`: each level's values, spread evenly over its filled bins. What is
  /// left over by a division into levels counts for the last, which does not
  /// reach over those bins. Whole numbers, as ONNX Runtime has it.
  void round(int64_t begin, int64_t end) {
    const int64_t size = end - begin, width = size / levels;
    rounded.assign(size, 0);
    for (int64_t level = 0; level < levels; ++level) {
      const int64_t from = level * width, to = from + width;
      const uint64_t sum = sums[level + 1 == levels ? end : begin + to] - sums[begin + from];
      const int64_t number = filledIn(begin, from, to);
      if (number != 0)
        std::fill(rounded.begin() + from, rounded.begin() + to, sum / uint64_t(number));
    }
  }

  /// Sets `zeros` and `others` to what a bin gets and gives; false if all are 0.
  static bool smooth(const std::vector<uint64_t> &bins, double &given) {
    const int64_t zeros = std::count(bins.begin(), bins.end(), 0u), others = int64_t(bins.size()) - zeros;
    given = others ? smoothing * double(zeros) / double(others) : 0;
    return others != 0;
  }

  double compare(int64_t size) const {
    double fromClipped, fromRounded;
    if (!smooth(clipped, fromClipped) || !smooth(rounded, fromRounded))
      return std::numeric_limits<double>::infinity();
    auto smoothed = [](uint64_t count, double given) { return count ? double(count) - given : smoothing; };
    double sumClipped = 0, sumRounded = 0, sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      const double p = smoothed(clipped[i], fromClipped), q = smoothed(rounded[i], fromRounded);
      sumClipped += p;
      sumRounded += q;
      sum += p * std::log(p / q);
    }
    return sum / sumClipped + std::log(sumRounded / sumClipped);
  }

  const std::vector<uint64_t> &histogram;
  const int64_t levels;
  std::vector<uint64_t> sums;  ///< Of the bins before each.
  std::vector<int64_t> filled; ///< The same of those that are not empty.
  std::vector<uint64_t> clipped, rounded;
};

} // namespace

double entropyThreshold(const std::vector<uint64_t> &histogram, double reach, int64_t levels) {
  const int64_t size = int64_t(histogram.size()), middle = size / 2;
  Divergence divergence(histogram, levels);
  double least = std::numeric_limits<double>::infinity();
  int64_t best = size;
  for (int64_t half = levels / 2; half <= middle; ++half) {
    const int64_t end = std::min(middle + half + 1, size);
    const double value = divergence.of(middle - half, end);
    if (value < least) {
      least = value;
      best = end;
    }
  }
  return double(best - middle) / double(middle) * reach;
}

void ActivationHistogram::widen(double magnitude) {
  if (magnitude == 0 || (isPlaced && magnitude < std::ldexp(1.0, exponent)))
    return;
  const int wanted = std::ilogb(magnitude) + 1;
  if (!isPlaced) {
    exponent = wanted; // What was added until now is zeros, in the bin right of the middle.
    isPlaced = true;
    return;
  }
  constexpr int64_t half = bins / 2;
  for (; exponent < wanted; ++exponent) {
    std::vector<uint64_t> joined(bins);
    for (int64_t i = 0; i < bins; ++i)
      joined[half / 2 + i / 2] += counts[i]; // half is even, so pairs end at the middle.
    counts = std::move(joined);
  }
}

void ActivationHistogram::add(const float *values, size_t count) {
  double low = 0, high = 0;
  bool isFirst = finite == 0;
  for (size_t i = 0; i < count; ++i) {
    const double value = values[i];
    if (!std::isfinite(value))
      continue;
    low = isFirst ? value : std::min(low, value);
    high = isFirst ? value : std::max(high, value);
    isFirst = false;
  }
  // Until something was finite there is no range to add to.
  if (!isFirst) {
    least = finite == 0 ? low : std::min(least, low);
    most = finite == 0 ? high : std::max(most, high);
  }
  widen(magnitude());
  const double scale = isPlaced ? std::ldexp(double(bins / 2), -exponent) : 0;
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      ++infinite;
      continue;
    }
    ++counts[size_t(std::floor(double(values[i]) * scale) + bins / 2)];
    ++finite;
  }
}

double ActivationHistogram::percentile(double percent) const {
  constexpr int64_t half = bins / 2;
  const double wanted = percent / 100 * double(finite), width = std::ldexp(1.0, exponent) / double(half);
  uint64_t sum = 0;
  for (int64_t i = 0; i < half; ++i) {
    sum += counts[half + i] + counts[half - 1 - i];
    if (double(sum) >= wanted)
      return std::min(width * double(i + 1), magnitude());
  }
  return magnitude();
}

double ActivationHistogram::entropy() const {
  if (!isPlaced)
    return 0;
  std::vector<uint64_t> coarse(entropyBins);
  for (int64_t i = 0; i < bins; ++i)
    coarse[i / (bins / entropyBins)] += counts[i];
  return std::min(entropyThreshold(coarse, std::ldexp(1.0, exponent), levels), magnitude());
}

} // namespace glmc
