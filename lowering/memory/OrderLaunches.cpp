//===- OrderLaunches.cpp - Few live bytes at once ---------------------------===//
//
//   1. For every base in the arena: its bytes, the launches that read it, the
//      results that may take it over in place. Results that launches write
//      straight to the caller's outputs take nothing of the arena; the graph
//      says by `glm.io_arena` that inputs and outputs do.
//   2. LaunchOrder looks for an order of a lower peak.
//   3. The two orders are compared as the planner will see them: the peak of
//      their blocks, then the arena that is planned for them. The model's own
//      order stays unless the new one is better.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/memory/ArenaBlocks.h"
#include "lowering/memory/LaunchOrder.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {

#define GEN_PASS_DEF_ORDERLAUNCHES
#include "lowering/Passes.h.inc"

namespace {

class OrderProblemBuilder {
public:
  OrderProblemBuilder(glm::GraphOp graph, ArrayRef<glm::LaunchOp> launches, SymbolTable &symbols)
      : graph(graph), launches(launches), symbols(symbols) {}

  memory::OrderProblem build() {
    bool ioArena = memory::hasIoArena(graph);
    llvm::DenseSet<Value> direct;
    auto outputs = memory::outputSources(graph);
    auto states = memory::stateValues(graph);
    for (const memory::OutputSource &output : outputs)
      if (output.direct && !ioArena)
        direct.insert(output.base);
    if (ioArena)
      for (Value argument : graph.getBody().getArguments())
        if (!states.contains(argument))
          addValue(argument, 1);
    for (glm::LaunchOp launch : launches)
      for (Value value : launch->getResults())
        addValue(value, direct.contains(value) || states.contains(value) ? 0 : 1);
    for (const memory::OutputSource &output : outputs)
      if (auto it = numbers.find(output.base); it != numbers.end())
        problem.values[it->second].pinned = true;
    for (glm::LaunchOp launch : launches)
      problem.launches.push_back(launchOf(launch));
    return std::move(problem);
  }

private:
  void addValue(Value base, int64_t times) {
    numbers[base] = problem.values.size();
    problem.values.push_back({times * memory::alignedSize(glm::storageBytes(base.getType()))});
  }

  memory::OrderLaunch launchOf(glm::LaunchOp launch) {
    memory::OrderLaunch result;
    llvm::SmallVector<Value> bases;
    for (Value operand : launch->getOperands()) {
      Value base = withoutViews(operand);
      auto it = numbers.find(base);
      if (it != numbers.end() && !llvm::is_contained(bases, base))
        result.reads.push_back(it->second);
      bases.push_back(base);
    }
    for (Value value : launch->getResults())
      result.writes.push_back(numbers.lookup(value));
    auto kernel = symbols.lookup<glm::KernelOp>(launch.getKernel());
    if (auto scratch = kernel.getScratch())
      for (Type type : scratch->getAsValueRange<TypeAttr>())
        result.scratch += memory::alignedSize(glm::storageBytes(type));
    ArrayRef<int64_t> pairs = kernel.getInPlace().value_or(ArrayRef<int64_t>());
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      Value base = bases[pairs[i]];
      size_t made = result.writes[pairs[i + 1]];
      auto it = numbers.find(base);
      if (it != numbers.end() && problem.values[made].bytes > 0 && llvm::count(bases, base) == 1 &&
          glm::storageBytes(base.getType()) == glm::storageBytes(launch.getResult(pairs[i + 1]).getType()))
        result.inPlace.push_back({it->second, made});
    }
    return result;
  }

  glm::GraphOp graph;
  ArrayRef<glm::LaunchOp> launches;
  SymbolTable &symbols;
  memory::OrderProblem problem;
  llvm::DenseMap<Value, size_t> numbers; ///< Of bases in the problem.
};

/// Brings the ops of a graph into the order of its launches: views and
/// constants come before their first reader, those that no launch reads last.
void reorder(glm::GraphOp graph, ArrayRef<glm::LaunchOp> launches) {
  Operation *end = graph.getTerminator();
  llvm::SmallVector<Operation *> all;
  for (Operation &op : graph.getBody().front().without_terminator())
    all.push_back(&op);
  llvm::DenseSet<Operation *> moved;
  for (Operation *launch : launches) {
    llvm::SmallVector<Operation *> chain{launch}; // Readers before what they read.
    for (size_t i = 0; i < chain.size(); ++i)
      for (Value operand : chain[i]->getOperands())
        if (Operation *source = operand.getDefiningOp();
            source && !isa<glm::LaunchOp>(source) && !moved.contains(source))
          chain.push_back(source);
    for (Operation *op : llvm::reverse(chain))
      if (moved.insert(op).second)
        op->moveBefore(end);
  }
  for (Operation *op : all)
    if (!moved.contains(op))
      op->moveBefore(end);
}

/// Sets of launches kept of each size. The search looks at each launch for each
/// of them, so that this keeps it below about a second.
size_t stateLimit(size_t launches) {
  size_t square = std::max<size_t>(launches * launches, 1);
  return std::clamp<size_t>(size_t(10000000) / square, 8, 4096);
}

/// Whether `after` needs less than `before`; the bound says so in most cases.
bool isBetter(const std::vector<memory::ArenaBlock> &after, const std::vector<memory::ArenaBlock> &before) {
  if (memory::peakOf(after).bytes >= memory::peakOf(before).bytes)
    return false;
  memory::ArenaPlan planAfter, planBefore;
  std::string error;
  return memory::planArena(after, planAfter, error) && memory::planArena(before, planBefore, error) &&
         planAfter.arenaBytes < planBefore.arenaBytes;
}

/// Whether all values and scratch together can be counted.
bool canSumUp(const memory::OrderProblem &problem) {
  int64_t total = 0;
  bool overflows = false;
  for (const memory::OrderValue &value : problem.values)
    overflows |= llvm::AddOverflow(total, value.bytes, total);
  for (const memory::OrderLaunch &launch : problem.launches)
    overflows |= llvm::AddOverflow(total, launch.scratch, total);
  return !overflows;
}

LogicalResult orderGraph(glm::GraphOp graph, SymbolTable &symbols) {
  if (failed(memory::checkKernelLevel(graph, symbols)))
    return failure();
  std::vector<glm::LaunchOp> before = memory::launchesOf(graph), after;
  bool ioArena = memory::hasIoArena(graph);
  auto blocksBefore = memory::arenaBlocks(graph, before, symbols, ioArena).blocks;
  if (std::string error = memory::checkBlocks(blocksBefore); !error.empty())
    return graph.emitOpError() << "needs more memory than there can be: " << error;
  memory::OrderProblem problem = OrderProblemBuilder(graph, before, symbols).build();
  if (!canSumUp(problem)) // Only in place does it fit into 2^63 bytes.
    return success();
  for (size_t i : memory::orderLaunches(problem, stateLimit(before.size())).order)
    after.push_back(before[i]);
  if (after == before)
    return success();
  auto blocksAfter = memory::arenaBlocks(graph, after, symbols, ioArena).blocks;
  if (memory::checkBlocks(blocksAfter).empty() && isBetter(blocksAfter, blocksBefore))
    reorder(graph, after);
  return success();
}

struct OrderLaunchesPass : glmc::impl::OrderLaunchesBase<OrderLaunchesPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto graph : getOperation().getOps<glm::GraphOp>())
      if (failed(orderGraph(graph, symbols)))
        signalPassFailure();
  }
};

} // namespace
} // namespace glmc
