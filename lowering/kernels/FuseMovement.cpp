//===- FuseMovement.cpp - Copies become addressing --------------------------===//
//
// A launch that only moves elements disappears into what reads it, where the
// readers can read through it. Slices, transposes and repeats cost an index
// each, so several readers may have one each; a concatenation chooses between
// its parts and a gather reads indices, so only one reader may.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/LaunchFuser.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEMOVEMENT
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Readers that may each have the movement.
constexpr unsigned maxReaders = 4;

struct FuseMovementPass : glmc::impl::FuseMovementBase<FuseMovementPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      glm::KernelOp kernel = fuser.kernelOf(launch);
      if (launch->getNumResults() != 1 || !onlyMoves(kernel))
        return {};
      unsigned readers = LaunchFuser::readersOf(launch).size();
      if (readers > (isIndexOnly(kernel) ? maxReaders : 1))
        return {};
      glm::LaunchOp fused = fuser.fuseIntoReaders(launch);
      merged += bool(fused);
      return fused;
    });
  }

  static bool onlyMoves(glm::KernelOp kernel) {
    return llvm::all_of(kernel.getBody().front().without_terminator(),
                        [](Operation &op) { return op.hasTrait<glm::Movement>() || isa<glm::ReshapeOp>(op); });
  }

  static bool isIndexOnly(glm::KernelOp kernel) {
    return llvm::all_of(kernel.getBody().front().without_terminator(), [](Operation &op) {
      return isa<glm::SliceOp, glm::TransposeOp, glm::ExpandOp, glm::TileOp, glm::ReshapeOp>(op);
    });
  }
};

} // namespace
