//===- StoreCaches.cpp - Caches of fewer bits -------------------------------===//
//
// A cache of f32 becomes one of f16, or of int8 with a scale for each row, as
// the session's `kv` says:
//
//   f16    written: cast(rows)          read: cast(cache)
//   int8   written: round(rows / scale), scale = max |row| / 127, and the scales
//          read: cast(values) * scales
//
// What is read stays an operand of attention, which converts as it reads.
// Rows are rounded to nearest even; a row of zeros has the scale 1, so that
// nothing is divided by 0. The largest error of an element is half its scale.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {
#define GEN_PASS_DEF_STORECACHES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// One cache of a graph and its write.
struct Cache {
  BlockArgument argument;
  glm::CacheWriteOp write;
  unsigned result;
};

class CacheStorage {
public:
  CacheStorage(glm::GraphOp graph, bool isInt8)
      : graph(graph), block(graph.getBody().front()), builder(graph.getContext()), isInt8(isInt8) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto write = dyn_cast<glm::CacheWriteOp>(op))
        if (auto cache = cacheOf(write))
          store(*cache);
    auto type = builder.getFunctionType(block.getArgumentTypes(), graph.getTerminator()->getOperandTypes());
    graph.setFunctionTypeAttr(TypeAttr::get(type));
    graph.setArgAttrsAttr(builder.getArrayAttr(arguments));
    graph.setResAttrsAttr(builder.getArrayAttr(results));
  }

  void readAttributes() {
    for (unsigned i = 0; i < graph.getNumArguments(); ++i)
      arguments.push_back(argumentAttributes(graph, i));
    for (unsigned i = 0; i < graph.getNumResults(); ++i)
      results.push_back(resultAttributes(graph, i));
  }

  int64_t stored = 0;

private:
  /// A write of f32 into state that the graph yields.
  std::optional<Cache> cacheOf(glm::CacheWriteOp write) {
    auto argument = dyn_cast<BlockArgument>(write.getCache());
    if (!argument || !typeOf(argument).getElementType().isF32())
      return std::nullopt;
    for (OpOperand &use : write->getUses())
      if (isa<glm::ReturnOp>(use.getOwner()))
        return Cache{argument, write, use.getOperandNumber()};
    return std::nullopt;
  }

  Value constant(Location loc, Type element, double value) {
    auto type = RankedTensorType::get({}, element);
    return glm::ConstantOp::create(builder, loc, type,
                                   DenseElementsAttr::get(type, builder.getFloatAttr(element, value)));
  }

  /// Writes `rows` [1, heads, S, features] into `before`.
  Value write(Cache &cache, Value before, Value rows) {
    return glm::CacheWriteOp::create(builder, cache.write.getLoc(), before, rows, cache.write.getAt());
  }

  void store(Cache &cache) {
    builder.setInsertionPoint(cache.write);
    Location loc = cache.write.getLoc();
    RankedTensorType full = typeOf(cache.argument);
    Value rows = cache.write.getTokens(), read;
    if (isInt8) {
      read = storeInt8(cache, rows);
    } else {
      cache.argument.setType(full.clone(builder.getF16Type()));
      Value halves = glm::CastOp::create(builder, loc, typeOf(rows).clone(builder.getF16Type()), rows);
      Value after = write(cache, cache.argument, halves);
      yield(cache, after);
      read = glm::CastOp::create(builder, loc, full, after);
    }
    cache.write.replaceAllUsesWith(read);
    cache.write.erase();
    ++stored;
  }

  void yield(Cache &cache, Value after) { graph.getTerminator()->setOperand(cache.result, after); }

  /// Rows as [1, heads, S, features]: a scale is a row's of a head.
  Value storeInt8(Cache &cache, Value rows) {
    Location loc = cache.write.getLoc();
    RankedTensorType full = typeOf(cache.argument);
    Type f32 = builder.getF32Type(), i8 = builder.getI8Type();
    const int64_t heads = full.getDimSize(1), features = full.getDimSize(3);
    if (typeOf(rows).getRank() == 3) {
      const int64_t tokens = typeOf(rows).getDimSize(1);
      rows = transposeBy(builder, loc, reshapeTo(builder, loc, rows, {1, tokens, heads, features}), {0, 2, 1, 3});
    }
    Value largest = glm::ReduceOp::create(builder, loc, "max", glm::AbsOp::create(builder, loc, rows),
                                        ArrayRef<int64_t>({3}));
    Value isZero = glm::EqualOp::create(builder, loc, largest, constant(loc, f32, 0));
    Value scale = glm::WhereOp::create(builder, loc, isZero, constant(loc, f32, 1),
                                       glm::DivOp::create(builder, loc, largest, constant(loc, f32, 127)));
    Value steps = glm::RoundOp::create(builder, loc, glm::DivOp::create(builder, loc, rows, scale));
    Value values = glm::CastOp::create(builder, loc, typeOf(rows).clone(i8), steps);

    auto scaleType = RankedTensorType::get({1, heads, full.getDimSize(2), 1}, f32);
    cache.argument.setType(full.clone(i8));
    BlockArgument scales = block.addArgument(scaleType, cache.argument.getLoc());
    Value after = write(cache, cache.argument, values), scalesAfter = write(cache, scales, scale);
    yield(cache, after);
    Operation *end = graph.getTerminator();
    end->insertOperands(end->getNumOperands(), scalesAfter);
    std::string name = graph.getInputState(cache.argument.getArgNumber()).str() + ".scale";
    Attribute attributes = builder.getDictionaryAttr(
        builder.getNamedAttr(glm::GlmDialect::stateAttr, builder.getStringAttr(name)));
    arguments.push_back(attributes);
    results.push_back(attributes);
    Value wide = glm::CastOp::create(builder, loc, full, after);
    return glm::MulOp::create(builder, loc, wide, scalesAfter);
  }

  glm::GraphOp graph;
  Block &block;
  OpBuilder builder;
  bool isInt8;
  SmallVector<Attribute> arguments, results; ///< Their attributes.
};

struct StoreCachesPass : glmc::impl::StoreCachesBase<StoreCachesPass> {
  void runOnOperation() override {
    auto session = getOperation()->getAttrOfType<DictionaryAttr>(glm::GlmDialect::sessionAttr);
    auto kv = session ? session.getAs<StringAttr>("kv") : StringAttr();
    if (!kv || kv.getValue() == "f32")
      return;
    if (kv.getValue() != "f16" && kv.getValue() != "int8") {
      getOperation().emitError() << "caches are to be stored as '" << kv.getValue() << "', expected f32, f16 or int8";
      return signalPassFailure();
    }
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      CacheStorage storage(graph, kv.getValue() == "int8");
      storage.readAttributes();
      storage.run();
      cachesStored += storage.stored;
    }
  }
};

} // namespace
