//===- BuildPipeline.cpp - A kernel description as a Halide pipeline --------===//
#include "codegen/kernels/BuildPipeline.h"
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/LowerBuffers.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>
#include <limits>

namespace glmc::kernels {

namespace {

/// Refuses descriptions that would make Halide or us step outside of an array.
void checkType(const TensorType &type, const std::string &what) {
  int64_t elements = 1;
  for (int64_t size : type.shape) {
    if (size < 0)
      throw BuildError(what + " has a negative dimension");
    if (size && elements > std::numeric_limits<int32_t>::max() / size)
      throw BuildError(what + " has more than 2^31 elements");
    elements *= size;
  }
  if (type.layout.kind == Layout::plain)
    return;
  if (type.shape.size() != 2 || type.layout.dim < 0 || type.layout.dim > 1 || type.layout.width < 1 ||
      type.layout.width > 4096 || type.layout.step < 1 || type.layout.step > 64)
    throw BuildError(what + " has panels, but is no matrix with panels of 1 to 4096 columns and steps of 1 to 64");
  if ((type.element == Element::i4 || type.element == Element::u4) && type.layout.step % 2)
    throw BuildError(what + " has panels of elements of 4 bits with an odd step");
  if (type.storageBytes() / byteSize(type.element) > std::numeric_limits<int32_t>::max())
    throw BuildError(what + " has more than 2^31 elements");
}

void check(const Kernel &kernel) {
  const size_t arguments = kernel.arguments.size();
  for (size_t i = 0; i < arguments; ++i)
    checkType(kernel.arguments[i], "argument " + std::to_string(i));
  for (size_t i = 0; i < kernel.nodes.size(); ++i) {
    const Node &node = kernel.nodes[i];
    checkType(node.type, "node " + std::to_string(i));
    if (node.type.layout.kind != Layout::plain)
      throw BuildError("node " + std::to_string(i) + " has panels, which only arguments may");
    for (int operand : node.operands)
      if (operand < 0 || operand >= static_cast<int>(arguments + i))
        throw BuildError("node " + std::to_string(i) + " uses a value that does not come before it");
  }
  if (kernel.results.empty())
    throw BuildError("the kernel has no result");
  for (int result : kernel.results)
    if (result < 0 || result >= static_cast<int>(arguments + kernel.nodes.size()))
      throw BuildError("a result is no value of the kernel");
}

/// Values that `value` is computed from, arguments included, but nothing that
/// only values in `stored` are computed from: those are read back.
void collect(const Kernel &kernel, int value, const std::set<int> &stored, std::set<int> &seen) {
  if (!seen.insert(value).second || value < static_cast<int>(kernel.arguments.size()))
    return;
  for (int operand : kernel.nodes[value - kernel.arguments.size()].operands)
    if (!stored.count(operand) || operand < static_cast<int>(kernel.arguments.size()))
      collect(kernel, operand, stored, seen);
}

/// An argument that shares memory with a result must not be read for another
/// result, whose loops may run after the first has been stored.
void checkInPlace(const Kernel &kernel) {
  for (auto [argument, result] : kernel.inPlace) {
    if (argument < 0 || argument >= static_cast<int>(kernel.arguments.size()) || result < 0 ||
        result >= static_cast<int>(kernel.results.size()))
      throw BuildError("an in-place pair names no argument or no result");
    for (size_t other = 0; other < kernel.results.size(); ++other) {
      // Family norm makes a result from those before it.
      std::set<int> stored, uses;
      if (kernel.family == "norm")
        stored.insert(kernel.results.begin(), kernel.results.begin() + other);
      collect(kernel, kernel.results[other], stored, uses);
      if (static_cast<int>(other) != result && uses.count(argument))
        throw BuildError("argument " + std::to_string(argument) + " is in place with result " +
                         std::to_string(result) + " but read for another one too");
    }
  }
}

const std::map<std::string, std::set<std::string>> &families() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"elementwise", {"vector", "unroll"}},
      {"conv", {"vector", "panels", "rows", "edges", "dots", "parallel"}},
      {"pool", {"vector", "panels", "rows", "edges", "parallel"}},
      {"matmul",
       {"vector", "rows", "tail_rows", "tail_tiles", "row_block", "panels", "column_block", "unroll_k", "stage_lhs",
        "dots", "parallel", "stack"}},
      {"reduce", {"vector"}},
      {"softmax", {"vector", "stack"}},
      {"norm", {"vector", "parallel"}},
      {"attention", {"vector", "rows", "parallel", "stack"}},
      {"scatter", {"vector"}},
      {"cache_write", {"vector"}}};
  return table;
}

