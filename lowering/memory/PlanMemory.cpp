//===- PlanMemory.cpp - Graphs of launches to programs on places ------------===//
//
//   1. Constants and weights that anything reads get an offset in the weights
//      image, in order of first use over all graphs; equal ones share it.
//      So do states, in the image of what a context keeps, by name.
//   2. Each graph: ArenaBlocks says what the arena holds when, ArenaPlanner
//      where.
//   3. A glm.program is written beside the graph: parameters, a planned_launch
//      for each launch, then copies for outputs that no launch writes itself.
//   4. The program is checked against the graph, and the graph goes.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/memory/ArenaBlocks.h"
#include "lowering/memory/ProgramCheck.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;

namespace glmc {

#define GEN_PASS_DEF_PLANMEMORY
#include "lowering/Passes.h.inc"

/// Discardable attribute of a program: which planner found its plan.
static constexpr llvm::StringLiteral plannerAttr = "glm.planner";

namespace {

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The weights image that all graphs of a module share.
class WeightsImage {
public:
  /// Adds what the launches and results of a graph read.
  LogicalResult addGraph(glm::GraphOp graph) {
    for (Operation &op : graph.getBody().front())
      if (isa<glm::LaunchOp, glm::ReturnOp>(op))
        for (Value operand : op.getOperands())
          if (failed(add(withoutViews(operand))))
            return failure();
    return success();
  }

  glm::PlaceAttr placeOf(Value base) const {
    const Entry &entry = entries.find({sourceOf(base), base.getType()})->second;
    return glm::PlaceAttr::get(base.getContext(), "weights", 0, entry.offset, glm::storageBytes(base.getType()));
  }

  void write(OpBuilder &builder) const {
    for (const auto &[key, entry] : entries)
      glm::PlacedWeightOp::create(builder, entry.loc, entry.name, entry.offset, key.second, key.first);
  }

private:
  struct Entry {
    std::string name;
    int64_t offset;
    Location loc;
  };

  /// A weight's source or the elements; null if the base is no constant.
  static Attribute sourceOf(Value base) {
    if (auto constant = base.getDefiningOp<glm::ConstantOp>())
      return constant.getValue();
    if (auto weight = base.getDefiningOp<glm::WeightOp>())
      return weight.getSource();
    return {};
  }

  LogicalResult add(Value base) {
    Attribute source = sourceOf(base);
    if (!source || entries.contains({source, base.getType()}))
      return success();
    int64_t bytes = glm::storageBytes(base.getType());
    if (bytes > INT64_MAX - memory::arenaAlignment - end)
      return base.getDefiningOp()->emitOpError() << "brings the weights over 2^63 bytes";
    entries.insert({{source, base.getType()}, Entry{nameFor(base), end, base.getLoc()}});
    end += memory::alignedSize(bytes);
    return success();
  }

  /// The weight's own name, or c0, c1, ...; a number behind it where it is taken.
  std::string nameFor(Value base) {
    auto weight = base.getDefiningOp<glm::WeightOp>();
    std::string name = weight ? weight.getName().str() : "c" + std::to_string(constants++);
    std::string unique = name;
    for (unsigned &i = suffixes[name]; !names.insert(unique).second;)
      unique = name + "." + std::to_string(++i);
    return unique;
  }

  llvm::MapVector<std::pair<Attribute, Type>, Entry> entries;
  llvm::StringSet<> names;
  llvm::StringMap<unsigned> suffixes;
  unsigned constants = 0;
  int64_t end = 0;
};

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

/// What a context keeps from call to call, for all graphs of a module.
class StateImage {
public:
  /// Adds the states of a graph.
  LogicalResult addGraph(glm::GraphOp graph) {
    for (auto [i, type] : llvm::enumerate(graph.getArgumentTypes())) {
      StringRef name = graph.getInputState(i);
      if (name.empty())
        continue;
      auto [known, isNew] = entries.insert({name.str(), Entry{cast<RankedTensorType>(type), end, graph.getLoc()}});
      if (!isNew && known->second.type != type)
        return graph.emitOpError() << "has state '" << name << "' of type " << type << ", another graph of type "
                                   << known->second.type;
      if (!isNew)
        continue;
      const int64_t bytes = glm::storageBytes(type);
      if (bytes > INT64_MAX - memory::arenaAlignment - end)
        return graph.emitOpError() << "brings the state over 2^63 bytes";
      end += memory::alignedSize(bytes);
    }
    return success();
  }

