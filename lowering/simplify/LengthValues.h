//===- LengthValues.h - What a value is when the caches hold so many tokens -===//
//
// Masks and indices of a program with state follow from its length alone. To
// know what they are, they are evaluated for it, by the reference evaluator.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_LENGTHVALUES_H
#define GLMC_LOWERING_SIMPLIFY_LENGTHVALUES_H

#include "dialects/glm/GlmOps.h"
#include "dialects/glm/reference/Tensor.h"

#include "llvm/ADT/DenseMap.h"

namespace glmc {

class LengthValues {
public:
  /// `length` is the argument of a graph that counts the tokens in its caches.
  explicit LengthValues(mlir::Value length) : length(length) {}

  /// The value at that length; nothing if it follows from anything else, or
  /// takes too much to evaluate.
  std::optional<reference::Tensor> at(mlir::Value value, int64_t count);

private:
  const reference::Tensor *find(mlir::Value value, unsigned depth);

  mlir::Value length;
  int64_t count = 0;
  llvm::DenseMap<mlir::Value, std::optional<reference::Tensor>> known; ///< At `count`.
};

/// Lengths at which a property is looked at that is to hold for all of 0 to
/// `most`: both ends, their neighbours and some between.
std::vector<int64_t> sampledLengths(int64_t most);

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_LENGTHVALUES_H
