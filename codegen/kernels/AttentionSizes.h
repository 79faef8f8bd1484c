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
};

/// Reads them from the node's operands; throws BuildError if those do not fit
/// each other or the node's attributes.
AttentionSizes sizesOf(const Kernel &kernel, const Node &node);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_ATTENTIONSIZES_H
