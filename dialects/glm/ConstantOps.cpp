//===- ConstantOps.cpp - Constants and weights ------------------------------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange,
                                           SmallVectorImpl<Type> &results) {
  auto value = properties ? properties.as<Properties *>()->getValue()
                          : llvm::dyn_cast_or_null<ElementsAttr>(attributes.get("value"));
  auto type = value ? llvm::dyn_cast<RankedTensorType>(value.getShapedType()) : RankedTensorType();
  if (!type)
    return emitOptionalError(loc, "value is not a ranked tensor");
  results.push_back(type);
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult WeightOp::verify() {
  int64_t dense = denseBytes(logicalType(getY().getType()));
  if (getStored().getEncoding() == "raw" && int64_t(getStored().getBytes()) != dense)
    return emitOpError() << "stores " << getStored().getBytes() << " bytes, type " << getY().getType() << " takes "
                         << dense;
  return success();
}

} // namespace glmc::glm
