//===- OrderLaunches.cpp - Few live bytes at once ---------------------------===//
//
//   1. For every base in the arena: its bytes, and the launches that read it.
//   2. Repeat: of the launches whose operands are made, take the one after
//      which the fewest bytes are live (bytes made less bytes that die with
//      it), the first in the model's order among equals.
//   3. Compare the peaks of the new and the old order by the blocks that the
//      planner will get, scratch and in-place pairs included. Greedy can lose,
//      so the old order stays unless the new peak is lower.
//
// A launch's gain changes only when it becomes the last reader of a base, so it
// is kept up to date and a step is one scan over what is ready: quadratic, with
// a very small constant. Results that launches write straight to the caller's
// outputs take nothing of the arena; the graph says by `glm.io_arena` that
// inputs and outputs do.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/memory/ArenaBlocks.h"

using namespace mlir;

namespace glmc {

#define GEN_PASS_DEF_ORDERLAUNCHES
#include "lowering/Passes.h.inc"

namespace {

class ListScheduler {
public:
  ListScheduler(glm::GraphOp graph, ArrayRef<glm::LaunchOp> launches)
      : launches(launches), reads(launches.size()), done(launches.size()), waitsFor(launches.size()),
        change(launches.size()) {
    for (size_t i = 0; i < launches.size(); ++i)
      addReads(i);
    pinOutputs(graph);
    for (Value argument : graph.getBody().getArguments())
      weigh(argument, memory::hasIoArena(graph));
    for (auto [i, launch] : llvm::enumerate(launches))
      for (Value value : launch->getResults())
        if (weigh(value, memory::hasIoArena(graph) || !direct.contains(value)))
          change[i] += bases[value].bytes;
  }

  /// Indices into `launches` in their new order.
  std::vector<size_t> schedule() {
    std::vector<size_t> order, ready; // `ready` is in the model's order.
    for (size_t i = 0; i < launches.size(); ++i)
      if (waitsFor[i] == 0)
        ready.push_back(i);
    while (!ready.empty()) {
      auto best =
          std::min_element(ready.begin(), ready.end(), [&](size_t a, size_t b) { return change[a] < change[b]; });
      size_t next = *best;
      ready.erase(best);
      order.push_back(next);
      finish(next, ready);
    }
    return order;
  }

private:
  struct Base {
    int64_t bytes = 0;           ///< In the arena.
    std::vector<size_t> readers; ///< Launches, each once.
    size_t left = 0;             ///< Readers that have not run.
    bool pinned = false;         ///< Needed after all launches.
  };

  void addReads(size_t i) {
    llvm::DenseSet<Value> seen;
    for (Value operand : launches[i]->getOperands()) {
      Value value = memory::baseOf(operand);
      if (!seen.insert(value).second)
        continue;
      Base &base = bases[value];
      base.readers.push_back(i);
      ++base.left;
      reads[i].push_back(value);
      waitsFor[i] += bool(value.getDefiningOp<glm::LaunchOp>());
    }
  }

  void pinOutputs(glm::GraphOp graph) {
    for (const memory::OutputSource &output : memory::outputSources(graph)) {
      bases[output.base].pinned = true;
      if (output.direct)
        direct.insert(output.base);
    }
  }

  /// Sets what a base takes of the arena and what its only reader would free;
  /// true if the bytes stay live after the launch that makes it.
  bool weigh(Value value, bool inArena) {
    if (!inArena)
      return false;
    Base &base = bases[value];
    base.bytes = memory::alignedSize(glm::storageBytes(value.getType()));
    if (base.left == 1 && !base.pinned)
      change[base.readers.front()] -= base.bytes;
    return base.left > 0 || base.pinned;
  }

  void finish(size_t launch, std::vector<size_t> &ready) {
    done[launch] = true;
    for (Value value : reads[launch]) {
      Base &base = bases[value];
      if (--base.left != 1 || base.pinned)
        continue;
      for (size_t reader : base.readers)
        if (!done[reader])
          change[reader] -= base.bytes;
    }
    for (Value value : launches[launch]->getResults())
      for (size_t reader : bases[value].readers)
        if (--waitsFor[reader] == 0)
          ready.insert(std::upper_bound(ready.begin(), ready.end(), reader), reader);
  }

  ArrayRef<glm::LaunchOp> launches;
  llvm::DenseMap<Value, Base> bases;
  llvm::DenseSet<Value> direct;          ///< Written by launches to outputs.
  std::vector<std::vector<Value>> reads; ///< Bases that a launch reads.
  std::vector<bool> done;
  std::vector<size_t> waitsFor; ///< Results of other launches not made yet.
  std::vector<int64_t> change;  ///< Live bytes after a launch less those before.
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

LogicalResult orderGraph(glm::GraphOp graph, SymbolTable &symbols) {
  if (failed(memory::checkKernelLevel(graph, symbols)))
    return failure();
  std::vector<glm::LaunchOp> before = memory::launchesOf(graph), after;
  for (size_t i : ListScheduler(graph, before).schedule())
    after.push_back(before[i]);
  bool ioArena = memory::hasIoArena(graph);
  auto blocksBefore = memory::arenaBlocks(graph, before, symbols, ioArena).blocks;
  auto blocksAfter = memory::arenaBlocks(graph, after, symbols, ioArena).blocks;
  for (const auto &blocks : {blocksBefore, blocksAfter})
    if (std::string error = memory::checkBlocks(blocks); !error.empty())
      return graph.emitOpError() << "needs more memory than there can be: " << error;
  if (memory::peakOf(blocksAfter).bytes >= memory::peakOf(blocksBefore).bytes)
    return success();
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
