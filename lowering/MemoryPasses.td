//===- MemoryPasses.td - Passes of memory: when and where -----------------===//
#ifndef GLMC_LOWERING_MEMORYPASSES_TD
#define GLMC_LOWERING_MEMORYPASSES_TD

include "mlir/Pass/PassBase.td"

def OrderLaunches : Pass<"glm-order-launches", "::mlir::ModuleOp"> {
  let summary = "Order launches so that few bytes are live at once";
  let description = [{
    Dynamic programming over the sets of launches that have run, between
    articulation points (launches that all others precede or follow); a beam
    search where there are too many sets. Views, in-place pairs, scratch and
    outputs count as the planner will see them. The model's own order is kept
    unless the new one has a lower peak and a smaller arena.
  }];
}

def PlanMemory : Pass<"glm-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Turn graphs of launches into programs with an address on every value";
  let description = [{
    Aliases views and in-place pairs, plans the arena (ArenaPlanner), places
    weights, and replaces each glm.graph by a glm.program. An independent
    checker runs on every plan.
  }];
  let options = [Option<"ioArena", "io-arena", "bool", /*default=*/"false",
                        "Place inputs and outputs in the arena">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def PlaceMemories : Pass<"glm-place-memories", "::mlir::ModuleOp"> {
  let summary = "Choose the banks of the target's memory that hold weights, arena and state";
  let description = [{
    After glm-plan-memory. Sets `glm.placement` to the names of banks: of the weights,
    of the context (state, and the arena if that is a part of it), and of an arena that
    is memory of its own, which `glm.arena_apart` says. A target without memories has
    no placement.

    ```mlir
    module attributes {glm.arena_apart, glm.placement = {arena = "DTCM", context = "AXI_SRAM", weights = "FLASH"}}
    ```
  }];
  let options = [Option<"targetName", "target", "std::string", /*default=*/"\"x86-64\"", "Target whose memories there are">,
                 Option<"arena", "arena", "std::string", /*default=*/"\"any\"",
                        "Whether the arena is in the context (inside), apart, or where it is faster (any)">,
                 Option<"weightsApart", "weights-apart", "bool", /*default=*/"false",
                        "Weights are in a file of their own">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

#endif // GLMC_LOWERING_MEMORYPASSES_TD
