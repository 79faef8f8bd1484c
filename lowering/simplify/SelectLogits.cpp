//===- SelectLogits.cpp - Only the row whose logits are wanted --------------===//
//
// A step of several tokens needs the logits of one: the last, or, where a step
// is padded, the last that is not padding. Which one, an argument `last` says.
// The row is taken from the logits, and then further and further back, through
// everything that works on rows one by one:
//
//   gather(matmul(x, w), last)  =  matmul(gather(x, last), w)
//
// so that the head, the last norm and what the last layer does after attention
// meet one row. Attention, and what other rows are needed for, stays.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/IdiomRewrite.h"

#include "llvm/ADT/DenseMap.h"

namespace glmc {
#define GEN_PASS_DEF_SELECTLOGITS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

RankedTensorType typeOf(Value value) { return glm::logicalType(value.getType()); }

/// Makes rows of values: what is left of a dimension of tokens is one of them.
class RowMaker {
public:
  RowMaker(Value last, int64_t tokens) : last(last), tokens(tokens) {}

  /// Row `last` along dimension `dim` of a value; that dimension is then 1.
  Value rowOf(Value value, int64_t dim) {
    auto [it, isNew] = rows.try_emplace({value, dim});
    if (!isNew)
      return it->second;
    Value row = rowThrough(value.getDefiningOp(), dim);
    if (!row) {
      OpBuilder builder(value.getContext());
      builder.setInsertionPointAfterValue(value);
      row = glm::GatherOp::create(builder, value.getLoc(), rowType(value, dim), value, last, dim);
    }
    return rows[{value, dim}] = row;
  }

private:
  static RankedTensorType rowType(Value value, int64_t dim) {
    SmallVector<int64_t> shape(typeOf(value).getShape());
    shape[dim] = 1;
    return RankedTensorType::get(shape, typeOf(value).getElementType());
  }

  /// The row as the op makes it of rows of its operands; null if it cannot.
  Value rowThrough(Operation *op, int64_t dim) {
    if (!op)
      return {};
    if (auto reshape = dyn_cast<glm::ReshapeOp>(op))
      return throughReshape(reshape, dim);
    SmallVector<Value> operands(op->getOperands());
    const int64_t rank = typeOf(op->getResult(0)).getRank();
    if (op->hasTrait<glm::Pointwise>()) {
      for (Value &operand : operands) {
        int64_t at = dim - (rank - typeOf(operand).getRank());
        if (at >= 0 && typeOf(operand).getDimSize(at) == tokens)
          operand = rowOf(operand, at);
      }
    } else if (auto product = dyn_cast<glm::MatmulOp>(op)) {
      if (dim != rank - 2 || typeOf(product.getRhs()).getRank() != 2)
        return {};
      operands[0] = rowOf(product.getLhs(), dim);
    } else if (isa<glm::RmsNormOp, glm::LayerNormOp>(op)) {
      if (dim == rank - 1)
        return {};
      operands[0] = rowOf(op->getOperand(0), dim);
    } else if (auto reduce = dyn_cast<glm::ReduceOp>(op)) {
      if (llvm::is_contained(reduce.getAxes(), dim))
        return {};
      operands[0] = rowOf(reduce.getX(), dim);
    } else if (auto numbers = dyn_cast<glm::DequantizeOp>(op)) {
      // Of activations: all tokens by the same scales, or each by its own.
      if (dim == int64_t(numbers.getAxis()) && typeOf(numbers.getScales()).getDimSize(dim) != 1)
        return {};
      for (Value &operand : operands)
        if (typeOf(operand).getDimSize(dim) == tokens)
          operand = rowOf(operand, dim);
    } else if (auto slice = dyn_cast<glm::SliceOp>(op)) {
      // Of all tokens, in order.
      if (slice.getStarts()[dim] != 0 || slice.getSteps()[dim] != 1 || typeOf(slice.getX()).getDimSize(dim) != tokens)
        return {};
      operands[0] = rowOf(slice.getX(), dim);
    } else {
      return {};
    }
    OpBuilder builder(op);
    Operation *row = builder.clone(*op);
    row->setOperands(operands);
    row->getResult(0).setType(rowType(op->getResult(0), dim));
    return row->getResult(0);
  }

