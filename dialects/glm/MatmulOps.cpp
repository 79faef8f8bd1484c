//===- MatmulOps.cpp - Shapes of matrix products and their operands ---------===//
#include "dialects/glm/GlmOps.h"

#include "llvm/Support/MathExtras.h"

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
  if (auto group = op.getLhsGroup(); group && (*group < 1 || !isa<FloatType>(lhs.getElementType())))
    return emitOptionalError(loc, "rounds groups of ", *group, " of ", lhs, ", expected 1 or more floats");
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

LogicalResult DequantizeOp::verify() {
  RankedTensorType q = logicalType(getQ().getType());
  const int64_t axis = getAxis(), group = getGroup();
  if (!isa<IntegerType>(q.getElementType()) || q.getElementType().isInteger(1))
    return emitOpError() << "dequantizes " << q << ", expected integers";
  if (getType().getShape() != q.getShape())
    return emitOpError() << "makes " << getType() << " of " << q << ", expected the same shape";
  if (axis < 0 || axis >= q.getRank() || group < 1)
    return emitOpError() << "has groups of " << group << " along dimension " << axis << " of " << q;
  auto fits = [&](RankedTensorType type) {
    if (type.getRank() != q.getRank())
      return false;
    for (int64_t i = 0; i < q.getRank(); ++i) {
      const int64_t size = i == axis ? llvm::divideCeil(q.getDimSize(i), group) : q.getDimSize(i);
      if (type.getDimSize(i) != size && type.getDimSize(i) != 1)
        return false;
    }
    return true;
  };
  RankedTensorType scales = logicalType(getScales().getType());
  if (!isa<FloatType>(scales.getElementType()) || !fits(scales))
    return emitOpError() << "has scales of " << scales << ", expected floats for groups of " << group
                         << " along dimension " << axis << " of " << q;
  if (getZeros() && !fits(logicalType(getZeros().getType())))
    return emitOpError() << "has zeros of " << logicalType(getZeros().getType()) << ", expected them for groups of "
                         << group << " along dimension " << axis << " of " << q;
  return success();
}

} // namespace glmc::glm
