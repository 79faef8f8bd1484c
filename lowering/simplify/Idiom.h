//===- Idiom.h - What the passes that recover idioms share ------------------===//
//
// An idiom is a group of ops that together are one op of TransformerOps.td or a
// gated unit. A pass says how the group looks when one starts at an op of it;
// walking, deciding whether the group may go, and replacing it is done here.
//
// Recovering pays only if the group disappears: where a value inside it has
// another reader, nothing is replaced.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_IDIOM_H
#define GLMC_LOWERING_SIMPLIFY_IDIOM_H

#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// The number that every element of a constant has, if they are equal.
std::optional<double> splatValue(mlir::Value value);

/// Whether a number made of constants of an element type is meant to be another:
/// exporters round sqrt(2 / pi) and the like in different ways.
bool isAbout(double value, double expected, mlir::Type element);

/// Whether all of `ops` but `root` have readers among `ops` only.
bool areReadOnlyBy(const OpSet &ops, mlir::Operation *root);

/// What a match gives: `value` instead of the only result of `root`.
struct Recovered {
  mlir::Operation *root;
  mlir::Value value;
};

/// Calls `match` for each op of each graph, last op first, so that the largest
/// group is found before a smaller one in it. `match` builds the idiom's op
/// with the builder after all that it needs, and before `root`'s readers.
/// Erases what the groups leave unread. Returns how many were recovered.
int64_t recoverIdioms(mlir::ModuleOp module,
                      llvm::function_ref<std::optional<Recovered>(mlir::OpBuilder &, mlir::Operation *)> match);

/// `value` with one dimension, if it has as many elements as its last one: a
/// vector along the last dimension of what it broadcasts against. Null if not.
/// Constants and weights are made anew, so that no reshape hides them.
mlir::Value asVector(mlir::OpBuilder &builder, mlir::Value value);

/// Whether asVector would give a vector of `size`.
bool isVector(mlir::Value value, int64_t size);

/// A constant vector with all elements equal.
mlir::Value splatVector(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type element, int64_t size, double value);

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_IDIOM_H
