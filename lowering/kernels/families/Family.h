//===- Family.h - Kernel families: which regions, and how they run ----------===//
//
// A family is a kind of kernel that one schedule template serves. It says which
// regions it takes, which layout it wants a constant operand in, and decides
// schedule parameters, scratch buffers and in-place pairs for a target. Its
// decisions become attributes; codegen/kernels applies them (the parameters are
// described in codegen/kernels/Schedules.h).
//
// A family a file. Adding one: a class here in its own file, its instance in
// Family.cpp's list, a schedule in codegen/kernels.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_FAMILIES_FAMILY_H
#define GLMC_LOWERING_KERNELS_FAMILIES_FAMILY_H

#include "dialects/glm/GlmOps.h"
#include "targets/Target.h"

#include <map>
#include <string>

namespace glmc {

/// What the user asked for that schedules depend on.
struct ScheduleOptions {
  /// Threads that the program may use; with one, no kernel may be `parallel`.
  int64_t threads = 1;
  bool isSmall = false; ///< Code is to be small, even if it is slower.
};

/// What a family decides for one kernel on one target.
struct Decision {
  std::map<std::string, int64_t> schedule;
  llvm::SmallVector<mlir::Type> scratch;   ///< Extra buffers in the arena.
  llvm::SmallVector<int64_t> inPlace;      ///< (argument, result) pairs, flattened.
};

class Family {
public:
  virtual ~Family() = default;
  virtual llvm::StringRef name() const = 0;
  /// Whether this family's template computes the region as it is.
  virtual bool takes(glm::KernelOp kernel) const = 0;
  /// The layout that this family would like a constant `argument` in; null for
  /// plain.
  virtual mlir::Attribute wantedLayout(glm::KernelOp kernel, unsigned argument, const targets::Target &target) const {
    return {};
  }
  /// Whether the kernel can read `argument` in `layout`, wanted or not.
  virtual bool canRead(glm::KernelOp kernel, unsigned argument, mlir::Attribute layout) const { return false; }
  virtual Decision decide(glm::KernelOp kernel, const targets::Target &target,
                          const ScheduleOptions &options) const = 0;
};

extern const Family &attentionFamily, &cacheWriteFamily, &convFamily, &elementwiseFamily, &matmulFamily, &normFamily,
    &poolFamily, &reduceFamily, &softmaxFamily, &scatterFamily;

/// The family that takes a kernel's region; null if none does.
const Family *familyOf(glm::KernelOp kernel);

//===----------------------------------------------------------------------===//
// What families share
//===----------------------------------------------------------------------===//

/// Whether an element of the op's result is a function of single elements of
/// its operands: pointwise, movement, views and constants.
bool isElementOp(mlir::Operation &op);

/// The only op of type Op in a kernel, if all others are element ops; null
/// otherwise.
template <typename Op> Op onlyRoot(glm::KernelOp kernel) {
  Op root;
  for (mlir::Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto found = mlir::dyn_cast<Op>(op)) {
      if (root)
        return {};
      root = found;
    } else if (!isElementOp(op)) {
      return {};
    }
  }
  return root;
}

/// Whether the kernel's one result depends on `root`, and every op that does is
/// pointwise and keeps its shape, so that it can run on each element as it is
/// made.
bool isEpilogueOf(mlir::Operation *root, glm::KernelOp kernel);

/// (argument, result) pairs, flattened, where only that result depends on the
/// argument, and every element of it on the same element only. `through` names
/// a root op whose rows may be read before they are written (softmax).
llvm::SmallVector<int64_t> inPlacePairs(glm::KernelOp kernel, mlir::Operation *through = nullptr);

/// Whether `argument` is only a table that gathers read, or what that converts:
/// rows at run-time indices, which go through any layout.
bool isGatheredOnly(glm::KernelOp kernel, unsigned argument);

/// The layout of a table that gathers alone read: row by row, but of elements of
/// 4 bits two share a byte. Null for plain.
mlir::Attribute layoutOfTable(glm::KernelOp kernel, unsigned argument);

/// Where the target's stack takes less than kernels put there by themselves, says so
/// in the schedule.
void limitStack(Decision &decision, const targets::Target &target);

/// Lanes of a vector of the widest element type that the kernel computes with,
/// halved until they are no more than `extent`.
int64_t vectorLanes(glm::KernelOp kernel, const targets::Target &target, int64_t extent);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FAMILIES_FAMILY_H
