//===- ArenaBlocks.cpp - Lifetimes and in-place aliasing --------------------===//
//
//   1. The last step that reads each base, through any view: a launch, or the
//      copy to an output.
//   2. In order of steps: a block for each result, or the block of an operand
//      that dies here and may be overwritten (the block then lives as long as
//      the last of its tenants); a block for each scratch of one step.
//   3. With inputs and outputs in the arena: inputs from the start, since the
//      caller writes them all before; outputs to the end.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/ArenaBlocks.h"

#include "lowering/kernels/KernelRegion.h"

#include "dialects/glm/NodeLocation.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::memory {

//===----------------------------------------------------------------------===//
// What may be planned
//===----------------------------------------------------------------------===//

/// Whether glm::storageBytes can be asked: a static tensor of whole bytes, or of bits
/// and nibbles that take one each, or a packed one, whose size stays far from overflow.
static bool hasCountableSize(Type type) {
  auto packed = dyn_cast<glm::PackedType>(type);
  auto tensor = packed ? packed.getLogical() : dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isIntOrFloat())
    return false;
  unsigned bits = tensor.getElementTypeBitWidth();
  if ((bits != 1 && bits != 4 && bits % 8 != 0) || bits > 64)
    return false;
  int64_t bytes = 8, padding = packed ? 1024 : 0;
  for (int64_t dim : tensor.getShape())
    if (dim > (int64_t(1) << 61) || llvm::MulOverflow(bytes, std::max<int64_t>(dim, 1) + padding, bytes))
      return false;
  return bytes < int64_t(1) << 62;
}

static LogicalResult checkTypes(Operation *op, TypeRange types, StringRef what) {
  for (Type type : types)
    if (!hasCountableSize(type))
      return op->emitOpError() << what << " has type " << type
                               << ", expected a static tensor or packed weight of less than 2^62 bytes";
  return success();
}

static LogicalResult checkLaunch(glm::LaunchOp launch, SymbolTable &symbols) {
  auto kernel = symbols.lookup<glm::KernelOp>(launch.getKernel());
  if (!kernel)
    return launch.emitOpError() << "there is no glm.kernel @" << launch.getKernel();
  if (auto scratch = kernel.getScratch())
    return checkTypes(kernel, llvm::to_vector(scratch->getAsValueRange<TypeAttr>()), "scratch");
  return success();
}

/// The argument that is a state of this name; null if none is.
static Value stateArgument(glm::GraphOp graph, StringRef name) {
  for (BlockArgument argument : graph.getBody().getArguments())
    if (graph.getInputState(argument.getArgNumber()) == name)
      return argument;
  return {};
}

/// Whether `launch` may make `result` where `before` is.
static bool isMadeInPlace(glm::LaunchOp launch, Value result, Value before, SymbolTable &symbols) {
  auto kernel = symbols.lookup<glm::KernelOp>(launch.getKernel());
  ArrayRef<int64_t> pairs;
  if (kernel)
    pairs = kernel.getInPlace().value_or(ArrayRef<int64_t>());
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (withoutViews(launch.getOperand(pairs[i])) == before && launch.getResult(pairs[i + 1]) == result)
      return true;
  return false;
}

/// How many operands of launches and results of the graph are this base.
static int64_t countReaders(glm::GraphOp graph, Value base) {
  int64_t count = 0;
  for (Operation &op : graph.getBody().front())
    if (isa<glm::LaunchOp, glm::ReturnOp>(op))
      count += llvm::count_if(op.getOperands(), [&](Value operand) { return withoutViews(operand) == base; });
  return count;
}

static LogicalResult checkStates(glm::GraphOp graph, SymbolTable &symbols) {
  LogicalResult right = success();
  for (auto [i, value] : llvm::enumerate(graph.getTerminator()->getOperands())) {
    StringRef name = graph.getOutputState(i);
    Value before = stateArgument(graph, name), base = withoutViews(value);
    if (name.empty() || base == before)
      continue;
    auto launch = base.getDefiningOp<glm::LaunchOp>();
    if (!launch || !isMadeInPlace(launch, base, before, symbols))
      right = emitError(value.getLoc()) << "state '" << name << "' is not written in place by a launch";
    else if (countReaders(graph, before) != 1)
      right = launch.emitOpError() << "writes state '" << name << "' in place, but is not all that reads it before";
  }
  return right;
}

