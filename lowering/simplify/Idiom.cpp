//===- Idiom.cpp - What the passes that recover idioms share ----------------===//
#include "lowering/simplify/Idiom.h"

#include "dialects/glm/reference/Tensor.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>

using namespace mlir;

namespace glmc {

std::optional<double> splatValue(Value value) {
  auto constant = value.getDefiningOp<glm::ConstantOp>();
  if (!constant)
    return std::nullopt;
  int64_t elements = tensorType(value).getNumElements();
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  // Larger constants that are no splat by their form are weights.
  if (elements == 0 || (elements > 4096 && !(dense && dense.isSplat())))
    return std::nullopt;
  auto tensor = reference::tensorOf(constant.getValue());
  if (failed(tensor))
    return std::nullopt;
  bool isFloat = isa<FloatType>(tensor->type.getElementType());
  auto at = [&](int64_t i) { return isFloat ? tensor->getFloat(i) : double(tensor->getInt(i)); };
  for (int64_t i = 1; i < tensor->size(); ++i)
    if (!(at(i) == at(0)))
      return std::nullopt;
  return at(0);
}

bool isAbout(double value, double expected, Type element) {
  // Some roundings of 16-bit constants; wider ones are right to 1e-5 as written.
  double tolerance = element.isF16() ? 0x1p-9 : element.isBF16() ? 0x1p-6 : 1e-5;
  return std::fabs(value - expected) <= tolerance * std::fabs(expected);
}

bool areReadOnlyBy(const OpSet &ops, Operation *root) {
  return llvm::all_of(ops, [&](Operation *op) { return op == root || isReadOnlyBy(op, ops); });
}

/// Erases `op` and then what only it read.
static void eraseUnread(Operation *op, llvm::DenseSet<Operation *> &erased) {
  SmallVector<Operation *> worklist = {op};
  while (!worklist.empty()) {
    Operation *next = worklist.pop_back_val();
    if (erased.contains(next) || !isOpTriviallyDead(next))
      continue;
    for (Value operand : next->getOperands())
      if (Operation *source = operand.getDefiningOp())
        worklist.push_back(source);
    erased.insert(next);
    next->erase();
  }
}

int64_t recoverIdioms(ModuleOp module,
                      llvm::function_ref<std::optional<Recovered>(OpBuilder &, Operation *)> match) {
  int64_t recovered = 0;
  for (auto graph : module.getOps<glm::GraphOp>()) {
    SmallVector<Operation *> ops;
    for (Operation &op : llvm::reverse(graph.getBody().front()))
      ops.push_back(&op);
    // Addresses of erased ops are only compared: no op made meanwhile is in `ops`.
    llvm::DenseSet<Operation *> erased;
    for (Operation *op : ops) {
      if (erased.contains(op))
        continue;
      OpBuilder builder(module.getContext());
      std::optional<Recovered> found = match(builder, op);
      if (!found)
        continue;
      found->root->getResult(0).replaceAllUsesWith(found->value);
      eraseUnread(found->root, erased);
      ++recovered;
    }
  }
  return recovered;
}

bool isVector(Value value, int64_t size) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && type.getShape().back() == size && type.getNumElements() == size;
}

Value asVector(OpBuilder &builder, Value value) {
  RankedTensorType type = tensorType(value);
  if (!isVector(value, type.getRank() ? type.getShape().back() : 0))
    return {};
  if (type.getRank() == 1)
    return value;
  auto vector = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  if (auto constant = value.getDefiningOp<glm::ConstantOp>()) {
    ElementsAttr elements = constant.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(elements))
      return glm::ConstantOp::create(builder, constant.getLoc(), vector, cast<ElementsAttr>(dense.reshape(vector)));
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
      return glm::ConstantOp::create(
          builder, constant.getLoc(), vector,
          cast<ElementsAttr>(DenseResourceElementsAttr::get(vector, resource.getRawHandle())));
  }
  if (auto weight = value.getDefiningOp<glm::WeightOp>(); weight && !weight.getRounding())
    return glm::WeightOp::create(builder, weight.getLoc(), vector, weight.getName(), weight.getStored());
  return glm::ReshapeOp::create(builder, value.getLoc(), vector, value);
}

Value splatVector(OpBuilder &builder, Location loc, Type element, int64_t size, double value) {
  auto type = RankedTensorType::get({size}, element);
  auto elements = DenseElementsAttr::get(type, builder.getFloatAttr(element, value));
  return glm::ConstantOp::create(builder, loc, type, cast<ElementsAttr>(elements));
}

} // namespace glmc
