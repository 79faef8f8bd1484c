//===- ReductionOps.cpp - Shape inference and verifiers of reductions -------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &results) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = cast<RankedTensorType>(op.getX().getType());
  SmallVector<int64_t> shape(type.getShape());
  int64_t previous = -1;
  for (int64_t axis : op.getAxes()) {
    if (axis <= previous || axis >= type.getRank())
      return emitOptionalError(loc, "axes are not ascending dimensions of ", type);
    shape[axis] = 1;
    previous = axis;
  }
  results.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

LogicalResult ReduceOp::verify() {
  if (!llvm::is_contained({"sum", "mean", "max", "min", "prod"}, getKind()))
    return emitOpError() << "kind is '" << getKind() << "', expected sum, mean, max, min or prod";
  return success();
}

LogicalResult SoftmaxOp::verify() {
  int64_t rank = cast<RankedTensorType>(getX().getType()).getRank();
  if (int64_t(getAxis()) < 0 || int64_t(getAxis()) >= rank)
    return emitOpError() << "axis " << int64_t(getAxis()) << " is not one of " << rank << " dimensions";
  return success();
}

} // namespace glmc::glm
