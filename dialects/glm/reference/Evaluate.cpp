//===- Evaluate.cpp - One op, and whole graphs ------------------------------===//
//
// A graph is run in order. A value lives until its last use, where it is moved
// into the op's operands; constants and weights are read at each use, so that
// evaluating a model needs memory for its activations and the weights of one op.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Evaluate.h"

#include "dialects/glm/reference/Families.h"

using namespace mlir;

namespace glmc::reference {
namespace {

Registry allEvaluators() {
  Registry registry;
  addConv(registry);
  addElementwise(registry);
  addMovement(registry);
  addMatmul(registry);
  addQuantized(registry);
  addReduction(registry);
  addTransformer(registry);
  return registry;
}

/// Whether a tensor is of the type that a value says, layout and encoding aside.
bool hasType(const Tensor &tensor, RankedTensorType type) {
  return tensor.type && tensor.type.getElementType() == type.getElementType() &&
         tensor.type.getShape() == type.getShape() &&
         int64_t(tensor.bytes.size()) == type.getNumElements() * elementBytes(type.getElementType());
}

/// The type of a value's tensor; null where it is no tensor that we can hold.
RankedTensorType holdableType(Type type) {
  if (!isa<RankedTensorType, glm::PackedType>(type))
    return {};
  RankedTensorType logical = glm::logicalType(type);
  return isHoldable(logical) ? logical : RankedTensorType();
}

using Observer = llvm::function_ref<void(Operation *, ArrayRef<Tensor>)>;

/// Runs one block: a graph's, or a kernel's for a launch.
class BlockEvaluator {
public:
  BlockEvaluator(WeightSource &weights, Observer observe, bool isKernel)
      : weights(weights), observe(observe), isKernel(isKernel) {}

  FailureOr<std::vector<Tensor>> run(Operation *function, Block &block, std::vector<Tensor> arguments) {
    if (arguments.size() != block.getNumArguments())
      return function->emitError() << "has " << block.getNumArguments() << " inputs, " << arguments.size() << " given";
    for (auto [argument, tensor] : llvm::zip(block.getArguments(), arguments)) {
      RankedTensorType type = holdableType(argument.getType());
      if (!type || !hasType(tensor, type))
        return function->emitError() << "input " << argument.getArgNumber() << " is " << argument.getType()
                                     << ", given " << tensor.type;
      keep(argument, std::move(tensor));
    }
    for (Operation &op : block.without_terminator()) {
      FailureOr<std::vector<Tensor>> results = runOp(op);
      if (failed(results))
        return failure();
      if (observe)
        observe(&op, *results);
      for (auto [value, tensor] : llvm::zip(op.getResults(), *results))
        keep(value, std::move(tensor));
    }
    return operandsOf(*block.getTerminator());
  }

private:
  static bool isConstant(Operation *op) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(op); }

  void keep(Value value, Tensor tensor) {
    int64_t uses = std::distance(value.use_begin(), value.use_end());
    if (uses > 0 && !isConstant(value.getDefiningOp()))
      values[value] = {std::move(tensor), uses};
  }

  FailureOr<Tensor> readConstant(Operation *op) {
    if (auto weight = dyn_cast<glm::WeightOp>(op)) {
      RankedTensorType type = holdableType(weight.getType());
      if (!type)
        return op->emitError() << "cannot hold a tensor of type " << weight.getType();
      Tensor tensor;
      tensor.type = type;
      if (failed(weights.read(weight.getSource(), type, op->getLoc(), tensor.bytes)))
        return failure();
      return tensor;
    }
    FailureOr<Tensor> tensor = tensorOf(cast<glm::ConstantOp>(op).getValue());
    if (failed(tensor))
      return op->emitError() << "cannot read the constant's elements (were they elided?)";
    return tensor;
  }

  FailureOr<std::vector<Tensor>> operandsOf(Operation &op) {
    std::vector<Tensor> operands;
    operands.reserve(op.getNumOperands());
    for (Value value : op.getOperands()) {
      if (isConstant(value.getDefiningOp())) {
        FailureOr<Tensor> constant = readConstant(value.getDefiningOp());
        if (failed(constant))
          return failure();
        operands.push_back(std::move(*constant));
        continue;
      }
      auto found = values.find(value);
      if (found == values.end())
        return op.emitError() << "uses a value that was not computed";
      if (--found->second.uses > 0) {
        operands.push_back(found->second.tensor);
        continue;
      }
      operands.push_back(std::move(found->second.tensor));
      values.erase(found);
    }
    return operands;
  }

  /// Results of a launch: its kernel's region on its operands.
  FailureOr<std::vector<Tensor>> runLaunch(glm::LaunchOp launch) {
    auto kernel = SymbolTable::lookupNearestSymbolFrom<glm::KernelOp>(launch, launch.getKernelAttr());
    if (!kernel)
      return launch.emitError() << "there is no glm.kernel " << launch.getKernelAttr();
    // Kernels that launch kernels could do so without end.
    if (isKernel)
      return launch.emitError() << "is inside a kernel";
    FailureOr<std::vector<Tensor>> operands = operandsOf(*launch);
    if (failed(operands))
      return failure();
    return BlockEvaluator(weights, {}, /*isKernel=*/true).run(kernel, kernel.getBody().front(), std::move(*operands));
  }

  FailureOr<std::vector<Tensor>> runOp(Operation &op) {
    std::vector<Tensor> results;
    if (isConstant(&op)) {
      // Read where it is used; here only for someone who looks.
      if (!observe)
        return results;
      FailureOr<Tensor> constant = readConstant(&op);
      if (failed(constant))
        return failure();
      results.push_back(std::move(*constant));
      return results;
    }
    if (auto launch = dyn_cast<glm::LaunchOp>(op))
      return runLaunch(launch);
    FailureOr<std::vector<Tensor>> operands = operandsOf(op);
    if (failed(operands))
      return failure();
    FailureOr<Tensor> result = evaluate(&op, *operands);
    if (failed(result))
      return op.emitError() << "has no value on these operands (an index outside of the tensor, an integer division by "
                               "zero, or a result too large)";
    results.push_back(std::move(*result));
    return results;
  }

  struct Kept {
    Tensor tensor;
    int64_t uses; ///< Operands still to read it.
  };
  llvm::DenseMap<Value, Kept> values;
  WeightSource &weights;
  Observer observe;
  bool isKernel;
};

} // namespace

FailureOr<Tensor> evaluate(Operation *op, ArrayRef<Tensor> operands) {
  if (auto constant = dyn_cast<glm::ConstantOp>(op))
    return tensorOf(constant.getValue());
  static const Registry registry = allEvaluators();
  auto evaluator = registry.find(op->getName().getStringRef());
  if (evaluator == registry.end() || operands.size() != op->getNumOperands() || op->getNumResults() != 1)
    return failure();
  for (auto [value, tensor] : llvm::zip(op->getOperands(), operands)) {
    RankedTensorType type = holdableType(value.getType());
    if (!type || !hasType(tensor, type))
      return failure();
  }
  RankedTensorType type = holdableType(op->getResult(0).getType());
  if (!type)
    return failure();
  return evaluator->second(op, operands, type);
}

FailureOr<std::vector<Tensor>> evaluateGraph(glm::GraphOp graph, ArrayRef<Tensor> inputs, WeightSource &weights,
                                             Observer observe) {
  if (graph.getBody().empty())
    return graph.emitError() << "has no body";
  return BlockEvaluator(weights, observe, /*isKernel=*/false)
      .run(graph, graph.getBody().front(), std::vector<Tensor>(inputs.begin(), inputs.end()));
}

} // namespace glmc::reference
