//===- Family.cpp - The list of families and what they share ----------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {

const Family *familyOf(glm::KernelOp kernel) {
  // The more special first: an elementwise region is none of the others.
  for (const Family *family : {&matmulFamily, &convFamily, &poolFamily, &attentionFamily, &normFamily, &softmaxFamily, &reduceFamily,
                               &scatterFamily, &cacheWriteFamily, &elementwiseFamily})
    if (family->takes(kernel))
      return family;
  return nullptr;
}

static ArrayRef<int64_t> shapeOf(Value value) { return glm::logicalType(value.getType()).getShape(); }

bool isElementOp(Operation &op) {
  return op.hasTrait<glm::Pointwise>() || op.hasTrait<glm::Movement>() ||
         isa<glm::ReshapeOp, glm::ConstantOp, glm::DequantizeOp>(op);
}

bool isEpilogueOf(Operation *root, glm::KernelOp kernel) {
  llvm::SmallPtrSet<Operation *, 16> after{root};
  ArrayRef<int64_t> shape = shapeOf(root->getResult(0));
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && after.contains(operand.getDefiningOp());
    });
    if (!depends)
      continue;
    if (!op.hasTrait<glm::Pointwise>() || shapeOf(op.getResult(0)) != shape)
      return false;
    after.insert(&op);
  }
  OperandRange results = kernel.getTerminator()->getOperands();
  return results.size() == 1 && results[0].getDefiningOp() && after.contains(results[0].getDefiningOp());
}

/// The one result that depends on `argument`, if it does so element by element.
static std::optional<unsigned> resultInPlaceOf(BlockArgument argument, Operation *through) {
  llvm::SmallPtrSet<Operation *, 16> seen;
  llvm::SmallDenseSet<unsigned, 4> results;
  SmallVector<Value> work{argument};
  while (!work.empty()) {
    for (OpOperand &use : work.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      if (isa<glm::YieldOp>(user)) {
        results.insert(use.getOperandNumber());
        continue;
      }
      if ((user != through && !user->hasTrait<glm::Pointwise>()) ||
          shapeOf(user->getResult(0)) != shapeOf(argument))
        return std::nullopt;
      if (seen.insert(user).second)
        work.push_back(user->getResult(0));
    }
  }
  return results.size() == 1 ? std::optional(*results.begin()) : std::nullopt;
}

SmallVector<int64_t> inPlacePairs(glm::KernelOp kernel, Operation *through) {
  SmallVector<int64_t> pairs;
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      continue;
    std::optional<unsigned> result = resultInPlaceOf(argument, through);
    if (result && glm::storageBytes(argument.getType()) == glm::storageBytes(kernel.getResultTypes()[*result]))
      pairs.append({argument.getArgNumber(), *result});
  }
  return pairs;
}

static bool isGatheredOnly(Value value) {
  return llvm::all_of(value.getUses(), [](OpOperand &use) {
    if (isa<glm::CastOp, glm::DequantizeOp>(use.getOwner()))
      return isGatheredOnly(use.getOwner()->getResult(0));
    return isa<glm::GatherOp>(use.getOwner()) && use.getOperandNumber() == 0;
  });
}

bool isGatheredOnly(glm::KernelOp kernel, unsigned argument) {
  return isGatheredOnly(kernel.getBody().getArgument(argument));
}

Attribute layoutOfTable(glm::KernelOp kernel, unsigned argument) {
  BlockArgument table = kernel.getBody().getArgument(argument);
  RankedTensorType type = glm::logicalType(table.getType());
  if (type.getRank() != 2 || type.getElementTypeBitWidth() != 4 || table.use_empty() || !isGatheredOnly(table))
    return {};
  return glm::PanelsAttr::get(kernel.getContext(), /*dim=*/0, /*width=*/1, /*step=*/2);
}

void limitStack(Decision &decision, const targets::Target &target) {
  constexpr int64_t usual = 4096; // codegen/kernels/Schedules.h
  if (target.stackLimit < usual)
    decision.schedule["stack"] = std::max<int64_t>(target.stackLimit, 1);
}

int64_t vectorLanes(glm::KernelOp kernel, const targets::Target &target, int64_t extent) {
  int64_t widest = 1;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<glm::ConstantOp>(op))
      continue;
    unsigned bits = cast<RankedTensorType>(op.getResult(0).getType()).getElementTypeBitWidth();
    // Floats narrower than f32 are computed in f32.
    bool isNarrowFloat = isa<Float16Type, BFloat16Type>(getElementTypeOrSelf(op.getResult(0).getType()));
    widest = std::max<int64_t>(widest, isNarrowFloat ? 4 : bits / 8);
  }
  int64_t lanes = std::max<int64_t>(1, target.vectorBytes / std::max<int64_t>(widest, 4));
  while (lanes > 1 && lanes > extent)
    lanes /= 2;
  return lanes;
}

} // namespace glmc
