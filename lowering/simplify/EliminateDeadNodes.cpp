//===- EliminateDeadNodes.cpp - Erase what no result needs ------------------===//
#include "lowering/Passes.h"

namespace glmc {
#define GEN_PASS_DEF_ELIMINATEDEADNODES
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct EliminateDeadNodesPass : glmc::impl::EliminateDeadNodesBase<EliminateDeadNodesPass> {
  /// Last op first, so that one walk reaches everything above it.
  void eraseUnused(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (!isOpTriviallyDead(&op))
        continue;
      op.erase();
      ++erased;
    }
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto graph : module.getOps<glm::GraphOp>())
      eraseUnused(graph.getBody().front());
    for (auto kernel : llvm::make_early_inc_range(module.getOps<glm::KernelOp>())) {
      eraseUnused(kernel.getBody().front());
      if (SymbolTable::symbolKnownUseEmpty(kernel, module)) {
        kernel.erase();
        ++erased;
      }
    }
  }
};

} // namespace
