//===- LaunchOrder.cpp - Dynamic programming over sets of launches ----------===//
//
//   1. Cut the launches at articulation points: those that each other launch
//      either precedes or follows in any order. Which launches have run there
//      is certain, so the stretches between them are ordered by themselves.
//   2. In a stretch, a state is the set of launches that have run, with what is
//      live then and the lowest peak that leads there. From all states of k
//      launches make those of k + 1: each launch that is ready may be next. Of
//      two ways to one set keep the lower.
//   3. A state whose peak is not below that of the model's own order is dropped:
//      it cannot lead to anything better.
//   4. If more states are left than the limit, keep those of the lowest peak,
//      then of the fewest live bytes: the search is then a beam.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/LaunchOrder.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace glmc::memory {
namespace {

constexpr size_t none = std::numeric_limits<size_t>::max();

//===----------------------------------------------------------------------===//
// What every order shares
//===----------------------------------------------------------------------===//

struct Graph {
  explicit Graph(const OrderProblem &problem)
      : problem(problem), producer(problem.values.size(), none), readers(problem.values.size()),
        before(problem.launches.size()), after(problem.launches.size()) {
    for (size_t i = 0; i < problem.launches.size(); ++i)
      for (size_t value : problem.launches[i].writes)
        producer[value] = i;
    for (size_t i = 0; i < problem.launches.size(); ++i)
      for (size_t value : problem.launches[i].reads) {
        readers[value].push_back(i);
        if (producer[value] != none)
          before[i].push_back(producer[value]);
      }
    for (size_t i = 0; i < before.size(); ++i) {
      std::sort(before[i].begin(), before[i].end());
      before[i].erase(std::unique(before[i].begin(), before[i].end()), before[i].end());
      for (size_t other : before[i])
        after[other].push_back(i);
    }
  }

  int64_t bytesAtStart() const {
    int64_t bytes = 0;
    for (size_t v = 0; v < producer.size(); ++v)
      if (producer[v] == none && (problem.values[v].pinned || !readers[v].empty()))
        bytes += problem.values[v].bytes;
    return bytes;
  }

