//===- Passes.td - Every pass of glmc, in the order of the road -------------===//
#ifndef GLMC_LOWERING_PASSES_TD
#define GLMC_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify: what the model means, with less
//===----------------------------------------------------------------------===//

def FoldConstants : Pass<"glm-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Evaluate every op whose operands are constants";
  let description = [{
    Evaluates with the reference evaluator. Whole constant subgraphs disappear,
    shape arithmetic included (`glm.shape` needs no constant operand). Results
    up to 4 KB stay in the IR as dense attributes, larger ones become resource
    blobs.

    Weights stay in their file: a reshape of a weight is the weight by another
    type, a transpose that matmuls can absorb is left to `glm-simplify-algebra`,
    and other ops on a weight fold into a blob unless the result is larger than
    all operands together and than 64 KB.

    ```mlir
    %s = glm.shape %x [0 : 2] : tensor<2x3xf32> -> tensor<2xi64>
    // becomes
    %s = glm.constant dense<[2, 3]> : tensor<2xi64>
    ```
  }];
  let statistics = [Statistic<"folded", "folded", "Ops evaluated">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def EliminateDeadNodes : Pass<"glm-eliminate-dead-nodes", "::mlir::ModuleOp"> {
  let summary = "Erase ops, weights and kernels that no result needs";
  let description = [{
    Everything at tensor level is free of side effects, so an op is needed only
    if a graph's result needs it. A graph's unused inputs stay in its signature;
    the code that only they fed goes.
  }];
  let statistics = [Statistic<"erased", "erased", "Ops erased">];
}

def SimplifyAlgebra : Pass<"glm-simplify-algebra", "::mlir::ModuleOp"> {
  let summary = "Canonical algebra: identities, cheaper equals, absorbed movement";
  let description = [{
    - x + 0, x - 0, x * 1, x / 1, x ^ 1: x; x ^ 2: x * x; x ^ 0.5: sqrt x
    - not not x, neg neg x: x; where true, x, y: x; where c, x, x: x
    - transpose of transpose: one; of dimensions of 1 only: a reshape
    - matmul with a transposed right side: `transposed`
    - expand read by broadcasting ops only: dropped
    - gather by one constant index: a slice

    ```mlir
    %t = glm.transpose %w [1, 0] : tensor<256x64xf32> -> tensor<64x256xf32>
    %y = glm.matmul %x, %t : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
    // becomes
    %y = glm.matmul %x, %w transposed : tensor<7x64xf32>, tensor<256x64xf32> -> tensor<7x256xf32>
    ```
  }];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

//===----------------------------------------------------------------------===//
// kernels: what runs together, and how
//===----------------------------------------------------------------------===//

def FormKernels : Pass<"glm-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Put every op of a graph into a kernel of its own and launch it";
  let description = [{
    Reshapes stay in the graph as views; constants and weights stay as operands,
    but constants of one element move into the kernel. What remains in the graph
    is a list of launches.

    ```mlir
    %z = glm.add %x, %y : ...
    // becomes
    %z = glm.launch @add_0(%x, %y) : ...
    ```
  }];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FuseElementwise : Pass<"glm-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Merge elementwise launches into their producers, and chains into one";
  let description = [{
    A launch whose only result is read by one other launch merges with it when
    one side is elementwise and the merged region is still one that a kernel
    family takes: a pointwise consumer is an epilogue of a matmul, reduction,
    softmax or elementwise kernel of the same shape; an elementwise producer is
    a prologue of an elementwise kernel, reduction or softmax. A producer whose
    elements the consumer would compute several times merges only if it is
    cheap. Values with several readers are not recomputed.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def PackWeights : Pass<"glm-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Give each constant matrix the one layout that its kernels read";
  let description = [{
    Families ask for a layout (`families/`); one is chosen over all readers of
    a weight, and it is packed when it is written. A gather from the same
    weight (a tied embedding) reads through the layout. A weight that some
    reader cannot take packed stays as it is.
  }];
  let options = [Option<"targetName", "target", "std::string", /*default=*/"\"x86-64\"",
                        "Target whose vectors decide panel widths">];
  let statistics = [Statistic<"packed", "packed", "Weights packed">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def ScheduleKernels : Pass<"glm-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "Families choose schedule, scratch and in-place pairs for the target";
  let description = [{
    Sets `family`, `schedule`, `scratch` and `in_place` on every kernel; code
    generation applies them and decides nothing.
  }];
  let options = [Option<"targetName", "target", "std::string", /*default=*/"\"x86-64\"",
                        "Target to schedule for">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def ShareKernels : Pass<"glm-share-kernels", "::mlir::ModuleOp"> {
  let summary = "Keep one kernel of those that are equal, and name kernels by content";
  let description = [{
    Kernels equal in region, types and schedule become one. Names are `k`, a
    number in order of first launch, and what the kernel does: `k03_matmul_add`.
  }];
  let statistics = [Statistic<"shared", "shared", "Kernels that were copies">];
}

//===----------------------------------------------------------------------===//
// memory: when and where
//===----------------------------------------------------------------------===//

def OrderLaunches : Pass<"glm-order-launches", "::mlir::ModuleOp"> {
  let summary = "Order launches so that few bytes are live at once";
  let description = [{
    List scheduling: of the launches that are ready, the one that leaves the
    fewest bytes live comes next; ties keep the model's order. The model's own
    order is kept if its peak is not higher.
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

#endif // GLMC_LOWERING_PASSES_TD
