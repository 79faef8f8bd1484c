//===- FuseSiblings.cpp - Small launches side by side are one ---------------===//
//
// Siblings: neither needs the other, their results have one type (of writes to
// caches, any), and an operand of one is made by the launch that makes an
// operand of the other, or is the same, or both read only inputs of the model.
// So both can run at the same time and live about as long: cos and sin of one
// angle, the K and V caches of one layer, the lengths of all caches.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/LaunchFuser.h"

#include "llvm/ADT/SetVector.h"

namespace glmc {
#define GEN_PASS_DEF_FUSESIBLINGS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct FuseSiblingsPass : glmc::impl::FuseSiblingsBase<FuseSiblingsPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      const Family &family = fuser.familyOf(launch);
      if (&family != &elementwiseFamily && &family != &scatterFamily && &family != &cacheWriteFamily)
        return {};
      for (glm::LaunchOp other : siblingsOf(launch)) {
        if (&fuser.familyOf(other) != &family || !areAlike(launch, other, family) ||
            llvm::any_of(other.getOperands(), [&](Value v) { return withoutViews(v).getDefiningOp() == launch; }))
          continue;
        if (glm::LaunchOp fused = fuser.fuse(launch, other)) {
          ++merged;
          return fused;
        }
      }
      return {};
    });
  }

  /// Whether the loops of both are much the same: those of caches, of whatever
  /// type, are over the rows that are new.
  static bool areAlike(glm::LaunchOp launch, glm::LaunchOp other, const Family &family) {
    return &family == &cacheWriteFamily || other.getResultTypes().front() == launch.getResultTypes().front();
  }

  static bool readsOnlyInputs(glm::LaunchOp launch) {
    return llvm::none_of(launch.getOperands(),
                         [](Value operand) { return withoutViews(operand).getDefiningOp<glm::LaunchOp>(); });
  }

  /// Later launches that read an operand of `launch`, or another result of the
  /// launch that made it; or, as it does, only inputs.
  static llvm::SetVector<glm::LaunchOp> siblingsOf(glm::LaunchOp launch) {
    llvm::SetVector<glm::LaunchOp> siblings;
    if (readsOnlyInputs(launch)) {
      for (auto other : launch->getBlock()->getOps<glm::LaunchOp>())
        if (launch->isBeforeInBlock(other) && readsOnlyInputs(other))
          siblings.insert(other);
      return siblings;
    }
    for (Value operand : launch.getOperands()) {
      Value base = withoutViews(operand);
      auto maker = base.getDefiningOp<glm::LaunchOp>();
      for (Operation *reader : maker ? LaunchFuser::readersOf(maker) : LaunchFuser::readersOf(base))
        if (auto other = dyn_cast<glm::LaunchOp>(reader))
          if (launch->isBeforeInBlock(other))
            siblings.insert(other);
    }
    return siblings;
  }
};

} // namespace
