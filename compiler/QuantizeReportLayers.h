//===- QuantizeReportLayers.h - How far layers are from what they were ----------===//
//
// For `glmc quantize-report`: the weight of one layer after another, as the model
// has it and as it is compiled, and what a product with either gives on rows that
// the layer saw. Weights are read where they lie and compared in strips, so that a
// model of any size takes the memory of its largest tensor's integers.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_QUANTIZEREPORTLAYERS_H
#define GLMC_COMPILER_QUANTIZEREPORTLAYERS_H

#include "dialects/glm/WeightSource.h"
#include "lowering/compress/LayerOutcome.h"
#include "lowering/compress/Readings.h"

#include <limits>

namespace glmc {

/// Squares of what is right and of what is wrong.
struct SignalToNoise {
  double signal = 0, noise = 0;
  /// 10 log10(signal / noise); infinite where nothing is wrong.
  double decibels() const;
};

struct LayerQuality {
  LayerOutcome outcome;
  std::vector<int64_t> shape;
  double bits = 0; ///< Of an element, with its part of scales and zeros.
  SignalToNoise weight;
  std::optional<SignalToNoise> output; ///< Where there were rows.
};

/// Rows of a layer's left side, of so many features each.
struct LayerRows {
  const float *values = nullptr;
  int64_t count = 0, features = 0;
  float scale = 0; ///< Of "int8 static" activations.
};

/// Bits of an element with its part of scales and zeros, and bytes of all.
double bitsOf(const LayerOutcome &layer);
int64_t bytesOf(const LayerOutcome &layer);

/// Compares `weight`, of the simplified model, with what glm-quantize-weights says
/// it became; `values` and `scales` are of the integers, if it did not round them
/// itself. Fails after an error was emitted.
mlir::FailureOr<LayerQuality> compareLayer(const ReadWeight &weight, const LayerOutcome &outcome,
                                           glm::WeightOp values, glm::WeightOp scales, LayerRows rows,
                                           WeightSource &source);

} // namespace glmc

#endif // GLMC_COMPILER_QUANTIZEREPORTLAYERS_H
