//===- CalibrateHistogram.h - How an activation's values are spread -------------===//
//
// What ranges for int8 are chosen from. However many values are added, it takes
// the same memory; in which order they come, and in how many pieces, makes no
// difference, so that equal data gives equal ranges.
//
// Bins are equally wide and reach from -2^e to 2^e. A value that lies outside
// doubles that, which joins bins by pairs; a value's bin is then the same as if
// the histogram had begun so wide.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_CALIBRATEHISTOGRAM_H
#define GLMC_COMPILER_CALIBRATEHISTOGRAM_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glmc {

class ActivationHistogram {
public:
  /// Bins in all, half of them for negative values.
  static constexpr int64_t bins = 16384;
  /// The same for the entropy's search, whose time grows with their square.
  static constexpr int64_t entropyBins = 4096;
  /// Integers of int8 as glmc uses them, -127 to 127.
  static constexpr int64_t levels = 255;

  ActivationHistogram() : counts(bins) {}

  /// Values that are not finite are counted, and nothing else.
  void add(const float *values, size_t count);

  int64_t count() const { return finite; }
  int64_t notFinite() const { return infinite; }
  /// Of all finite values; 0 if there is none.
  double min() const { return least; }
  double max() const { return most; }
  /// The largest magnitude.
  double magnitude() const { return -least > most ? -least : most; }

  /// The least magnitude, to a bin, that so many percent of the values do not
  /// exceed.
  double percentile(double percent) const;

  /// The magnitude where clipping and rounding to `levels` integers change the
  /// distribution least, by Kullback-Leibler divergence: Migacz, "8-bit
  /// Inference with TensorRT" (GTC 2017, s7310), in the form of ONNX Runtime's
  /// HistogramCollector.get_entropy_threshold (quantization/calibrate.py): over
  /// both signs, zeros smoothed by 1e-4.
  double entropy() const;

private:
  void widen(double magnitude);

  std::vector<uint64_t> counts;
  int exponent = 0;   ///< Bins reach to 2^exponent, once `isPlaced`.
  bool isPlaced = false;
  int64_t finite = 0, infinite = 0;
  double least = 0, most = 0;
};

/// As ActivationHistogram::entropy(), of any histogram over [-reach, reach]: the
/// upper edge of the best range. Precondition: an even number of bins, more than
/// `levels`, which is odd.
double entropyThreshold(const std::vector<uint64_t> &histogram, double reach, int64_t levels);

} // namespace glmc

#endif // GLMC_COMPILER_CALIBRATEHISTOGRAM_H
