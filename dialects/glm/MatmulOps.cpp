//===- MatmulOps.cpp - Shape inference of matrix products -------------------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &results) {
  Adaptor op(operands, attributes, properties, regions);
  auto lhs = logicalType(op.getLhs().getType()), rhs = logicalType(op.getRhs().getType());
  if (lhs.getRank() < 2 || rhs.getRank() < 2 || lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(loc, "cannot multiply ", lhs, " and ", rhs,
                             ", expected one element type and two or more dimensions");
  ArrayRef<int64_t> right = rhs.getShape().take_back(2);
  int64_t k = right[op.getTransposeRhs() ? 1 : 0], n = right[op.getTransposeRhs() ? 0 : 1];
  auto batch = broadcastShapes({lhs.getShape().drop_back(2), rhs.getShape().drop_back(2)});
  if (lhs.getShape().back() != k || !batch)
    return emitOptionalError(loc, "shapes do not multiply: ", lhs, " and ", rhs,
                             op.getTransposeRhs() ? " transposed" : "");
  batch->push_back(lhs.getShape()[lhs.getRank() - 2]);
  batch->push_back(n);
  results.push_back(RankedTensorType::get(*batch, lhs.getElementType()));
  return success();
}

} // namespace glmc::glm
