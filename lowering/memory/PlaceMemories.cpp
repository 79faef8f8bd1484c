//===- PlaceMemories.cpp - Which bank of the target holds what ------------------===//
#include "dialects/glm/GlmOps.h"
#include "dialects/glm/Placement.h"
#include "lowering/Passes.h"
#include "lowering/kernels/FindTarget.h"
#include "lowering/memory/BankChoice.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
#define GEN_PASS_DEF_PLACEMEMORIES
#include "lowering/Passes.h.inc"

namespace {

constexpr int64_t alignment = 64;

/// What the planned module needs of memories.
memory::MemoryNeeds needsOf(ModuleOp module, bool weightsApart) {
  memory::MemoryNeeds needs;
  for (auto program : module.getOps<glm::ProgramOp>())
    needs.arena = std::max<int64_t>(needs.arena, llvm::alignTo(program.getArena(), alignment));
  for (auto state : module.getOps<glm::PlacedStateOp>())
    needs.state = std::max<int64_t>(needs.state,
                                    llvm::alignTo(state.getOffset() + glm::storageBytes(state.getType()), alignment));
  for (auto weight : module.getOps<glm::PlacedWeightOp>())
    needs.weights = std::max<int64_t>(
        needs.weights, llvm::alignTo(weight.getOffset() + glm::storageBytes(weight.getType()), alignment));
  if (weightsApart)
    needs.weights = 0;
  return needs;
}

struct PlaceMemoriesPass : glmc::impl::PlaceMemoriesBase<PlaceMemoriesPass> {
  using PlaceMemoriesBase::PlaceMemoriesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto found = findTargets(module, targetName);
    if (!found)
      return signalPassFailure();
    const targets::Target &target = found->front();
    const memory::ArenaHome home = arena == "inside"  ? memory::ArenaHome::inside
                                   : arena == "apart" ? memory::ArenaHome::apart
                                                      : memory::ArenaHome::any;
    Builder builder(module.getContext());
    module->removeAttr(glm::placementAttr);
    module->removeAttr(glm::arenaApartAttr);
    if (home == memory::ArenaHome::apart)
      module->setAttr(glm::arenaApartAttr, builder.getUnitAttr());
    if (target.memories.empty())
      return;
    std::string error;
    auto choice = memory::chooseBanks(target.memories, needsOf(module, weightsApart), home, error);
    if (!choice) {
      module.emitError() << "target '" << target.name << "': " << error;
      return signalPassFailure();
    }
    SmallVector<NamedAttribute> banks;
    for (auto [what, bank] :
         {std::pair("arena", choice->arena), {"context", choice->context}, {"weights", choice->weights}})
      if (!bank.empty())
        banks.push_back(builder.getNamedAttr(what, builder.getStringAttr(bank)));
    module->setAttr(glm::placementAttr, builder.getDictionaryAttr(banks));
    if (!choice->arena.empty())
      module->setAttr(glm::arenaApartAttr, builder.getUnitAttr());
  }
};

} // namespace
} // namespace glmc