bool isPointwise(const std::string &op) {
  static const std::set<std::string> ops = [] {
    OpTable table;
    addElementwiseOps(table);
    std::set<std::string> names = {"constant", "expand"};
    for (auto &entry : table)
      names.insert(entry.first);
    return names;
  }();
  return ops.count(op) != 0;
}

/// A kernel of pointwise ops needs no more dimensions than broadcasting tells
/// apart: neighbours that every value has both or neither of become one, so
/// that loops are long and vectors full.
Kernel mergeDimensions(const Kernel &kernel) {
  const Shape &shape = kernel.typeOf(kernel.results[0]).shape;
  for (const Node &node : kernel.nodes)
    if (!isPointwise(node.op))
      return kernel;
  for (int result : kernel.results)
    if (kernel.typeOf(result).shape != shape)
      return kernel;
  const int values = static_cast<int>(kernel.arguments.size() + kernel.nodes.size());
  auto sizeOf = [&](int value, size_t dim) -> int64_t {
    const Shape &s = kernel.typeOf(value).shape;
    size_t missing = shape.size() - s.size();
    return dim < missing ? 1 : s[dim - missing];
  };
  for (int value = 0; value < values; ++value)
    if (kernel.typeOf(value).shape.size() > shape.size() || kernel.typeOf(value).layout.kind != Layout::plain)
      return kernel;
  std::vector<std::vector<size_t>> groups;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (shape[dim] == 1)
      continue;
    bool merge = !groups.empty();
    for (int value = 0; merge && value < values; ++value)
      merge = (sizeOf(value, dim) == 1) == (sizeOf(value, groups.back().back()) == 1);
    if (merge)
      groups.back().push_back(dim);
    else
      groups.push_back({dim});
  }
  Kernel merged = kernel;
  auto rewrite = [&](int value, TensorType &type) {
    Shape result;
    for (const auto &group : groups) {
      int64_t size = 1;
      for (size_t dim : group)
        size *= sizeOf(value, dim);
      result.push_back(size);
    }
    type.shape = result;
  };
  for (int value = 0; value < values; ++value)
    rewrite(value, value < static_cast<int>(kernel.arguments.size())
                       ? merged.arguments[value]
                       : merged.nodes[value - kernel.arguments.size()].type);
  return merged;
}

} // namespace

BuiltPipeline buildPipeline(const Kernel &kernel) {
  check(kernel);
  checkInPlace(kernel);
  auto family = families().find(kernel.family);
  if (family == families().end())
    throw BuildError("there is no family '" + kernel.family + "'");
  for (const auto &parameter : kernel.schedule)
    if (!family->second.count(parameter.first))
      throw BuildError("family '" + kernel.family + "' has no schedule parameter '" + parameter.first + "'");

  const Kernel adjusted = kernel.family == "elementwise" ? mergeDimensions(kernel) : kernel;
  Builder builder(adjusted);
  std::vector<Func> outputs;
  if (kernel.family == "elementwise")
    outputs = buildElementwise(builder);
  else if (kernel.family == "matmul")
    outputs = buildMatmul(builder);
  else if (kernel.family == "conv")
    outputs = buildConv(builder);
  else if (kernel.family == "pool")
    outputs = buildPool(builder);
  else if (kernel.family == "reduce")
    outputs = buildReduce(builder);
  else if (kernel.family == "softmax")
    outputs = buildSoftmax(builder);
  else if (kernel.family == "norm")
    outputs = buildNorm(builder);
  else if (kernel.family == "attention")
    outputs = buildAttention(builder);
  else if (kernel.family == "scatter")
    outputs = buildScatter(builder);
  else
    outputs = buildCacheWrite(builder);
  if (outputs.size() != kernel.results.size() + kernel.scratch.size())
    throw BuildError("family '" + kernel.family + "' made " + std::to_string(outputs.size()) +
                     " outputs, the kernel has " + std::to_string(kernel.results.size() + kernel.scratch.size()));
  BuiltPipeline built = {Halide::Pipeline(outputs), builder.parameters};
  lowerBuffers(built.pipeline, outputs, builder.lowering);
  return built;
}

} // namespace glmc::kernels
