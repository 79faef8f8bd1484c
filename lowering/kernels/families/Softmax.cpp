//===- Softmax.cpp - Softmax with element ops before, pointwise ones after --===//
//
// A row's exponentials are kept while their sum is made: on the stack where the
// row fits the target's limit, in scratch for all rows otherwise.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

struct Softmax : Family {
  llvm::StringRef name() const override { return "softmax"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = onlyRoot<glm::SoftmaxOp>(kernel);
    return root && isEpilogueOf(root, kernel);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Decision decision;
    auto root = onlyRoot<glm::SoftmaxOp>(kernel);
    auto type = cast<RankedTensorType>(root.getType());
    decision.schedule["vector"] = vectorLanes(kernel, target, type.getShape().back());
    // Rows are made in f32, or f64 for f64.
    Type rowElement = type.getElementTypeBitWidth() == 64 ? type.getElementType() : Float32Type::get(root.getContext());
    int64_t rowBytes = type.getDimSize(root.getAxis()) * (rowElement.getIntOrFloatBitWidth() / 8);
    bool isInnermost = int64_t(root.getAxis()) == type.getRank() - 1;
    limitStack(decision, target);
    if (isInnermost && rowBytes > target.stackLimit)
      decision.scratch.push_back(RankedTensorType::get(type.getShape(), rowElement));
    else if (isInnermost)
      decision.inPlace = inPlacePairs(kernel, root);
    return decision;
  }
};

const Softmax instance;

} // namespace

const Family &softmaxFamily = instance;

} // namespace glmc
