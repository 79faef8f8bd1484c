//===- Scatter.cpp - Updates of slices named at run time --------------------===//
//
// A copy of the first operand, then the updates in order, for each of several
// results. Operands may be element ops of arguments, results transposed. In
// place the copy is the identity: this is how a KV cache is written.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

/// A scatter_nd of a kernel and the way to the result that it makes.
struct Update {
  glm::ScatterNdOp root;
  SmallVector<glm::TransposeOp> after; ///< From the result back.
};

/// The update behind a result; its root is null if there is something else.
Update updateOf(Value result) {
  Update update;
  while (auto transpose = result.getDefiningOp<glm::TransposeOp>()) {
    update.after.push_back(transpose);
    result = transpose.getX();
  }
  update.root = result.getDefiningOp<glm::ScatterNdOp>();
  return update;
}

struct Scatter : Family {
  llvm::StringRef name() const override { return "scatter"; }

  bool takes(glm::KernelOp kernel) const override {
    llvm::SmallPtrSet<Operation *, 8> made; // Scatters and what follows from them.
    size_t roots = 0;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return made.contains(operand.getDefiningOp()); });
      if (isa<glm::ScatterNdOp>(op) && !depends) {
        ++roots;
        made.insert(&op);
      } else if (depends && isa<glm::TransposeOp>(op) && op.hasOneUse()) {
        made.insert(&op);
      } else if (depends || !isElementOp(op)) {
        return false;
      }
    }
    return roots > 0 && roots == kernel.getNumResults() &&
           llvm::all_of(kernel.getTerminator()->getOperands(), [](Value result) {
             glm::ScatterNdOp root = updateOf(result).root;
             return root && root->hasOneUse();
           });
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Decision decision;
    int64_t innermost = INT64_MAX;
    for (Type type : kernel.getResultTypes())
      innermost = std::min(innermost, cast<RankedTensorType>(type).getShape().back());
    decision.schedule["vector"] = vectorLanes(kernel, target, innermost);
    for (auto [i, result] : llvm::enumerate(kernel.getTerminator()->getOperands()))
      if (BlockArgument base = overwritten(updateOf(result)))
        decision.inPlace.append({base.getArgNumber(), int64_t(i)});
    return decision;
  }

private:
  /// The argument whose elements lie where the result has them; null if none.
  static BlockArgument overwritten(Update update) {
    SmallVector<glm::TransposeOp> transposes = update.after;
    Value x = update.root.getX();
    while (auto transpose = x.getDefiningOp<glm::TransposeOp>()) {
      transposes.push_back(transpose);
      x = transpose.getX();
    }
    auto base = dyn_cast<BlockArgument>(x);
    if (!base || !base.hasOneUse())
      return {};
    // Dimension i of the result is dimension order[i] of the argument.
    auto order = llvm::to_vector(llvm::seq<int64_t>(cast<RankedTensorType>(base.getType()).getRank()));
    for (glm::TransposeOp transpose : transposes)
      for (int64_t &dimension : order)
        dimension = transpose.getPermutation()[dimension];
    return llvm::is_sorted(order) ? base : BlockArgument();
  }
};

const Scatter instance;

} // namespace

const Family &scatterFamily = instance;

} // namespace glmc
