//===- PackWeights.cpp - One packed layout a weight -------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/FindTarget.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct PackWeightsPass : glmc::impl::PackWeightsBase<PackWeightsPass> {
  using Base::Base;

  /// Whether it may be packed: a weight, or a constant that is a matrix.
  static bool isWeight(Operation *op) {
    auto constant = dyn_cast<glm::ConstantOp>(op);
    return isa<glm::WeightOp>(op) || (constant && cast<RankedTensorType>(constant.getType()).getRank() == 2);
  }

  static void setLayout(Operation *weight, Attribute layout) {
    if (auto constant = dyn_cast<glm::ConstantOp>(weight))
      constant.setLayoutAttr(layout);
    weight->getResult(0).setType(glm::PackedType::get(weight->getContext(),
                                                      glm::logicalType(weight->getResult(0).getType()), layout));
  }

  /// The layout that all readers of a weight agree on; null to leave it plain.
  Attribute layoutOf(Operation *weight, const targets::Target &target) {
    Attribute layout, tableLayout;
    for (OpOperand &use : weight->getUses()) {
      auto launch = dyn_cast<glm::LaunchOp>(use.getOwner());
      if (!launch)
        return {};
      glm::KernelOp kernel = kernelOf(launch);
      Attribute wanted = familyOf(kernel)->wantedLayout(kernel, use.getOperandNumber(), target);
      // Gathers read few rows, through any layout that others want.
      if (isGatheredOnly(kernel, use.getOperandNumber())) {
        tableLayout = wanted;
        continue;
      }
      if (wanted && layout && wanted != layout)
        return {};
      layout = wanted ? wanted : layout;
    }
    layout = layout ? layout : tableLayout;
    for (OpOperand &use : weight->getUses()) {
      glm::KernelOp kernel = kernelOf(cast<glm::LaunchOp>(use.getOwner()));
      if (layout && !familyOf(kernel)->canRead(kernel, use.getOperandNumber(), layout))
        return {};
    }
    return layout;
  }

  /// All versions read one image: the layout is that of the most capable target
  /// that has one.
  Attribute layoutOf(Operation *weight, const std::vector<targets::Target> &targets) {
    for (const targets::Target &target : llvm::reverse(targets))
      if (Attribute layout = layoutOf(weight, target))
        return layout;
    return {};
  }

  void runOnOperation() override {
    auto targets = findTargets(getOperation(), targetName);
    if (!targets)
      return signalPassFailure();
    getOperation().walk([&](Operation *weight) {
      const bool isRead = isWeight(weight) && isa<glm::GraphOp>(weight->getParentOp());
      Attribute layout = isRead ? layoutOf(weight, *targets) : Attribute();
      if (!layout)
        return;
      setLayout(weight, layout);
      for (OpOperand &use : weight->getUses())
        setArgumentType(kernelOf(cast<glm::LaunchOp>(use.getOwner())), use.getOperandNumber(),
                        weight->getResult(0).getType());
      ++packed;
    });
  }
};

} // namespace
