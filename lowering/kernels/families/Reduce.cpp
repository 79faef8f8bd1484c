//===- Reduce.cpp - A reduction, element ops before, pointwise ones after ---===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

struct Reduce : Family {
  llvm::StringRef name() const override { return "reduce"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = onlyRoot<glm::ReduceOp>(kernel);
    return root && isEpilogueOf(root, kernel);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Decision decision;
    auto root = onlyRoot<glm::ReduceOp>(kernel);
    auto type = cast<RankedTensorType>(root.getX().getType());
    decision.schedule["vector"] = vectorLanes(kernel, target, type.getRank() ? type.getShape().back() : 1);
    return decision;
  }
};

const Reduce instance;

} // namespace

const Family &reduceFamily = instance;

} // namespace glmc
