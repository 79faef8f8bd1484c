//===- Tuning.h - Schedules that were found by timing --------------------------===//
//
// What `glmc tune` writes and `glmc compile --tuning` reads: for kernels by what
// they compute, schedule parameters that were faster on some machine than those
// that their family chooses. Only parameters that change neither layouts nor
// scratch nor results may be in it.
//
//   { "glmc_tuning": 1, "target": "x86-64-v3", "kernels": [
//     { "family": "matmul", "ops": "rms_norm matmul", "types": "(...) -> (...)",
//       "parallel": false, "schedule": { "panels": 2, "unroll_k": 8 } } ] }
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_KERNELS_TUNING_H
#define GLMC_LOWERING_KERNELS_TUNING_H

#include "dialects/glm/GlmOps.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace glmc {

using Schedule = std::map<std::string, int64_t>;

/// What a kernel computes, as far as a schedule may depend on it.
struct KernelProblem {
  std::string family, ops, types;
  bool parallel = false; ///< Compiled for more than one thread.

  bool operator<(const KernelProblem &other) const {
    return std::tie(family, ops, types, parallel) < std::tie(other.family, other.ops, other.types, other.parallel);
  }
  std::string text() const { return family + " " + types; }
};

KernelProblem problemOf(glm::KernelOp kernel, llvm::StringRef family, bool parallel);

/// Parameters of a kernel's schedule that may be changed, each with the values that
/// are worth timing: those next to the one that the family chose.
std::map<std::string, std::vector<int64_t>> tunableParameters(const std::string &family, const Schedule &chosen);

/// Puts `tuned` over what the family chose. False, with `error` set, if a parameter
/// is not one that this kernel has or its value means nothing.
bool applyTuning(const std::string &family, const Schedule &tuned, Schedule &chosen, std::string &error);

class Tuning {
public:
  /// Nothing, with `error` set, if the file cannot be read or is not such a file.
  static std::optional<Tuning> read(const std::string &path, std::string &error);
  /// As a file has it; the same text for the same contents.
  std::string text() const;

  /// Null if it says nothing of such a kernel.
  const Schedule *find(const KernelProblem &problem) const;

  std::string target;
  std::map<KernelProblem, Schedule> schedules;
};

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_TUNING_H
