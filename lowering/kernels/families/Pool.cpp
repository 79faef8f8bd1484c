//===- Pool.cpp - Pools, element ops before and pointwise ones after --------===//
#include "lowering/kernels/families/Family.h"
#include "lowering/kernels/families/WindowTiles.h"

using namespace mlir;

namespace glmc {
namespace {

struct Pool : Family {
  llvm::StringRef name() const override { return "pool"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = onlyRoot<glm::PoolOp>(kernel);
    return root && root.getChannelsLast() && isEpilogueOf(root, kernel);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    auto root = onlyRoot<glm::PoolOp>(kernel);
    WindowProblem problem = windowProblem(root.getType(), root.getKernel(), root.getStrides(), root.getPads());
    problem.elementBytes = root.getType().getElementTypeBitWidth() == 64 ? 8 : 4;
    problem.parallel = options.threads > 1;
    problem.isInteger = isa<IntegerType>(root.getType().getElementType());
    problem.isShallow = true;
    problem.isSmall = options.isSmall;
    Decision decision;
    decision.schedule = chooseWindowTiles(problem, target);
    decision.inPlace = inPlacePairs(kernel);
    return decision;
  }
};

const Pool instance;

} // namespace

const Family &poolFamily = instance;

} // namespace glmc
