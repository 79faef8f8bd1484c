//===- QuantizeActivations.cpp - Activations in integers of fixed scales ----===//
//
// With ranges from samples (`glm.ranges`, which `--calibration` attaches), the left
// side of a product of integer weights becomes integers by one scale that is known
// when compiling, as ONNX's QuantizeLinear has it:
//
//   s = magnitude / 127;  q = clamp(round(x / s), -127, 127) as i8;  x is about q s
//
// Each value is rounded once, however many products read it. The product of the
// integers themselves is then glm-recover-integer-products' to make.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "dialects/glm/NodeLocation.h"
#include "lowering/compress/LayerOutcome.h"
#include "lowering/compress/Readings.h"

namespace glmc {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

constexpr float largest = 127;

/// A range of glm.ranges.
struct Range {
  StringRef node, weight;
  double magnitude;
};

FailureOr<std::vector<Range>> readRanges(ModuleOp module) {
  auto list = module->getAttrOfType<ArrayAttr>(rangesAttr);
  if (!list)
    return module.emitError() << "has no ranges of activations: run `glmc calibrate`, and give its file with "
                                 "--calibration";
  std::vector<Range> ranges;
  for (Attribute attribute : list) {
    auto entry = dyn_cast<DictionaryAttr>(attribute);
    auto node = entry ? entry.getAs<StringAttr>("node") : StringAttr();
    auto weight = entry ? entry.getAs<StringAttr>("weight") : StringAttr();
    auto magnitude = entry ? entry.getAs<FloatAttr>("magnitude") : FloatAttr();
    if (!node || !weight || !magnitude || !magnitude.getValue().isFinite() || magnitude.getValueAsDouble() < 0)
      return module.emitError() << rangesAttr << " has " << attribute
                                << ", expected {node, weight, magnitude}, with a finite magnitude of 0 or more";
    ranges.push_back({node.getValue(), weight.getValue(), magnitude.getValueAsDouble()});
  }
  return ranges;
}

/// The range of what `product` reads: by weight, and where that is not enough by
/// node; null if there is none.
const Range *rangeOf(ArrayRef<Range> ranges, glm::MatmulOp product, StringRef weight) {
  const Range *found = nullptr;
  size_t count = 0;
  auto nodes = glm::nodesOf(product.getLoc());
  for (const Range &range : ranges) {
    if (range.weight != weight)
      continue;
    ++count;
    if (!found || llvm::any_of(nodes, [&](const glm::NodeLocation &node) { return range.node == node.name; }))
      found = &range;
  }
  const bool isNamed =
      found && llvm::any_of(nodes, [&](const glm::NodeLocation &node) { return found->node == node.name; });
  return count == 1 || isNamed ? found : nullptr;
}

/// A tensor of ones' shape that holds one number.
Value scalar(OpBuilder &builder, Location loc, int64_t rank, float value) {
  auto type = RankedTensorType::get(SmallVector<int64_t>(rank, 1), builder.getF32Type());
  return glm::ConstantOp::create(builder, loc, type, cast<ElementsAttr>(DenseElementsAttr::get(type, value)));
}

/// `x` rounded to integers of `scale`, and made numbers again.
Value roundTrip(OpBuilder &builder, Location loc, Value x, float scale) {
  auto type = cast<RankedTensorType>(x.getType());
  const int64_t rank = type.getRank();
  Value s = scalar(builder, loc, rank, scale);
  Value value = glm::RoundOp::create(builder, loc, type, glm::DivOp::create(builder, loc, x, s));
  value = glm::MaxOp::create(builder, loc, value, scalar(builder, loc, rank, -largest));
  value = glm::MinOp::create(builder, loc, value, scalar(builder, loc, rank, largest));
  Value q = glm::CastOp::create(builder, loc, type.clone(builder.getI8Type()), value);
  return glm::DequantizeOp::create(builder, loc, type, q, s, Value(), rank - 1, type.getShape().back());
}

struct QuantizeActivationsPass : glmc::impl::QuantizeActivationsBase<QuantizeActivationsPass> {
  std::string quantize(const ReadWeight &weight, const Reading &reading, ArrayRef<Range> ranges);
  void runOnOperation() override;

  llvm::DenseMap<std::pair<Value, uint64_t>, Value> made; ///< By what is rounded, and the scale's bits.
  int64_t products = 0; ///< That were; a statistic counts only where LLVM was built with them.
};

/// Rounds what one product reads. Why it could not; empty if it did.
std::string QuantizeActivationsPass::quantize(const ReadWeight &weight, const Reading &reading,
                                              ArrayRef<Range> ranges) {
  glm::MatmulOp product = reading.matmul();
  auto weights = dyn_cast<glm::DequantizeOp>(reading.base);
  auto type = cast<RankedTensorType>(product.getLhs().getType());
  if (!weights)
    return "weights are no integers";
  if (!type.getElementType().isF32() || type.getShape().back() < 1 || product.getLhsGroup())
    return "the left side is rounded already or is not of f32";
  // One scale a column, or sums of integers end where a group does.
  RankedTensorType scales = glm::logicalType(weights.getScales().getType());
  if (scales.getDimSize(reading.depthDimension()) != 1)
    return "weights have a scale for each group, not one a column";
  const Range *range = rangeOf(ranges, product, weight.name);
  if (!range)
    return "no sample passed here: it has no range";
  const float scale = float(range->magnitude / largest);
  if (!(scale > 0))
    return "all samples were 0 here";
  Value &rounded = made[{product.getLhs(), llvm::bit_cast<uint32_t>(scale)}];
  if (!rounded) {
    OpBuilder builder(product);
    builder.setInsertionPointAfterValue(product.getLhs());
    rounded = roundTrip(builder, product.getLoc(), product.getLhs(), scale);
  }
  product.getLhsMutable().assign(rounded);
  ++products;
  return "";
}

void QuantizeActivationsPass::runOnOperation() {
  ModuleOp module = getOperation();
  auto ranges = readRanges(module);
  if (failed(ranges))
    return signalPassFailure();
  std::vector<LayerOutcome> layers = layersOf(module);
  for (const ReadWeight &weight : findReadWeights(module)) {
    std::string why;
    bool isRounded = false;
    for (const Reading &reading : weight.readings) {
      if (!reading.matmul())
        continue;
      const std::string reason = quantize(weight, reading, *ranges);
      isRounded |= reason.empty();
      why = reason.empty() ? why : reason;
    }
    for (LayerOutcome &layer : layers)
      if (layer.name == weight.name && (isRounded || !why.empty())) {
        layer.activations = isRounded ? "int8 static" : "float";
        layer.whyActivations = isRounded ? "asked for" : why;
      }
  }
  made.clear();
  roundedProducts += products;
  if (products == 0) {
    module.emitError() << "activations are to have fixed scales, but no product has int8 weights of one scale a column "
                          "and a range: add --weights int8, and calibrate this model";
    return signalPassFailure();
  }
  module->setAttr(layersAttr, layersToAttribute(&getContext(), layers));
}

} // namespace
