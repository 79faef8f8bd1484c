//===- Compose.h - Ops that handlers of several families put together -------===//
//
// Each gives null where an operand is null, the sign of an error made before,
// so that calls nest; OnnxNode::setOutput passes the failure on.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_COMPOSE_H
#define GLMC_COMPILER_IMPORT_ONNX_COMPOSE_H

#include "compiler/import/onnx/OnnxNode.h"

namespace glmc::onnximport {

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return OnnxNode::typeOf(value).getShape(); }

mlir::Value transpose(OnnxNode &node, mlir::Value x, llvm::ArrayRef<int64_t> permutation);
mlir::Value concat(OnnxNode &node, llvm::ArrayRef<mlir::Value> inputs, int64_t axis);
/// `size` indices of dimension `axis` from `start` on.
mlir::Value slice(OnnxNode &node, mlir::Value x, int64_t axis, int64_t start, int64_t size);
mlir::Value expand(OnnxNode &node, mlir::Value x, llvm::ArrayRef<int64_t> shape);
mlir::Value gather(OnnxNode &node, mlir::Value x, mlir::Value indices, int64_t axis);
/// An i64 constant that counts from `start` along dimension `axis`.
mlir::Value counting(OnnxNode &node, llvm::ArrayRef<int64_t> shape, int64_t axis, int64_t start = 0);
/// x with a scalar constant of its element type.
template <typename Op>
mlir::Value withScalar(OnnxNode &node, mlir::Value x, double scalar) {
  return x ? node.make<Op>({x, node.splatOf(OnnxNode::elementOf(x), {}, scalar)}) : mlir::Value();
}

/// [B, S, H * D] as [B, H, S, D], and back.
mlir::Value splitHeads(OnnxNode &node, mlir::Value x, int64_t heads);
mlir::Value joinHeads(OnnxNode &node, mlir::Value x);

/// glm.rotary of token-major x; cos and sin are rows of a table for each token.
mlir::Value rotary(OnnxNode &node, mlir::Value x, mlir::Value cos, mlir::Value sin, int64_t heads, bool interleaved);

/// Errors for attributes and inputs that would change what the node means in a
/// way that is not supported.
mlir::LogicalResult requireInt(OnnxNode &node, llvm::StringRef attribute, int64_t expected);
mlir::LogicalResult requireFloat(OnnxNode &node, llvm::StringRef attribute, float expected);
mlir::LogicalResult requireString(OnnxNode &node, llvm::StringRef attribute, llvm::StringRef expected);
mlir::LogicalResult requireAbsent(OnnxNode &node, unsigned input, llvm::StringRef name);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_COMPOSE_H