  /// Through a reshape that keeps the tokens a dimension of their own.
  Value throughReshape(glm::ReshapeOp reshape, int64_t dim) {
    auto inner = [](Value value, int64_t from) {
      int64_t elements = 1;
      for (int64_t size : typeOf(value).getShape().drop_front(from + 1))
        elements *= size;
      return elements;
    };
    RankedTensorType from = typeOf(reshape.getX());
    for (int64_t at = 0; at < from.getRank(); ++at)
      if (from.getDimSize(at) == tokens && inner(reshape.getX(), at) == inner(reshape, dim)) {
        OpBuilder builder(reshape);
        return reshapeTo(builder, reshape.getLoc(), rowOf(reshape.getX(), at), rowType(reshape, dim).getShape());
      }
    return {};
  }

  Value last;
  int64_t tokens;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> rows;
};

/// Adds the argument `last` behind the tokens.
BlockArgument addLast(glm::GraphOp graph) {
  Block &block = graph.getBody().front();
  Builder builder(graph.getContext());
  unsigned at = 0;
  while (at < graph.getNumArguments() && !graph.getInputState(at).empty())
    ++at;
  at = std::min<unsigned>(at + 1, graph.getNumArguments());
  SmallVector<Attribute> attributes;
  for (unsigned i = 0; i < graph.getNumArguments(); ++i)
    attributes.push_back(argumentAttributes(graph, i));
  attributes.insert(attributes.begin() + at,
                    builder.getDictionaryAttr(builder.getNamedAttr(glm::GlmDialect::nameAttr, builder.getStringAttr("last"))));
  BlockArgument last = block.insertArgument(at, RankedTensorType::get({1}, builder.getI64Type()), graph.getLoc());
  graph.setFunctionTypeAttr(TypeAttr::get(builder.getFunctionType(block.getArgumentTypes(), graph.getResultTypes())));
  graph.setArgAttrsAttr(builder.getArrayAttr(attributes));
  return last;
}

struct SelectLogitsPass : glmc::impl::SelectLogitsBase<SelectLogitsPass> {
  LogicalResult select(glm::GraphOp graph) {
    auto tokens = graph->getAttrOfType<IntegerAttr>(glm::GlmDialect::tokensAttr);
    if (!tokens || tokens.getInt() == 1)
      return success();
    Operation *end = graph.getTerminator();
    for (OpOperand &result : end->getOpOperands()) {
      if (!graph.getOutputState(result.getOperandNumber()).empty())
        continue;
      RankedTensorType type = typeOf(result.get());
      if (type.getRank() != 3 || type.getDimSize(1) != tokens.getInt())
        return graph.emitOpError() << "has a result of type " << type << ", expected logits [1, " << tokens.getInt()
                                   << ", vocabulary]";
      result.set(RowMaker(addLast(graph), tokens.getInt()).rowOf(result.get(), 1));
      ++selected;
    }
    auto type = FunctionType::get(graph.getContext(), graph.getArgumentTypes(), end->getOperandTypes());
    graph.setFunctionTypeAttr(TypeAttr::get(type));
    eraseDeadOps(graph.getBody().front());
    return success();
  }

  void runOnOperation() override {
    auto session = getOperation()->getAttrOfType<DictionaryAttr>(glm::GlmDialect::sessionAttr);
    auto logits = session ? session.getAs<StringAttr>("logits") : StringAttr();
    if (!logits || logits.getValue() != "last")
      return;
    for (auto graph : getOperation().getOps<glm::GraphOp>())
      if (failed(select(graph)))
        return signalPassFailure();
  }
};

} // namespace
