//===- BindState.cpp - What a program keeps from call to call ---------------===//
//
// Exporters pass everything that a language model keeps through its inputs and
// outputs: caches, positions, lengths. In a program with state, the context has
// it, and what varies from call to call is one number, the length: how many
// tokens the caches hold.
//
//   positions, lengths     length + 0, 1, ... of the tokens of the step
//   cache, joined with or  glm.cache_write into a state that has room for the
//   written by new tokens  whole context; what attends to it gets `past`
//
// The graph was imported for full caches, with room for the step's own tokens
// and no more, and every mask full of ones. Attention then has to be causal,
// which the exporter's masks are asked for at that length: the mask of a joined
// cache lies at other places for other lengths, but follows from shapes alone.
// A cache that is written in place (StaticCache) is asked at several lengths.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/AttentionMask.h"
#include "lowering/simplify/IdiomRewrite.h"
#include "lowering/simplify/LengthValues.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace glmc {
#define GEN_PASS_DEF_BINDSTATE
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Caches have room for a multiple of this, so that kernels need no rest.
constexpr int64_t cacheRows = 16;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Binds the state of one graph.
class StateBinder {
public:
  /// For a step of `tokens` tokens, and `context` tokens in all.
  StateBinder(glm::GraphOp graph, int64_t tokens, int64_t context)
      : graph(graph), block(graph.getBody().front()), builder(graph), tokens(tokens), context(context) {}

  LogicalResult run();
  /// The last dimension of the logits, after run().
  int64_t vocabulary = 0;

private:
  StringRef roleOf(unsigned argument);
  LogicalResult findLength();
  void bindCounts();
  Value countFrom(RankedTensorType type);
  LogicalResult bindCache(BlockArgument argument);
  Value newTokens(Operation *write, BlockArgument argument);
  Value newTokensOfScatter(glm::ScatterNdOp scatter, BlockArgument argument);
  LogicalResult bindReaders(Operation *write, Value cache);
  LogicalResult bindAttention(glm::AttentionOp attention, Operation *write);
  bool isCausal(glm::AttentionOp attention, bool isJoined);
  bool isMaskCausal(Value mask, int64_t past);
  LogicalResult settleResults();
  LogicalResult checkPositions();
  LogicalResult checkTables();
  void dropArguments();

  InFlightDiagnostic errorAt(unsigned argument) {
    return emitError(graph.getLoc()) << "input '" << graph.getInputName(argument) << "' ";
  }

  glm::GraphOp graph;
  Block &block;
  OpBuilder builder;
  int64_t tokens, context;
  BlockArgument length;
  std::vector<BlockArgument> dropped; ///< Arguments that are state now.
  llvm::MapVector<Value, std::string> states; ///< A cache after its write, by the state's name.
};

StringRef StateBinder::roleOf(unsigned argument) {
  auto role = graph.getArgAttrOfType<StringAttr>(argument, glm::GlmDialect::roleAttr);
  return role ? role.getValue() : StringRef();
}

LogicalResult StateBinder::findLength() {
  for (BlockArgument argument : block.getArguments())
    if (graph.getInputState(argument.getArgNumber()) == glm::GlmDialect::lengthState)
      length = argument;
  if (length && typeOf(length) == RankedTensorType::get({1}, builder.getI64Type()))
    return success();
  return graph.emitOpError() << "has no argument of type tensor<1xi64> that is the state '"
                             << glm::GlmDialect::lengthState << "'";
}

/// length, length + 1, ... of `type`, whose elements are so many tokens or one.
Value StateBinder::countFrom(RankedTensorType type) {
  auto wide = type.clone(builder.getI64Type());
  SmallVector<int64_t> counts(type.getNumElements()), ones(type.getRank(), 1);
  for (auto [i, count] : llvm::enumerate(counts))
    count = i;
  Location loc = graph.getLoc();
  Value start = reshapeTo(builder, loc, length, ones);
  Value offsets = glm::ConstantOp::create(builder, loc, wide, DenseIntElementsAttr::get(wide, counts));
  Value value = counts.size() == 1 ? start : glm::AddOp::create(builder, loc, wide, start, offsets).getResult();
  return type == wide ? value : glm::CastOp::create(builder, loc, type, value).getResult();
}

