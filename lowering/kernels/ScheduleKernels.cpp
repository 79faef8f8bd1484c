//===- ScheduleKernels.cpp - Families decide --------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/FindTarget.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct ScheduleKernelsPass : glmc::impl::ScheduleKernelsBase<ScheduleKernelsPass> {
  using Base::Base;

  void write(glm::KernelOp kernel, const Family &family, const Decision &decision) {
    Builder builder(&getContext());
    SmallVector<NamedAttribute> schedule;
    for (const auto &[name, value] : decision.schedule)
      schedule.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
    kernel.setFamilyAttr(builder.getStringAttr(family.name()));
    kernel.setScheduleAttr(builder.getDictionaryAttr(schedule));
    if (!decision.scratch.empty())
      kernel.setScratchAttr(builder.getTypeArrayAttr(decision.scratch));
    if (!decision.inPlace.empty())
      kernel.setInPlaceAttr(builder.getDenseI64ArrayAttr(decision.inPlace));
  }

  void runOnOperation() override {
    auto target = findTarget(getOperation(), targetName);
    if (!target)
      return signalPassFailure();
    const ScheduleOptions options{threads};
    for (auto kernel : getOperation().getOps<glm::KernelOp>()) {
      const Family *family = familyOf(kernel);
      if (!family) {
        kernel.emitError() << "no kernel family takes this region";
        return signalPassFailure();
      }
      write(kernel, *family, family->decide(kernel, *target, options));
    }
  }
};

} // namespace
