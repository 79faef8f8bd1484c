//===- KernelPasses.td - Passes of kernels: what runs together, and how ---===//
#ifndef GLMC_LOWERING_KERNELPASSES_TD
#define GLMC_LOWERING_KERNELPASSES_TD

include "mlir/Pass/PassBase.td"

def FormKernels : Pass<"glm-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Put every op of a graph into a kernel of its own and launch it";
  let description = [{
    Reshapes stay in the graph as views; constants and weights stay as operands,
    but constants of one element move into the kernel. Each reader of a weight that
    is cast or dequantised does that itself. What remains in the graph is a list of
    launches.

    ```mlir
    %z = glm.add %x, %y : ...
    // becomes
    %z = glm.launch @add_0(%x, %y) : ...
    ```
  }];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

// What holds for all of the fusing passes: a family takes the merged region, a
// kernel has at most 24 ops and 16 operands, and nothing expensive is computed
// twice. A view (glm.reshape) between two launches is no obstacle: it goes into
// the kernel with them.

def FuseElementwise : Pass<"glm-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Merge chains of pointwise launches of one shape";
  let description = [{
    An elementwise launch merges with the only launch that reads its result, if
    that is elementwise and reads each element where it computes the same element
    of its own.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FuseEpilogues : Pass<"glm-fuse-epilogues", "::mlir::ModuleOp"> {
  let summary = "Run pointwise work on a result where the result is made";
  let description = [{
    Bias, activation, gate, residual and rotary go into the product, norm,
    attention, reduction or softmax whose result they alone read. A product of
    which only slices of columns are read, no column twice, goes into each slice
    as a product of those columns; glm-fuse-products makes one launch of them.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FuseMovement : Pass<"glm-fuse-movement", "::mlir::ModuleOp"> {
  let summary = "Turn launches that only move elements into addressing of what reads them";
  let description = [{
    A slice, transpose, expand or tile goes into all of its readers, if launches
    alone read it and all of them can; a gather or concatenation into its only
    one.

    ```mlir
    %s = glm.launch @slice(%x) : (tensor<8x64xf32>) -> tensor<8x32xf32>
    %y = glm.launch @exp(%s) : (tensor<8x32xf32>) -> tensor<8x32xf32>
    // becomes one launch, of a kernel that is
    %s = glm.slice %x [0, 32] step [1, 1] : tensor<8x64xf32> to tensor<8x32xf32>
    %y = glm.exp %s : tensor<8x32xf32>
    ```
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FuseProducts : Pass<"glm-fuse-products", "::mlir::ModuleOp"> {
  let summary = "Merge products that share their left side";
  let description = [{
    Queries, keys and values of one layer become one launch with three results;
    gate and up, whose results one SwiGLU reads, one launch with one.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FusePrologues : Pass<"glm-fuse-prologues", "::mlir::ModuleOp"> {
  let summary = "Run elementwise work and norms where their result is read";
  let description = [{
    Into the only launch that reads it: a norm into the products that follow it,
    pointwise work into a product's left side, a norm, a reduction, an update of
    a cache. Not where each element would be computed again and again.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FuseSiblings : Pass<"glm-fuse-siblings", "::mlir::ModuleOp"> {
  let summary = "Merge elementwise, scatter and cache-write launches that stand side by side";
  let description = [{
    Two launches of one result type (of writes to caches, any types) that do not need each other and read the
    same value, or results of the same launch, or only inputs, become one with two
    results: cos and sin of an angle, the K and V caches of a layer.
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def PackWeights : Pass<"glm-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Give each constant matrix the one layout that its kernels read";
  let description = [{
    Families ask for a layout (`families/`); one is chosen over all readers of
    a weight, or a constant that is a matrix, and it is packed when it is written.
    A gather from the same weight (a tied embedding) reads through the layout. A
    weight that some reader cannot take packed stays as it is.
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
                        "Target to schedule for">,
                 Option<"threads", "threads", "int64_t", /*default=*/"1",
                        "Threads that the program may use">,
                 Option<"tuning", "tuning", "std::string", /*default=*/"",
                        "File of schedules that were found by timing, see Tuning.h">,
                 Option<"optimize", "optimize", "std::string", /*default=*/"",
                        "For 'speed' or 'size' of code; default: what the target says">];
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

def ExplainBoundaries : Pass<"glm-explain-boundaries", "::mlir::ModuleOp"> {
  let summary = "Say for each launch why it is not part of those that it reads from";
  let description = [{
    Sets `glm.boundary` on every launch: a line for each launch that makes one of
    its operands, found by trying to merge the two.

    ```mlir
    %y = glm.launch @k02_attention(%q, %k, %v)
        {glm.boundary = ["k01_rms_norm_matmul: attention reads every key and value"]} : ...
    ```
  }];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

#endif // GLMC_LOWERING_KERNELPASSES_TD
