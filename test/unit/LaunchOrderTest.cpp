//===- LaunchOrderTest.cpp - Orders against all orders ----------------------===//
#include "lowering/memory/LaunchOrder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

using namespace glmc::memory;

namespace {

/// What is live in each launch, counted from what it means.
int64_t plainPeak(const OrderProblem &problem, const std::vector<size_t> &order) {
  int64_t peak = 0;
  size_t count = order.size();
  std::vector<size_t> position(count);
  for (size_t i = 0; i < count; ++i)
    position[order[i]] = i;
  std::vector<int64_t> first(problem.values.size(), 0), last(problem.values.size(), -1);
  for (size_t l = 0; l < count; ++l) {
    for (size_t value : problem.launches[l].writes) {
      first[value] = int64_t(position[l]);
      last[value] = std::max(last[value], int64_t(position[l]));
    }
    for (size_t value : problem.launches[l].reads)
      last[value] = std::max(last[value], int64_t(position[l]));
  }
  for (size_t v = 0; v < problem.values.size(); ++v)
    if (problem.values[v].pinned)
      last[v] = int64_t(count);
  for (size_t i = 0; i < count; ++i) {
    const OrderLaunch &launch = problem.launches[order[i]];
    int64_t live = launch.scratch;
    for (size_t v = 0; v < problem.values.size(); ++v)
      if (first[v] <= int64_t(i) && int64_t(i) <= last[v])
        live += problem.values[v].bytes;
    for (auto [from, to] : launch.inPlace) // At most one in these tests.
      if (last[from] == int64_t(i))
        live -= problem.values[to].bytes;
    peak = std::max(peak, live);
  }
  return peak;
}

bool isRunnable(const OrderProblem &problem, const std::vector<size_t> &order) {
  std::vector<size_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != i)
      return false;
  std::vector<bool> made(problem.values.size(), true);
  for (const OrderLaunch &launch : problem.launches)
    for (size_t value : launch.writes)
      made[value] = false;
  for (size_t l : order) {
    for (size_t value : problem.launches[l].reads)
      if (!made[value])
        return false;
    for (size_t value : problem.launches[l].writes)
      made[value] = true;
  }
  return sorted.size() == problem.launches.size();
}

int64_t bestOfAllOrders(const OrderProblem &problem) {
  std::vector<size_t> order(problem.launches.size());
  std::iota(order.begin(), order.end(), 0);
  int64_t best = std::numeric_limits<int64_t>::max();
  do
    if (isRunnable(problem, order))
      best = std::min(best, plainPeak(problem, order));
  while (std::next_permutation(order.begin(), order.end()));
  return best;
}

/// Launches with one or two results, some in place, some with scratch; inputs,
/// outputs, and results that nobody reads.
OrderProblem randomProblem(std::mt19937_64 &random, size_t launches) {
  OrderProblem problem;
  problem.values.push_back({int64_t(random() % 4) * 64, random() % 4 == 0});
  for (size_t l = 0; l < launches; ++l) {
    OrderLaunch launch;
    for (size_t i = 0; i < 1 + random() % 3; ++i) {
      size_t value = random() % problem.values.size();
      if (std::count(launch.reads.begin(), launch.reads.end(), value) == 0)
        launch.reads.push_back(value);
    }
    for (size_t i = 0; i < 1 + random() % 2; ++i) {
      launch.writes.push_back(problem.values.size());
      problem.values.push_back({int64_t(1 + random() % 9) * 64, random() % 8 == 0});
    }
    if (random() % 4 == 0)
      launch.scratch = int64_t(random() % 5) * 64;
    OrderValue from = problem.values[launch.reads[0]];
    if (random() % 2 && !from.pinned && from.bytes > 0) {
      problem.values[launch.writes[0]].bytes = from.bytes;
      launch.inPlace.push_back({launch.reads[0], launch.writes[0]});
    }
    problem.launches.push_back(launch);
  }
  return problem;
}

