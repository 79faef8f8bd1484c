//===- QuantizeWeights.cpp - Weights in fewer bits --------------------------===//
//
// 1. Find every constant matrix of products and every table of look-ups, with all
//    its readers (Readings.h).
// 2. Decide what each becomes: what a --keep pattern says that matches it, else the
//    format asked for, unless it is too small, a table of factors, read by another op
//    as well, or in fewer bits already. Groups run along what is summed over.
// 3. Replace what its readers read: a product reads a glm.dequantize or a glm.cast
//    of the rounded weight, a look-up looks up in the parts and converts the rows
//    found. One set of parts a graph, so that tied readers share them.
// 4. Products of integers take their left side in integers too, if asked for.
// 5. Write down what came out of it.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/compress/LayerOutcome.h"
#include "lowering/compress/Readings.h"
#include "lowering/compress/RoundedParts.h"

#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MathExtras.h"

namespace glmc {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Weights of fewer elements stay: their scales and conversions cost more than
/// what there is to gain.
constexpr int64_t smallestWeight = 4096;
/// Names listed where none is right.
constexpr size_t listedNames = 60;
/// Sums of so many integer products at most are one integer sum.
constexpr int64_t longestActivationGroup = 128, shortestActivationGroup = 32;

/// --keep PATTERN=FORMAT.
struct Keep {
  std::string text, format;
  llvm::GlobPattern pattern;

  /// By the weight's name, or by that of a node which reads it.
  bool matches(const ReadWeight &weight) const {
    return pattern.match(weight.name) ||
           llvm::any_of(weight.nodes, [&](const std::string &node) { return pattern.match(node); });
  }
};

bool isIntegerFormat(StringRef format) { return format == "int8" || format == "int4"; }
bool isFormat(StringRef format) { return format == "f32" || format == "f16" || format == "bf16" || isIntegerFormat(format); }

/// "f32", "int4", "uint8".
std::string typeText(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth());
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

struct QuantizeWeightsPass : glmc::impl::QuantizeWeightsBase<QuantizeWeightsPass> {
  using Base::Base;

  LogicalResult readOptions();
  LogicalResult checkKeeps(ArrayRef<ReadWeight> weights);
  void decide(const ReadWeight &weight, LayerOutcome &layer, std::string &target);
  RoundingPlan planOf(const ReadWeight &weight, StringRef target);
  LogicalResult apply(const ReadWeight &weight, const RoundingPlan &plan, LayerOutcome &layer);
  void setActivations(const ReadWeight &weight, LayerOutcome &layer);
  void replace(const Reading &reading, const RoundedParts &parts, const RoundingPlan &plan);
  void runOnOperation() override;