/// Positions and lengths.
void StateBinder::bindCounts() {
  builder.setInsertionPointToStart(&block);
  for (BlockArgument argument : block.getArguments()) {
    StringRef role = roleOf(argument.getArgNumber());
    if (role != "positions" && role != "length")
      continue;
    if (!argument.use_empty())
      argument.replaceAllUsesWith(countFrom(typeOf(argument)));
    dropped.push_back(argument);
  }
}

/// What a scatter writes at rows length, length + 1, ... of every head; null if
/// it writes elsewhere.
Value StateBinder::newTokensOfScatter(glm::ScatterNdOp scatter, BlockArgument argument) {
  ArrayRef<int64_t> cache = typeOf(argument).getShape();
  RankedTensorType updates = typeOf(scatter.getUpdates());
  const int64_t rows = cache[0] * cache[1] * tokens;
  if (scatter.getX() != argument || updates.getNumElements() != rows * cache[3] ||
      typeOf(scatter.getIndices()).getNumElements() != rows * 3)
    return {};
  LengthValues values(length);
  for (int64_t past : sampledLengths(cache[2] - tokens)) {
    auto indices = values.at(scatter.getIndices(), past);
    if (!indices)
      return {};
    for (int64_t row = 0; row < rows; ++row)
      if (indices->getInt(3 * row) != row / tokens / cache[1] || indices->getInt(3 * row + 1) != row / tokens % cache[1] ||
          indices->getInt(3 * row + 2) != past + row % tokens)
        return {};
  }
  return reshapeTo(builder, scatter.getLoc(), scatter.getUpdates(), {cache[0], cache[1], tokens, cache[3]});
}

/// The step's own rows, [1, heads, tokens, features], of an op that puts them
/// behind the cache's; null for any other op.
Value StateBinder::newTokens(Operation *write, BlockArgument argument) {
  if (auto scatter = dyn_cast<glm::ScatterNdOp>(write))
    return newTokensOfScatter(scatter, argument);
  auto join = dyn_cast<glm::ConcatOp>(write);
  if (!join || join.getAxis() != 2 || join.getInputs().size() != 2 || join.getInputs()[0] != argument ||
      typeOf(join.getInputs()[1]).getDimSize(2) != tokens)
    return {};
  return join.getInputs()[1];
}

LogicalResult StateBinder::bindCache(BlockArgument argument) {
  const unsigned number = argument.getArgNumber();
  RankedTensorType type = typeOf(argument);
  if (type.getRank() != 4 || type.getDimSize(0) != 1)
    return errorAt(number) << "is a cache of type " << type << ", expected [1, heads, tokens, features]";
  if (argument.use_empty())
    return errorAt(number) << "is a cache that nothing reads";
  Operation *write = *argument.user_begin();
  builder.setInsertionPoint(write);
  Value rows = argument.hasOneUse() ? newTokens(write, argument) : Value();
  if (!rows)
    return write->emitError() << "reads the cache '" << graph.getInputName(number)
                              << "', expected one Concat of it and the new tokens, or one ScatterND of the new "
                                 "tokens behind those that it holds";
  const int64_t heads = type.getDimSize(1), features = type.getDimSize(3);
  const int64_t room = llvm::alignTo(typeOf(write->getResult(0)).getDimSize(2), cacheRows);
  auto stateType = RankedTensorType::get({1, heads, room, features}, type.getElementType());
  auto name = builder.getStringAttr(graph.getInputName(number));
  // Token-major, as products make them: where they are, the transpose is undone.
  rows = reshapeTo(builder, write->getLoc(), transposeBy(builder, write->getLoc(), rows, {0, 2, 1, 3}),
                   {1, tokens, heads * features});
  BlockArgument before = block.addArgument(stateType, argument.getLoc());
  Value after = glm::CacheWriteOp::create(builder, write->getLoc(), before, rows, length);
  states[after] = name.str();
  if (failed(bindReaders(write, after)))
    return failure();
  write->getResult(0).replaceAllUsesWith(after); // By the graph's results.
  write->erase();
  dropped.push_back(argument);
  return success();
}

/// Everything that reads a cache after its write has to be attention, or the
/// graph's result.
LogicalResult StateBinder::bindReaders(Operation *write, Value cache) {
  for (Operation *user : llvm::to_vector(write->getUsers())) {
    if (isa<glm::ReturnOp>(user))
      continue;
    auto attention = dyn_cast<glm::AttentionOp>(user);
    if (!attention)
      return user->emitError() << "reads the cache '" << states[cache]
                               << "', expected only attention to do so: glmc did not recognise what is around it";
    if (failed(bindAttention(attention, write)))
      return failure();
    for (OpOperand &operand : attention->getOpOperands())
      if (operand.get() == write->getResult(0))
        operand.set(cache);
  }
  return success();
}