  const OrderProblem &problem;
  std::vector<size_t> producer;             ///< Of a value.
  std::vector<std::vector<size_t>> readers; ///< Of a value.
  std::vector<std::vector<size_t>> before;  ///< Launches that a launch waits for.
  std::vector<std::vector<size_t>> after;   ///< Launches that wait for a launch.
};

/// What running one launch does to the bytes that are live.
struct Effect {
  int64_t during = 0; ///< Live during it.
  int64_t after = 0;  ///< Live when it is done.
};

/// `dies` says of a value that the launch reads whether it is read for the last
/// time.
template <typename Dies>
Effect run(const Graph &graph, size_t index, int64_t live, Dies dies) {
  const OrderLaunch &launch = graph.problem.launches[index];
  const std::vector<OrderValue> &values = graph.problem.values;
  Effect effect{live + launch.scratch, live};
  for (size_t value : launch.writes) {
    effect.during += values[value].bytes;
    if (values[value].pinned || !graph.readers[value].empty())
      effect.after += values[value].bytes;
  }
  for (size_t value : launch.reads)
    if (dies(value))
      effect.after -= values[value].bytes;
  // As the plan will do it: each operand gives, and each result takes, once.
  std::vector<std::pair<size_t, size_t>> taken;
  for (const std::pair<size_t, size_t> &pair : launch.inPlace) {
    auto shares = [&](const std::pair<size_t, size_t> &other) {
      return other.first == pair.first || other.second == pair.second;
    };
    if (!dies(pair.first) || std::any_of(taken.begin(), taken.end(), shares))
      continue;
    taken.push_back(pair);
    effect.during -= values[pair.second].bytes;
  }
  return effect;
}

//===----------------------------------------------------------------------===//
// Articulation points
//===----------------------------------------------------------------------===//

/// Ends of stretches, as positions in the given order. Stretches are the
/// articulation points, each by itself, and what is between them.
///
/// All launches before position p lead to p if each of them has a successor at
/// or before p: that one is p or, by the same rule, leads to it. Likewise p
/// leads to all behind it if each of those has a predecessor at or behind p.
std::vector<size_t> stretchEnds(const Graph &graph) {
  size_t count = graph.before.size();
  std::vector<size_t> firstAfter(count, count), lastBefore(count, none);
  for (size_t i = 0; i < count; ++i) {
    if (!graph.after[i].empty())
      firstAfter[i] = *std::min_element(graph.after[i].begin(), graph.after[i].end());
    if (!graph.before[i].empty())
      lastBefore[i] = *std::max_element(graph.before[i].begin(), graph.before[i].end());
  }
  std::vector<bool> ledToByAll(count), leadsToAll(count);
  size_t latest = 0;
  for (size_t p = 0; p < count; ++p) {
    ledToByAll[p] = p == 0 || latest <= p;
    latest = std::max(latest, firstAfter[p]);
  }
  size_t earliest = count;
  for (size_t p = count; p-- > 0;) {
    leadsToAll[p] = p + 1 == count || (earliest != none && earliest >= p);
    if (earliest != none)
      earliest = lastBefore[p] == none ? none : std::min(earliest, lastBefore[p]);
  }
  std::vector<size_t> ends;
  for (size_t p = 0; p < count; ++p)
    if (ledToByAll[p] && leadsToAll[p]) {
      if (p > 0 && (ends.empty() || ends.back() < p))
        ends.push_back(p);
      ends.push_back(p + 1);
    }
  if (ends.empty() || ends.back() < count)
    ends.push_back(count);
  return ends;
}

//===----------------------------------------------------------------------===//
// One stretch
//===----------------------------------------------------------------------===//

using Set = std::vector<uint64_t>;

bool contains(const Set &set, size_t i) { return set[i / 64] >> (i % 64) & 1; }

struct SetHash {
  size_t operator()(const Set &set) const {
    uint64_t hash = 14695981039346656037u;
    for (uint64_t word : set)
      hash = (hash ^ word) * 1099511628211u ^ (hash >> 29);
    return hash;
  }
};

/// Orders launches [begin, end) of the given order, which all run after those
/// before and before those behind.
class StretchSearch {
public:
  StretchSearch(const Graph &graph, size_t begin, size_t end, int64_t live, int64_t limit)
      : graph(graph), begin(begin), count(end - begin), limit(limit) {
    Set empty((count + 63) / 64, 0);
    states.push_back({empty, live, 0, none});
    for (size_t i = 0; i < count; ++i)
      for (size_t value : graph.problem.launches[begin + i].reads)
        if (!readersHere.count(value)) {
          Set &set = readersHere.emplace(value, empty).first->second;
          for (size_t reader : graph.readers[value])
            if (reader >= begin && reader < end)
              set[(reader - begin) / 64] |= uint64_t(1) << ((reader - begin) % 64);
        }
  }

  /// Launches in their new order, appended to `order`; false if none has a peak
  /// below the limit (or the beam lost it).
  bool search(size_t stateLimit, std::vector<size_t> &order) {
    for (size_t size = 0; size < count; ++size) {
      advance(stateLimit);
      if (states.empty())
        return false;
    }
    size_t from = order.size();
    for (size_t step = states.front().lastStep; step != none; step = steps[step].before)
      order.push_back(steps[step].launch);
    std::reverse(order.begin() + std::ptrdiff_t(from), order.end());
    return true;
  }

  int64_t live() const { return states.front().live; }
  int64_t peak() const { return states.front().peak; }
  bool exact = true; ///< No state was dropped for want of room.

private:
  struct State {
    Set done;
    int64_t live, peak;
    size_t lastStep; ///< In `steps`.
  };
  struct Step {
    size_t launch, before;
  };