  std::vector<Keep> keeps;
};

LogicalResult QuantizeWeightsPass::readOptions() {
  Operation *module = getOperation();
  if (!format.empty() && !isFormat(format))
    return module->emitError() << "format is '" << format << "', expected f32, f16, bf16, int8 or int4";
  if (group < 1)
    return module->emitError() << "group is " << int64_t(group) << ", expected 1 or more";
  if (activations != "float" && activations != "int8")
    return module->emitError() << "activations is '" << activations << "', expected float or int8";
  for (StringRef text : keep) {
    auto [name, kept] = text.rsplit('=');
    if (name.empty() || !isFormat(kept))
      return module->emitError() << "keep is '" << text << "', expected PATTERN=FORMAT, where FORMAT is f32, f16, "
                                 << "bf16, int8 or int4";
    auto pattern = llvm::GlobPattern::create(name);
    if (!pattern)
      return module->emitError() << "keep is '" << text << "': " << llvm::toString(pattern.takeError());
    keeps.push_back({text.str(), kept.str(), std::move(*pattern)});
  }
  return success();
}

/// Every pattern must mean something.
LogicalResult QuantizeWeightsPass::checkKeeps(ArrayRef<ReadWeight> weights) {
  for (const Keep &each : keeps) {
    if (llvm::any_of(weights, [&](const ReadWeight &weight) { return each.matches(weight); }))
      continue;
    std::string names;
    for (const ReadWeight &weight : weights.take_front(listedNames))
      names += (names.empty() ? "" : ", ") + weight.name +
               (weight.nodes.empty() || weight.nodes.front() == weight.name ? "" : " (" + weight.nodes.front() + ")");
    if (weights.size() > listedNames)
      names += " and " + std::to_string(weights.size() - listedNames) + " more";
    return getOperation().emitError() << "keep is '" << each.text << "', which no weight or node is named like; there "
                                      << (weights.empty() ? "are none" : weights.size() == 1 ? "is " : "are ") << names;
  }
  return success();
}

/// What a weight becomes: `target`, empty to leave it, and why.
void QuantizeWeightsPass::decide(const ReadWeight &weight, LayerOutcome &layer, std::string &target) {
  auto stays = [&](const std::string &why) {
    target.clear();
    layer.why = why;
  };
  const Keep *kept = nullptr;
  for (const Keep &each : keeps)
    if (!kept && each.matches(weight))
      kept = &each;
  target = kept ? kept->format : std::string(format);
  layer.why = kept ? "keep " + kept->text : "asked for";
  if (weight.isQuantized)
    return stays("comes quantised");
  if (weight.isRounded)
    return stays("comes rounded");
  if (target.empty())
    return stays("as the model has it");
  if (target == layer.from)
    target.clear();
  else if (target == "f32")
    stays(layer.why + ", " + layer.from + " in the model");
  else if (!weight.other.empty())
    stays("also read by " + weight.other);
  else if (layer.from == "f64")
    stays("f64 in the model");
  else if (!kept && weight.isFactor)
    stays("a table of factors or a mask");
  else if (!kept && layer.elements < smallestWeight)
    stays("fewer than " + std::to_string(smallestWeight) + " elements");
  else if (layer.elements == 0)
    stays("empty");
}

RoundingPlan QuantizeWeightsPass::planOf(const ReadWeight &weight, StringRef target) {
  MLIRContext *context = &getContext();
  if (target == "f16")
    return {Float16Type::get(context)};
  if (target == "bf16")
    return {BFloat16Type::get(context)};
  // Products decide: theirs are the sums that groups cut.
  int64_t axis = weight.readings.front().depthDimension();
  for (const Reading &reading : llvm::reverse(weight.readings))
    if (reading.matmul())
      axis = reading.depthDimension();
  auto signedness = asymmetric ? IntegerType::Unsigned : IntegerType::Signless;
  return {IntegerType::get(context, target == "int8" ? 8 : 4, signedness), axis,
          std::min<int64_t>(group, weight.type.getDimSize(axis))};
}

/// Lets one reader read the parts.
void QuantizeWeightsPass::replace(const Reading &reading, const RoundedParts &parts, const RoundingPlan &plan) {
  Operation *reader = reading.use->getOwner();
  OpBuilder builder(reader);
  const Location loc = reader->getLoc();
  const Type element = cast<RankedTensorType>(reading.use->get().getType()).getElementType();
  auto shaped = [&](Value value, Type of) { return cast<RankedTensorType>(value.getType()).clone(of); };
  auto lookUp = [&](Value table) -> Value {
    if (!table)
      return {};
    auto gather = cast<glm::GatherOp>(reader);
    SmallVector<int64_t> shape(cast<RankedTensorType>(gather.getIndices().getType()).getShape());
    auto type = cast<RankedTensorType>(table.getType());
    llvm::append_range(shape, type.getShape().drop_front());
    return glm::GatherOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType()), table,
                                 gather.getIndices(), 0);
  };
  RoundedParts read = parts;
  int64_t axis = plan.axis;
  // Rows are converted after they are looked up, unless groups run across them.
  const bool isLookUp = reading.gather() && (!plan.group || plan.axis == 1);
  if (isLookUp) {
    read = {lookUp(parts.values), lookUp(parts.scales), lookUp(parts.zeros)};
    axis = cast<RankedTensorType>(read.values.getType()).getRank() - 1;
  }
  Value number;
  if (plan.group)
    number = glm::DequantizeOp::create(builder, loc, shaped(read.values, element), read.values, read.scales, read.zeros,
                                       axis, plan.group);
  else if (plan.to != element)
    number = glm::CastOp::create(builder, loc, shaped(read.values, element), read.values);
  else
    number = read.values;
  if (isLookUp) {
    reader->getResult(0).replaceAllUsesWith(number);
    reader->erase();
    return;
  }
  reading.use->set(number);
  if (reading.swapped) // The transpose is left out.
    reading.matmul().setTransposeRhs(!reading.matmul().getTransposeRhs());
}

