//===- ConstantOps.cpp - Constants and weights ------------------------------===//
#include "dialects/glm/GlmOps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::glm {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange,
                                           SmallVectorImpl<Type> &results) {
  auto value = properties ? properties.as<Properties *>()->getValue()
                          : llvm::dyn_cast_or_null<ElementsAttr>(attributes.get("value"));
  Attribute layout = properties ? properties.as<Properties *>()->getLayout() : attributes.get("layout");
  auto type = value ? llvm::dyn_cast<RankedTensorType>(value.getShapedType()) : RankedTensorType();
  if (!type)
    return emitOptionalError(loc, "value is not a ranked tensor");
  if (!layout) {
    results.push_back(type);
    return success();
  }
  auto packed = PackedType::getChecked(
      [&] { return mlir::emitError(loc ? *loc : UnknownLoc::get(type.getContext())); }, type.getContext(), type, layout);
  if (!packed)
    return failure();
  results.push_back(packed);
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getLayout() ? OpFoldResult() : OpFoldResult(getValue()); }

Attribute WeightOp::getSource() {
  if (!getRounding())
    return getStored();
  return ArrayAttr::get(getContext(), {getStored(), *getRounding()});
}

LogicalResult WeightOp::verify() {
  RankedTensorType type = logicalType(getY().getType());
  if (auto rounding = getRounding()) {
    if (type != rounding->type())
      return emitOpError() << "has type " << type << ", rounding gives " << rounding->type();
    type = rounding->getFrom();
  }
  const StringRef encoding = getStored().getEncoding();
  if (encoding == "varint")
    return success();
  const bool isNibbles = encoding == "nibbles";
  if (isNibbles && type.getElementTypeBitWidth() != 4)
    return emitOpError() << "stores " << type << " as nibbles, expected elements of 4 bits";
  const int64_t dense = isNibbles ? llvm::divideCeil(type.getNumElements(), 2) : denseBytes(type);
  if (int64_t(getStored().getBytes()) != dense)
    return emitOpError() << "stores " << getStored().getBytes() << " bytes, type " << type << " takes " << dense;
  return success();
}

} // namespace glmc::glm