TEST(LaunchOrder, IsTheBestOfAllOrders) {
  std::mt19937_64 random(9);
  size_t improved = 0;
  for (int round = 0; round < 400; ++round) {
    OrderProblem problem = randomProblem(random, 1 + round % 7);
    std::vector<size_t> given(problem.launches.size());
    std::iota(given.begin(), given.end(), 0);
    EXPECT_EQ(peakOfOrder(problem, given), plainPeak(problem, given)) << "round " << round;
    LaunchOrder result = orderLaunches(problem, 4096);
    ASSERT_TRUE(isRunnable(problem, result.order));
    EXPECT_TRUE(result.optimal);
    EXPECT_EQ(result.peak, plainPeak(problem, result.order));
    EXPECT_EQ(result.peak, bestOfAllOrders(problem)) << "round " << round;
    improved += result.order != given;
  }
  EXPECT_GT(improved, 20u);
}

TEST(LaunchOrder, BeamsAreRunnableAndNoWorse) {
  std::mt19937_64 random(13);
  size_t improved = 0;
  for (int round = 0; round < 60; ++round) {
    OrderProblem problem = randomProblem(random, 40 + round);
    std::vector<size_t> given(problem.launches.size());
    std::iota(given.begin(), given.end(), 0);
    LaunchOrder result = orderLaunches(problem, 8);
    ASSERT_TRUE(isRunnable(problem, result.order));
    EXPECT_EQ(result.peak, plainPeak(problem, result.order));
    EXPECT_LE(result.peak, plainPeak(problem, given));
    improved += result.peak < plainPeak(problem, given);
    EXPECT_EQ(orderLaunches(problem, 8).order, result.order);
  }
  EXPECT_GT(improved, 20u);
}

/// `branches` ways from a value and back: each widens, then narrows. Given
/// breadth first.
void addFork(OrderProblem &problem, size_t branches) {
  size_t entry = problem.values.size() - 1;
  OrderLaunch join;
  std::vector<OrderLaunch> narrow;
  for (size_t b = 0; b < branches; ++b) {
    size_t wide = problem.values.size();
    problem.values.push_back({6400});
    problem.launches.push_back({{entry}, {wide}, 0, {}});
    problem.values.push_back({64});
    narrow.push_back({{wide}, {wide + 1}, 0, {}});
    join.reads.push_back(wide + 1);
  }
  problem.launches.insert(problem.launches.end(), narrow.begin(), narrow.end());
  join.writes.push_back(problem.values.size());
  problem.values.push_back({640});
  problem.launches.push_back(join);
}

TEST(LaunchOrder, OrdersBetweenArticulationPoints) {
  // 20 forks of 6 branches: hopeless as a whole, easy between the joins. One
  // branch after another: a wide value, the input, five narrow results.
  OrderProblem problem;
  problem.values.push_back({640});
  for (int i = 0; i < 20; ++i)
    addFork(problem, 6);
  problem.values.back().pinned = true;
  LaunchOrder result = orderLaunches(problem, 1000);
  ASSERT_TRUE(isRunnable(problem, result.order));
  EXPECT_TRUE(result.optimal);
  EXPECT_EQ(result.peak, 6400 + 640 + 5 * 64);
}

TEST(LaunchOrder, KeepsTheGivenOrderWhereNoneIsBetter) {
  OrderProblem problem;
  EXPECT_TRUE(orderLaunches(problem, 8).order.empty());
  problem.values = {{64}, {128, true}, {64, true}, {128, true}};
  problem.launches = {{{0}, {1}, 0, {}}, {{0}, {2}, 0, {}}, {{0}, {3}, 0, {}}};
  LaunchOrder result = orderLaunches(problem, 8);
  EXPECT_EQ(result.order, (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(result.optimal);
  EXPECT_EQ(result.peak, 64 + 128 + 64 + 128);
}

} // namespace