LogicalResult QuantizeWeightsPass::apply(const ReadWeight &weight, const RoundingPlan &plan, LayerOutcome &layer) {
  llvm::DenseMap<Block *, RoundedParts> made;
  for (const Reading &reading : weight.readings) {
    auto [known, isNew] = made.try_emplace(reading.base->getBlock());
    if (isNew) {
      auto parts = makeGivenParts(reading.base, plan);
      if (succeeded(parts) && !parts->values)
        parts = makeRoundedParts(reading.base, plan);
      else if (succeeded(parts) && made.size() == 1)
        layer.why += ", rounded by what products read";
      if (failed(parts))
        return failure();
      known->second = *parts;
    }
    replace(reading, known->second, plan);
  }
  layer.format = isa<FloatType>(plan.to) ? typeText(plan.to) : plan.to.isInteger(8) ? "int8" : "int4";
  if (plan.group) {
    const int64_t size = weight.type.getDimSize(plan.axis);
    layer.group = plan.group;
    layer.asymmetric = plan.hasZeros();
    layer.scales = layer.elements / size * int64_t(llvm::divideCeil(size, plan.group));
    layer.zeros = plan.hasZeros() ? layer.scales : 0;
  }
  ++quantized;
  return success();
}

/// Elements that have one scale along the dimension that a product sums over; 0 if
/// each has its own.
static int64_t groupAlong(glm::DequantizeOp op, int64_t dimension) {
  const int64_t size = op.getType().getDimSize(dimension);
  auto along = [&](Value value) {
    const int64_t groups = glm::logicalType(value.getType()).getDimSize(dimension);
    return groups == 1 ? size : int64_t(op.getAxis()) == dimension ? int64_t(op.getGroup()) : 0;
  };
  const int64_t scales = along(op.getScales());
  return op.getZeros() ? std::min(scales, along(op.getZeros())) : scales;
}

/// How much of a left side is rounded together: a divisor of the group, not longer
/// than integer sums may be, nor so short that scales cost more than products.
static int64_t activationGroupOf(int64_t group, int64_t size) {
  if (group >= size)
    return longestActivationGroup;
  for (int64_t length = longestActivationGroup; length >= shortestActivationGroup; length /= 2)
    if (group % length == 0)
      return length;
  int64_t length = std::min(group, longestActivationGroup);
  while (group % length)
    --length;
  return length;
}

/// Why integers of a weight that comes quantised cannot be multiplied as words of 32
/// bits by groups of the left side; null if they can.
static const char *whyNoWords(glm::DequantizeOp op, int64_t dimension, int64_t group) {
  RankedTensorType q = glm::logicalType(op.getQ().getType());
  auto isInPanels = [](Value value) {
    return !value || value.getDefiningOp<glm::WeightOp>() || glm::logicalType(value.getType()).getNumElements() == 1;
  };
  if (!llvm::all_of(op->getOperands(), isInPanels))
    return "weights or scales are made when compiling, or small: they are in no panels";
  if (group < q.getDimSize(dimension) && group % (32 / q.getElementTypeBitWidth()))
    return "groups do not fill words of 32 bits";
  if (!op.getZeros())
    return nullptr;
  RankedTensorType zeros = glm::logicalType(op.getZeros().getType());
  if (!isa<IntegerType>(zeros.getElementType()))
    return "zeros are no integers";
  const bool isOne = zeros.getNumElements() == 1 && op.getZeros().getDefiningOp<glm::ConstantOp>();
  if (!isOne && zeros.getDimSize(dimension) != glm::logicalType(op.getScales().getType()).getDimSize(dimension))
    return "zeros have other groups than scales";
  return nullptr;
}

/// How much of a product's left side is rounded together, or why none of it is.
static int64_t roundedGroupOf(glm::MatmulOp product, const LayerOutcome &layer, std::string &why) {
  Value right = product.getRhs();
  bool swapped = false;
  while (Operation *source = right.getDefiningOp()) {
    if (!isa<glm::CastOp, glm::TransposeOp>(source))
      break;
    swapped ^= isa<glm::TransposeOp>(source);
    right = source->getOperand(0);
  }
  auto dequantize = right.getDefiningOp<glm::DequantizeOp>();
  if (!dequantize) {
    why = "weights are " + layer.format;
    return 0;
  }
  RankedTensorType q = glm::logicalType(dequantize.getQ().getType());
  const int64_t dimension = product.getTransposeRhs() != swapped ? q.getRank() - 1 : q.getRank() - 2;
  const int64_t along = groupAlong(dequantize, dimension);
  if (q.getElementTypeBitWidth() > 8)
    why = "weights are " + typeText(q.getElementType());
  else if (q.getRank() != 2)
    why = "a product for each batch";
  else if (along < 2)
    why = "each element of a sum has its own scale";
  else if (const char *words = whyNoWords(dequantize, dimension, activationGroupOf(along, q.getDimSize(dimension))))
    why = words;
  return why.empty() ? activationGroupOf(along, q.getDimSize(dimension)) : 0;
}

