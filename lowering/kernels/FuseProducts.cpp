//===- FuseProducts.cpp - Products of one left side are one launch ----------===//
#include "lowering/Passes.h"

#include "lowering/kernels/LaunchFuser.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEPRODUCTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct FuseProductsPass : glmc::impl::FuseProductsBase<FuseProductsPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      if (&fuser.familyOf(launch) != &matmulFamily)
        return {};
      for (OpOperand &operand : launch->getOpOperands()) {
        if (!isLeftSide(fuser, operand))
          continue;
        for (Operation *reader : LaunchFuser::readersOf(operand.get())) {
          auto other = dyn_cast<glm::LaunchOp>(reader);
          if (!other || !launch->isBeforeInBlock(other) ||
              llvm::none_of(other->getOpOperands(), [&](OpOperand &use) {
                return use.get() == operand.get() && isLeftSide(fuser, use);
              }))
            continue;
          if (glm::LaunchOp fused = fuser.fuse(launch, other)) {
            ++merged;
            return fused;
          }
        }
      }
      return {};
    });
  }

  /// Whether a product's left side is this operand of a launch.
  static bool isLeftSide(LaunchFuser &fuser, OpOperand &operand) {
    BlockArgument argument =
        fuser.kernelOf(cast<glm::LaunchOp>(operand.getOwner())).getBody().getArgument(operand.getOperandNumber());
    return llvm::any_of(argument.getUsers(), [&](Operation *user) {
      auto product = dyn_cast<glm::MatmulOp>(user);
      return product && product.getLhs() == argument;
    });
  }
};

} // namespace