LogicalResult checkKernelLevel(glm::GraphOp graph, SymbolTable &symbols) {
  bool right = succeeded(checkTypes(graph, graph.getArgumentTypes(), "argument"));
  for (ArrayRef<Type> types : {graph.getArgumentTypes(), graph.getResultTypes()})
    for (Type type : types)
      if (isa<glm::PackedType>(type))
        return graph.emitOpError() << "has an input or output of type " << type << ", expected a tensor";
  for (Operation &op : graph.getBody().front()) {
    if (!isa<glm::LaunchOp, glm::ReshapeOp, glm::ConstantOp, glm::WeightOp, glm::ReturnOp>(op)) {
      op.emitOpError() << "is not in a kernel: run glm-form-kernels first";
      right = false;
      continue;
    }
    right &= succeeded(checkTypes(&op, op.getResultTypes(), "result"));
    if (auto launch = dyn_cast<glm::LaunchOp>(op))
      right &= succeeded(checkLaunch(launch, symbols));
  }
  return success(right && succeeded(checkStates(graph, symbols)));
}

llvm::DenseMap<Value, StringRef> stateValues(glm::GraphOp graph) {
  llvm::DenseMap<Value, StringRef> states;
  for (BlockArgument argument : graph.getBody().getArguments())
    if (StringRef name = graph.getInputState(argument.getArgNumber()); !name.empty())
      states[argument] = name;
  for (auto [i, value] : llvm::enumerate(graph.getTerminator()->getOperands()))
    if (StringRef name = graph.getOutputState(i); !name.empty())
      states[withoutViews(value)] = name;
  return states;
}

std::vector<glm::LaunchOp> launchesOf(glm::GraphOp graph) {
  auto launches = graph.getBody().front().getOps<glm::LaunchOp>();
  return {launches.begin(), launches.end()};
}

bool hasIoArena(glm::GraphOp graph) { return graph->hasAttr(glm::GlmDialect::ioArenaAttr); }

std::vector<OutputSource> outputSources(glm::GraphOp graph) {
  std::vector<OutputSource> sources;
  llvm::DenseSet<Value> written;
  for (auto [i, value] : llvm::enumerate(graph.getTerminator()->getOperands())) {
    Value base = withoutViews(value);
    if (!graph.getOutputState(i).empty())
      sources.push_back({base, /*direct=*/true, /*isState=*/true});
    else
      sources.push_back({base, base.getDefiningOp<glm::LaunchOp>() && written.insert(base).second});
  }
  return sources;
}

std::string inputName(glm::GraphOp graph, unsigned i) {
  StringRef name = graph.getInputName(i);
  return name.empty() ? "input" + std::to_string(i) : name.str();
}

