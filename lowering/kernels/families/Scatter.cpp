//===- Scatter.cpp - Updates of slices named at run time --------------------===//
//
// A copy of the first operand, then the updates in order. In place the copy is
// the identity: this is how a KV cache is written.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

struct Scatter : Family {
  llvm::StringRef name() const override { return "scatter"; }

  bool takes(glm::KernelOp kernel) const override {
    auto ops = kernel.getBody().front().without_terminator();
    glm::ScatterNdOp root;
    for (Operation &op : ops) {
      if (isa<glm::ConstantOp>(op))
        continue;
      if (root || !isa<glm::ScatterNdOp>(op))
        return false;
      root = cast<glm::ScatterNdOp>(op);
    }
    return root && kernel.getTerminator()->getOperands() == ValueRange(root->getResults());
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target) const override {
    Decision decision;
    auto type = cast<RankedTensorType>(kernel.getResultTypes()[0]);
    decision.schedule["vector"] = vectorLanes(kernel, target, type.getShape().back());
    for (Operation &op : kernel.getBody().front()) {
      auto root = dyn_cast<glm::ScatterNdOp>(op);
      auto base = root ? dyn_cast<BlockArgument>(root.getX()) : BlockArgument();
      if (base && base != root.getIndices() && base != root.getUpdates())
        decision.inPlace.append({base.getArgNumber(), 0});
    }
    return decision;
  }
};

const Scatter instance;

} // namespace

const Family &scatterFamily = instance;

} // namespace glmc
