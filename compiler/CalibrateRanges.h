//===- CalibrateRanges.h - Ranges of activations in a file ----------------------===//
//
// What `glmc calibrate` writes and `--calibration` reads: a JSON object of
//   format        "glmc-ranges-1"
//   model         a hash of the model's files: ranges of another are refused
//   samples       how many there were
//   activations   a list; of each value that layers multiply by weights:
//     readers       a list of {"node", "weight"}: ONNX node and weight of each layer
//     features      its last dimension
//     values        how many numbers were seen
//     min, max      of them
//     percentiles   {"99.9": the magnitude that so many percent do not exceed, ...}
//     entropy       the magnitude that is best by Kullback-Leibler divergence
//   rounding      with --rounding gptq, see CalibrateRounding.h: file (in the folder
//                 of this one), format, group, and weights, a list of
//     name, shape   the weight's in the model
//     axis          the dimension that products sum over
//     values        [offset, bytes] of its integers in the file, int4 two a byte
//     scales        [offset, bytes] of an f16 for each group
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_CALIBRATERANGES_H
#define GLMC_COMPILER_CALIBRATERANGES_H

#include "compiler/CompressOptions.h"
#include "dialects/glm/GlmOps.h"

#include <optional>
#include <string>
#include <vector>

namespace glmc {

/// A product of an activation and a weight.
struct LayerName {
  std::string node;   ///< ONNX node; empty for none.
  std::string weight; ///< Empty for a constant without a name.
  bool operator==(const LayerName &other) const { return node == other.node && weight == other.weight; }
};

struct ActivationRange {
  std::vector<LayerName> readers;
  int64_t features = 0, values = 0;
  double min = 0, max = 0;
  double percentile999 = 0, percentile9999 = 0; ///< 99.9 and 99.99 percent.
  double entropy = 0;
};

/// Weights that were rounded by what their products read.
struct CalibrationRounding {
  struct Weight {
    std::string name;
    std::vector<int64_t> shape;
    int64_t axis = 0;
    std::pair<uint64_t, uint64_t> values, scales; ///< Offset and bytes.
  };
  std::string file, format; ///< "int8" or "int4".
  int64_t group = 0;
  std::vector<Weight> weights;
};

struct CalibrationRanges {
  std::string model; ///< hashModel()'s.
  int64_t samples = 0;
  std::vector<ActivationRange> activations;
  std::optional<CalibrationRounding> rounding;
};

/// Which range int8 is to cover. `--ranges` says "minmax", "percentile" (99.99)
/// or "entropy".
double magnitudeOf(const ActivationRange &range, llvm::StringRef method);

std::string printRanges(const CalibrationRanges &ranges);
/// Nothing: `error` says what is wrong, to be put behind the file's name.
std::optional<CalibrationRanges> parseRanges(llvm::StringRef text, std::string &error);

/// Of the contents of the model's files: `input`, an ONNX model, and what its
/// weights lie in. Nothing after an error was emitted.
std::optional<std::string> hashModel(mlir::ModuleOp imported, const std::string &input);

/// Gives an imported model what the file `compress.calibration` has of what is asked
/// for, as attributes: ranges, which glm-quantize-activations reads, and rounded
/// weights, which glm-quantize-weights takes. Emits an error if it cannot.
mlir::LogicalResult attachCalibration(mlir::ModuleOp imported, const std::string &input,
                                      const CompressOptions &compress);

} // namespace glmc

#endif // GLMC_COMPILER_CALIBRATERANGES_H
