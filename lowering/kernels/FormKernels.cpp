//===- FormKernels.cpp - A kernel an op -------------------------------------===//
#include "lowering/Passes.h"

#include "dialects/glm/NodeLocation.h"
#include "lowering/kernels/KernelRegion.h"
#include "lowering/kernels/LaunchFuser.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_FORMKERNELS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Whether an op only makes numbers of what is stored narrower.
bool widensWeight(Operation &op) {
  if (!isa<glm::CastOp, glm::DequantizeOp>(op) || op.use_empty())
    return false;
  Value stored = op.getOperand(0);
  return isa_and_nonnull<glm::WeightOp, glm::ConstantOp>(stored.getDefiningOp()) &&
         glm::storageBytes(stored.getType()) < glm::storageBytes(op.getResult(0).getType());
}

/// Gives each reader its own: it then reads what is stored, where one that they
/// share would have to be kept in memory.
void copyForEachReader(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!widensWeight(op))
      continue;
    for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(op.getUses()))) {
      OpBuilder builder(&op);
      use.set(builder.clone(op)->getResult(0));
    }
  }
}

/// Whether a launch only makes numbers of constant integers.
bool dequantizesWeight(glm::LaunchOp launch, glm::KernelOp kernel) {
  return llvm::all_of(launch.getOperands(),
                      [](Value operand) { return isa_and_nonnull<glm::WeightOp, glm::ConstantOp>(operand.getDefiningOp()); }) &&
         llvm::all_of(kernel.getBody().front().without_terminator(),
                      [](Operation &op) { return isa<glm::CastOp, glm::DequantizeOp, glm::ConstantOp>(op); }) &&
         !kernel.getBody().getOps<glm::DequantizeOp>().empty();
}

/// Integers go into the kernels that read them before any other kernels become
/// one: which products can be one depends on them.
void takeIntegersAlong(ModuleOp module) {
  LaunchFuser fuser(module);
  LaunchFuser::untilStable(module, [&](glm::LaunchOp launch) -> glm::LaunchOp {
    if (!dequantizesWeight(launch, fuser.kernelOf(launch)))
      return {};
    glm::LaunchOp reader = LaunchFuser::onlyReader(launch);
    return reader ? fuser.fuse(launch, reader) : glm::LaunchOp();
  });
}

struct FormKernelsPass : glmc::impl::FormKernelsBase<FormKernelsPass> {
  void runOnOperation() override {
    if (outlineAll())
      return signalPassFailure();
    takeIntegersAlong(getOperation());
  }

  /// Whether no family takes some op.
  bool outlineAll() {
    SymbolTable symbols(getOperation());
    bool refused = false;
    for (auto graph : llvm::make_early_inc_range(getOperation().getOps<glm::GraphOp>())) {
      copyForEachReader(graph.getBody().front());
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
    return refused;
  }
};

} // namespace
