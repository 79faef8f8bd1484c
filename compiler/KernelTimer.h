//===- KernelTimer.h - Times versions of one kernel ----------------------------===//
//
// Kernels that compute the same with other schedules, in one object, in a child
// process: by turns, on made-up operands, with as many copies of large ones as no
// cache holds. A kernel that crashes or does not end costs its group, not glmc.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_KERNELTIMER_H
#define GLMC_COMPILER_KERNELTIMER_H

#include "codegen/Program.h"
#include "targets/Target.h"

#include <optional>
#include <vector>

namespace glmc {

struct KernelTiming {
  std::vector<double> seconds;      ///< The median's, one a kernel; 0 of one that does not compile.
  std::vector<std::string> reasons; ///< Why it does not; empty of those that do.
};

/// Times `kernels`, all of which take and give what `launch` says, on so many
/// threads. Nothing, with `error` set, if none compiles or the child fails.
std::optional<KernelTiming> timeKernels(const std::vector<kernels::Kernel> &kernels, const Launch &launch,
                                        const targets::Target &target, int64_t threads, unsigned jobs,
                                        std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_KERNELTIMER_H
