//===- SharedLists.h - Measurements that a child leaves for its parent ---------===//
#ifndef GLMC_COMPILER_SHAREDLISTS_H
#define GLMC_COMPILER_SHAREDLISTS_H

#include <cstddef>
#include <vector>

namespace glmc {

/// Of many measurements, sorted.
class Distribution {
public:
  Distribution() = default;
  explicit Distribution(std::vector<double> measured);
  /// The least of them that no less than `percent` of them are within.
  double percentile(double percent) const;
  double median() const { return percentile(50); }
  double best() const { return percentile(100); } ///< The largest.
  const std::vector<double> &values() const { return sorted; } ///< Sorted.

private:
  std::vector<double> sorted;
};

/// Lists of numbers of a fixed capacity, in memory that a process shares with those
/// that it forks. What is more than the capacity is not kept.
class SharedLists {
public:
  SharedLists(size_t lists, size_t capacity);
  SharedLists(const SharedLists &) = delete;
  SharedLists &operator=(const SharedLists &) = delete;
  ~SharedLists();

  bool isMapped() const { return data; }
  void add(size_t list, double value);
  Distribution take(size_t list) const;

private:
  size_t capacity, size;
  double *data;
};

} // namespace glmc

#endif // GLMC_COMPILER_SHAREDLISTS_H
