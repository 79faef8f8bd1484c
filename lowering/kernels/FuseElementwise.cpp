//===- FuseElementwise.cpp - Fewer launches ---------------------------------===//
//
// 1. Take each launch P in order whose one result is read by one launch C.
// 2. Merge P into C if one of the two is elementwise, a family takes the merged
//    region, and nothing expensive would be computed more often than now.
// 3. Repeat until nothing merges: a merge can leave a value with one reader
//    that had two (x and is_nan x read by one where).
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// A kernel beyond this is hard to read and to schedule; nothing is gained by
/// merging more.
constexpr size_t maxOps = 24;
constexpr size_t maxOperands = 12;

bool isElementwise(glm::KernelOp kernel) { return familyOf(kernel)->name() == "elementwise"; }

/// Ops that cost more than a load and a store of their result.
bool isExpensive(Operation &op) {
  return isa<glm::ExpOp, glm::LogOp, glm::SinOp, glm::CosOp, glm::TanhOp, glm::SigmoidOp, glm::ErfOp, glm::PowOp,
             glm::DivOp, glm::SqrtOp, glm::ReciprocalOp, glm::ModOp>(op);
}

struct FuseElementwisePass : glmc::impl::FuseElementwiseBase<FuseElementwisePass> {
  /// The one launch that reads `producer`'s only result, if there is one.
  glm::LaunchOp onlyReader(glm::LaunchOp producer) {
    if (producer->getNumResults() != 1 || producer->use_empty())
      return {};
    Operation *reader = *producer->user_begin();
    for (Operation *user : producer->getUsers())
      if (user != reader)
        return {};
    return dyn_cast<glm::LaunchOp>(reader);
  }

  bool wouldRecompute(glm::KernelOp producer, glm::LaunchOp consumer, Value between) {
    int64_t computed = cast<RankedTensorType>(between.getType()).getNumElements();
    int64_t wanted = 0;
    for (Type type : consumer.getResultTypes())
      wanted = std::max(wanted, cast<RankedTensorType>(type).getNumElements());
    return wanted > computed && llvm::any_of(producer.getBody().front(), isExpensive);
  }

  bool tryMerge(glm::LaunchOp producer, SymbolTable &symbols) {
    glm::LaunchOp consumer = onlyReader(producer);
    if (!consumer || consumer->getNumResults() != 1)
      return false;
    glm::KernelOp producerKernel = kernelOf(producer), consumerKernel = kernelOf(consumer);
    if ((!isElementwise(producerKernel) && !isElementwise(consumerKernel)) ||
        wouldRecompute(producerKernel, consumer, producer.getResult(0)))
      return false;
    SmallVector<Value> operands;
    glm::KernelOp merged = merge(producer, producerKernel, consumer, consumerKernel, operands);
    if (operands.size() > maxOperands || merged.getBody().front().getOperations().size() > maxOps + 1 ||
        !familyOf(merged)) {
      merged.erase();
      return false;
    }
    symbols.insert(merged);
    OpBuilder builder(consumer);
    Location loc = builder.getFusedLoc({producer.getLoc(), consumer.getLoc()});
    auto launch = glm::LaunchOp::create(builder, loc, consumer.getResultTypes(),
                                        FlatSymbolRefAttr::get(merged.getSymNameAttr()), operands);
    consumer.replaceAllUsesWith(launch);
    consumer.erase();
    producer.erase();
    symbols.erase(producerKernel);
    symbols.erase(consumerKernel);
    ++this->merged;
    return true;
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto graph : llvm::make_early_inc_range(getOperation().getOps<glm::GraphOp>())) {
      for (bool changed = true; changed;) {
        changed = false;
        SmallVector<glm::LaunchOp> launches(graph.getOps<glm::LaunchOp>());
        // A merge erases the producer and the consumer; later entries of this
        // list that were consumers are found again in the next round.
        llvm::SmallPtrSet<Operation *, 16> gone;
        for (glm::LaunchOp launch : launches) {
          if (gone.contains(launch))
            continue;
          glm::LaunchOp reader = onlyReader(launch);
          if (tryMerge(launch, symbols)) {
            gone.insert(reader);
            changed = true;
          }
        }
      }
    }
  }
};

} // namespace
