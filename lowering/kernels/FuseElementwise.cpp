//===- FuseElementwise.cpp - Chains of pointwise work are one loop ----------===//
#include "lowering/Passes.h"

#include "lowering/kernels/LaunchFuser.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct FuseElementwisePass : glmc::impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      glm::LaunchOp reader = LaunchFuser::onlyReader(launch);
      if (!reader || &fuser.familyOf(launch) != &elementwiseFamily || &fuser.familyOf(reader) != &elementwiseFamily ||
          !readsInPlace(reader, fuser.kernelOf(reader), launch.getResult(0)) || isWidened(launch, reader))
        return {};
      glm::LaunchOp fused = fuser.fuse(launch, reader);
      merged += bool(fused);
      return fused;
    });
  }

  /// Whether bytes become something wider. What makes the bytes may be an epilogue, and
  /// what reads them another one's: then bytes are what lies in memory between.
  static bool isWidened(glm::LaunchOp launch, glm::LaunchOp reader) {
    auto width = [](Value value) { return cast<RankedTensorType>(value.getType()).getElementTypeBitWidth(); };
    return width(launch.getResult(0)) == 8 && width(reader.getResult(0)) > 8;
  }

  /// Whether the kernel reads each element of `value` once, where it computes
  /// the same element of the result. Other readers wait: this one may become an
  /// epilogue, which a reader that moves or repeats elements cannot.
  static bool readsInPlace(glm::LaunchOp reader, glm::KernelOp kernel, Value value) {
    auto shape = cast<RankedTensorType>(value.getType()).getShape();
    for (auto [operand, argument] : llvm::zip(reader.getOperands(), kernel.getBody().getArguments()))
      if (operand == value)
        return llvm::all_of(argument.getUsers(), [&](Operation *user) {
          return user->hasTrait<glm::Pointwise>() &&
                 cast<RankedTensorType>(user->getResult(0).getType()).getShape() == shape;
        });
    return false; // Through a view.
  }
};

} // namespace
