//===- Norm.cpp - Normalised rows with pointwise work around ----------------===//
//
// Any number of norms of one shape: what a layer does with its residual stream
// between two products, such as h = x + rms_norm(o), n = rms_norm(h). Every
// result has that shape and rows of its own; a later result is made from the
// earlier ones (Schedules.h).
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

/// Elements from which on rows are given to threads.
constexpr int64_t parallelElements = 1 << 15;

ArrayRef<int64_t> shapeOf(Value value) { return glm::logicalType(value.getType()).getShape(); }

bool isNorm(Operation *op) { return isa<glm::RmsNormOp, glm::LayerNormOp>(op); }

struct Norm : Family {
  llvm::StringRef name() const override { return "norm"; }

  bool takes(glm::KernelOp kernel) const override {
    llvm::SmallPtrSet<Operation *, 16> after; // norms, and what depends on one
    ArrayRef<int64_t> shape;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
        return operand.getDefiningOp() && after.contains(operand.getDefiningOp());
      });
      if (isNorm(&op)) {
        if (shape.empty())
          shape = shapeOf(op.getResult(0));
        // Only what is normalised may come from another norm.
        if (shapeOf(op.getResult(0)) != shape || !llvm::all_of(op.getOperands().drop_front(), [](Value operand) {
              return isa<BlockArgument>(operand) || operand.getDefiningOp<glm::ConstantOp>();
            }))
          return false;
        after.insert(&op);
      } else if (depends) {
        if (!op.hasTrait<glm::Pointwise>() || shapeOf(op.getResult(0)) != shape)
          return false;
        after.insert(&op);
      } else if (!isElementOp(op) && !isa<glm::RotaryOp>(op)) {
        return false;
      }
    }
    return !after.empty() && llvm::all_of(kernel.getTerminator()->getOperands(),
                                          [&](Value result) { return shapeOf(result) == shape; });
  }

  Attribute wantedLayout(glm::KernelOp kernel, unsigned argument, const targets::Target &) const override {
    return layoutOfTable(kernel, argument);
  }

  bool canRead(glm::KernelOp kernel, unsigned argument, Attribute layout) const override {
    return isGatheredOnly(kernel, argument);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Decision decision;
    auto type = cast<RankedTensorType>(kernel.getResultTypes()[0]);
    decision.schedule["vector"] = vectorLanes(kernel, target, type.getShape().back());
    if (options.threads > 1 && type.getNumElements() >= parallelElements && type.getShape().back() != type.getNumElements())
      decision.schedule["parallel"] = 1;
    for (BlockArgument argument : kernel.getBody().getArguments())
      for (unsigned result = 0; result < kernel.getNumResults(); ++result)
        if (mayTakePlaceOf(kernel, result, argument))
          decision.inPlace.append({argument.getArgNumber(), result});
    return decision;
  }

private:
  /// Ops that a result's loops evaluate: those that it depends on, but not
  /// beyond the results before it, which are read where they were stored.
  static llvm::SmallPtrSet<Operation *, 16> evaluatedFor(glm::KernelOp kernel, unsigned result) {
    OperandRange results = kernel.getTerminator()->getOperands();
    llvm::SmallPtrSet<Operation *, 16> ops;
    SmallVector<Value> work{results[result]};
    while (!work.empty()) {
      Operation *op = work.pop_back_val().getDefiningOp();
      if (!op || !ops.insert(op).second)
        continue;
      for (Value operand : op->getOperands())
        if (!llvm::is_contained(results.take_front(result), operand))
          work.push_back(operand);
    }
    return ops;
  }

  /// Whether `result` may be stored over `argument`: no other result reads it,
  /// and this one reads the row that it is about to store.
  static bool mayTakePlaceOf(glm::KernelOp kernel, unsigned result, BlockArgument argument) {
    OperandRange results = kernel.getTerminator()->getOperands();
    Type type = kernel.getResultTypes()[result];
    if (!isa<RankedTensorType>(argument.getType()) || shapeOf(argument) != cast<RankedTensorType>(type).getShape() ||
        glm::storageBytes(argument.getType()) != glm::storageBytes(type) || llvm::is_contained(results, argument))
      return false;
    auto isIn = [](const llvm::SmallPtrSet<Operation *, 16> &ops) {
      return [&ops](Operation *user) { return ops.contains(user); };
    };
    for (unsigned other = 0; other < results.size(); ++other)
      if (other != result && llvm::any_of(argument.getUsers(), isIn(evaluatedFor(kernel, other))))
        return false;
    llvm::SmallPtrSet<Operation *, 16> mine = evaluatedFor(kernel, result), seen;
    SmallVector<Value> work{argument};
    bool isRead = false;
    while (!work.empty()) {
      for (OpOperand &use : work.pop_back_val().getUses()) {
        Operation *user = use.getOwner();
        if (!mine.contains(user))
          continue;
        isRead = true;
        bool ownRow = user->hasTrait<glm::Pointwise>() || (isNorm(user) && use.getOperandNumber() == 0);
        if (!ownRow || shapeOf(user->getResult(0)) != shapeOf(argument))
          return false;
        if (seen.insert(user).second)
          work.push_back(user->getResult(0));
      }
    }
    return isRead;
  }
};

const Norm instance;

} // namespace

const Family &normFamily = instance;

} // namespace glmc
