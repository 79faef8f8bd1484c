//===- SimplifyMovement.cpp - Movement that moves nothing -------------------===//
//
// For each movement op, all elements of its result are traced back at once. The
// furthest value that has the same elements in the same row-major order is taken
// instead, by the result's shape: a transpose there and back with reshapes
// between, a piece cut out of a concat, a gather by constant indices in order.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/ElementTrace.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {
#define GEN_PASS_DEF_SIMPLIFYMOVEMENT
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct SimplifyMovementPass : glmc::impl::SimplifyMovementBase<SimplifyMovementPass> {
  /// The furthest value of which `result` is a reshape; `passed` are the ops
  /// between.
  static Value findSource(Value result, ConstantReader &constants, OpSet &passed) {
    auto type = cast<RankedTensorType>(result.getType());
    ElementTrace trace(constants);
    Element element{result, {}};
    for (int64_t size : type.getShape())
      element.index.push_back(trace.space.symbol(size));
    const std::vector<Element> chain = trace.chain(element);
    LinearIndex position = trace.position(chain.front());
    size_t furthest = 0;
    for (auto [i, step] : llvm::enumerate(chain))
      if (cast<RankedTensorType>(step.value.getType()).getNumElements() == type.getNumElements() &&
          trace.position(step) == position)
        furthest = i;
    for (size_t i = 0; i < furthest; ++i)
      passed.insert(chain[i].value.getDefiningOp());
    return chain[furthest].value;
  }

  static bool simplify(Operation &op, ConstantReader &constants) {
    Value result = op.getResult(0);
    OpSet passed;
    Value source = findSource(result, constants, passed);
    bool isOneReshape = isa<glm::ReshapeOp>(op) && op.getOperand(0) == source;
    if (passed.empty() || (isOneReshape && source.getType() != result.getType()))
      return false;
    OpBuilder builder(&op);
    result.replaceAllUsesWith(reshapeTo(builder, fuseLocations(passed), source,
                                        cast<RankedTensorType>(result.getType()).getShape()));
    return true;
  }

  void runOnOperation() override {
    ConstantReader constants(getOperation());
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      Block &block = graph.getBody().front();
      for (Operation &op : llvm::make_early_inc_range(block))
        if ((isa<glm::ReshapeOp>(op) || op.hasTrait<glm::Movement>()) && simplify(op, constants))
          ++simplified;
      eraseDeadOps(block);
    }
  }
};

} // namespace
