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

Value withoutViews(Value value) {
  while (auto view = value.getDefiningOp<glm::ReshapeOp>())
    value = view.getX();
  return value;
}

} // namespace glmc
