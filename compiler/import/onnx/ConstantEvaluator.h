//===- ConstantEvaluator.h - Values that are needed when importing ----------===//
//
// ONNX passes shapes, axes and slices as tensors. Exporters compute many of
// them from the shapes of other tensors, which are all known here, so most are
// constant although no node says so. This walks back from such a value and
// evaluates what it finds with the reference evaluator.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_CONSTANTEVALUATOR_H
#define GLMC_COMPILER_IMPORT_ONNX_CONSTANTEVALUATOR_H

#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"

#include "llvm/ADT/DenseMap.h"

namespace glmc::onnximport {

class ConstantEvaluator {
public:
  explicit ConstantEvaluator(WeightSource &weights) : weights(weights) {}

  /// The value's elements, valid until the next call; null if they depend on
  /// inputs of the model, on an op that cannot be evaluated, or on tensors too
  /// large to evaluate just for this.
  const reference::Tensor *constantOf(mlir::Value value);

  /// The elements of a glm.constant or glm.weight, of whatever size; fails for a
  /// value that another op makes.
  mlir::FailureOr<reference::Tensor> read(mlir::Value value);

private:
  using Entry = std::optional<reference::Tensor>;
  Entry compute(mlir::Operation *op);
  bool affordable(mlir::Operation *op);

  WeightSource &weights;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Entry>> known;
  int64_t work = 0; ///< Element operations so far.
};

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_CONSTANTEVALUATOR_H
