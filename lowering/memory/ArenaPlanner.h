//===- ArenaPlanner.h - Blocks in, offsets out ------------------------------===//
//
// Offline dynamic storage allocation: every block has a size and the steps of
// the program in which it must keep its bytes; the planner gives each an offset
// such that blocks of overlapping life do not overlap in memory. Plain C++ with
// no IR in it, so that it can be tested, fuzzed and replaced alone.
//
// All offsets and the sizes that they are packed by are multiples of
// `arenaAlignment`. With one alignment for all, the largest sum of live sizes
// is a true lower bound of any plan.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_ARENAPLANNER_H
#define GLMC_LOWERING_MEMORY_ARENAPLANNER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glmc::memory {

/// Alignment of every offset: a cache line, and the widest vector of any CPU.
constexpr int64_t arenaAlignment = 64;

/// Bytes that must be kept in steps firstUse to lastUse, both included.
struct ArenaBlock {
  std::string name; ///< For error texts.
  int64_t bytes = 0;
  int64_t firstUse = 0;
  int64_t lastUse = 0;
};

/// The most that is live at once. No plan can take less than `bytes`.
struct ArenaPeak {
  int64_t bytes = 0;          ///< Sum of aligned sizes.
  int64_t step = 0;           ///< The first step where it is reached.
  std::vector<size_t> blocks; ///< Blocks live there that are not empty, ascending.
};

struct ArenaPlan {
  std::vector<int64_t> offsets; ///< One a block; an empty block is at 0.
  int64_t arenaBytes = 0;       ///< A multiple of arenaAlignment.
  ArenaPeak peak;
  /// Who found it: "greedy by size", "branch and bound", ...; where the program
  /// falls into parts, of the highest part. Empty if nothing takes space.
  std::string planner;
  /// No plan of fewer bytes exists: the arena is as large as the peak, or all
  /// plans were looked through.
  bool optimal = false;
};

/// `bytes` rounded up to arenaAlignment; bytes + arenaAlignment must not overflow.
int64_t alignedSize(int64_t bytes);

/// Says what is wrong with the blocks (a negative size, a life that ends before
/// it starts, a total beyond 63 bits); empty if nothing.
std::string checkBlocks(const std::vector<ArenaBlock> &blocks);

/// The lower bound and where it comes from. checkBlocks must have passed.
ArenaPeak peakOf(const std::vector<ArenaBlock> &blocks);

/// Places all blocks by a portfolio of planners, from cheap to exact, and stops
/// as soon as one reaches the bound. Checks the blocks first; false and an error
/// text if they cannot be planned. Equal blocks give equal plans.
bool planArena(const std::vector<ArenaBlock> &blocks, ArenaPlan &plan, std::string &error);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_ARENAPLANNER_H
