//===- IdiomRewrite.h - What passes share that replace many ops by one ------===//
#ifndef GLMC_LOWERING_SIMPLIFY_IDIOMREWRITE_H
#define GLMC_LOWERING_SIMPLIFY_IDIOMREWRITE_H

#include "dialects/glm/GlmOps.h"

#include "llvm/ADT/SetVector.h"

namespace glmc {

using OpSet = llvm::SmallSetVector<mlir::Operation *, 16>;

/// The locations of all of `ops`, in the order of the block.
mlir::Location fuseLocations(const OpSet &ops);

/// Whether only ops of `ops` read results of `op`.
bool isReadOnlyBy(mlir::Operation *op, const OpSet &ops);

/// `value` by another shape; itself if it has that shape.
mlir::Value reshapeTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// glm.transpose, without one where that moves nothing.
mlir::Value transposeBy(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                        llvm::ArrayRef<int64_t> permutation);

/// Attributes of argument or result i; empty where there are none.
mlir::DictionaryAttr argumentAttributes(glm::GraphOp graph, unsigned i);
mlir::DictionaryAttr resultAttributes(glm::GraphOp graph, unsigned i);

/// Erases ops that nothing reads, last op first.
int64_t eraseDeadOps(mlir::Block &block);

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_IDIOMREWRITE_H
