//===- AttentionSizes.h - What one attention node computes ------------------===//
#ifndef GLMC_CODEGEN_KERNELS_ATTENTIONSIZES_H
#define GLMC_CODEGEN_KERNELS_ATTENTIONSIZES_H

#include "codegen/kernels/KernelDescription.h"

namespace glmc::kernels {

/// Sizes of the one attention node.
struct AttentionSizes {
  int64_t batch, queries, keys, heads, kvHeads, features, valueFeatures;
  int group; ///< Query heads that share a key-value head.
  bool headMajorKeys, headMajorValues;
  /// Operand numbers of the node; -1 for none. With `past`, `keys` is how many
  /// there is room for.
  int mask = -1, past = -1;
};

/// Keys or values that are quantised rows: a product with one factor a row. Then
/// scores and probabilities are multiplied instead of every element.
struct ScaledRows {
  int rows = -1;  ///< Value that is read in the operand's place.
  int scale = -1; ///< Value of the factors, [batch, heads, keys, 1]; -1: none.
};
ScaledRows scaledRows(const Kernel &kernel, int operand);

/// Reads them from the node's operands; throws BuildError if those do not fit
/// each other or the node's attributes.
AttentionSizes sizesOf(const Kernel &kernel, const Node &node);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_ATTENTIONSIZES_H
