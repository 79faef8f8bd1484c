//===- Family.cpp - The list of families and what they share ----------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {

const Family *familyOf(glm::KernelOp kernel) {
  // The more special first: an elementwise region is none of the others.
  for (const Family *family :
       {&matmulFamily, &softmaxFamily, &reduceFamily, &scatterFamily, &elementwiseFamily})
    if (family->takes(kernel))
      return family;
  return nullptr;
}

static ArrayRef<int64_t> shapeOf(Value value) { return glm::logicalType(value.getType()).getShape(); }

bool isEpilogueOf(Operation *root, glm::KernelOp kernel) {
  llvm::SmallPtrSet<Operation *, 16> after{root};
  ArrayRef<int64_t> shape = shapeOf(root->getResult(0));
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && after.contains(operand.getDefiningOp());
    });
    if (!depends)
      continue;
    if (shapeOf(op.getResult(0)) != shape)
      return false;
    after.insert(&op);
  }
  OperandRange results = kernel.getTerminator()->getOperands();
  return results.size() == 1 && results[0].getDefiningOp() && after.contains(results[0].getDefiningOp());
}

SmallVector<int64_t> pointwiseInPlacePairs(glm::KernelOp kernel, Operation *through) {
  SmallVector<int64_t> pairs;
  Value result = kernel.getTerminator()->getOperand(0);
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()) || shapeOf(argument) != shapeOf(result) ||
        glm::storageBytes(argument.getType()) != glm::storageBytes(result.getType()))
      continue;
    llvm::SmallPtrSet<Operation *, 16> seen;
    SmallVector<Value> work{argument};
    bool ownElementOnly = true;
    while (!work.empty() && ownElementOnly) {
      for (Operation *user : work.pop_back_val().getUsers()) {
        if (isa<glm::YieldOp>(user) || !seen.insert(user).second)
          continue;
        ownElementOnly &= (user == through || user->hasTrait<glm::Pointwise>()) &&
                          shapeOf(user->getResult(0)) == shapeOf(argument);
        work.push_back(user->getResult(0));
      }
    }
    if (ownElementOnly)
      pairs.append({argument.getArgNumber(), 0});
  }
  return pairs;
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
