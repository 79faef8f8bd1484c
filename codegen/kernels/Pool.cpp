//===- Pool.cpp - Largest elements, means and sums of windows ---------------===//
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Windows.h"

using namespace Halide;

namespace glmc::kernels {

namespace {

/// How many elements a mean is of: a product of those along each dimension.
Expr countOf(const Node &node, const Shape &space, const Index &at, Type type) {
  const Shape &kernel = integers(node, "kernel"), &strides = integers(node, "strides"),
              &dilations = integers(node, "dilations"), &pads = integers(node, "pads");
  const bool padded = flag(node, "count_include_pad");
  Expr count = 1;
  for (size_t d = 0; d < kernel.size(); ++d) {
    const int64_t outputs = node.type.shape[d + 1], step = dilations[d];
    const int64_t end = space[d] + (padded ? pads[kernel.size() + d] : 0), begin = padded ? -pads[d] : 0;
    const int64_t last = (outputs - 1) * strides[d] - pads[d] + (kernel[d] - 1) * step;
    Expr along = static_cast<int>(kernel[d]);
    if (-pads[d] < begin || last >= end) {
      Expr first = at[d + 1] * static_cast<int>(strides[d]) - static_cast<int>(pads[d]);
      // Taps k with begin <= first + k * step < end.
      Expr low = max((static_cast<int>(begin) - first + static_cast<int>(step) - 1) / static_cast<int>(step), 0);
      Expr high = min((static_cast<int>(end) - first + static_cast<int>(step) - 1) / static_cast<int>(step), along);
      along = max(high - low, 0);
    }
    count = count * along;
  }
  return cast(type, Internal::simplify(count));
}

} // namespace

std::vector<Func> buildPool(Builder &builder) {
  const int value = onlyNode(builder.kernel, "pool");
  const Node &node = builder.kernel.nodes[value - builder.kernel.arguments.size()];
  const std::string kind = text(node, "kind");
  const int x = node.operands.at(0);
  WindowLoops loops(builder, node, value);
  loops.accumulator = computeType(node.type.element);
  const Combiner combiner = combinerOf(kind == "max" ? "max" : "sum", loops.accumulator);
  loops.start = combiner.start;
  loops.width = int64_t(builder.schedule("vector", 1)) * builder.schedule("panels", 1);
  loops.add = [&](const Expr &sum, const Tap &tap) {
    Index index = tap.pixel;
    index.push_back(tap.column);
    return combiner.combine(sum, cast(loops.accumulator, builder.computeAt(x, index)));
  };
  loops.finish = [&](const Expr &sum, const Index &at) {
    return kind == "average" ? math::div(sum, countOf(node, loops.space(), at, loops.accumulator)) : sum;
  };
  return {loops.build()};
}

} // namespace glmc::kernels
