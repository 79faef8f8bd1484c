//===- IdiomRewrite.cpp - What passes share that replace many ops by one ----===//
#include "lowering/simplify/IdiomRewrite.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace glmc {

Location fuseLocations(const OpSet &ops) {
  SmallVector<Operation *> sorted(ops.begin(), ops.end());
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  SmallVector<Location> locations;
  for (Operation *op : sorted)
    locations.push_back(op->getLoc());
  return FusedLoc::get(sorted.front()->getContext(), locations);
}

bool isReadOnlyBy(Operation *op, const OpSet &ops) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) { return ops.contains(user); });
}

Value reshapeTo(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType()), wanted = RankedTensorType::get(shape, type.getElementType());
  // A view of a view is one of the source.
  while (auto inner = value.getDefiningOp<glm::ReshapeOp>()) {
    if (value.getType() == wanted || !isa<RankedTensorType>(inner.getX().getType()))
      break;
    value = inner.getX();
  }
  if (value.getType() == wanted)
    return value;
  return glm::ReshapeOp::create(builder, loc, wanted, value);
}

Value transposeBy(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  int64_t previous = -1;
  bool moves = false;
  for (int64_t from : permutation) {
    shape.push_back(type.getDimSize(from));
    if (type.getDimSize(from) == 1)
      continue;
    moves |= from < previous;
    previous = from;
  }
  if (!moves)
    return reshapeTo(builder, loc, value, shape);
  return glm::TransposeOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType()), value,
                                  permutation);
}

static DictionaryAttr orEmpty(DictionaryAttr attributes, MLIRContext *context) {
  return attributes ? attributes : DictionaryAttr::get(context);
}

DictionaryAttr argumentAttributes(glm::GraphOp graph, unsigned i) {
  return orEmpty(graph.getArgAttrDict(i), graph.getContext());
}

DictionaryAttr resultAttributes(glm::GraphOp graph, unsigned i) {
  return orEmpty(graph.getResultAttrDict(i), graph.getContext());
}

int64_t eraseDeadOps(Block &block) {
  int64_t erased = 0;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (!isOpTriviallyDead(&op))
      continue;
    op.erase();
    ++erased;
  }
  return erased;
}

} // namespace glmc
