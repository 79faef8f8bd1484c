//===- ProgramCheck.cpp - Puts a program before the PlanChecker -------------===//
//
// The values are the graph's: SSA says which value a launch reads. The places
// are the program's. The two lists of launches are walked side by side.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/ProgramCheck.h"

#include "lowering/kernels/KernelRegion.h"
#include "lowering/memory/ArenaBlocks.h"
#include "lowering/memory/PlanChecker.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace glmc::memory {
namespace {

class ProgramReader {
public:
  ProgramReader(glm::GraphOp graph, glm::ProgramOp program, SymbolTable &symbols)
      : graph(graph), program(program), symbols(symbols) {}

  LogicalResult check() {
    addMemories();
    addWeights();
    addParameters();
    if (failed(addSteps()))
      return failure();
    std::string error = checkPlan(plan);
    if (error.empty())
      return success();
    return program.emitOpError() << "the memory plan is wrong, which is an error in glmc: " << error;
  }

private:
  // Memories are numbered arena, weights, state, inputs, outputs.
  enum : size_t { arena, weights, state, firstParameter };

  void addMemories() {
    plan.memories = {{"arena", int64_t(program.getArena()), true, arenaAlignment},
                     {"weights", 0, false, arenaAlignment},
                     {"state", 0, true, arenaAlignment}};
    for (auto [i, type] : llvm::enumerate(graph.getArgumentTypes()))
      if (graph.getInputState(i).empty())
        plan.memories.push_back(
            {"input " + std::to_string(inputs++), glm::storageBytes(type), false, arenaAlignment});
    size_t outputs = 0;
    for (auto [i, type] : llvm::enumerate(graph.getResultTypes()))
      if (graph.getOutputState(i).empty())
        plan.memories.push_back({"output " + std::to_string(outputs++), glm::storageBytes(type), true, arenaAlignment});
  }

  CheckedRange range(glm::PlaceAttr place) {
    size_t memory = plan.memories.size(); // Refused by the checker.
    if (place.getMemory() == "arena")
      memory = arena;
    else if (place.getMemory() == "weights")
      memory = weights;
    else if (place.getMemory() == "state")
      memory = state;
    else if (place.getMemory() == "input")
      memory = firstParameter + place.getIndex();
    else if (place.getMemory() == "output")
      memory = firstParameter + inputs + place.getIndex();
    return {memory, place.getOffset(), place.getBytes()};
  }

  /// Number of a value: that of its base, and one for all constants of equal
  /// content and type.
  size_t numberOf(Value value) {
    value = withoutViews(value);
    if (auto constant = value.getDefiningOp<glm::ConstantOp>())
      return numberOf(constant.getValue(), value.getType());
    if (auto weight = value.getDefiningOp<glm::WeightOp>())
      return numberOf(weight.getSource(), value.getType());
    return values.try_emplace(value, count).second ? count++ : values.lookup(value);
  }

  size_t numberOf(Attribute source, Type type) {
    return constants.try_emplace({source, type}, count).second ? count++ : constants.lookup({source, type});
  }

  void addWeights() {
    for (auto weight : graph->getParentOfType<ModuleOp>().getOps<glm::PlacedWeightOp>()) {
      int64_t bytes = glm::storageBytes(weight.getType()), offset = int64_t(weight.getOffset());
      plan.memories[weights].bytes = std::max(plan.memories[weights].bytes, offset + bytes);
      plan.initial.push_back({{weights, offset, bytes}, numberOf(weight.getSource(), weight.getType())});
    }
  }

