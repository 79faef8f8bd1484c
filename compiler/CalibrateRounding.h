//===- CalibrateRounding.h - Weights rounded by what layers read ----------------===//
//
// `glmc calibrate --rounding gptq`: Gptq.h for each weight of a product, on the
// inputs that samples give it. The integers and f16 scales go into a file, from
// which the compiler reads them as weights of the model (#glm.stored), so it has to
// lie in the model's folder. One weight is in memory at a time, and moments of as
// many layers as fit; for the rest the samples run again.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_CALIBRATEROUNDING_H
#define GLMC_COMPILER_CALIBRATEROUNDING_H

#include "compiler/CalibrateRunner.h"

namespace glmc {

/// What weights are to become.
struct RoundingRequest {
  std::string format; ///< "int8" or "int4".
  int64_t group = 32; ///< 32, 64 or 128.
  std::string path;   ///< Of the file.
};

/// Runs `eachSample`, which calls back with what came of each sample, as often as
/// is needed, rounds the products' weights of `simplified` and writes the file.
/// Nothing: the error was printed.
std::optional<CalibrationRounding>
roundByInputs(mlir::ModuleOp simplified, const SampleRunner &runner, const RoundingRequest &request,
              llvm::function_ref<bool(llvm::function_ref<bool(const SampleOutcome &)>)> eachSample);

} // namespace glmc

#endif // GLMC_COMPILER_CALIBRATEROUNDING_H
