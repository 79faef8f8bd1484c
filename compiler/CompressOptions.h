//===- CompressOptions.h - What weights and activations become ---------------===//
#ifndef GLMC_COMPILER_COMPRESSOPTIONS_H
#define GLMC_COMPILER_COMPRESSOPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace glmc {

/// What glm-quantize-weights is asked for. As it is made: nothing.
struct CompressOptions {
  std::string format; ///< f32, f16, bf16, int8 or int4; empty: weights as the model has them.
  int64_t group = 32;
  bool asymmetric = false;
  std::vector<std::string> keep; ///< PATTERN=FORMAT.
  std::string activations = "float"; ///< or "int8", or "static".
  std::string rounding = "nearest"; ///< or "gptq".
  std::string calibration;        ///< File of `glmc calibrate`, for "static" and "gptq".
  std::string ranges = "minmax";  ///< Which of them: or "percentile", or "entropy".

  bool empty() const { return format.empty() && keep.empty() && activations == "float"; }
};

} // namespace glmc

#endif // GLMC_COMPILER_COMPRESSOPTIONS_H
