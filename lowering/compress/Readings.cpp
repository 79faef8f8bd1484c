//===- Readings.cpp - Which products and look-ups read which weight ---------===//
#include "lowering/compress/Readings.h"

#include "dialects/glm/NodeLocation.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace glmc {

int64_t Reading::depthDimension() const {
  const int64_t rank = glm::logicalType(base->getResult(0).getType()).getRank();
  if (!matmul())
    return rank - 1;
  return matmul().getTransposeRhs() != swapped ? rank - 1 : rank - 2;
}

namespace {

bool isConstant(Value value) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()); }

/// Where the elements come from; null for what is computed when the program runs.
Attribute sourceOf(Operation *base) {
  if (auto weight = dyn_cast<glm::WeightOp>(base))
    return weight.getSource();
  if (auto constant = dyn_cast<glm::ConstantOp>(base))
    return constant.getValue();
  auto dequantize = dyn_cast<glm::DequantizeOp>(base);
  if (!dequantize)
    return {};
  SmallVector<Attribute> parts;
  for (Value operand : dequantize->getOperands()) {
    Attribute part = isConstant(operand) ? sourceOf(operand.getDefiningOp()) : Attribute();
    if (!part)
      return {};
    parts.push_back(part);
  }
  return ArrayAttr::get(base->getContext(), parts);
}

bool swapsLastTwo(glm::TransposeOp op) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  const int64_t rank = permutation.size();
  if (rank < 2 || permutation[rank - 1] != rank - 2 || permutation[rank - 2] != rank - 1)
    return false;
  for (int64_t i = 0; i < rank - 2; ++i)
    if (permutation[i] != i)
      return false;
  return true;
}

/// Follows a weight through casts and transposes to those who read it.
void followUses(Value value, Operation *base, bool swapped, ReadWeight &weight) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    auto cast = dyn_cast<glm::CastOp>(user);
    auto transpose = dyn_cast<glm::TransposeOp>(user);
    auto gather = dyn_cast<glm::GatherOp>(user);
    if (cast && isa<FloatType>(cast.getType().getElementType()))
      followUses(cast, base, swapped, weight);
    else if (transpose && swapsLastTwo(transpose))
      followUses(transpose, base, !swapped, weight);
    else if (isa<glm::MatmulOp>(user) && use.getOperandNumber() == 1)
      weight.readings.push_back({&use, base, swapped});
    else if (gather && use.getOperandNumber() == 0 && !swapped && gather.getAxis() == 0 && weight.type.getRank() == 2)
      weight.readings.push_back({&use, base, swapped});
    else if (weight.other.empty())
      weight.other = user->getName().getStringRef().str();
  }
}

/// What a look-up's rows go to as they are: moved, converted or with another sign.
bool passesOn(Operation *op) {
  return op->hasTrait<glm::Movement>() || isa<glm::ReshapeOp, glm::CastOp, glm::NegOp>(op);
}

/// Whether rows of a table are factors (cosines of positions) or a mask: an error
/// in them is worse than in what is added up. They end in a rotary, an attention, or
/// a product with what does not depend on them.
bool isFactor(glm::GatherOp gather) {
  llvm::SmallPtrSet<Operation *, 32> dependent;
  SmallVector<Operation *> pending = {gather};
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    if (dependent.insert(op).second)
      llvm::append_range(pending, op->getUsers());
  }
  llvm::SmallPtrSet<Operation *, 8> seen;
  pending = {gather};
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    if (!seen.insert(op).second)
      continue;
    for (OpOperand &use : op->getResult(0).getUses()) {
      Operation *user = use.getOwner();
      if (passesOn(user))
        pending.push_back(user);
      else if (isa<glm::RotaryOp, glm::AttentionOp>(user))
        return true;
      else if (isa<glm::MulOp>(user)) {
        Value other = user->getOperand(1 - use.getOperandNumber());
        Operation *source = other.getDefiningOp();
        if (!isConstant(other) && (!source || !dependent.contains(source)))
          return true;
      }
    }
  }
  return false;
}

void addReadings(ReadWeight &weight, const ReadWeight &found) {
  llvm::append_range(weight.readings, found.readings);
  if (weight.other.empty())
    weight.other = found.other;
}

/// Names, from all readers.
void describe(ReadWeight &weight) {
  for (const Reading &reading : weight.readings) {
    for (const glm::NodeLocation &node : glm::nodesOf(reading.use->getOwner()->getLoc()))
      if (!llvm::is_contained(weight.nodes, node.name))
        weight.nodes.push_back(node.name);
    weight.isFactor |= reading.gather() && isFactor(reading.gather());
  }
  Operation *base = weight.readings.front().base;
  if (auto dequantize = dyn_cast<glm::DequantizeOp>(base)) {
    weight.isQuantized = true;
    base = dequantize.getQ().getDefiningOp();
  }
  if (auto named = dyn_cast<glm::WeightOp>(base)) {
    weight.name = named.getName().str();
    weight.isRounded = !weight.isQuantized && named.getRounding().has_value();
  } else {
    weight.name = weight.nodes.empty() ? "constant" : weight.nodes.front();
  }
}

} // namespace

std::vector<ReadWeight> findReadWeights(ModuleOp module) {
  llvm::MapVector<std::pair<Attribute, Type>, ReadWeight> weights;
  llvm::DenseMap<Operation *, size_t> order;
  for (auto graph : module.getOps<glm::GraphOp>())
    for (Operation &op : graph.getBody().front()) {
      order[&op] = order.size();
      auto type = op.getNumResults() == 1 ? dyn_cast<RankedTensorType>(op.getResult(0).getType()) : RankedTensorType();
      Attribute source = type && isa<FloatType>(type.getElementType()) ? sourceOf(&op) : Attribute();
      if (!source)
        continue;
      ReadWeight found;
      found.type = type;
      followUses(op.getResult(0), &op, false, found);
      auto [known, isNew] = weights.insert({{source, type}, found});
      if (!isNew)
        addReadings(known->second, found);
    }
  std::vector<ReadWeight> list;
  for (auto &[key, weight] : weights) {
    if (weight.readings.empty())
      continue;
    llvm::sort(weight.readings, [&](const Reading &a, const Reading &b) {
      return order.lookup(a.use->getOwner()) < order.lookup(b.use->getOwner());
    });
    describe(weight);
    list.push_back(std::move(weight));
  }
  llvm::stable_sort(list, [&](const ReadWeight &a, const ReadWeight &b) {
    return order.lookup(a.readings.front().use->getOwner()) < order.lookup(b.readings.front().use->getOwner());
  });
  return list;
}

} // namespace glmc
