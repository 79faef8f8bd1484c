//===- Scatter.cpp - Updates of slices named at run time --------------------===//
//
// Each result: a copy of x, if it has other memory, then the updates, tuple by
// tuple in order. A result may be transposed after its scatter_nd; what is
// stored is the transposed one, so the transposes only say where an element
// goes.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"

using namespace Halide;

namespace glmc::kernels {

namespace {

class ScatterBuilder {
public:
  /// Finds the scatter_nd behind result `number` of the kernel.
  ScatterBuilder(Builder &builder, size_t number);
  Func build();

private:
  const Node &nodeOf(int value) const { return builder.kernel.nodes[value - builder.kernel.arguments.size()]; }
  void storeUpdates(const Segment &slice, int stage);
  std::string name(const char *role, int stage) const {
    return role + std::to_string(number) + "_" + std::to_string(stage);
  }

  Builder &builder;
  const size_t number;
  const TensorType &type; ///< Of the result.
  std::vector<size_t> order; ///< Dimension i of the result is order[i] of the scatter_nd.
  const Node *node = nullptr;
  Func output;
  int lanes;
};

ScatterBuilder::ScatterBuilder(Builder &builder, size_t number)
    : builder(builder), number(number), type(builder.kernel.typeOf(builder.kernel.results[number])),
      lanes(builder.schedule("vector", 1)) {
  for (size_t i = 0; i < type.shape.size(); ++i)
    order.push_back(i);
  int value = builder.kernel.results[number];
  const int arguments = static_cast<int>(builder.kernel.arguments.size());
  while (value >= arguments && nodeOf(value).op == "transpose") {
    for (size_t &dimension : order)
      dimension = static_cast<size_t>(integers(nodeOf(value), "permutation")[dimension]);
    value = nodeOf(value).operands[0];
  }
  if (value < arguments || nodeOf(value).op != "scatter_nd")
    throw BuildError("family 'scatter' yields scatter_nd, transposed or not, and nothing else");
  node = &nodeOf(value);
  const Shape &tuples = builder.kernel.typeOf(node->operands[1]).shape;
  if (tuples.empty() || tuples.back() > static_cast<int64_t>(type.shape.size()) || tuples.back() < 1)
    throw BuildError("index tuples of scatter_nd do not fit its operand");
}

/// Stores the updates over one segment of the slice dimensions (those after the
/// index tuple), tuple by tuple in order.
void ScatterBuilder::storeUpdates(const Segment &slice, int stage) {
  const Shape &shape = node->type.shape;
  const Shape &tuples = builder.kernel.typeOf(node->operands[1]).shape;
  size_t lead = tuples.size() - 1, tupleSize = static_cast<size_t>(tuples.back());
  Region region;
  for (size_t i = slice.size.size(); i-- > 0;)
    region.push_back({0, static_cast<int>(slice.size[i])});
  region.push_back({0, static_cast<int>(product(tuples, 0, lead))});
  RDom domain(region, name("updates", stage));
  Expr tuple = domain[static_cast<int>(slice.size.size())];

  Index where = unflatten(tuple, Shape(tuples.begin(), tuples.begin() + lead));
  Index target;
  Expr inside = Internal::const_true();
  for (size_t i = 0; i < tupleSize; ++i) {
    Index component = where;
    component.push_back(static_cast<int>(i));
    Expr raw = builder.at(node->operands[1], component);
    Expr size = Internal::make_const(raw.type(), shape[i]), zero = Internal::make_zero(raw.type());
    Expr wrapped = select(raw < zero, raw + size, raw);
    inside = inside && wrapped >= zero && wrapped < size;
    target.push_back(wrapIndex(raw, shape[i]));
  }
  Index source = where;
  Loops loops;
  for (size_t i = 0; i < slice.size.size(); ++i) {
    RVar variable = domain[static_cast<int>(slice.size.size() - 1 - i)];
    loops.variables.insert(loops.variables.begin(), variable);
    Expr position = slice.begin[i] ? variable + static_cast<int>(slice.begin[i]) : Expr(variable);
    target.push_back(position);
    source.push_back(position);
  }
  domain.where(inside);
  for (size_t i = order.size(); i-- > 0;)
    loops.arguments.push_back(target[order[i]]);
  Stage update = builder.store(output, loops, builder.at(node->operands[2], source), type.element);
  builder.forget();
  if (!slice.size.empty())
    vectorise(update, loops, slice, lanes, 1);
}

Func ScatterBuilder::build() {
  std::vector<int> dims;
  for (size_t i = 0; i < type.shape.size(); ++i)
    dims.push_back(static_cast<int>(i));
  output = builder.makeOutput("result" + std::to_string(number), type, dims);
  int stage = 0;
  // Nothing where x is the result's own memory, which the kernel finds out when
  // it runs.
  for (const Segment &segment : makeSegments(type.shape, {}, lanes)) {
    Loops loops = builder.makeLoops(name("copy", stage++), type.shape, dims, segment);
    Index source(order.size());
    for (size_t i = 0; i < order.size(); ++i)
      source[order[i]] = loops.index[i];
    for (auto [argument, result] : builder.kernel.inPlace)
      if (result == static_cast<int>(number))
        loops.domain.where(haveOwnMemory(builder.parameters[argument].name(), output.name()));
    Stage copy = builder.store(output, loops, builder.at(node->operands[0], source), type.element);
    builder.forget();
    vectorise(copy, loops, segment, lanes, 1);
  }
  const Shape &tuples = builder.kernel.typeOf(node->operands[1]).shape;
  Shape slice(node->type.shape.begin() + tuples.back(), node->type.shape.end());
  if (product(tuples, 0, tuples.size() - 1) > 0)
    for (const Segment &segment : makeSegments(slice, {}, lanes))
      storeUpdates(segment, stage++);
  return output;
}

} // namespace

std::vector<Func> buildScatter(Builder &builder) {
  std::vector<Func> outputs;
  for (size_t i = 0; i < builder.kernel.results.size(); ++i)
    outputs.push_back(ScatterBuilder(builder, i).build());
  return outputs;
}

} // namespace glmc::kernels
