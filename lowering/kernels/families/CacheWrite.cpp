//===- CacheWrite.cpp - New rows of caches -----------------------------------===//
//
// One or several caches, each with some rows replaced: the keys and values of a
// layer, the scales of quantised ones. What the new rows are made of may come
// before: element ops, rotary, and the largest element of a row. In place only
// the new rows are touched.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

/// A reduction of rows that a write computes row by row.
bool isRowReduction(Operation &op) {
  auto reduce = dyn_cast<glm::ReduceOp>(op);
  if (!reduce || reduce.getKind() == "mean")
    return false;
  int64_t rank = cast<RankedTensorType>(reduce.getX().getType()).getRank();
  return rank > 0 && reduce.getAxes() == ArrayRef<int64_t>({rank - 1});
}

struct CacheWrite : Family {
  llvm::StringRef name() const override { return "cache_write"; }

  bool takes(glm::KernelOp kernel) const override {
    size_t writes = 0;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      if (auto write = dyn_cast<glm::CacheWriteOp>(op)) {
        // Caches may be written in place, so nothing else reads them.
        auto cache = dyn_cast<BlockArgument>(write.getCache());
        if (!cache || !cache.hasOneUse() || !write->hasOneUse() || !isa<BlockArgument>(write.getAt()) ||
            !isa<glm::YieldOp>(*write->user_begin()))
          return false;
        ++writes;
      } else if (!isElementOp(op) && !isRowReduction(op) && !isa<glm::RotaryOp>(op)) {
        return false;
      }
    }
    return writes > 0 && writes == kernel.getNumResults() &&
           llvm::all_of(kernel.getTerminator()->getOperands(),
                        [](Value result) { return result.getDefiningOp<glm::CacheWriteOp>(); });
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target, const ScheduleOptions &options) const override {
    Decision decision;
    int64_t features = 1;
    for (auto [i, result] : llvm::enumerate(kernel.getTerminator()->getOperands())) {
      auto write = result.getDefiningOp<glm::CacheWriteOp>();
      features = std::max(features, cast<RankedTensorType>(write.getType()).getShape().back());
      decision.inPlace.append({cast<BlockArgument>(write.getCache()).getArgNumber(), int64_t(i)});
    }
    decision.schedule["vector"] = vectorLanes(kernel, target, features);
    return decision;
  }
};

const CacheWrite instance;

} // namespace

const Family &cacheWriteFamily = instance;

} // namespace glmc
