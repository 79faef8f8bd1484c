//===- FormKernels.cpp - A kernel an op -------------------------------------===//
#include "lowering/Passes.h"

#include "dialects/glm/NodeLocation.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_FORMKERNELS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct FormKernelsPass : glmc::impl::FormKernelsBase<FormKernelsPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    bool refused = false;
    for (auto graph : llvm::make_early_inc_range(getOperation().getOps<glm::GraphOp>())) {
      for (Operation &op : llvm::make_early_inc_range(graph.getBody().front())) {
        if (isa<glm::ReshapeOp, glm::ConstantOp, glm::WeightOp, glm::LaunchOp, glm::ReturnOp>(op))
          continue;
        glm::LaunchOp launch = outline(&op, symbols, op.getName().stripDialect());
        if (familyOf(kernelOf(launch)))
          continue;
        launch.emitError() << "no kernel family takes this op as it is";
        refused = true;
      }
    }
    if (refused)
      signalPassFailure();
  }
};

} // namespace
