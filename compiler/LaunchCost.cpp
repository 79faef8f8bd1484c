//===- LaunchCost.cpp - What a launch moves and computes ----------------------===//
#include "compiler/LaunchCost.h"

#include <algorithm>
#include <map>
#include <set>

namespace glmc {
namespace {

using kernels::Kernel;
using kernels::Node;
using kernels::TensorType;

/// Ops that only name or move values.
const std::set<std::string> moving = {"constant", "weight", "reshape", "transpose", "slice",      "concat", "expand",
                                      "tile",     "gather", "cast",    "gather_nd", "scatter_nd", "shape"};
/// Ops that read of their first operand no more than they give.
const std::set<std::string> taking = {"slice", "gather", "gather_nd"};

int64_t integer(const Node &node, const char *name) {
  auto found = node.attributes.find(name);
  const int64_t *value = found == node.attributes.end() ? nullptr : std::get_if<int64_t>(&found->second);
  return value ? *value : 0;
}

/// Pairs of query and key, of all heads.
int64_t attendedPairs(const Node &node, int64_t batch, int64_t queries, int64_t keys) {
  int64_t pairs = queries * keys;
  if (integer(node, "causal")) {
    pairs = 0;
    for (int64_t s = 0; s < queries; ++s)
      pairs += std::clamp<int64_t>(s + keys - queries + 1, 0, keys);
  }
  return batch * integer(node, "heads") * pairs;
}

int64_t attentionOperations(const Kernel &kernel, const Node &node) {
  const TensorType &q = kernel.typeOf(node.operands[0]), &k = kernel.typeOf(node.operands[1]);
  const int64_t heads = integer(node, "heads");
  if (q.shape.size() != 3 || k.shape.size() < 3 || node.type.shape.size() != 3 || heads < 1)
    return 0;
  const int64_t keys = k.shape[k.shape.size() == 4 ? 2 : 1];
  const int64_t features = (q.shape[2] + node.type.shape[2]) / heads;
  return 2 * features * attendedPairs(node, q.shape[0], q.shape[1], keys);
}

int64_t operationsOf(const Kernel &kernel, const Node &node) {
  if (moving.count(node.op))
    return 0;
  if (node.op == "matmul") {
    const TensorType &lhs = kernel.typeOf(node.operands[0]);
    return lhs.shape.empty() ? 0 : 2 * node.type.elements() * lhs.shape.back();
  }
  if (node.op == "conv") {
    const TensorType &weights = kernel.typeOf(node.operands[1]);
    return weights.shape.empty() ? 0 : 2 * node.type.elements() * weights.shape.back();
  }
  if (node.op == "pool") {
    auto window = node.attributes.find("kernel");
    int64_t taps = 1;
    if (window != node.attributes.end())
      for (int64_t size : std::get<std::vector<int64_t>>(window->second))
        taps *= size;
    return node.type.elements() * taps;
  }
  if (node.op == "attention")
    return attentionOperations(kernel, node);
  int64_t elements = node.type.elements();
  for (int operand : node.operands) // More than the result's where it reduces.
    elements = std::max(elements, kernel.typeOf(operand).elements());
  return elements;
}

/// What the region reads of argument `argument`.
int64_t bytesRead(const Kernel &kernel, int argument) {
  const TensorType &type = kernel.arguments[argument];
  int64_t taken = 0;
  for (const Node &node : kernel.nodes)
    for (size_t i = 0; i < node.operands.size(); ++i) {
      if (node.operands[i] != argument)
        continue;
      if (i > 0 || !taking.count(node.op))
        return type.storageBytes();
      taken += node.type.elements() * kernels::byteSize(type.element);
    }
  // What nothing in the region uses is a result as it is.
  return taken > 0 ? std::min(taken, type.storageBytes()) : type.storageBytes();
}

bool same(const Place &a, const Place &b) {
  return a.memory == b.memory && a.index == b.index && a.offset == b.offset && a.bytes == b.bytes;
}

/// Bytes of the update, if result `result` is argument `argument` with some
/// elements replaced where they are; -1 if not.
int64_t updatedBytes(const Kernel &kernel, const Launch &launch, int argument, size_t result) {
  const int node = kernel.results[result] - int(kernel.arguments.size());
  if (node < 0)
    return -1;
  const std::string &op = kernel.nodes[node].op;
  if ((op != "scatter_nd" && op != "cache_write") || kernel.nodes[node].operands[0] != argument ||
      !same(launch.reads[argument], launch.writes[result]))
    return -1;
  const TensorType &updates = kernel.typeOf(kernel.nodes[node].operands[op == "scatter_nd" ? 2 : 1]);
  return updates.elements() * kernels::byteSize(updates.element);
}

} // namespace

LaunchCost costOf(const Program &program, const Step &step) {
  if (const Copy *copy = std::get_if<Copy>(&step))
    return {copy->from.bytes + copy->to.bytes, 0};
  const Launch &launch = std::get<Launch>(step);
  const Kernel &kernel = program.kernels[launch.kernel];
  LaunchCost cost;
  for (size_t a = 0; a < launch.reads.size(); ++a) {
    bool inPlace = false;
    for (size_t r = 0; r < launch.writes.size(); ++r)
      inPlace |= updatedBytes(kernel, launch, int(a), r) >= 0;
    cost.bytes += inPlace ? 0 : bytesRead(kernel, int(a));
  }
  for (size_t r = 0; r < launch.writes.size(); ++r) {
    int64_t bytes = launch.writes[r].bytes;
    for (size_t a = 0; a < launch.reads.size(); ++a)
      if (const int64_t updated = updatedBytes(kernel, launch, int(a), r); updated >= 0)
        bytes = updated;
    cost.bytes += bytes;
  }
  for (const Node &node : kernel.nodes)
    cost.operations += operationsOf(kernel, node);
  return cost;
}

int64_t weightBytesOf(const Program &program, const EntryPoint &entry) {
  std::map<std::pair<int64_t, int64_t>, int64_t> read; // Of each place.
  for (const Step &step : entry.steps)
    if (const Launch *launch = std::get_if<Launch>(&step))
      for (size_t a = 0; a < launch->reads.size(); ++a) {
        const Place &place = launch->reads[a];
        if (place.memory != Memory::weights)
          continue;
        int64_t &bytes = read[{place.offset, place.bytes}];
        bytes = std::max(bytes, std::min(place.bytes, bytesRead(program.kernels[launch->kernel], int(a))));
      }
  int64_t bytes = 0;
  for (const auto &[place, size] : read)
    bytes += size;
  return bytes;
}

} // namespace glmc
