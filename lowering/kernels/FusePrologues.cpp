//===- FusePrologues.cpp - Work on an operand where it is read --------------===//
//
// What is read several times would be computed several times, except where a
// kernel keeps it: a product keeps its left side once that is computed, norms,
// reductions, softmax and writes to caches read each element once or twice.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/LaunchFuser.h"
#include "lowering/kernels/families/MatmulIntegers.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEPROLOGUES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Ops that cost more than a load and a store of their result.
bool isExpensive(Operation &op) {
  return isa<glm::ExpOp, glm::LogOp, glm::SinOp, glm::CosOp, glm::TanhOp, glm::SigmoidOp, glm::ErfOp, glm::PowOp,
             glm::DivOp, glm::SqrtOp, glm::ReciprocalOp, glm::ModOp, glm::GeluOp, glm::SwigluOp, glm::RotaryOp>(op);
}

struct FuseProloguesPass : glmc::impl::FuseProloguesBase<FuseProloguesPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      glm::LaunchOp reader = LaunchFuser::onlyReader(launch);
      if (!reader || wouldRecompute(fuser, launch, reader))
        return {};
      const Family &family = fuser.familyOf(launch);
      if (&family == &normFamily && &fuser.familyOf(reader) == &matmulFamily && !keepsLeftSide(fuser, reader))
        return {};
      if (&family != &elementwiseFamily && &family != &normFamily && !isScaleOfRows(fuser, family, reader))
        return {};
      glm::LaunchOp fused = fuser.fuse(launch, reader);
      merged += bool(fused);
      return fused;
    });
  }

  /// The largest elements that quantised rows of a cache are scaled by.
  static bool isScaleOfRows(LaunchFuser &fuser, const Family &family, glm::LaunchOp reader) {
    return &family == &reduceFamily && &fuser.familyOf(reader) == &cacheWriteFamily;
  }

  /// Whether the kernel's products compute their left side once: not where each
  /// matrix of a batch has its own, nor as dot products with the rows of a
  /// right side that is transposed and no weight, which would be packed.
  static bool keepsLeftSide(LaunchFuser &fuser, glm::LaunchOp reader) {
    for (auto product : fuser.kernelOf(reader).getBody().getOps<glm::MatmulOp>()) {
      BlockArgument argument = weightOf(product);
      if (glm::logicalType(product.getRhs().getType()).getRank() != 2)
        return false;
      if (product.getTransposeRhs() &&
          !(argument && reader.getOperand(argument.getArgNumber()).getDefiningOp<glm::WeightOp>()))
        return false;
    }
    return true;
  }

  static bool wouldRecompute(LaunchFuser &fuser, glm::LaunchOp launch, glm::LaunchOp reader) {
    if (!llvm::any_of(fuser.kernelOf(launch).getBody().front(), isExpensive))
      return false;
    const Family &family = fuser.familyOf(reader);
    if (&family == &matmulFamily)
      return !keepsLeftSide(fuser, reader);
    if (&family == &cacheWriteFamily)
      return false;
    if (&family == &attentionFamily)
      return true;
    auto elements = [](Type type) { return cast<RankedTensorType>(type).getNumElements(); };
    int64_t computed = elements(launch.getResultTypes()[0]);
    return llvm::any_of(reader.getResultTypes(), [&](Type type) { return elements(type) > computed; });
  }
};

} // namespace