/// The mask as booleans, or numbers of which 0 lets through and -inf does not.
bool StateBinder::isMaskCausal(Value mask, int64_t past) {
  auto values = LengthValues(length).at(mask, past);
  if (!values)
    return false;
  ArrayRef<int64_t> shape = values->shape();
  const int64_t rows = shape[2], keys = shape[3];
  const bool isFloat = isa<FloatType>(values->type.getElementType());
  for (int64_t i = 0; i < values->size(); ++i) {
    int64_t key = i % keys, row = i / keys % rows;
    if ((rows == 1 && tokens > 1) || (keys == 1 && tokens + past > 1))
      return false; // The same for tokens that differ.
    if (key >= past + tokens)
      continue; // Not read.
    const bool attended = isFloat ? values->getFloat(i) == 0 : values->getInt(i) != 0;
    if (isFloat && !attended && !hidesScore(values->getFloat(i), values->type.getElementType()))
      return false;
    if (attended != (key <= past + row))
      return false;
  }
  return true;
}

bool StateBinder::isCausal(glm::AttentionOp attention, bool isJoined) {
  if (!attention.getMask())
    return attention.getCausal() || tokens == 1;
  if (attention.getCausal() && tokens > 1)
    return false; // A mask beside it says more than that.
  RankedTensorType keys = typeOf(attention.getK());
  const int64_t most = keys.getDimSize(keys.getRank() - 2) - tokens;
  std::vector<int64_t> lengths = isJoined ? std::vector<int64_t>{most} : sampledLengths(most);
  return llvm::all_of(lengths, [&](int64_t past) { return isMaskCausal(attention.getMask(), past); });
}

LogicalResult StateBinder::bindAttention(glm::AttentionOp attention, Operation *write) {
  if (attention.getPast())
    return success(); // k was bound before v.
  if (!isCausal(attention, isa<glm::ConcatOp>(write)))
    return attention.emitError() << "does not attend to a token's own and all earlier positions and to nothing else, "
                                    "which a program with state (--context) has to";
  attention.getMaskMutable().clear();
  attention.getPastMutable().assign(length);
  attention.setCausal(true);
  attention.setGuarded(false); // Every token sees itself.
  return success();
}

/// Logits stay, caches become state; counts that the context keeps itself go.
LogicalResult StateBinder::settleResults() {
  auto end = cast<glm::ReturnOp>(graph.getTerminator());
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  llvm::SmallPtrSet<Value, 8> returned;
  Value logits;
  for (auto [i, value] : llvm::enumerate(end.getResults())) {
    RankedTensorType type = typeOf(value);
    StringRef name = graph.getOutputName(i);
    if (states.contains(value) || isa<IntegerType>(type.getElementType()))
      continue;
    if (type.getRank() != 3 || type.getDimSize(0) != 1 || type.getDimSize(1) != tokens || logits)
      return emitError(graph.getLoc()) << "output '" << name << "' of type " << type
                                       << " is neither a cache nor the logits [1, tokens, vocabulary], which are all "
                                          "that a program with state (--context) can have";
    logits = value;
    vocabulary = type.getDimSize(2);
    // Whatever the model computes with, a program's callers get f32.
    if (isa<FloatType>(type.getElementType()) && !type.getElementType().isF32()) {
      builder.setInsertionPoint(end);
      value = glm::CastOp::create(builder, value.getLoc(), type.clone(builder.getF32Type()), value);
    }
    results.push_back(value);
    attributes.push_back(resultAttributes(graph, i));
  }
  if (!logits)
    return emitError(graph.getLoc()) << "there is no output of logits [1, tokens, vocabulary]";
  if (states.empty())
    return emitError(graph.getLoc()) << "there is no cache that goes in as an input and comes out as an output, which a "
                                        "program with state (--context) needs";
  for (auto &[value, name] : states) {
    results.push_back(value);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(glm::GlmDialect::stateAttr, builder.getStringAttr(name))));
  }
  end.getResultsMutable().assign(results);
  graph.setResAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}

/// A model that derives positions from the caches' shapes has constants for
/// them, which are right for full caches only.
LogicalResult StateBinder::checkPositions() {
  for (Operation *user : length.getUsers())
    if (!isa<glm::CacheWriteOp, glm::AttentionOp>(user))
      return success();
  return emitError(graph.getLoc()) << "the positions of tokens do not come from an input, so that they are known for "
                                      "full caches only: export the model with position_ids as an input";
}

