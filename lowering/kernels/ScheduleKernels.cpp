//===- ScheduleKernels.cpp - Families decide --------------------------------===//
//
// For one target the decision is the kernel's schedule, scratch and in-place
// pairs. For several, each is asked for: `versions` says what the kernel is for
// each of them, `scratch` has room for any, `in_place` has what all allow, and
// `schedule` is the plainest's.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/FindTarget.h"
#include "lowering/kernels/Tuning.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

using Targets = std::vector<targets::Target>;

bool isEqual(const Decision &a, const Decision &b) { return a.schedule == b.schedule && a.scratch == b.scratch; }

/// The scratch that any version finds its own in: buffer by buffer the largest.
SmallVector<Type> largestScratch(ArrayRef<Decision> decisions) {
  SmallVector<Type> largest;
  for (const Decision &decision : decisions)
    for (auto [i, type] : llvm::enumerate(decision.scratch)) {
      if (i == largest.size())
        largest.push_back(type);
      else if (glm::denseBytes(glm::logicalType(type)) > glm::denseBytes(glm::logicalType(largest[i])))
        largest[i] = type;
    }
  return largest;
}

/// The (argument, result) pairs, flattened, that every version allows.
SmallVector<int64_t> commonPairs(ArrayRef<Decision> decisions) {
  auto has = [](const Decision &decision, int64_t argument, int64_t result) {
    for (size_t i = 0; i + 1 < decision.inPlace.size(); i += 2)
      if (decision.inPlace[i] == argument && decision.inPlace[i + 1] == result)
        return true;
    return false;
  };
  SmallVector<int64_t> common;
  const ArrayRef<int64_t> first = decisions.front().inPlace;
  for (size_t i = 0; i + 1 < first.size(); i += 2)
    if (llvm::all_of(decisions, [&](const Decision &each) { return has(each, first[i], first[i + 1]); }))
      common.append({first[i], first[i + 1]});
  return common;
}

struct ScheduleKernelsPass : glmc::impl::ScheduleKernelsBase<ScheduleKernelsPass> {
  using Base::Base;

  DictionaryAttr scheduleOf(const Decision &decision) {
    Builder builder(&getContext());
    SmallVector<NamedAttribute> schedule;
    for (const auto &[name, value] : decision.schedule)
      schedule.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
    return builder.getDictionaryAttr(schedule);
  }

  /// What version `number` is: its own code, or that of an earlier one which
  /// decided the same and whose code it can run.
  Attribute versionOf(size_t number, ArrayRef<Decision> decisions, const Targets &targets) {
    Builder builder(&getContext());
    for (size_t earlier = 0; earlier < number; ++earlier)
      if (isEqual(decisions[earlier], decisions[number]) && targets::runsCodeOf(targets[number], targets[earlier]))
        return builder.getStringAttr(targets[earlier].name);
    SmallVector<NamedAttribute> own = {builder.getNamedAttr("schedule", scheduleOf(decisions[number]))};
    if (!decisions[number].scratch.empty())
      own.push_back(builder.getNamedAttr("scratch", builder.getTypeArrayAttr(decisions[number].scratch)));
    return builder.getDictionaryAttr(own);
  }

  void write(glm::KernelOp kernel, const Family &family, ArrayRef<Decision> decisions, const Targets &targets) {
    Builder builder(&getContext());
    kernel.setFamilyAttr(builder.getStringAttr(family.name()));
    kernel.setScheduleAttr(scheduleOf(decisions.front()));
    const SmallVector<Type> scratch = largestScratch(decisions);
    if (!scratch.empty())
      kernel.setScratchAttr(builder.getTypeArrayAttr(scratch));
    const SmallVector<int64_t> pairs = commonPairs(decisions);
    if (!pairs.empty())
      kernel.setInPlaceAttr(builder.getDenseI64ArrayAttr(pairs));
    if (targets.size() == 1)
      return;
    SmallVector<NamedAttribute> versions;
    for (auto [number, target] : llvm::enumerate(targets))
      versions.push_back(builder.getNamedAttr(target.name, versionOf(number, decisions, targets)));
    kernel->setAttr(targets::kernelVersionsAttr, builder.getDictionaryAttr(versions));
  }

  /// What the file says, if there is one; false: it is wrong, which was reported.
  bool readTuning(const Targets &targets, std::optional<Tuning> &known) {
    if (tuning.empty())
      return true;
    std::string error;
    known = Tuning::read(tuning, error);
    if (known && llvm::none_of(targets, [&](const targets::Target &target) { return target.name == known->target; }))
      error = "was made for target '" + known->target + "', not for '" + targets.front().name + "'";
    if (!error.empty())
      emitError(FileLineColLoc::get(&getContext(), tuning, 0, 0)) << error;
    return error.empty();
  }

  bool isSmall(const targets::Target &target) const {
    return (optimize.empty() ? target.optimize : optimize.getValue()) == "size";
  }

  /// What the family decides, and what timing found to be better.
  FailureOr<Decision> decide(glm::KernelOp kernel, const Family &family, const targets::Target &target,
                             const std::optional<Tuning> &known) {
    Decision decision = family.decide(kernel, target, ScheduleOptions{threads, isSmall(target)});
    if (!known || known->target != target.name)
      return decision;
    const KernelProblem problem = problemOf(kernel, family.name(), threads > 1);
    const Schedule *tuned = known->find(problem);
    std::string error;
    if (!tuned || applyTuning(problem.family, *tuned, decision.schedule, error))
      return decision;
    emitError(FileLineColLoc::get(&getContext(), tuning, 0, 0)) << "kernel " << problem.text() << ": " << error;
    return failure();
  }

  void runOnOperation() override {
    auto targets = findTargets(getOperation(), targetName);
    if (!targets)
      return signalPassFailure();
    std::optional<Tuning> known;
    if (!readTuning(*targets, known))
      return signalPassFailure();
    for (auto kernel : getOperation().getOps<glm::KernelOp>()) {
      const Family *family = familyOf(kernel);
      if (!family) {
        kernel.emitError() << "no kernel family takes this region";
        return signalPassFailure();
      }
      SmallVector<Decision> decisions;
      for (const targets::Target &target : *targets) {
        auto decision = decide(kernel, *family, target, known);
        if (failed(decision))
          return signalPassFailure();
        decisions.push_back(std::move(*decision));
      }
      write(kernel, *family, decisions, *targets);
    }
    if (targets->size() == 1)
      return;
    SmallVector<StringRef> names;
    for (const targets::Target &target : *targets)
      names.push_back(target.name);
    getOperation()->setAttr(targets::versionsAttr, Builder(&getContext()).getStrArrayAttr(names));
  }
};

} // namespace
