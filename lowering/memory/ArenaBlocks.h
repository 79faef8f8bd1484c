//===- ArenaBlocks.h - What a graph's arena must hold, and when -------------===//
//
// The one place that knows lifetimes: both the order of launches and the plan
// are judged by the same blocks. Steps are launches in order, 0 to n - 1, then
// one step a copy to an output, then one at which the caller reads the outputs.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_ARENABLOCKS_H
#define GLMC_LOWERING_MEMORY_ARENABLOCKS_H

#include "dialects/glm/GlmOps.h"
#include "lowering/memory/ArenaPlanner.h"

#include "llvm/ADT/DenseMap.h"

namespace glmc::memory {

/// Succeeds if the graph is a list of launches, views, constants and weights
/// whose sizes can be counted in 62 bits, and state is written in place only, by
/// the one launch that reads it; says what else is there otherwise. Everything
/// below asks for it.
mlir::LogicalResult checkKernelLevel(glm::GraphOp graph, mlir::SymbolTable &symbols);

/// Launches of a graph in order.
std::vector<glm::LaunchOp> launchesOf(glm::GraphOp graph);

/// Whether inputs and outputs of a graph live in the arena.
bool hasIoArena(glm::GraphOp graph);

/// Values of a graph that are state of the context, by the state's name: its
/// argument, and what a launch makes of that in place for the graph to yield.
llvm::DenseMap<mlir::Value, llvm::StringRef> stateValues(glm::GraphOp graph);

/// Where an output's bytes come from.
struct OutputSource {
  mlir::Value base;
  /// The launch that makes `base` writes the output itself; otherwise its bytes
  /// are copied after all launches.
  bool direct = false;
  bool isState = false; ///< No output: state, which is where it is already.
};

/// One a result of the graph. Direct is the first output of a launch's result;
/// others of the same bytes, arguments and constants are copied.
std::vector<OutputSource> outputSources(glm::GraphOp graph);

/// Who uses a block from which step; several where values take it over in place.
struct BlockTenant {
  std::string name; ///< Node, else kernel or parameter.
  int64_t bytes = 0;
  int64_t firstUse = 0;
};

struct ArenaBlocks {
  std::vector<ArenaBlock> blocks;
  std::vector<std::vector<BlockTenant>> tenants;   ///< Of a block, in time.
  llvm::DenseMap<mlir::Value, size_t> blockOf;     ///< Of bases in the arena.
  std::vector<std::vector<size_t>> scratch;        ///< Blocks of a launch's scratch.
  std::vector<std::pair<unsigned, size_t>> copies; ///< Outputs copied into a block.
};

/// Blocks of a graph when it runs `launches` in this order. A result takes over
/// an operand's block where the kernel allows it in place and nobody needs the
/// operand after. Inputs and outputs are blocks only with `ioArena`.
ArenaBlocks arenaBlocks(glm::GraphOp graph, llvm::ArrayRef<glm::LaunchOp> launches, mlir::SymbolTable &symbols,
                        bool ioArena);

/// Name of input or output i as in the model; "input0" and so on without one.
std::string inputName(glm::GraphOp graph, unsigned i);
std::string outputName(glm::GraphOp graph, unsigned i);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_ARENABLOCKS_H