/// Tables of angles or embeddings by position have to reach as far as the caches
/// do; what is behind their end would be read as their last row.
LogicalResult StateBinder::checkTables() {
  LogicalResult right = success();
  LengthValues values(length);
  for (auto gather : block.getOps<glm::GatherOp>()) {
    const int64_t rows = glm::logicalType(gather.getX().getType()).getDimSize(gather.getAxis());
    auto indices = values.at(gather.getIndices(), context - tokens);
    int64_t largest = -1;
    for (int64_t i = 0; indices && i < indices->size(); ++i)
      largest = std::max(largest, indices->getInt(i));
    if (largest >= rows)
      right = gather.emitError() << "looks up position " << largest << " in a table of " << rows
                                 << ": --context can be at most " << rows;
  }
  return right;
}

/// Tokens first, then state in the order in which it was found.
void StateBinder::dropArguments() {
  llvm::BitVector erased(block.getNumArguments());
  SmallVector<Attribute> attributes;
  for (BlockArgument argument : dropped)
    erased.set(argument.getArgNumber());
  for (BlockArgument argument : block.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (erased.test(number))
      continue;
    if (number < graph.getNumArguments()) {
      NamedAttrList kept(argumentAttributes(graph, number));
      kept.erase(glm::GlmDialect::roleAttr);
      attributes.push_back(kept.getDictionary(builder.getContext()));
      continue;
    }
    auto write = cast<glm::CacheWriteOp>(*argument.user_begin());
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        glm::GlmDialect::stateAttr, builder.getStringAttr(states[write.getResult()]))));
  }
  block.eraseArguments(erased);
  auto type = builder.getFunctionType(block.getArgumentTypes(), graph.getTerminator()->getOperandTypes());
  graph.setFunctionTypeAttr(TypeAttr::get(type));
  graph.setArgAttrsAttr(builder.getArrayAttr(attributes));
}

LogicalResult StateBinder::run() {
  if (failed(findLength()))
    return failure();
  bindCounts();
  LogicalResult right = success();
  for (BlockArgument argument : llvm::to_vector(block.getArguments())) {
    StringRef role = argument.getArgNumber() < graph.getNumArguments() ? roleOf(argument.getArgNumber()) : "";
    if (role == "cache" && failed(bindCache(argument)))
      right = failure();
    if (role.empty() && argument != length)
      right = errorAt(argument.getArgNumber()) << "is not the tokens, positions, a mask, a length or a cache, and a "
                                                  "program with state (--context) has no other inputs: say what it is "
                                                  "by --role, or give its value by --bind";
  }
  if (failed(right) || failed(settleResults()) || failed(checkPositions()) || failed(checkTables()))
    return failure();
  dropArguments();
  eraseDeadOps(block);
  return success();
}

struct BindStatePass : glmc::impl::BindStateBase<BindStatePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto session = module->getAttrOfType<DictionaryAttr>(glm::GlmDialect::sessionAttr);
    if (!session)
      return;
    auto context = session.getAs<IntegerAttr>("context");
    if (!context) {
      module.emitError() << glm::GlmDialect::sessionAttr << " is " << session << ", expected a context";
      return signalPassFailure();
    }
    int64_t vocabulary = 0;
    for (auto graph : module.getOps<glm::GraphOp>()) {
      auto tokens = graph->getAttrOfType<IntegerAttr>(glm::GlmDialect::tokensAttr);
      if (!tokens || tokens.getInt() < 1) {
        graph.emitOpError() << "does not say by " << glm::GlmDialect::tokensAttr << " how many tokens its step takes";
        return signalPassFailure();
      }
      StateBinder binder(graph, tokens.getInt(), context.getInt());
      if (failed(binder.run()))
        return signalPassFailure();
      if (vocabulary && vocabulary != binder.vocabulary) {
        graph.emitOpError() << "has a vocabulary of " << binder.vocabulary << ", another graph of " << vocabulary;
        return signalPassFailure();
      }
      vocabulary = binder.vocabulary;
      ++bound;
    }
    NamedAttrList attributes(session);
    attributes.set("vocabulary", Builder(module.getContext()).getI64IntegerAttr(vocabulary));
    module->setAttr(glm::GlmDialect::sessionAttr, attributes.getDictionary(module.getContext()));
  }
};

} // namespace
