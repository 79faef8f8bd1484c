//===- FoldConstants.cpp - Evaluate what is known when compiling ------------===//
//
// 1. In order, take each op whose operands are all constants or weights (or
//    that is a glm.shape, whose answer is in a type).
// 2. A reshape of a weight becomes the weight by another type, and a slice whose
//    elements are stored together a weight of its own: no bytes move.
// 3. Leave transposes of weights that matmuls can absorb, casts of weights that
//    make them larger and that only matmuls read, and weights that come quantised.
// 4. Sums of a weight that a cast makes larger are folded with the cast.
// 5. Evaluate with the reference evaluator; an op that cannot be evaluated
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

/// Whether an op only sums elements: what is left of a weight then is small.
bool isSum(Operation *op) {
  auto reduce = dyn_cast<glm::ReduceOp>(op);
  return reduce && reduce.getKind() == "sum";
}

/// Whether only products read it, as their right side; sums of it fold.
bool isWeightOfProducts(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUses(), [](OpOperand &use) {
    if (auto transpose = dyn_cast<glm::TransposeOp>(use.getOwner()))
      return isWeightOfProducts(transpose.getY());
    return isSum(use.getOwner()) || (isa<glm::MatmulOp>(use.getOwner()) && use.getOperandNumber() == 1);
  });
}

/// Whether matmuls can absorb a transpose, perhaps one of integers after these
/// became numbers.
bool isTransposeForMatmul(Operation *op) {
  auto transpose = dyn_cast<glm::TransposeOp>(op);
  if (!transpose)
    return false;
  return llvm::all_of(op->getUses(), [](OpOperand &use) {
    if (auto numbers = dyn_cast<glm::DequantizeOp>(use.getOwner()))
      return use.getOperandNumber() == 0 && isWeightOfProducts(numbers);
    return isa<glm::MatmulOp>(use.getOwner()) && use.getOperandNumber() == 1;
  });
}

/// A vector (a bias, the scale of a norm) that comes quantised is as good as one
/// that does not; a matrix is made to be read as it is.
bool isQuantizedMatrix(Operation *op) {
  auto numbers = dyn_cast<glm::DequantizeOp>(op);
  return numbers && llvm::count_if(numbers.getType().getShape(), [](int64_t size) { return size > 1; }) > 1;
}

/// The weight that a slice of rows is, stored where these are; null if they are
/// not stored together.
glm::WeightOp rowsOf(OpBuilder &builder, glm::SliceOp slice) {
  auto weight = slice.getX().getDefiningOp<glm::WeightOp>();
  auto from = dyn_cast<RankedTensorType>(slice.getX().getType());
  if (!weight || !from || weight.getRounding() || slice.getType().getNumElements() == 0)
    return {};
  // Of the dimensions before the first that is longer than 1, one index each; all
  // of those behind it.
  ArrayRef<int64_t> shape = slice.getType().getShape();
  const size_t first = llvm::find_if(shape, [](int64_t size) { return size > 1; }) - shape.begin();
  int64_t position = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    position = position * from.getDimSize(i) + slice.getStarts()[i];
    if ((i == first && slice.getSteps()[i] != 1) || (i > first && shape[i] != from.getDimSize(i)) ||
        (i > first && slice.getSteps()[i] != 1))
      return {};
  }
  glm::StoredAttr stored = weight.getStored();
  const bool isNibbles = stored.getEncoding() == "nibbles";
  if (stored.getEncoding() == "varint" || (isNibbles && position % 2))
    return {};
  const int64_t bytes = glm::denseBytes(slice.getType()), offset = position * glm::elementBytes(from.getElementType());
  auto part = glm::StoredAttr::get(builder.getContext(), stored.getFile(),
                                   stored.getOffset() + uint64_t(isNibbles ? offset / 2 : offset),
                                   uint64_t(isNibbles ? (bytes + 1) / 2 : bytes), stored.getEncoding());
  return glm::WeightOp::create(builder, slice.getLoc(), slice.getType(), weight.getName(), part);
}

bool isStored(Value value) { return isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(value.getDefiningOp()); }

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
      auto cast = isSum(op) ? operand.getDefiningOp<glm::CastOp>() : glm::CastOp();
      if (cast)
        operand = cast.getX();
      if (!isStored(operand))
        return false;
      readsWeight |= isa<glm::WeightOp>(operand.getDefiningOp());
      operandBytes += glm::storageBytes(operand.getType());
    }
    if (isQuantizedMatrix(op) || (readsWeight && isTransposeForMatmul(op)))
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
    if (auto cast = value.getDefiningOp<glm::CastOp>(); cast && isStored(cast.getX())) {
      FailureOr<reference::Tensor> tensor = valueOf(cast.getX());
      return succeeded(tensor) ? reference::evaluate(cast, *tensor) : tensor;
    }
    auto weight = value.getDefiningOp<glm::WeightOp>();
    if (!weight) // The operand of glm.shape, of which only the type is read.
      return reference::Tensor(RankedTensorType::get({0}, cast<RankedTensorType>(value.getType()).getElementType()));
    reference::Tensor tensor;
    tensor.type = glm::logicalType(weight.getType());
    if (failed(weights->read(weight.getSource(), tensor.type, weight.getLoc(), tensor.bytes)))
      return failure();
    return tensor;
  }

  /// The op that stands for `op`'s result, or null to leave it.
  Operation *fold(OpBuilder &builder, Operation *op) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (auto reshape = dyn_cast<glm::ReshapeOp>(op))
      if (auto weight = reshape.getX().getDefiningOp<glm::WeightOp>())
        if (!weight.getRounding())
          return glm::WeightOp::create(builder, weight.getLoc(), type, weight.getName(), weight.getStored());
    if (auto slice = dyn_cast<glm::SliceOp>(op))
      if (Operation *rows = rowsOf(builder, slice))
        return rows;
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