std::string outputName(glm::GraphOp graph, unsigned i) {
  StringRef name = graph.getOutputName(i);
  return name.empty() ? "output" + std::to_string(i) : name.str();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

namespace {

class BlockBuilder {
public:
  BlockBuilder(glm::GraphOp graph, ArrayRef<glm::LaunchOp> launches, SymbolTable &symbols, bool ioArena)
      : graph(graph), launches(launches), symbols(symbols), ioArena(ioArena), outputs(outputSources(graph)),
        states(stateValues(graph)) {}

  ArenaBlocks build() {
    findLastUses();
    if (ioArena)
      for (BlockArgument argument : graph.getBody().getArguments())
        if (!states.contains(argument))
          addValue(argument, inputName(graph, argument.getArgNumber()), 0);
    for (size_t step = 0; step < launches.size(); ++step)
      addLaunch(launches[step], step);
    int64_t copyStep = launches.size();
    for (auto [i, output] : llvm::enumerate(outputs)) {
      if (output.direct)
        continue;
      if (ioArena)
        result.copies.push_back({unsigned(i), add(outputName(graph, i), bytesOf(output.base), copyStep, end)});
      ++copyStep;
    }
    return std::move(result);
  }

private:
  static int64_t bytesOf(Value base) { return glm::storageBytes(base.getType()); }

  void findLastUses() {
    for (auto [step, launch] : llvm::enumerate(launches))
      for (Value operand : launch->getOperands())
        lastUse[withoutViews(operand)] = step;
    end = launches.size();
    for (const OutputSource &output : outputs)
      if (!output.direct)
        lastUse[output.base] = end++;
    for (const OutputSource &output : outputs)
      if (output.direct) {
        // Its address is the caller's, or it is read by the caller at the end.
        lastUse[output.base] = end;
        direct.insert(output.base);
      }
  }

  size_t add(std::string name, int64_t bytes, int64_t first, int64_t last) {
    result.tenants.push_back({{name, bytes, first}});
    result.blocks.push_back({std::move(name), bytes, first, last});
    return result.blocks.size() - 1;
  }

  int64_t lastUseOf(Value base, int64_t first) const {
    auto it = lastUse.find(base);
    return it == lastUse.end() ? first : it->second;
  }

  void addValue(Value base, std::string name, int64_t first) {
    result.blockOf[base] = add(std::move(name), bytesOf(base), first, lastUseOf(base, first));
  }

  static std::string nameOf(glm::LaunchOp launch) {
    auto nodes = glm::nodesOf(launch.getLoc());
    return nodes.empty() ? launch.getKernel().str() : nodes.front().name;
  }

  void addLaunch(glm::LaunchOp launch, int64_t step) {
    auto kernel = symbols.lookup<glm::KernelOp>(launch.getKernel());
    llvm::SmallVector<int64_t> donors = donorsOf(launch, kernel, step);
    std::string name = nameOf(launch);
    for (auto [i, value] : llvm::enumerate(launch.getResults())) {
      if (states.contains(value) || (!ioArena && direct.contains(value)))
        continue;
      std::string own = launch.getNumResults() == 1 ? name : name + "#" + std::to_string(i);
      if (donors[i] < 0) {
        addValue(value, own, step);
        continue;
      }
      size_t block = result.blockOf.lookup(withoutViews(launch.getOperand(donors[i])));
      result.blockOf[value] = block;
      result.blocks[block].lastUse = lastUseOf(value, step);
      result.tenants[block].push_back({own, bytesOf(value), step});
    }
    auto &scratch = result.scratch.emplace_back();
    if (auto types = kernel.getScratch())
      for (auto [i, type] : llvm::enumerate(types->getAsValueRange<TypeAttr>())) {
        std::string own = name + " scratch" + (types->size() == 1 ? "" : "#" + std::to_string(i));
        scratch.push_back(add(own, glm::storageBytes(type), step, step));
      }
  }

  /// For each result the operand whose block it takes over; -1 for none.
  llvm::SmallVector<int64_t> donorsOf(glm::LaunchOp launch, glm::KernelOp kernel, int64_t step) {
    llvm::SmallVector<int64_t> donors(launch.getNumResults(), -1);
    ArrayRef<int64_t> pairs = kernel.getInPlace().value_or(ArrayRef<int64_t>());
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      int64_t operand = pairs[i], value = pairs[i + 1];
      if (donors[value] < 0 && !llvm::is_contained(donors, operand) && mayTakeOver(launch, operand, value, step))
        donors[value] = operand;
    }
    return donors;
  }

  bool mayTakeOver(glm::LaunchOp launch, int64_t operand, int64_t value, int64_t step) const {
    Value base = withoutViews(launch.getOperand(operand));
    Value made = launch.getResult(value);
    if (states.contains(made) || !result.blockOf.contains(base) || (!ioArena && direct.contains(made)))
      return false;
    if (lastUseOf(base, step) != step || bytesOf(base) != bytesOf(made))
      return false;
    return llvm::count_if(launch.getOperands(), [&](Value other) { return withoutViews(other) == base; }) == 1;
  }

  glm::GraphOp graph;
  ArrayRef<glm::LaunchOp> launches;
  SymbolTable &symbols;
  bool ioArena;
  std::vector<OutputSource> outputs;
  llvm::DenseMap<Value, StringRef> states;
  llvm::DenseSet<Value> direct; ///< Bases that a launch writes to an output.
  llvm::DenseMap<Value, int64_t> lastUse;
  int64_t end = 0; ///< The step at which the caller reads outputs.
  ArenaBlocks result;
};

} // namespace

ArenaBlocks arenaBlocks(glm::GraphOp graph, ArrayRef<glm::LaunchOp> launches, SymbolTable &symbols, bool ioArena) {
  return BlockBuilder(graph, launches, symbols, ioArena).build();
}

} // namespace glmc::memory
