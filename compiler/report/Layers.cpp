//===- Layers.cpp - What weights became -------------------------------------===//
#include "compiler/report/Layers.h"

#include "dialects/glm/GlmOps.h"
#include "lowering/compress/LayerOutcome.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace glmc {

WeightSizes weightSizes(ModuleOp planned) {
  WeightSizes sizes;
  int64_t parts = 0;
  for (auto weight : planned.getOps<glm::PlacedWeightOp>()) {
    RankedTensorType type = glm::logicalType(weight.getType());
    sizes.after += glm::storageBytes(weight.getType());
    sizes.elements += type.getNumElements();
    sizes.before += glm::denseBytes(type);
  }
  // Instead of the parts of quantised weights, the weights that they were.
  for (const LayerOutcome &layer : layersOf(planned)) {
    const int64_t scales = layer.scales * 2;
    sizes.elements -= layer.scales + layer.zeros;
    sizes.before += layer.bytesBefore - scales - layer.zeros;
    parts += layer.elements * (layer.format == "f32" ? 4 : layer.format == "f64" ? 8 : layer.group ? 1 : 2);
  }
  sizes.before -= parts;
  return sizes;
}

namespace {

/// Counts texts, and says "3 int4 g32 symmetric, 1 f32 (small)".
class Counter {
public:
  void add(const std::string &what, const std::string &why) {
    ++counts[what];
    reasons[what].insert({why, 0}).first->second += 1;
  }

  /// The most first. Reasons are told of those that are not as asked for.
  std::string text() const {
    std::string all;
    std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
    llvm::stable_sort(sorted, [](const auto &a, const auto &b) { return a.second > b.second; });
    for (const auto &[what, count] : sorted) {
      all += (all.empty() ? "" : ", ") + std::to_string(count) + " " + what;
      std::string list;
      for (const auto &[why, times] : reasons.find(what)->second)
        if (why != "asked for")
          list += (list.empty() ? "" : "; ") + (times == count ? "" : std::to_string(times) + ": ") + why;
      if (!list.empty())
        all += " (" + list + ")";
    }
    return all;
  }

  std::map<std::string, int64_t> counts;

private:
  std::map<std::string, llvm::MapVector<std::string, int64_t, std::map<std::string, unsigned>>> reasons;
};

} // namespace

std::string layersText(ModuleOp planned) {
  const std::vector<LayerOutcome> layers = layersOf(planned);
  if (layers.empty())
    return "";
  Counter formats, activations;
  for (const LayerOutcome &layer : layers) {
    formats.add(formatText(layer), layer.why);
    if (!layer.activations.empty())
      activations.add(layer.activations + (layer.activationGroup ? " g" + std::to_string(layer.activationGroup) : ""),
                      layer.whyActivations);
  }
  std::string text = formats.text();
  if (!activations.counts.empty())
    text += "; activations: " + activations.text();
  return text;
}

llvm::json::Array layersJson(ModuleOp module) {
  llvm::json::Array list;
  for (const LayerOutcome &layer : layersOf(module)) {
    llvm::json::Array nodes(layer.nodes);
    llvm::json::Object entry{{"name", layer.name},         {"nodes", std::move(nodes)},
                             {"readers", layer.readers},   {"from", layer.from},
                             {"format", layer.format},     {"elements", layer.elements},
                             {"bytes_before", layer.bytesBefore}, {"why", layer.why}};
    if (layer.group) {
      entry["group"] = layer.group;
      entry["asymmetric"] = layer.asymmetric;
      entry["scales"] = layer.scales;
    }
    if (!layer.activations.empty()) {
      entry["activations"] = layer.activations;
      entry["why_activations"] = layer.whyActivations;
    }
    if (layer.activationGroup)
      entry["activation_group"] = layer.activationGroup;
    list.push_back(std::move(entry));
  }
  return list;
}

} // namespace glmc
