//===- Layers.h - What weights became ---------------------------------------===//
#ifndef GLMC_COMPILER_REPORT_LAYERS_H
#define GLMC_COMPILER_REPORT_LAYERS_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/JSON.h"

#include <string>

namespace glmc {

/// What weights take in the planned module, and took in the model.
struct WeightSizes {
  int64_t before = 0, after = 0; ///< Bytes; `after` with the padding of layouts.
  int64_t elements = 0;          ///< Of the weights, without scales and zeros.
  double bits() const { return elements ? 8 * double(after) / double(elements) : 0; }
};

WeightSizes weightSizes(mlir::ModuleOp planned);

/// One line on what weights and activations became, "32 int4 g32 symmetric, 2 f32
/// (fewer than 4096 elements); activations int8 in 28". Empty if glm-quantize-weights
/// had nothing to do.
std::string layersText(mlir::ModuleOp planned);
/// The whole table, an entry a weight.
llvm::json::Array layersJson(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_LAYERS_H