/// All products that read the weight, those of every entry point; the layer says what
/// the first one got.
void QuantizeWeightsPass::setActivations(const ReadWeight &weight, LayerOutcome &layer) {
  for (const Reading &reading : weight.readings) {
    // Look-ups have no left side, and those of this weight may be gone.
    if (StringRef(layer.readers) == "gather")
      return;
    glm::MatmulOp product = reading.matmul();
    if (!product)
      continue;
    std::string why = "asked for";
    int64_t group = product.getLhsGroup().value_or(0);
    if (group) {
      why = "comes so";
    } else if (activations == "int8") {
      std::string whyFloat;
      group = roundedGroupOf(product, layer, whyFloat);
      if (group) {
        product.setLhsGroup(group);
        ++integerProducts;
      } else {
        why = whyFloat;
      }
    }
    if (layer.activations == "int8")
      continue;
    layer.activations = group ? "int8" : "float";
    layer.activationGroup = group;
    layer.whyActivations = why;
  }
}

/// What is known of a weight before anything is decided.
static LayerOutcome outcomeOf(const ReadWeight &weight) {
  LayerOutcome layer;
  layer.name = weight.name;
  layer.nodes = weight.nodes;
  layer.elements = weight.type.getNumElements();
  auto reads = [&](auto isSo) { return llvm::any_of(weight.readings, isSo); };
  const bool products = reads([](const Reading &each) { return bool(each.matmul()); });
  const bool lookUps = reads([](const Reading &each) { return bool(each.gather()); });
  layer.readers = products && lookUps ? "matmul, gather" : products ? "matmul" : "gather";
  if (auto dequantize = dyn_cast<glm::DequantizeOp>(weight.readings.front().base)) {
    RankedTensorType q = glm::logicalType(dequantize.getQ().getType());
    auto count = [](Value value) { return value ? glm::logicalType(value.getType()).getNumElements() : 0; };
    layer.from = layer.format = q.getElementTypeBitWidth() == 8   ? "int8"
                                : q.getElementTypeBitWidth() == 4 ? "int4"
                                                                  : typeText(q.getElementType());
    layer.group = std::max<int64_t>(1, groupAlong(dequantize, weight.readings.front().depthDimension()));
    layer.asymmetric = bool(dequantize.getZeros());
    layer.scales = count(dequantize.getScales());
    layer.zeros = count(dequantize.getZeros());
    for (Value part : dequantize->getOperands())
      layer.bytesBefore += int64_t(llvm::divideCeil(count(part) * glm::logicalType(part.getType()).getElementTypeBitWidth(), 8));
  } else {
    layer.from = layer.format = typeText(weight.type.getElementType());
    layer.bytesBefore = glm::denseBytes(weight.type);
  }
  return layer;
}

void QuantizeWeightsPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(readOptions()))
    return signalPassFailure();
  const bool isAsked = !format.empty() || !keep.empty() || activations != "float";
  for (auto graph : module.getOps<glm::GraphOp>())
    if (isAsked && !graph.getOps<glm::LaunchOp>().empty()) {
      graph.emitOpError() << "is made of kernels already: weights are quantised before";
      return signalPassFailure();
    }
  std::vector<ReadWeight> weights = findReadWeights(module);
  if (failed(checkKeeps(weights)))
    return signalPassFailure();
  // What is as it was needs no table.
  const bool comesQuantized = llvm::any_of(weights, [](const ReadWeight &weight) { return weight.isQuantized; });
  if (!isAsked && (!comesQuantized || module->hasAttr(layersAttr)))
    return;
  std::vector<LayerOutcome> layers;
  for (const ReadWeight &weight : weights) {
    LayerOutcome layer = outcomeOf(weight);
    std::string target;
    decide(weight, layer, target);
    ReadWeight left = weight;
    if (!target.empty()) {
      llvm::erase_if(left.readings, [](const Reading &reading) { return !reading.matmul(); });
      if (failed(apply(weight, planOf(weight, target), layer)))
        return signalPassFailure();
    }
    setActivations(left, layer);
    layers.push_back(std::move(layer));
  }
  if (activations == "int8" && llvm::none_of(layers, [](const LayerOutcome &layer) { return layer.activations == "int8"; })) {
    module.emitError() << "activations are to be int8, but no product has integer weights: quantise them too, to int8 "
                       << "or int4";
    return signalPassFailure();
  }
  module->setAttr(layersAttr, layersToAttribute(&getContext(), layers));
  for (auto graph : module.getOps<glm::GraphOp>())
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(graph.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
}

} // namespace
