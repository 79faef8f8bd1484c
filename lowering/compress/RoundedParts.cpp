//===- RoundedParts.cpp - A constant, rounded, as ops -----------------------===//
#include "lowering/compress/RoundedParts.h"

#include "dialects/glm/Rounding.h"
#include "lowering/compress/LayerOutcome.h"
#include "dialects/glm/reference/Tensor.h"

using namespace mlir;

namespace glmc {

static FailureOr<Value> makePart(OpBuilder &builder, Operation *base, glm::RoundingAttr rounding) {
  if (auto weight = dyn_cast<glm::WeightOp>(base)) {
    std::string name = weight.getName().str();
    if (rounding.getPart() != "values")
      name += "." + rounding.getPart().str();
    return Value(glm::WeightOp::create(builder, base->getLoc(), rounding.type(), builder.getStringAttr(name),
                                       weight.getStored(), rounding));
  }
  auto elements = reference::tensorOf(cast<glm::ConstantOp>(base).getValue());
  if (failed(elements))
    return base->emitOpError() << "has no elements: was it elided from a dump?";
  reference::Tensor part;
  part.type = rounding.type();
  glm::roundWeight(rounding, elements->bytes, part.bytes);
  return Value(glm::ConstantOp::create(builder, base->getLoc(), part.type, reference::attributeOf(part)));
}

FailureOr<RoundedParts> makeRoundedParts(Operation *base, const RoundingPlan &plan) {
  OpBuilder builder(base->getContext());
  builder.setInsertionPointAfter(base);
  auto from = cast<RankedTensorType>(base->getResult(0).getType());
  RoundedParts parts;
  auto make = [&](StringRef name, Value &part) {
    auto made = makePart(builder, base,
                         glm::RoundingAttr::get(base->getContext(), from, plan.to, name, plan.axis, plan.group));
    part = succeeded(made) ? *made : Value();
    return made;
  };
  if (failed(make("values", parts.values)) || (plan.group && failed(make("scales", parts.scales))) ||
      (plan.hasZeros() && failed(make("zeros", parts.zeros))))
    return failure();
  return parts;
}

FailureOr<RoundedParts> makeGivenParts(Operation *base, const RoundingPlan &plan) {
  auto weight = dyn_cast<glm::WeightOp>(base);
  auto list = base->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(roundedAttr);
  if (!weight || !list || !plan.group || plan.hasZeros())
    return RoundedParts();
  auto from = cast<RankedTensorType>(weight.getType());
  for (Attribute attribute : list) {
    auto entry = dyn_cast<DictionaryAttr>(attribute);
    auto name = entry ? entry.getAs<StringAttr>("name") : StringAttr();
    if (!name || name != weight.getNameAttr())
      continue;
    auto type = entry.getAs<TypeAttr>("type");
    auto axis = entry.getAs<IntegerAttr>("axis"), group = entry.getAs<IntegerAttr>("group");
    auto values = entry.getAs<glm::StoredAttr>("values"), scales = entry.getAs<glm::StoredAttr>("scales");
    if (!type || !axis || !group || !values || !scales)
      return weight.emitError() << roundedAttr << " has " << entry
                                << ", expected {name, type, axis, group, values, scales}";
    // Of another format, as --keep may ask for: not these.
    if (type.getValue() != from.clone(plan.to) || axis.getInt() != plan.axis || group.getInt() != plan.group)
      return RoundedParts();
    OpBuilder builder(base->getContext());
    builder.setInsertionPointAfter(base);
    auto scaleType = glm::RoundingAttr::get(base->getContext(), from, plan.to, "scales", plan.axis, plan.group).type();
    auto make = [&](RankedTensorType of, const std::string &suffix, glm::StoredAttr stored) {
      return glm::WeightOp::create(builder, base->getLoc(), of, builder.getStringAttr(name.getValue() + suffix), stored,
                                   glm::RoundingAttr());
    };
    RoundedParts parts;
    parts.values = make(from.clone(plan.to), "", values);
    parts.scales = make(scaleType, ".scales", scales);
    return parts;
  }
  return RoundedParts();
}

} // namespace glmc
