//===- LayerOutcome.cpp - What each weight became, and why ------------------===//
#include "lowering/compress/LayerOutcome.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace glmc {

std::string formatText(const LayerOutcome &layer) {
  if (layer.group == 0)
    return layer.format;
  return layer.format + " g" + std::to_string(layer.group) + (layer.asymmetric ? " asymmetric" : " symmetric");
}

ArrayAttr layersToAttribute(MLIRContext *context, ArrayRef<LayerOutcome> layers) {
  Builder builder(context);
  SmallVector<Attribute> list;
  for (const LayerOutcome &layer : layers) {
    NamedAttrList entry;
    auto text = [&](StringRef name, StringRef value) {
      if (!value.empty())
        entry.set(name, builder.getStringAttr(value));
    };
    auto number = [&](StringRef name, int64_t value) {
      if (value != 0)
        entry.set(name, builder.getI64IntegerAttr(value));
    };
    text("name", layer.name);
    entry.set("nodes", builder.getStrArrayAttr(llvm::to_vector_of<StringRef>(layer.nodes)));
    text("readers", layer.readers);
    text("from", layer.from);
    text("format", layer.format);
    number("group", layer.group);
    if (layer.asymmetric)
      entry.set("asymmetric", builder.getUnitAttr());
    number("elements", layer.elements);
    number("scales", layer.scales);
    number("zeros", layer.zeros);
    number("bytes_before", layer.bytesBefore);
    text("why", layer.why);
    text("activations", layer.activations);
    number("activation_group", layer.activationGroup);
    text("why_activations", layer.whyActivations);
    list.push_back(entry.getDictionary(context));
  }
  return builder.getArrayAttr(list);
}

std::vector<LayerOutcome> layersOf(ModuleOp module) {
  std::vector<LayerOutcome> layers;
  auto list = module->getAttrOfType<ArrayAttr>(layersAttr);
  if (!list)
    return layers;
  // A dump may say anything: what is missing or of another type counts as empty.
  for (Attribute attribute : list) {
    auto entry = dyn_cast<DictionaryAttr>(attribute);
    if (!entry)
      continue;
    auto text = [&](StringRef name) {
      auto value = entry.getAs<StringAttr>(name);
      return value ? value.getValue().str() : std::string();
    };
    auto number = [&](StringRef name) {
      auto value = entry.getAs<IntegerAttr>(name);
      return value && value.getType().isInteger(64) ? std::max<int64_t>(value.getInt(), 0) : 0;
    };
    LayerOutcome layer;
    layer.name = text("name");
    if (auto nodes = entry.getAs<ArrayAttr>("nodes"))
      for (Attribute node : nodes)
        if (auto name = dyn_cast<StringAttr>(node))
          layer.nodes.push_back(name.getValue().str());
    layer.readers = text("readers");
    layer.from = text("from");
    layer.format = text("format");
    layer.group = number("group");
    layer.asymmetric = entry.contains("asymmetric");
    layer.elements = number("elements");
    layer.scales = number("scales");
    layer.zeros = number("zeros");
    layer.bytesBefore = number("bytes_before");
    layer.why = text("why");
    layer.activations = text("activations");
    layer.activationGroup = number("activation_group");
    layer.whyActivations = text("why_activations");
    layers.push_back(std::move(layer));
  }
  return layers;
}

} // namespace glmc
