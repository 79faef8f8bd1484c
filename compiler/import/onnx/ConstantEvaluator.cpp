//===- ConstantEvaluator.cpp - Values that are needed when importing --------===//
#include "compiler/import/onnx/ConstantEvaluator.h"

#include "dialects/glm/reference/Evaluate.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Largest tensor that is evaluated; shape arithmetic is far smaller.
constexpr int64_t maxElements = int64_t(1) << 20;
/// All work of one import, so that a hostile model cannot keep us busy.
constexpr int64_t maxWork = int64_t(1) << 25;

/// What evaluating an op costs, in element operations.
int64_t costOf(Operation *op) {
  int64_t cost = 16;
  for (Value value : llvm::concat<Value>(SmallVector<Value>(op->getOperands()), SmallVector<Value>(op->getResults())))
    cost += glm::logicalType(value.getType()).getNumElements();
  if (auto matmul = dyn_cast<glm::MatmulOp>(op)) {
    auto product = llvm::checkedMul(glm::logicalType(matmul.getY().getType()).getNumElements(),
                                    glm::logicalType(matmul.getLhs().getType()).getShape().back());
    cost = product ? std::max(cost, *product) : maxWork + 1;
  }
  return cost;
}

} // namespace

bool ConstantEvaluator::affordable(Operation *op) {
  for (Value result : op->getResults())
    if (glm::logicalType(result.getType()).getNumElements() > maxElements)
      return false;
  // A shape costs nothing whatever the size of its operand.
  int64_t cost = isa<glm::ShapeOp>(op) ? 16 : costOf(op);
  if (cost > maxWork - work)
    return false;
  work += cost;
  return true;
}

FailureOr<reference::Tensor> ConstantEvaluator::read(Value value) {
  if (auto constant = value.getDefiningOp<glm::ConstantOp>())
    return reference::tensorOf(constant.getValue());
  auto weight = value.getDefiningOp<glm::WeightOp>();
  reference::Tensor tensor;
  if (!weight)
    return failure();
  tensor.type = glm::logicalType(weight.getType());
  if (failed(weights.read(weight.getSource(), tensor.type, weight.getLoc(), tensor.bytes)))
    return failure();
  return tensor;
}

ConstantEvaluator::Entry ConstantEvaluator::compute(Operation *op) {
  if (!affordable(op))
    return std::nullopt;
  auto type = glm::logicalType(op->getResult(0).getType());
  if (isa<glm::ConstantOp, glm::WeightOp>(op)) {
    FailureOr<reference::Tensor> tensor = read(op->getResult(0));
    return succeeded(tensor) ? Entry(std::move(*tensor)) : std::nullopt;
  }
  if (auto shape = dyn_cast<glm::ShapeOp>(op)) {
    reference::Tensor tensor(type);
    ArrayRef<int64_t> dims = glm::logicalType(shape.getX().getType()).getShape();
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.setInt(i, dims[shape.getStart() + i]);
    return tensor;
  }
  SmallVector<reference::Tensor> operands;
  for (Value operand : op->getOperands())
    operands.push_back(**known.find(operand)->second);
  FailureOr<reference::Tensor> result = reference::evaluate(op, operands);
  return succeeded(result) ? Entry(std::move(*result)) : std::nullopt;
}

const reference::Tensor *ConstantEvaluator::constantOf(Value value) {
  // Depth first with a stack of our own: a chain may be as long as the model.
  SmallVector<Value> stack{value};
  while (!stack.empty()) {
    Value top = stack.back();
    if (known.contains(top)) {
      stack.pop_back();
      continue;
    }
    Operation *op = top.getDefiningOp();
    bool leaf = !op || isa<glm::ShapeOp>(op), constant = op && op->getNumResults() == 1;
    size_t pending = stack.size();
    for (Value operand : leaf ? OperandRange(nullptr, 0) : op->getOperands()) {
      auto found = known.find(operand);
      if (found == known.end())
        stack.push_back(operand);
      else
        constant &= found->second->has_value();
    }
    // One operand that is not constant decides; the others do not matter.
    if (constant && stack.size() > pending)
      continue;
    stack.resize(pending - 1);
    known[top] = std::make_unique<Entry>(constant ? compute(op) : std::nullopt);
  }
  const Entry &entry = *known.find(value)->second;
  return entry ? &*entry : nullptr;
}

} // namespace glmc::onnximport
