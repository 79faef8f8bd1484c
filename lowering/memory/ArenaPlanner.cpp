//===- ArenaPlanner.cpp - Greedy placement by size --------------------------===//
//
//   1. Refuse blocks whose numbers make no sense or whose sum overflows: after
//      that no addition below can.
//   2. Sweep over the steps for the peak, which is the lower bound.
//   3. Take the blocks from large to small. Those placed so far are kept in
//      order of offset; walking them, and skipping those of another time, gives
//      the gaps from low to high.
//
// Quadratic in the number of blocks. Placing by size is near the bound on
// networks, where few large blocks dominate, but proves nothing: planning is
// NP-hard, and the gap is reported.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/ArenaPlanner.h"

#include <algorithm>
#include <limits>
#include <map>

namespace glmc::memory {
namespace {

bool liveTogether(const ArenaBlock &a, const ArenaBlock &b) {
  return a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
}

/// Indices of blocks that take space, in the order of placement.
std::vector<size_t> placementOrder(const std::vector<ArenaBlock> &blocks) {
  std::vector<size_t> order;
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].bytes > 0)
      order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const ArenaBlock &x = blocks[a], &y = blocks[b];
    int64_t xSize = alignedSize(x.bytes), ySize = alignedSize(y.bytes);
    if (xSize != ySize)
      return xSize > ySize;
    return x.lastUse - x.firstUse > y.lastUse - y.firstUse;
  });
  return order;
}

std::vector<int64_t> placeBySize(const std::vector<ArenaBlock> &blocks) {
  std::vector<int64_t> offsets(blocks.size(), 0);
  std::vector<size_t> placed; // In order of offset.
  for (size_t index : placementOrder(blocks)) {
    int64_t size = alignedSize(blocks[index].bytes), offset = 0;
    for (size_t other : placed) {
      if (!liveTogether(blocks[index], blocks[other]))
        continue;
      if (offsets[other] - offset >= size)
        break;
      offset = std::max(offset, offsets[other] + alignedSize(blocks[other].bytes));
    }
    offsets[index] = offset;
    auto after = std::upper_bound(placed.begin(), placed.end(), offset,
                                  [&](int64_t value, size_t other) { return value < offsets[other]; });
    placed.insert(after, index);
  }
  return offsets;
}

} // namespace

int64_t alignedSize(int64_t bytes) { return (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment; }

std::string checkBlocks(const std::vector<ArenaBlock> &blocks) {
  int64_t total = 0;
  for (const ArenaBlock &block : blocks) {
    if (block.bytes < 0)
      return "'" + block.name + "' has " + std::to_string(block.bytes) + " bytes";
    if (block.firstUse < 0 || block.lastUse < block.firstUse || block.lastUse == std::numeric_limits<int64_t>::max())
      return "'" + block.name + "' lives from step " + std::to_string(block.firstUse) + " to step " +
             std::to_string(block.lastUse);
    int64_t left = std::numeric_limits<int64_t>::max() - total;
    if (block.bytes > left - arenaAlignment)
      return "'" + block.name + "' of " + std::to_string(block.bytes) +
             " bytes brings the sum of all blocks over 2^63 bytes";
    total += alignedSize(block.bytes);
  }
  return {};
}

ArenaPeak peakOf(const std::vector<ArenaBlock> &blocks) {
  std::map<int64_t, int64_t> change; // Bytes that come and go at a step.
  for (const ArenaBlock &block : blocks) {
    change[block.firstUse] += alignedSize(block.bytes);
    change[block.lastUse + 1] -= alignedSize(block.bytes);
  }
  ArenaPeak peak;
  int64_t live = 0;
  for (auto [step, bytes] : change) {
    live += bytes;
    if (live > peak.bytes) {
      peak.bytes = live;
      peak.step = step;
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].bytes > 0 && blocks[i].firstUse <= peak.step && peak.step <= blocks[i].lastUse)
      peak.blocks.push_back(i);
  return peak;
}

bool planArena(const std::vector<ArenaBlock> &blocks, ArenaPlan &plan, std::string &error) {
  error = checkBlocks(blocks);
  if (!error.empty())
    return false;
  plan.peak = peakOf(blocks);
  plan.offsets = placeBySize(blocks);
  plan.arenaBytes = 0;
  for (size_t i = 0; i < blocks.size(); ++i)
    plan.arenaBytes = std::max(plan.arenaBytes, plan.offsets[i] + alignedSize(blocks[i].bytes));
  return true;
}

} // namespace glmc::memory
