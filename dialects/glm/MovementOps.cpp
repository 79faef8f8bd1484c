//===- MovementOps.cpp - Shape inference and verifiers of movement ops ------===//
#include "dialects/glm/GlmOps.h"

using namespace mlir;

namespace glmc::glm {

#define GLM_INFER(OP)                                                                                                  \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,          \
                                     DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,     \
                                     SmallVectorImpl<Type> &results)

namespace {
RankedTensorType tensorType(Value value) { return logicalType(value.getType()); }
} // namespace

LogicalResult ReshapeOp::verify() {
  auto from = tensorType(getX()), to = tensorType(getY());
  if (from.getElementType() != to.getElementType())
    return emitOpError() << "changes the element type from " << from.getElementType() << " to " << to.getElementType();
  if (from.getNumElements() != to.getNumElements())
    return emitOpError() << "operand has " << from.getNumElements() << " elements, result has " << to.getNumElements();
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  // A view of a view is a view of the source.
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

GLM_INFER(TransposeOp) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = tensorType(op.getX());
  ArrayRef<int64_t> permutation = op.getPermutation();
  SmallVector<bool> seen(type.getRank(), false);
  SmallVector<int64_t> shape;
  for (int64_t from : permutation) {
    if (from < 0 || from >= type.getRank() || seen[from])
      return emitOptionalError(loc, "permutation is not one of ", type.getRank(), " dimensions");
    seen[from] = true;
    shape.push_back(type.getDimSize(from));
  }
  if (int64_t(permutation.size()) != type.getRank())
    return emitOptionalError(loc, "permutation has ", permutation.size(), " entries, expected ", type.getRank());
  results.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  for (auto [i, from] : llvm::enumerate(getPermutation()))
    if (int64_t(i) != from)
      return {};
  return getX();
}

LogicalResult SliceOp::verify() {
  auto from = tensorType(getX()), to = tensorType(getY());
  int64_t rank = from.getRank();
  if (from.getElementType() != to.getElementType() || to.getRank() != rank)
    return emitOpError() << "result " << to << " does not have the rank and element type of " << from;
  if (int64_t(getStarts().size()) != rank || int64_t(getSteps().size()) != rank)
    return emitOpError() << "has " << getStarts().size() << " starts and " << getSteps().size() << " steps, expected "
                         << rank;
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = to.getDimSize(i), start = getStarts()[i], last;
    if (size == 0)
      continue;
    if (llvm::MulOverflow(size - 1, getSteps()[i], last) || llvm::AddOverflow(last, start, last) || start < 0 ||
        start >= from.getDimSize(i) || last < 0 || last >= from.getDimSize(i))
      return emitOpError() << "dimension " << i << " of size " << from.getDimSize(i) << " has no indices " << start
                           << " to " << last;
  }
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) { return getX().getType() == getType() && llvm::all_of(getSteps(), [](int64_t s) { return s == 1; }) ? OpFoldResult(getX()) : OpFoldResult(); }

GLM_INFER(ConcatOp) {
  Adaptor op(operands, attributes, properties, regions);
  if (op.getInputs().empty())
    return emitOptionalError(loc, "joins no tensors");
  auto first = tensorType(op.getInputs()[0]);
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return emitOptionalError(loc, "axis ", axis, " is not one of ", first.getRank(), " dimensions");
  SmallVector<int64_t> shape(first.getShape());
  for (Value input : op.getInputs().drop_front()) {
    auto type = tensorType(input);
    bool fits = type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t i = 0; fits && i < first.getRank(); ++i)
      fits = i == axis || type.getDimSize(i) == first.getDimSize(i);
    if (!fits || llvm::AddOverflow(shape[axis], type.getDimSize(axis), shape[axis]))
      return emitOptionalError(loc, "cannot join ", first, " and ", type, " along axis ", axis);
  }
  results.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) { return getInputs().size() == 1 ? OpFoldResult(getInputs()[0]) : OpFoldResult(); }

LogicalResult ExpandOp::verify() {
  auto from = tensorType(getX()), to = tensorType(getY());
  auto shape = broadcastShapes({from.getShape(), to.getShape()});
  if (from.getElementType() != to.getElementType() || !shape || ArrayRef<int64_t>(*shape) != to.getShape())
    return emitOpError() << "cannot expand " << from << " to " << to;
  return success();
}

OpFoldResult ExpandOp::fold(FoldAdaptor) { return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult(); }

GLM_INFER(TileOp) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = tensorType(op.getX());
  if (int64_t(op.getRepeats().size()) != type.getRank())
    return emitOptionalError(loc, "has ", op.getRepeats().size(), " repeats, expected ", type.getRank());
  SmallVector<int64_t> shape;
  for (auto [dim, repeat] : llvm::zip(type.getShape(), op.getRepeats())) {
    int64_t size;
    if (repeat < 0 || llvm::MulOverflow(dim, repeat, size))
      return emitOptionalError(loc, "cannot repeat a dimension of ", dim, " ", repeat, " times");
    shape.push_back(size);
  }
  results.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

OpFoldResult TileOp::fold(FoldAdaptor) { return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult(); }

GLM_INFER(GatherOp) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = tensorType(op.getX()), indices = tensorType(op.getIndices());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= type.getRank())
    return emitOptionalError(loc, "axis ", axis, " is not one of ", type.getRank(), " dimensions");
  SmallVector<int64_t> shape(type.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, type.getShape().drop_front(axis + 1));
  results.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

GLM_INFER(GatherNdOp) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = tensorType(op.getX()), indices = tensorType(op.getIndices());
  int64_t batch = op.getBatchDims(), tuple = indices.getRank() ? indices.getShape().back() : 0;
  if (batch < 0 || batch >= indices.getRank() || tuple < 1 || tuple > type.getRank() - batch ||
      type.getShape().take_front(batch) != indices.getShape().take_front(batch))
    return emitOptionalError(loc, "cannot gather from ", type, " by ", indices, " with ", batch, " batch dimensions");
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, type.getShape().drop_front(batch + tuple));
  results.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

GLM_INFER(ScatterNdOp) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = tensorType(op.getX()), indices = tensorType(op.getIndices()), updates = tensorType(op.getUpdates());
  int64_t tuple = indices.getRank() ? indices.getShape().back() : 0;
  if (tuple < 1 || tuple > type.getRank())
    return emitOptionalError(loc, "cannot scatter into ", type, " by ", indices);
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, type.getShape().drop_front(tuple));
  if (updates != RankedTensorType::get(shape, type.getElementType()))
    return emitOptionalError(loc, "updates are ", updates, ", expected ",
                             RankedTensorType::get(shape, type.getElementType()));
  results.push_back(type);
  return success();
}

GLM_INFER(ShapeOp) {
  Adaptor op(operands, attributes, properties, regions);
  int64_t rank = tensorType(op.getX()).getRank(), start = op.getStart(), end = op.getEnd();
  if (start < 0 || end < start || end > rank)
    return emitOptionalError(loc, "dimensions ", start, " to ", end, " are not among ", rank);
  results.push_back(RankedTensorType::get({end - start}, IntegerType::get(context, 64)));
  return success();
}

#undef GLM_INFER

} // namespace glmc::glm
