//===- ElementwiseOps.cpp - Shape inference of elementwise ops --------------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

namespace {
/// Result type of a broadcasting op: operands from `first` on agree in element
/// type, and the result has `element` or, if null, that type.
LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange operands, Type element, size_t first,
                             SmallVectorImpl<Type> &results) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value operand : operands)
    shapes.push_back(cast<RankedTensorType>(operand.getType()).getShape());
  Type common = cast<RankedTensorType>(operands[first].getType()).getElementType();
  for (Value operand : operands.drop_front(first))
    if (cast<RankedTensorType>(operand.getType()).getElementType() != common)
      return emitOptionalError(loc, "operands have element types ", common, " and ",
                               cast<RankedTensorType>(operand.getType()).getElementType(), ", expected the same");
  auto shape = broadcastShapes(shapes);
  if (!shape) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvm::interleaveComma(operands.getTypes(), stream);
    return emitOptionalError(loc, "shapes do not broadcast: ", text);
  }
  results.push_back(RankedTensorType::get(*shape, element ? element : common));
  return success();
}
} // namespace

#define GLM_INFER_BINARY(OP, ELEMENT)                                                                                  \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,          \
                                     DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &results) { \
    return inferBroadcast(loc, operands, ELEMENT, 0, results);                                                         \
  }
GLM_INFER_BINARY(AddOp, Type())
GLM_INFER_BINARY(SubOp, Type())
GLM_INFER_BINARY(MulOp, Type())
GLM_INFER_BINARY(DivOp, Type())
GLM_INFER_BINARY(ModOp, Type())
GLM_INFER_BINARY(PowOp, Type())
GLM_INFER_BINARY(MaxOp, Type())
GLM_INFER_BINARY(MinOp, Type())
GLM_INFER_BINARY(EqualOp, IntegerType::get(context, 1))
GLM_INFER_BINARY(LessOp, IntegerType::get(context, 1))
GLM_INFER_BINARY(LessEqualOp, IntegerType::get(context, 1))
GLM_INFER_BINARY(AndOp, Type())
GLM_INFER_BINARY(OrOp, Type())
GLM_INFER_BINARY(XorOp, Type())
#undef GLM_INFER_BINARY

LogicalResult WhereOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                        DictionaryAttr, OpaqueProperties, RegionRange,
                                        SmallVectorImpl<Type> &results) {
  return inferBroadcast(loc, operands, Type(), 1, results);
}

LogicalResult IsNanOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, ValueRange operands,
                                        DictionaryAttr, OpaqueProperties, RegionRange,
                                        SmallVectorImpl<Type> &results) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  results.push_back(RankedTensorType::get(type.getShape(), IntegerType::get(context, 1)));
  return success();
}

LogicalResult CastOp::verify() {
  if (logicalType(getX().getType()).getShape() != getY().getType().getShape())
    return emitOpError() << "converts " << getX().getType() << " to " << getY().getType() << ", expected one shape";
  return success();
}

OpFoldResult CastOp::fold(FoldAdaptor) { return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult(); }

} // namespace glmc::glm
