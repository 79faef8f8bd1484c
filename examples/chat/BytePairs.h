//===- BytePairs.h - Byte-pair encoding -----------------------------------===//
//
// Joins neighbouring tokens in the order in which the vocabulary learned its
// pairs: the earliest pair first, of equal ones the leftmost. A heap keeps the
// candidates, so a piece of n tokens takes O(n log n), whatever is in it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_BYTEPAIRS_H
#define GLMC_EXAMPLES_CHAT_BYTEPAIRS_H

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace chat {

class BytePairs {
public:
  /// The next pair in the order of learning. A pair that comes again counts
  /// where it came last.
  void add(uint32_t left, uint32_t right, uint32_t joined);

  /// Joins the tokens of one piece as far as there are pairs.
  void join(std::vector<uint32_t> &tokens) const;

private:
  struct Pair {
    uint32_t rank, joined;
  };
  const Pair *find(uint32_t left, uint32_t right) const;

  std::unordered_map<uint64_t, Pair> pairs;
  uint32_t nextRank = 0;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_BYTEPAIRS_H