  glm::PlaceAttr placeOf(MLIRContext *context, StringRef name) const {
    const Entry &entry = entries.find(name.str())->second;
    return glm::PlaceAttr::get(context, "state", 0, entry.offset, glm::storageBytes(entry.type));
  }

  void write(OpBuilder &builder) const {
    for (const auto &[name, entry] : entries)
      glm::PlacedStateOp::create(builder, entry.loc, name, entry.offset, entry.type);
  }

private:
  struct Entry {
    RankedTensorType type;
    int64_t offset;
    Location loc;
  };

  llvm::MapVector<std::string, Entry, std::map<std::string, unsigned>> entries;
  int64_t end = 0;
};

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// Writes the program of one graph.
class ProgramWriter {
public:
  ProgramWriter(glm::GraphOp graph, SymbolTable &symbols, const WeightsImage &weights, const StateImage &state,
                bool ioArena)
      : graph(graph), weights(weights), state(state), builder(graph), launches(memory::launchesOf(graph)),
        outputs(memory::outputSources(graph)), states(memory::stateValues(graph)), arena(memory::arenaBlocks(graph, launches, symbols, ioArena)),
        ioArena(ioArena) {}

  FailureOr<glm::ProgramOp> write() {
    std::string error;
    if (!memory::planArena(arena.blocks, plan, error))
      return graph.emitOpError() << "needs more memory than there can be: " << error;
    placeOutputs();
    auto program = glm::ProgramOp::create(builder, graph.getLoc(), graph.getSymName(), plan.arenaBytes, plan.peak.bytes,
                                          strings(peakTexts()), inputParameters(), outputParameters());
    program->setDiscardableAttrs(graph->getDiscardableAttrDictionary());
    if (!plan.planner.empty())
      program->setAttr(plannerAttr, builder.getStringAttr(plan.planner));
    builder.setInsertionPointToStart(&program.getBody().emplaceBlock());
    for (auto [i, launch] : llvm::enumerate(launches))
      writeLaunch(launch, i);
    for (auto [i, output] : llvm::enumerate(outputs))
      if (!output.direct)
        glm::PlannedCopyOp::create(builder, graph.getTerminator()->getLoc(), placeOf(output.base), outputPlaces[i]);
    return program;
  }

private:
  glm::PlaceAttr place(StringRef memory, int64_t index, int64_t offset, Type type) {
    return glm::PlaceAttr::get(builder.getContext(), memory, index, offset, glm::storageBytes(type));
  }

  ArrayAttr strings(ArrayRef<std::string> texts) {
    return builder.getStrArrayAttr(llvm::to_vector_of<StringRef>(texts));
  }

  /// Where a base lies: in the arena, the weights image, or with the caller.
  glm::PlaceAttr placeOf(Value base) {
    if (auto it = states.find(base); it != states.end())
      return state.placeOf(builder.getContext(), it->second);
    if (auto it = arena.blockOf.find(base); it != arena.blockOf.end())
      return place("arena", 0, plan.offsets[it->second], base.getType());
    if (auto argument = dyn_cast<BlockArgument>(base))
      return place("input", parameterNumber(argument), 0, base.getType());
    if (base.getDefiningOp<glm::LaunchOp>())
      return outputPlaces[directOutput.lookup(base)];
    return weights.placeOf(base);
  }

  /// The number of an argument among those that are no state.
  int64_t parameterNumber(BlockArgument argument) {
    return llvm::count_if(graph.getBody().getArguments().take_front(argument.getArgNumber()),
                          [&](Value other) { return !states.contains(other); });
  }

  void placeOutputs() {
    outputPlaces.resize(outputs.size());
    int64_t number = 0; // Among those that are no state.
    for (auto [i, output] : llvm::enumerate(outputs)) {
      if (output.isState)
        continue;
      if (!ioArena)
        outputPlaces[i] = place("output", number++, 0, output.base.getType());
      else if (output.direct)
        outputPlaces[i] = placeOf(output.base);
      if (output.direct)
        directOutput[output.base] = i;
    }
    for (auto [i, block] : arena.copies)
      outputPlaces[i] = place("arena", 0, plan.offsets[block], outputs[i].base.getType());
  }

  ArrayAttr inputParameters() {
    llvm::SmallVector<Attribute> parameters;
    for (auto [i, argument] : llvm::enumerate(graph.getBody().getArguments()))
      if (!states.contains(argument))
        parameters.push_back(glm::ParameterAttr::get(builder.getContext(), memory::inputName(graph, i),
                                                     cast<RankedTensorType>(argument.getType()), placeOf(argument)));
    return builder.getArrayAttr(parameters);
  }

