//===- PlanChecker.h - Does a plan compute on the right bytes? --------------===//
//
// Runs a planned program symbolically: memory holds names of values instead of
// numbers, and every read must find exactly the bytes of the value that it
// means. It shares nothing with the planner, knows no lifetimes and no alias
// rules, and so finds what the planner got wrong whatever the reason. Plain
// C++; PlanMemory runs it on every plan.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_PLANCHECKER_H
#define GLMC_LOWERING_MEMORY_PLANCHECKER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace glmc::memory {

/// A memory that ranges lie in: the arena, the weights, a caller's buffer.
struct CheckedMemory {
  std::string name;
  int64_t bytes = 0;
  bool writable = true;
  int64_t alignment = 64; ///< Of every range's offset.
};

/// Bytes [offset, offset + bytes) of memory number `memory`.
struct CheckedRange {
  size_t memory = 0;
  int64_t offset = 0;
  int64_t bytes = 0;
};

/// `range` holds value number `value`, all of it and nothing else.
struct CheckedAccess {
  CheckedRange range;
  size_t value = 0;
};

/// Reads all, then writes all and spoils the scratch; where a kernel's reads
/// and writes mix in time, `inPlace` says which may share bytes.
struct CheckedStep {
  std::string name; ///< For error texts.
  /// One read, one write; moves whichever value is there, values are ignored.
  bool isCopy = false;
  std::vector<CheckedAccess> reads, writes;
  std::vector<CheckedRange> scratch;
  /// (read, write) that may be the same range.
  std::vector<std::pair<size_t, size_t>> inPlace;
};

struct CheckedPlan {
  std::vector<CheckedMemory> memories;
  std::vector<CheckedAccess> initial; ///< Inputs and weights.
  std::vector<CheckedStep> steps;
  std::vector<CheckedAccess> results; ///< What must hold after the last step.
};

/// Says the first thing that is wrong; empty if the plan is right:
///   - every range lies in its memory and is aligned;
///   - what is there at the start does not overlap;
///   - a read, and a result, finds exactly its value, whole and not
///     overwritten since;
///   - a write goes to a writable memory, overlaps no other write of its step,
///     and a read only if the two are an in-place pair of the same range;
///   - scratch overlaps nothing of its step (what it spoils is caught when
///     somebody reads it).
std::string checkPlan(const CheckedPlan &plan);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_PLANCHECKER_H
