//===- LaunchFuser.h - Two launches become one ------------------------------===//
//
// The one place that merges kernels. The fusing passes say which pairs they
// want; here is what holds for every pair: nothing is reordered across what it
// needs, a family takes the merged region, and kernels stay small.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_LAUNCHFUSER_H
#define GLMC_LOWERING_KERNELS_LAUNCHFUSER_H

#include "dialects/glm/GlmOps.h"
#include "lowering/kernels/families/Family.h"

namespace glmc {

class LaunchFuser {
public:
  explicit LaunchFuser(mlir::ModuleOp module);

  /// Why two launches cannot be one.
  enum class Refusal {
    none,
    between, ///< A launch between them needs the first, and the second needs it.
    size,    ///< Too many ops or operands.
    family,  ///< No family takes the merged region.
  };

  /// Merges `first` into `second`, which comes later in the same graph: results
  /// of `first` feed `second` inside of the kernel, views of them included, and
  /// stay results where others read them. Null, and nothing changed, if refused.
  glm::LaunchOp fuse(glm::LaunchOp first, glm::LaunchOp second);

  /// Computes `first` again in each launch that reads it, and erases it. Only
  /// where launches alone read it and all merges are possible; null otherwise.
  glm::LaunchOp fuseIntoReaders(glm::LaunchOp first);

  /// What fuse() would say.
  Refusal whyApart(glm::LaunchOp first, glm::LaunchOp second);
  /// A launch between the two that needs `first` and that `second` reads from;
  /// null if there is none.
  static glm::LaunchOp wayAround(glm::LaunchOp first, glm::LaunchOp second);

  /// Launches and returns that read a value, or any result of a launch, directly
  /// or through views; in order.
  static llvm::SmallVector<mlir::Operation *> readersOf(mlir::Value value);
  static llvm::SmallVector<mlir::Operation *> readersOf(glm::LaunchOp launch);
  /// The launch that alone reads the only result of `launch`; null otherwise.
  static glm::LaunchOp onlyReader(glm::LaunchOp launch);

  glm::KernelOp kernelOf(glm::LaunchOp launch) { return symbols.lookup<glm::KernelOp>(launch.getKernel()); }
  const Family &familyOf(glm::LaunchOp launch) { return *glmc::familyOf(kernelOf(launch)); }

  /// Calls `visit` for each launch of each graph in order until it changes
  /// nothing. It returns the launch to go on with, or null if it did nothing.
  static void untilStable(mlir::ModuleOp module, llvm::function_ref<glm::LaunchOp(glm::LaunchOp)> visit);

private:
  /// A merged kernel that is in no symbol table yet.
  struct Merged {
    glm::KernelOp kernel;
    llvm::SmallVector<mlir::Value> operands; ///< Of the launch.
    llvm::SmallVector<mlir::Value> results;  ///< Values of the graph that it replaces.
    Refusal refusal = Refusal::none;
  };

  /// With `keepsFirst` the results of `first` are not results of the kernel.
  Merged merge(glm::LaunchOp first, glm::LaunchOp second, bool keepsFirst);
  glm::LaunchOp replace(glm::LaunchOp first, glm::LaunchOp second, Merged &merged);
  void erase(glm::LaunchOp launch);

  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Operation *, unsigned> launchesOf; ///< Of a kernel.
};

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_LAUNCHFUSER_H
