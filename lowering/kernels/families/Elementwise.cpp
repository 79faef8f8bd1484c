//===- Elementwise.cpp - Chains of pointwise and movement ops ---------------===//
//
// One loop nest over each result; each element is an expression of elements of
// the arguments. Gathers may read a table through a packed layout. A rotary that
// no product takes as its epilogue is here too: its element is one of two.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

using namespace mlir;

namespace glmc {
namespace {

struct Elementwise : Family {
  llvm::StringRef name() const override { return "elementwise"; }

  bool takes(glm::KernelOp kernel) const override {
    return kernel.getNumResults() > 0 && llvm::all_equal(shapesOf(kernel.getResultTypes())) &&
           llvm::all_of(kernel.getBody().front().without_terminator(),
                        [](Operation &op) { return isElementOp(op) || isa<glm::RotaryOp>(op); });
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
    decision.schedule["vector"] = vectorLanes(kernel, target, type.getRank() ? type.getShape().back() : 1);
    decision.inPlace = inPlacePairs(kernel);
    return decision;
  }

private:
  static SmallVector<ArrayRef<int64_t>> shapesOf(ArrayRef<Type> types) {
    return llvm::map_to_vector(types, [](Type type) { return cast<RankedTensorType>(type).getShape(); });
  }
};

const Elementwise instance;

} // namespace

const Family &elementwiseFamily = instance;

} // namespace glmc
