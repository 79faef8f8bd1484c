//===- ExplainBoundaries.cpp - Why a launch is a launch ---------------------===//
//
// For each pair of a launch and one that makes an operand of it, in order:
//
// 1. Elementwise work and norms could run where they are read, and elementwise
//    work where its operand is made; with several readers, or for outputs of the
//    model, that is not done.
// 2. Else merge the two and throw the result away: the reason is that a launch
//    in between needs the one and is needed by the other, that the kernel would
//    be too large, or that no family takes it (then: what the reader's family
//    needs before it can begin).
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/Boundary.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/LaunchFuser.h"

#include "llvm/ADT/SetVector.h"

namespace glmc {
#define GEN_PASS_DEF_EXPLAINBOUNDARIES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// What a kernel of this family needs before it can begin, so that what makes
/// it has to be finished.
StringRef needOf(const Family &family) {
  if (&family == &matmulFamily)
    return "a product needs whole rows of its left side";
  if (&family == &attentionFamily)
    return "attention reads every key and value";
  if (&family == &normFamily)
    return "a norm needs its whole row";
  if (&family == &softmaxFamily)
    return "softmax needs its whole row";
  if (&family == &reduceFamily)
    return "a reduction needs all that it reduces";
  if (&family == &scatterFamily)
    return "an update writes over a copy of what was there";
  if (&family == &cacheWriteFamily)
    return "rows of a cache are written once they are made";
  return "it moves or repeats elements, which are stored where they are made";
}

struct ExplainBoundariesPass : glmc::impl::ExplainBoundariesBase<ExplainBoundariesPass> {
  void runOnOperation() override {
    LaunchFuser fuser(getOperation());
    for (auto graph : getOperation().getOps<glm::GraphOp>())
      for (auto launch : graph.getOps<glm::LaunchOp>())
        launch->setAttr(boundaryAttr, reasonsFor(fuser, launch));
  }

  ArrayAttr reasonsFor(LaunchFuser &fuser, glm::LaunchOp launch) {
    llvm::SetVector<glm::LaunchOp> makers;
    for (Value operand : launch.getOperands())
      if (auto maker = withoutViews(operand).getDefiningOp<glm::LaunchOp>())
        makers.insert(maker);
    SmallVector<std::string> reasons;
    for (glm::LaunchOp maker : makers)
      reasons.push_back(maker.getKernel().str() + ": " + reasonBetween(fuser, maker, launch));
    if (reasons.empty())
      reasons.push_back("it reads only inputs and constants of the model");
    return Builder(&getContext()).getStrArrayAttr(llvm::to_vector_of<StringRef>(reasons));
  }

  static std::string reasonBetween(LaunchFuser &fuser, glm::LaunchOp maker, glm::LaunchOp launch) {
    const Family &family = fuser.familyOf(maker);
    std::string readers = whoElseReads(maker);
    if (!readers.empty() && (&family == &elementwiseFamily || &family == &normFamily))
      return readers;
    switch (fuser.whyApart(maker, launch)) {
    case LaunchFuser::Refusal::between:
      return "it also comes here through " + LaunchFuser::wayAround(maker, launch).getKernel().str();
    case LaunchFuser::Refusal::size:
      return "one kernel of both would be too large";
    case LaunchFuser::Refusal::family:
      // What could be an epilogue, were it the only reader.
      if (!readers.empty() && isPointwise(fuser.kernelOf(launch)))
        return readers;
      return needOf(fuser.familyOf(launch)).str();
    case LaunchFuser::Refusal::none:
      break;
    }
    return readers.empty() ? "it would be computed again for each element that is read" : readers;
  }

  static bool isPointwise(glm::KernelOp kernel) {
    return llvm::all_of(kernel.getBody().front().without_terminator(),
                        [](Operation &op) { return op.hasTrait<glm::Pointwise>() || isa<glm::ConstantOp>(op); });
  }

  /// Empty if one launch alone reads what `maker` makes.
  static std::string whoElseReads(glm::LaunchOp maker) {
    SmallVector<Operation *> readers = LaunchFuser::readersOf(maker);
    size_t launches = llvm::count_if(readers, [](Operation *reader) { return isa<glm::LaunchOp>(reader); });
    std::string text = launches > 1 ? std::to_string(launches) + " launches read it" : "";
    if (launches < readers.size())
      text += text.empty() ? "it is an output of the model" : ", and it is an output of the model";
    return text;
  }
};

} // namespace
