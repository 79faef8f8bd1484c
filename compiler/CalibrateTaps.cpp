//===- CalibrateTaps.cpp - Graphs that show what products read -------------------===//
#include "compiler/CalibrateRunner.h"

#include "dialects/glm/NodeLocation.h"
#include "lowering/compress/Readings.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace glmc {
namespace {

/// Values of one graph with the layers that read them, in order.
using GraphTaps = llvm::MapVector<Value, TappedValue>;

llvm::DenseMap<Operation *, GraphTaps> findTaps(ModuleOp module) {
  llvm::DenseMap<Operation *, GraphTaps> taps;
  for (const ReadWeight &weight : findReadWeights(module))
    for (const Reading &reading : weight.readings) {
      glm::MatmulOp matmul = reading.matmul();
      if (!matmul || isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(matmul.getLhs().getDefiningOp()))
        continue;
      auto nodes = glm::nodesOf(matmul.getLoc());
      auto type = cast<RankedTensorType>(matmul.getLhs().getType());
      TappedValue &value = taps[matmul->getParentOfType<glm::GraphOp>()][matmul.getLhs()];
      value.features = type.getShape().back();
      value.readers.push_back({nodes.empty() ? "" : nodes.front().name, weight.name});
    }
  return taps;
}

StringAttr tapName(MLIRContext *context, size_t number) {
  return StringAttr::get(context, "glmc.tap." + std::to_string(number));
}

/// Adds results, and arguments, to a graph.
class GraphExtension {
public:
  explicit GraphExtension(glm::GraphOp graph) : graph(graph), builder(graph.getTerminator()) {}

  void returnValue(Value value, size_t number) { addResult(value, glm::GlmDialect::nameAttr, number); }

  /// Writes `rows` rows of `features` to a state of `room` rows, from `length` on.
  void keepRows(Value value, Value length, int64_t rows, int64_t features, int64_t room, size_t number) {
    Type f32 = builder.getF32Type();
    auto state = RankedTensorType::get({1, 1, room, features}, f32);
    Block &block = graph.getBody().front();
    Value cache = block.addArgument(state, graph.getLoc());
    arguments.push_back(attributes(glm::GlmDialect::stateAttr, number));
    Location loc = graph.getLoc();
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() != f32)
      value = glm::CastOp::create(builder, loc, type.clone(f32), value);
    auto flat = RankedTensorType::get({1, rows, features}, f32);
    if (value.getType() != flat)
      value = glm::ReshapeOp::create(builder, loc, flat, value);
    addResult(glm::CacheWriteOp::create(builder, loc, state, cache, value, length), glm::GlmDialect::stateAttr, number);
  }

  void finish() {
    auto all = [&](ArrayAttr known, size_t count, ArrayRef<Attribute> added) {
      SmallVector<Attribute> list;
      for (size_t i = 0; i < count; ++i)
        list.push_back(known && i < known.size() ? known[i] : builder.getDictionaryAttr({}));
      list.append(added.begin(), added.end());
      return builder.getArrayAttr(list);
    };
    Operation *terminator = graph.getTerminator();
    const size_t argumentsBefore = graph.getArgumentTypes().size(), resultsBefore = terminator->getNumOperands();
    terminator->insertOperands(resultsBefore, values);
    graph.setArgAttrsAttr(all(graph.getArgAttrsAttr(), argumentsBefore, arguments));
    graph.setResAttrsAttr(all(graph.getResAttrsAttr(), resultsBefore, results));
    graph.setFunctionType(
        builder.getFunctionType(graph.getBody().front().getArgumentTypes(), terminator->getOperandTypes()));
  }

private:
  Attribute attributes(StringRef kind, size_t number) {
    return builder.getDictionaryAttr(builder.getNamedAttr(kind, tapName(builder.getContext(), number)));
  }
  void addResult(Value value, StringRef kind, size_t number) {
    values.push_back(value);
    results.push_back(attributes(kind, number));
  }

  glm::GraphOp graph;
  OpBuilder builder;
  SmallVector<Value> values;
  SmallVector<Attribute> arguments, results;
};

/// The length of a session's step; null for a graph without state.
Value lengthOf(glm::GraphOp graph) {
  for (BlockArgument argument : graph.getBody().getArguments())
    if (graph.getInputState(argument.getArgNumber()) == glm::GlmDialect::lengthState)
      return argument;
  return {};
}

/// Rows of a session's caches.
int64_t roomOf(glm::GraphOp graph) {
  int64_t room = 0;
  for (BlockArgument argument : graph.getBody().getArguments())
    if (auto type = cast<RankedTensorType>(argument.getType());
        !graph.getInputState(argument.getArgNumber()).empty() && type.getRank() == 4)
      room = std::max(room, type.getDimSize(2));
  return room;
}

} // namespace

FailureOr<std::vector<TappedValue>> tapProducts(ModuleOp module) {
  auto taps = findTaps(module);
  std::vector<TappedValue> values;
  auto numberOf = [&](const TappedValue &value) {
    size_t number = 0;
    while (number < values.size() && !(values[number].readers.front() == value.readers.front()))
      ++number;
    return number;
  };
  bool isFirst = true;
  for (auto graph : module.getOps<glm::GraphOp>()) {
    GraphExtension extension(graph);
    Value length = lengthOf(graph);
    auto tokens = graph->getAttrOfType<IntegerAttr>(glm::GlmDialect::tokensAttr);
    std::vector<bool> seen(values.size());
    for (auto &[value, tap] : taps[graph]) {
      auto type = cast<RankedTensorType>(value.getType());
      const int64_t rows = tap.features ? type.getNumElements() / tap.features : 0;
      if (length && (!tokens || rows != tokens.getInt()))
        continue; // Not a row a token.
      const size_t number = isFirst ? values.size() : numberOf(tap);
      if (isFirst)
        values.push_back(tap);
      else if (number == values.size() || values[number].features != tap.features)
        return graph.emitError() << "its layers differ from those of the step before it";
      else
        seen[number] = true;
      if (length)
        extension.keepRows(value, length, rows, tap.features, roomOf(graph), number);
      else
        extension.returnValue(value, number);
    }
    extension.finish();
    if (llvm::is_contained(seen, false))
      return graph.emitError() << "lacks layers that the step before it has";
    isFirst = false;
  }
  if (values.empty())
    return module.emitError() << "has no product with a weight, so there is nothing to calibrate";
  return values;
}

} // namespace glmc