  /// Parameters lie where the program says, states where the module does.
  void addParameters() {
    llvm::StringMap<CheckedRange> states;
    for (auto placed : graph->getParentOfType<ModuleOp>().getOps<glm::PlacedStateOp>()) {
      CheckedRange place{state, int64_t(placed.getOffset()), glm::storageBytes(placed.getType())};
      plan.memories[state].bytes = std::max(plan.memories[state].bytes, place.offset + place.bytes);
      states[placed.getName()] = place;
    }
    auto placeOfState = [&](StringRef name) {
      auto it = states.find(name); // Without one, a memory that the checker refuses.
      return it == states.end() ? CheckedRange{plan.memories.size(), 0, 0} : it->second;
    };
    auto next = [](auto &parameter) { return cast<glm::ParameterAttr>(*parameter++).getPlace(); };
    llvm::StringSet<> yielded;
    auto input = program.getInputs().begin(), output = program.getOutputs().begin();
    for (BlockArgument argument : graph.getBody().getArguments()) {
      StringRef name = graph.getInputState(argument.getArgNumber());
      plan.initial.push_back({name.empty() ? range(next(input)) : placeOfState(name), numberOf(argument)});
    }
    for (auto [i, value] : llvm::enumerate(graph.getTerminator()->getOperands())) {
      StringRef name = graph.getOutputState(i);
      plan.results.push_back({name.empty() ? range(next(output)) : placeOfState(name), numberOf(value)});
      yielded.insert(name);
    }
    // What is not yielded stays as it is.
    for (BlockArgument argument : graph.getBody().getArguments())
      if (StringRef name = graph.getInputState(argument.getArgNumber()); !name.empty() && !yielded.contains(name))
        plan.results.push_back({placeOfState(name), numberOf(argument)});
  }

  void addAccesses(std::vector<CheckedAccess> &accesses, ArrayAttr places, ValueRange accessed) {
    for (auto [place, value] : llvm::zip(places.getAsRange<glm::PlaceAttr>(), accessed))
      accesses.push_back({range(place), numberOf(value)});
  }

  LogicalResult addSteps() {
    std::vector<glm::LaunchOp> launches = launchesOf(graph);
    size_t next = 0;
    for (Operation &op : program.getBody().front()) {
      CheckedStep &step = plan.steps.emplace_back();
      step.name = "step " + std::to_string(plan.steps.size() - 1);
      if (auto copy = dyn_cast<glm::PlannedCopyOp>(op)) {
        step.isCopy = true;
        step.reads = {{range(copy.getFrom()), 0}};
        step.writes = {{range(copy.getTo()), 0}};
        continue;
      }
      auto planned = cast<glm::PlannedLaunchOp>(op);
      step.name += " (@" + planned.getKernel().str() + ")";
      if (next == launches.size() || launches[next].getKernel() != planned.getKernel())
        return op.emitOpError() << "is not a launch of the graph in its order, which is an error in glmc";
      glm::LaunchOp launch = launches[next++];
      addAccesses(step.reads, planned.getReads(), launch.getOperands());
      addAccesses(step.writes, planned.getWrites(), launch.getResults());
      for (auto place : planned.getScratch().getAsRange<glm::PlaceAttr>())
        step.scratch.push_back(range(place));
      auto pairs = symbols.lookup<glm::KernelOp>(planned.getKernel()).getInPlace().value_or(ArrayRef<int64_t>());
      for (size_t i = 0; i + 1 < pairs.size(); i += 2)
        step.inPlace.push_back({pairs[i], pairs[i + 1]});
    }
    if (next != launches.size())
      return program.emitOpError() << "has " << next << " launches of " << launches.size()
                                   << ", which is an error in glmc";
    return success();
  }

  glm::GraphOp graph;
  glm::ProgramOp program;
  SymbolTable &symbols;
  CheckedPlan plan;
  llvm::DenseMap<Value, size_t> values;
  llvm::DenseMap<std::pair<Attribute, Type>, size_t> constants;
  size_t count = 0;
  size_t inputs = 0; ///< Memories of inputs.
};

} // namespace

LogicalResult checkProgram(glm::GraphOp graph, glm::ProgramOp program, SymbolTable &symbols) {
  return ProgramReader(graph, program, symbols).check();
}

} // namespace glmc::memory