  ArrayAttr outputParameters() {
    llvm::SmallVector<Attribute> parameters;
    for (auto [i, type] : llvm::enumerate(graph.getResultTypes()))
      if (!outputs[i].isState)
        parameters.push_back(glm::ParameterAttr::get(builder.getContext(), memory::outputName(graph, i),
                                                     cast<RankedTensorType>(type), outputPlaces[i]));
    return builder.getArrayAttr(parameters);
  }

  /// "name: from..to" of every block that is live at the peak, by offset. Of a
  /// block that passed from value to value the one that has it then.
  llvm::SmallVector<std::string> peakTexts() {
    std::vector<size_t> blocks = plan.peak.blocks;
    std::stable_sort(blocks.begin(), blocks.end(),
                     [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; });
    llvm::SmallVector<std::string> texts;
    for (size_t block : blocks) {
      const memory::BlockTenant *now = &arena.tenants[block].front();
      for (const memory::BlockTenant &tenant : arena.tenants[block])
        if (tenant.firstUse <= plan.peak.step)
          now = &tenant;
      texts.push_back(now->name + ": " + std::to_string(plan.offsets[block]) + ".." +
                      std::to_string(plan.offsets[block] + arena.blocks[block].bytes));
    }
    return texts;
  }

  void writeLaunch(glm::LaunchOp launch, size_t index) {
    auto placesOf = [&](ValueRange values) {
      llvm::SmallVector<Attribute> places;
      for (Value value : values)
        places.push_back(placeOf(withoutViews(value)));
      return builder.getArrayAttr(places);
    };
    llvm::SmallVector<Attribute> scratch;
    for (size_t block : arena.scratch[index])
      scratch.push_back(
          glm::PlaceAttr::get(builder.getContext(), "arena", 0, plan.offsets[block], arena.blocks[block].bytes));
    auto planned = glm::PlannedLaunchOp::create(builder, launch.getLoc(), launch.getKernel(), "cpu",
                                                placesOf(launch.getOperands()), placesOf(launch.getResults()),
                                                builder.getArrayAttr(scratch));
    planned->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
  }

  glm::GraphOp graph;
  const WeightsImage &weights;
  const StateImage &state;
  OpBuilder builder;
  std::vector<glm::LaunchOp> launches;
  std::vector<memory::OutputSource> outputs;
  llvm::DenseMap<Value, StringRef> states;
  memory::ArenaBlocks arena;
  memory::ArenaPlan plan;
  bool ioArena;
  std::vector<glm::PlaceAttr> outputPlaces;
  llvm::DenseMap<Value, size_t> directOutput; ///< Output that a launch writes.
};

LogicalResult planGraph(glm::GraphOp graph, SymbolTable &symbols, const WeightsImage &weights, const StateImage &state,
                        bool ioArena) {
  auto program = ProgramWriter(graph, symbols, weights, state, ioArena).write();
  if (failed(program) || failed(memory::checkProgram(graph, *program, symbols)))
    return failure();
  graph.erase();
  return success();
}

/// Places weights and plans all graphs.
LogicalResult planModule(ModuleOp module, bool ioArena) {
  auto graphs = llvm::to_vector(module.getOps<glm::GraphOp>());
  if (graphs.empty())
    return success();
  for (Operation &op : *module.getBody())
    if (isa<glm::ProgramOp, glm::PlacedWeightOp, glm::PlacedStateOp>(op))
      return op.emitOpError() << "is planned already, a graph cannot be planned beside it";
  SymbolTable symbols(module);
  bool right = true;
  for (glm::GraphOp graph : graphs)
    right &= succeeded(memory::checkKernelLevel(graph, symbols));
  if (!right)
    return failure();
  WeightsImage weights;
  StateImage state;
  for (glm::GraphOp graph : graphs)
    if (failed(weights.addGraph(graph)) || failed(state.addGraph(graph)))
      return failure();
  OpBuilder builder(graphs.front());
  weights.write(builder);
  state.write(builder);
  for (glm::GraphOp graph : graphs)
    if (failed(planGraph(graph, symbols, weights, state, ioArena || memory::hasIoArena(graph))))
      return failure();
  return success();
}

struct PlanMemoryPass : glmc::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;
  void runOnOperation() override {
    if (failed(planModule(getOperation(), ioArena)))
      signalPassFailure();
  }
};

} // namespace
} // namespace glmc