  bool isReady(const Set &done, size_t i) const {
    return !contains(done, i) &&
           std::all_of(graph.before[begin + i].begin(), graph.before[begin + i].end(),
                       [&](size_t other) { return other < begin || contains(done, other - begin); });
  }

  bool isLastReader(const Set &done, size_t i, size_t value) const {
    if (graph.problem.values[value].pinned || graph.readers[value].back() >= begin + count)
      return false;
    const Set &readers = readersHere.at(value);
    for (size_t w = 0; w < done.size(); ++w) {
      uint64_t waiting = readers[w] & ~done[w];
      if (w == i / 64)
        waiting &= ~(uint64_t(1) << (i % 64));
      if (waiting)
        return false;
    }
    return true;
  }

  void advance(size_t stateLimit) {
    std::vector<State> next;
    std::unordered_map<Set, size_t, SetHash> found;
    for (const State &state : states)
      for (size_t i = 0; i < count; ++i) {
        if (!isReady(state.done, i))
          continue;
        Effect effect =
            run(graph, begin + i, state.live, [&](size_t value) { return isLastReader(state.done, i, value); });
        int64_t peak = std::max(state.peak, effect.during);
        if (peak >= limit)
          continue;
        Set done = state.done;
        done[i / 64] |= uint64_t(1) << (i % 64);
        auto [it, isNew] = found.try_emplace(done, next.size());
        if (isNew)
          next.push_back({std::move(done), effect.after, peak, none});
        else if (peak >= next[it->second].peak)
          continue;
        next[it->second].peak = peak;
        next[it->second].lastStep = steps.size();
        steps.push_back({begin + i, state.lastStep});
      }
    // Equal ones stay in order: the launch that the model has first, first.
    std::stable_sort(next.begin(), next.end(), [](const State &a, const State &b) {
      return a.peak != b.peak ? a.peak < b.peak : a.live < b.live;
    });
    if (next.size() > stateLimit) {
      next.erase(next.begin() + std::ptrdiff_t(stateLimit), next.end());
      exact = false;
    }
    states = std::move(next);
  }

  const Graph &graph;
  size_t begin, count;
  int64_t limit;
  std::unordered_map<size_t, Set> readersHere; ///< Of a value, in this stretch.
  std::vector<State> states;
  std::vector<Step> steps;
};

} // namespace

int64_t peakOfOrder(const OrderProblem &problem, const std::vector<size_t> &order) {
  Graph graph(problem);
  std::vector<size_t> left(problem.values.size());
  for (size_t v = 0; v < left.size(); ++v)
    left[v] = graph.readers[v].size();
  int64_t live = graph.bytesAtStart(), peak = 0;
  for (size_t launch : order) {
    for (size_t value : problem.launches[launch].reads)
      --left[value];
    Effect effect =
        run(graph, launch, live, [&](size_t value) { return left[value] == 0 && !problem.values[value].pinned; });
    peak = std::max(peak, effect.during);
    live = effect.after;
  }
  return peak;
}

LaunchOrder orderLaunches(const OrderProblem &problem, size_t stateLimit) {
  LaunchOrder given;
  given.order.resize(problem.launches.size());
  std::iota(given.order.begin(), given.order.end(), 0);
  given.peak = peakOfOrder(problem, given.order);
  Graph graph(problem);
  LaunchOrder better;
  better.optimal = true;
  int64_t live = graph.bytesAtStart();
  size_t begin = 0;
  for (size_t end : stretchEnds(graph)) {
    StretchSearch search(graph, begin, end, live, given.peak);
    bool found = search.search(stateLimit, better.order);
    if (!found) {
      given.optimal = search.exact;
      return given;
    }
    better.optimal &= search.exact;
    better.peak = std::max(better.peak, search.peak());
    live = search.live();
    begin = end;
  }
  return problem.launches.empty() ? given : better;
}

} // namespace glmc::memory
