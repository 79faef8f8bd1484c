//===- SharedLists.cpp - Measurements that a child leaves for its parent -------===//
#include "compiler/SharedLists.h"

#include <algorithm>
#include <cmath>
#include <sys/mman.h>

namespace glmc {

Distribution::Distribution(std::vector<double> measured) : sorted(std::move(measured)) {
  std::sort(sorted.begin(), sorted.end());
}

double Distribution::percentile(double percent) const {
  if (sorted.empty())
    return 0;
  const double rank = std::ceil(percent / 100 * double(sorted.size()));
  return sorted[size_t(std::clamp(rank, 1.0, double(sorted.size()))) - 1];
}

SharedLists::SharedLists(size_t lists, size_t capacity)
    : capacity(capacity), size(lists * (capacity + 1) * sizeof(double)) {
  void *address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  data = address == MAP_FAILED ? nullptr : static_cast<double *>(address);
}

SharedLists::~SharedLists() {
  if (data)
    ::munmap(data, size);
}

void SharedLists::add(size_t list, double value) {
  double *of = data + list * (capacity + 1);
  if (of[0] < double(capacity))
    of[1 + size_t(of[0]++)] = value;
}

Distribution SharedLists::take(size_t list) const {
  const double *of = data + list * (capacity + 1);
  return Distribution(std::vector<double>(of + 1, of + 1 + size_t(of[0])));
}

} // namespace glmc
