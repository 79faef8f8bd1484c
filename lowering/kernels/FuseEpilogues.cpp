//===- FuseEpilogues.cpp - Work on a result where it is made ----------------===//
//
// 1. An elementwise launch goes into the kernel whose result it alone reads.
// 2. A product of which only slices of columns are read, and no column twice, is
//    one product for each slice (packed queries, keys and values; gate and up):
//    each goes on with 1, and glm-fuse-products makes one launch of them again.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/LaunchFuser.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct FuseEpiloguesPass : glmc::impl::FuseEpiloguesBase<FuseEpiloguesPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    LaunchFuser::untilStable(getOperation(), [&](glm::LaunchOp launch) -> glm::LaunchOp {
      const Family &family = fuser.familyOf(launch);
      if (&family == &elementwiseFamily)
        return {};
      glm::LaunchOp reader = LaunchFuser::onlyReader(launch), fused;
      if (reader && &fuser.familyOf(reader) == &elementwiseFamily)
        fused = fuser.fuse(launch, reader);
      else if (&family == &matmulFamily && isReadInParts(fuser, launch))
        fused = fuser.fuseIntoReaders(launch);
      merged += bool(fused);
      return fused;
    });
  }

  /// Whether all readers begin with slices of columns, and none of these
  /// overlap.
  static bool isReadInParts(LaunchFuser &fuser, glm::LaunchOp launch) {
    if (launch->getNumResults() != 1)
      return false;
    SmallVector<std::pair<int64_t, int64_t>> parts; // Begin and end.
    for (OpOperand &use : launch.getResult(0).getUses()) {
      auto reader = dyn_cast<glm::LaunchOp>(use.getOwner());
      if (!reader)
        return false;
      for (Operation *user : fuser.kernelOf(reader).getBody().getArgument(use.getOperandNumber()).getUsers()) {
        auto slice = dyn_cast<glm::SliceOp>(user);
        if (!slice || slice.getSteps().back() != 1)
          return false;
        int64_t begin = slice.getStarts().back();
        parts.push_back({begin, begin + cast<RankedTensorType>(slice.getType()).getShape().back()});
      }
    }
    llvm::sort(parts);
    for (size_t i = 1; i < parts.size(); ++i)
      if (parts[i].first < parts[i - 1].second)
        return false;
    return parts.size() > 1;
  }
};

} // namespace
