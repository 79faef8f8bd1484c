//===- KernelRegion.cpp - Making and changing glm.kernel regions ------------===//
#include "lowering/kernels/KernelRegion.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace glmc {

glm::KernelOp kernelOf(glm::LaunchOp launch) {
  return SymbolTable::lookupNearestSymbolFrom<glm::KernelOp>(launch, launch.getKernelAttr());
}

void setArgumentType(glm::KernelOp kernel, unsigned index, Type type) {
  kernel.getBody().getArgument(index).setType(type);
  SmallVector<Type> arguments(kernel.getArgumentTypes());
  arguments[index] = type;
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), arguments, kernel.getResultTypes()));
}

static bool isScalarConstant(Value value) {
  return value.getDefiningOp<glm::ConstantOp>() && cast<RankedTensorType>(value.getType()).getNumElements() == 1;
}

glm::LaunchOp outline(Operation *op, SymbolTable &symbols, StringRef name) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    if (!isScalarConstant(operand) && !llvm::is_contained(operands, operand))
      operands.push_back(operand);
  OpBuilder builder(op->getContext());
  auto type = builder.getFunctionType(TypeRange(ValueRange(operands)), op->getResultTypes());
  auto kernel = glm::KernelOp::create(builder, op->getLoc(), name, type);
  symbols.insert(kernel);

  IRMapping map;
  Block *body = builder.createBlock(&kernel.getBody());
  for (Value operand : operands)
    map.map(operand, body->addArgument(operand.getType(), operand.getLoc()));
  for (Value operand : op->getOperands())
    if (!map.contains(operand))
      map.map(operand, builder.clone(*operand.getDefiningOp())->getResult(0));
  Operation *inside = builder.clone(*op, map);
  glm::YieldOp::create(builder, op->getLoc(), inside->getResults());

  builder.setInsertionPoint(op);
  auto launch = glm::LaunchOp::create(builder, op->getLoc(), op->getResultTypes(),
                                      FlatSymbolRefAttr::get(kernel.getSymNameAttr()), operands);
  op->replaceAllUsesWith(launch);
  op->erase();
  return launch;
}

glm::KernelOp merge(glm::LaunchOp producer, glm::KernelOp producerKernel, glm::LaunchOp consumer,
                    glm::KernelOp consumerKernel, SmallVectorImpl<Value> &operands) {
  Value between = producer.getResult(0);
  auto add = [&](Value operand) {
    if (operand != between && !llvm::is_contained(operands, operand))
      operands.push_back(operand);
  };
  llvm::for_each(producer.getOperands(), add);
  llvm::for_each(consumer.getOperands(), add);

  OpBuilder builder(consumer.getContext());
  Location loc = builder.getFusedLoc({producerKernel.getLoc(), consumerKernel.getLoc()});
  auto type = builder.getFunctionType(TypeRange(ValueRange(operands)), consumer.getResultTypes());
  auto kernel = glm::KernelOp::create(builder, loc, consumerKernel.getSymName(), type);
  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping outer; // Operands of either launch to values of the new body.
  for (Value operand : operands)
    outer.map(operand, body->addArgument(operand.getType(), operand.getLoc()));

  auto inlineBody = [&](glm::LaunchOp launch, glm::KernelOp from) {
    IRMapping map;
    for (auto [operand, argument] : llvm::zip(launch.getOperands(), from.getBody().getArguments()))
      map.map(argument, outer.lookup(operand));
    for (Operation &op : from.getBody().front().without_terminator())
      builder.clone(op, map);
    SmallVector<Value> results;
    for (Value result : from.getTerminator()->getOperands())
      results.push_back(map.lookup(result));
    return results;
  };
  outer.map(between, inlineBody(producer, producerKernel).front());
  glm::YieldOp::create(builder, loc, inlineBody(consumer, consumerKernel));
  return kernel;
}

} // namespace glmc
