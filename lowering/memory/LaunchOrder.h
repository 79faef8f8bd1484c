//===- LaunchOrder.h - Launches in, an order of few live bytes out ----------===//
//
// The search behind OrderLaunches, in plain C++ so that it can be tested alone
// against all orders of a small graph. After SERENITY (arXiv 2003.02369): what
// is live depends on which launches have run, not on their order, so dynamic
// programming over sets of launches is exact.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_LAUNCHORDER_H
#define GLMC_LOWERING_MEMORY_LAUNCHORDER_H

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace glmc::memory {

/// Bytes in the arena that launches make and read.
struct OrderValue {
  int64_t bytes = 0;
  bool pinned = false; ///< Needed after all launches.
};

struct OrderLaunch {
  std::vector<size_t> reads;  ///< Values, each once.
  std::vector<size_t> writes; ///< Values, which no other launch writes.
  int64_t scratch = 0;
  /// (value read, value written) such that the second may take over the bytes
  /// of the first where this is its last reader; the first that fits counts.
  std::vector<std::pair<size_t, size_t>> inPlace;
};

/// Values that no launch writes are there from the start. Launches are in an
/// order in which they can run.
struct OrderProblem {
  std::vector<OrderValue> values;
  std::vector<OrderLaunch> launches;
};

/// The most bytes live during a launch in this order.
int64_t peakOfOrder(const OrderProblem &problem, const std::vector<size_t> &order);

struct LaunchOrder {
  std::vector<size_t> order; ///< Indices of launches.
  int64_t peak = 0;
  bool optimal = false; ///< No order has a lower peak.
};

/// The order of the lowest peak that it finds; the given order unless one is
/// lower. Keeps at most `stateLimit` sets of launches of each size at a time,
/// between two launches that all others wait for or precede: exact if that is
/// enough, a beam search if not.
LaunchOrder orderLaunches(const OrderProblem &problem, size_t stateLimit);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_LAUNCHORDER_H
