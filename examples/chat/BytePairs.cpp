//===- BytePairs.cpp - Byte-pair encoding ---------------------------------===//
#include "BytePairs.h"

#include <functional>
#include <queue>
#include <tuple>

namespace chat {

namespace {

constexpr size_t none = SIZE_MAX;

/// A token of the piece, in a list of those that are left.
struct Node {
  uint32_t token;
  size_t previous, next;
  bool gone; ///< joined to the one before
};

/// A pair that could be joined when it was found.
struct Candidate {
  uint32_t rank, joined;
  size_t at;
  bool operator>(const Candidate &other) const { return std::tie(rank, at) > std::tie(other.rank, other.at); }
};

uint64_t keyOf(uint32_t left, uint32_t right) { return uint64_t(left) << 32 | right; }

} // namespace

void BytePairs::add(uint32_t left, uint32_t right, uint32_t joined) {
  pairs[keyOf(left, right)] = {nextRank++, joined};
}

const BytePairs::Pair *BytePairs::find(uint32_t left, uint32_t right) const {
  auto found = pairs.find(keyOf(left, right));
  return found == pairs.end() ? nullptr : &found->second;
}

void BytePairs::join(std::vector<uint32_t> &tokens) const {
  std::vector<Node> nodes(tokens.size());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  auto consider = [&](size_t at) {
    if (at == none || nodes[at].next == none)
      return;
    if (const Pair *pair = find(nodes[at].token, nodes[nodes[at].next].token))
      candidates.push({pair->rank, pair->joined, at});
  };
  for (size_t i = 0; i < tokens.size(); ++i)
    nodes[i] = {tokens[i], i == 0 ? none : i - 1, i + 1 == tokens.size() ? none : i + 1, false};
  for (size_t i = 0; i < tokens.size(); ++i)
    consider(i);

  while (!candidates.empty()) {
    Candidate candidate = candidates.top();
    candidates.pop();
    Node &node = nodes[candidate.at];
    if (node.gone || node.next == none)
      continue;
    // Neighbours may have changed since; what counts is what would come out.
    Node &right = nodes[node.next];
    const Pair *pair = find(node.token, right.token);
    if (!pair || pair->joined != candidate.joined)
      continue;
    node.token = candidate.joined;
    right.gone = true;
    node.next = right.next;
    if (node.next != none)
      nodes[node.next].previous = candidate.at;
    consider(node.previous);
    consider(candidate.at);
  }

  tokens.clear();
  for (const Node &node : nodes)
    if (!node.gone)
      tokens.push_back(node.token);
}

} // namespace chat
