//===- FoldConstants.cpp - Evaluate what is known when compiling ------------===//
//
// 1. In order, take each op whose operands are all constants or weights (or
//    that is a glm.shape, whose answer is in a type).
// 2. A reshape of a weight becomes the weight by another type: no bytes move.
// 3. Leave transposes of weights that matmuls can absorb, and casts of weights
//    that make them larger and that only matmuls read.
// 4. Evaluate with the reference evaluator; an op that cannot be evaluated
//    stays, and gives its error at run time or not at all.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "dialects/glm/reference/Evaluate.h"

namespace glmc {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Results beyond this that are also larger than what they are made of stay
/// ops: an expanded constant would only bloat the output.
constexpr int64_t freeResultBytes = 64 * 1024;

bool isTransposeForMatmul(Operation *op) {
  auto transpose = dyn_cast<glm::TransposeOp>(op);
  if (!transpose)
    return false;
  return llvm::all_of(op->getUses(), [](OpOperand &use) {
    return isa<glm::MatmulOp>(use.getOwner()) && use.getOperandNumber() == 1;
  });
}

/// Whether only products read it, as their right side.
bool isWeightOfProducts(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUses(), [](OpOperand &use) {
    if (auto transpose = dyn_cast<glm::TransposeOp>(use.getOwner()))
      return isWeightOfProducts(transpose.getY());
    return isa<glm::MatmulOp>(use.getOwner()) && use.getOperandNumber() == 1;
  });
}

struct FoldConstantsPass : glmc::impl::FoldConstantsBase<FoldConstantsPass> {
  WeightSource *weights = nullptr;

  bool isWorthFolding(Operation *op) {
    if (isa<glm::ConstantOp, glm::WeightOp, glm::LaunchOp, glm::ReturnOp>(op) || op->getNumResults() != 1)
      return false;
    if (isa<glm::ShapeOp>(op))
      return true;
    if (op->getNumOperands() == 0)
      return false;
    int64_t operandBytes = 0;
    bool readsWeight = false;
    for (Value operand : op->getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (!isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(source))
        return false;
      readsWeight |= isa<glm::WeightOp>(source);
      operandBytes += glm::storageBytes(operand.getType());
    }
    if (readsWeight && isTransposeForMatmul(op))
      return false;
    int64_t bytes = glm::storageBytes(op->getResult(0).getType());
    // Products convert a narrow weight as they read it: that costs less than
    // reading a wide one.
    if (readsWeight && isa<glm::CastOp>(op) && bytes > operandBytes && isWeightOfProducts(op->getResult(0)))
      return false;
    return bytes <= std::max(freeResultBytes, operandBytes);
  }

  FailureOr<reference::Tensor> valueOf(Value value) {
    if (auto constant = value.getDefiningOp<glm::ConstantOp>())
      return reference::tensorOf(constant.getValue());
    auto weight = value.getDefiningOp<glm::WeightOp>();
    if (!weight) // The operand of glm.shape, of which only the type is read.
      return reference::Tensor(RankedTensorType::get({0}, cast<RankedTensorType>(value.getType()).getElementType()));
    reference::Tensor tensor;
    tensor.type = glm::logicalType(weight.getType());
    if (failed(weights->read(weight.getStored(), tensor.type, weight.getLoc(), tensor.bytes)))
      return failure();
    return tensor;
  }

  /// The op that stands for `op`'s result, or null to leave it.
  Operation *fold(OpBuilder &builder, Operation *op) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (auto reshape = dyn_cast<glm::ReshapeOp>(op))
      if (auto weight = reshape.getX().getDefiningOp<glm::WeightOp>())
        return glm::WeightOp::create(builder, weight.getLoc(), type, weight.getName(), weight.getStored());
    if (auto shape = dyn_cast<glm::ShapeOp>(op)) {
      auto dims = cast<RankedTensorType>(shape.getX().getType()).getShape().slice(shape.getStart(), type.getDimSize(0));
      return glm::ConstantOp::create(builder, op->getLoc(), type, DenseElementsAttr::get(type, dims));
    }
    std::vector<reference::Tensor> operands;
    for (Value operand : op->getOperands()) {
      auto tensor = valueOf(operand);
      if (failed(tensor))
        return nullptr;
      operands.push_back(std::move(*tensor));
    }
    auto result = reference::evaluate(op, operands);
    if (failed(result))
      return nullptr;
    return glm::ConstantOp::create(builder, op->getLoc(), type, reference::attributeOf(*result));
  }

  void runOnOperation() override {
    WeightSource source(getOperation());
    weights = &source;
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      for (Operation &op : llvm::make_early_inc_range(graph.getBody().front())) {
        if (!isWorthFolding(&op))
          continue;
        OpBuilder builder(&op);
        Operation *constant = fold(builder, &op);
        if (!constant)
          continue;
        op.replaceAllUsesWith(constant);
        op.erase();
        ++folded;
      }
    }
  }
};

} // namespace
