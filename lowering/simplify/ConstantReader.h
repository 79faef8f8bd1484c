//===- ConstantReader.h - Values of constants and weights, for matching ----===//
//
// Idioms are recognised by their constants: a scale, a mask, the indices of a
// gather. This reads them wherever they are, in the IR or in the weight file.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_CONSTANTREADER_H
#define GLMC_LOWERING_SIMPLIFY_CONSTANTREADER_H

#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace glmc {

class ConstantReader {
public:
  explicit ConstantReader(mlir::ModuleOp module) : weights(module) {}

  /// The elements of a glm.constant or glm.weight of at most 16 Mi elements;
  /// null if `value` is something else. Valid as long as this lives, and while
  /// the op that defines `value` exists.
  const reference::Tensor *read(mlir::Value value);

  /// The number that all elements of a constant are equal to.
  std::optional<double> splat(mlir::Value value);

private:
  WeightSource weights;
  llvm::DenseMap<mlir::Value, std::unique_ptr<reference::Tensor>> tensors;
};

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_CONSTANTREADER_H
