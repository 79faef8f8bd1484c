//===- Movement.cpp - Elements change place, not value ----------------------===//
//
// Each op maps an index of its result to an index of an operand. Indices that
// come from data are wrapped and clamped, so nothing outside is ever read.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Schedules.h"

#include <cmath>
#include <cstring>

using namespace Halide;

namespace glmc::kernels {

namespace {

Expr transposeAt(Builder &builder, const Node &node, const Index &index) {
  const Shape &permutation = integers(node, "permutation");
  Index source(index.size());
  for (size_t i = 0; i < index.size(); ++i)
    source[permutation[i]] = index[i];
  return builder.at(node.operands[0], source);
}

Expr sliceAt(Builder &builder, const Node &node, const Index &index) {
  const Shape &starts = integers(node, "starts"), &steps = integers(node, "steps");
  Index source(index.size());
  for (size_t i = 0; i < index.size(); ++i) {
    source[i] = steps[i] == 1 ? index[i] : index[i] * static_cast<int>(steps[i]);
    if (starts[i])
      source[i] = source[i] + static_cast<int>(starts[i]);
  }
  return builder.at(node.operands[0], source);
}

Expr concatAt(Builder &builder, const Node &node, const Index &index) {
  size_t axis = static_cast<size_t>(integer(node, "axis"));
  Expr position = index[axis], result;
  int64_t low = 0, high = node.type.shape[axis] - 1;
  builder.bounds(position, low, high);
  int64_t end = node.type.shape[axis];
  // From the last part to the first, so that the selects nest in order.
  for (size_t i = node.operands.size(); i-- > 0;) {
    int64_t size = builder.kernel.typeOf(node.operands[i]).shape[axis], begin = end - size;
    end = begin;
    if (size == 0 || high < begin || low >= begin + size)
      continue;
    if (begin > low)
      builder.wishCut(position, begin);
    Index source = index;
    source[axis] = begin ? Internal::simplify(position - static_cast<int>(begin)) : position;
    // A part that is not selected is still read, so stay inside of it.
    if (low < begin || high >= begin + size)
      source[axis] = clamp(source[axis], 0, static_cast<int>(size) - 1);
    Expr part = builder.at(node.operands[i], source);
    result = result.defined() ? select(position < static_cast<int>(begin + size), part, result) : part;
  }
  return result;
}

Expr expandAt(Builder &builder, const Node &node, const Index &index) {
  return builder.at(node.operands[0], broadcastIndex(index, builder.kernel.typeOf(node.operands[0]).shape));
}

Expr reshapeAt(Builder &builder, const Node &node, const Index &index) {
  Index source = unflatten(flatten(index, node.type.shape), builder.kernel.typeOf(node.operands[0]).shape);
  for (Expr &e : source)
    e = Internal::simplify(e);
  return builder.at(node.operands[0], source);
}

Expr tileAt(Builder &builder, const Node &node, const Index &index) {
  const Shape &shape = builder.kernel.typeOf(node.operands[0]).shape;
  Index source(index.size());
  for (size_t i = 0; i < index.size(); ++i)
    source[i] = shape[i] == node.type.shape[i] ? index[i] : index[i] % static_cast<int>(shape[i]);
  return builder.at(node.operands[0], source);
}

/// An index from data: negative counts from the end, then clamped.
Expr wrapIndex(const Expr &raw, int64_t size) {
  Expr extent = Internal::make_const(raw.type(), size), zero = Internal::make_zero(raw.type());
  Expr wrapped = select(raw < zero, raw + extent, raw);
  return cast<int>(clamp(wrapped, zero, extent - Internal::make_one(raw.type())));
}

Expr gatherAt(Builder &builder, const Node &node, const Index &index) {
  size_t axis = static_cast<size_t>(integer(node, "axis"));
  const Shape &shape = builder.kernel.typeOf(node.operands[0]).shape;
  size_t indexRank = builder.kernel.typeOf(node.operands[1]).shape.size();
  Index where(index.begin() + axis, index.begin() + axis + indexRank);
  Index source(index.begin(), index.begin() + axis);
  source.push_back(wrapIndex(builder.at(node.operands[1], where), shape[axis]));
  source.insert(source.end(), index.begin() + axis + indexRank, index.end());
  return builder.at(node.operands[0], source);
}

Expr gatherNdAt(Builder &builder, const Node &node, const Index &index) {
  size_t batch = static_cast<size_t>(integer(node, "batch_dims"));
  const Shape &shape = builder.kernel.typeOf(node.operands[0]).shape;
  const Shape &tuples = builder.kernel.typeOf(node.operands[1]).shape;
  size_t lead = tuples.size() - 1;
  Index source(index.begin(), index.begin() + batch);
  for (int64_t i = 0; i < tuples.back(); ++i) {
    Index where(index.begin(), index.begin() + lead);
    where.push_back(static_cast<int>(i));
    source.push_back(wrapIndex(builder.at(node.operands[1], where), shape[batch + i]));
  }
  source.insert(source.end(), index.begin() + lead, index.end());
  return builder.at(node.operands[0], source);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

template <typename T> T readAs(const Node &node, int64_t i) {
  T value;
  std::memcpy(&value, node.data.data() + i * sizeof(T), sizeof(T));
  return value;
}

Expr constantElement(const Node &node, int64_t i) {
  Type type = expressionType(node.type.element);
  switch (node.type.element) {
  case Element::f32:
    return Internal::make_const(type, readAs<float>(node, i));
  case Element::f64:
    return Internal::make_const(type, readAs<double>(node, i));
  case Element::boolean:
    return node.data[i] ? Internal::const_true() : Internal::const_false();
  case Element::i8:
    return Internal::make_const(type, readAs<int8_t>(node, i));
  case Element::i16:
    return Internal::make_const(type, readAs<int16_t>(node, i));
  case Element::i32:
    return Internal::make_const(type, readAs<int32_t>(node, i));
  case Element::i64:
    return Internal::make_const(type, readAs<int64_t>(node, i));
  case Element::u8:
    return Internal::make_const(type, readAs<uint8_t>(node, i));
  case Element::u16:
  case Element::f16:
  case Element::bf16:
    return Internal::make_const(type, readAs<uint16_t>(node, i));
  case Element::u32:
    return Internal::make_const(type, readAs<uint32_t>(node, i));
  case Element::u64:
    return Internal::make_const(type, readAs<uint64_t>(node, i));
  }
  throw BuildError("unknown element type");
}

/// One value everywhere becomes an immediate, a few become selects; a table
/// has to be an argument.
Expr constantAt(Builder &, const Node &node, const Index &index) {
  const int64_t count = node.type.elements(), bytes = byteSize(node.type.element);
  if (static_cast<int64_t>(node.data.size()) != count * bytes || count == 0)
    throw BuildError("constant has " + std::to_string(node.data.size()) + " bytes, expected " +
                     std::to_string(count * bytes));
  auto same = [&](int64_t i, int64_t j) {
    return std::memcmp(node.data.data() + i * bytes, node.data.data() + j * bytes, bytes) == 0;
  };
  int64_t different = 1;
  for (int64_t i = 1; i < count; ++i)
    different += !same(i, i - 1);
  if (different > 64)
    throw BuildError("constant of " + std::to_string(count) + " elements is too large for code, expected an argument");
  Expr position = flatten(index, node.type.shape);
  Expr result = constantElement(node, count - 1);
  for (int64_t i = count - 1; i-- > 0;)
    if (!same(i, i + 1))
      result = select(position <= static_cast<int>(i), constantElement(node, i), result);
  return result;
}

} // namespace

void addMovementOps(OpTable &table) {
  table["transpose"] = transposeAt;
  table["slice"] = sliceAt;
  table["concat"] = concatAt;
  table["expand"] = expandAt;
  table["reshape"] = reshapeAt;
  table["tile"] = tileAt;
  table["gather"] = gatherAt;
  table["gather_nd"] = gatherNdAt;
  table["constant"] = constantAt;
}

//===----------------------------------------------------------------------===//
// scatter_nd
//===----------------------------------------------------------------------===//

namespace {
/// Stores the updates over one segment of the slice dimensions (those after
/// the index tuple), tuple by tuple in order.
void storeUpdates(Builder &builder, Func output, const Node &node, const Segment &slice, int lanes, int number) {
  const Shape &shape = node.type.shape;
  const Shape &tuples = builder.kernel.typeOf(node.operands[1]).shape;
  size_t lead = tuples.size() - 1, tupleSize = static_cast<size_t>(tuples.back());
  Region region;
  for (size_t i = slice.size.size(); i-- > 0;)
    region.push_back({0, static_cast<int>(slice.size[i])});
  region.push_back({0, static_cast<int>(product(tuples, 0, lead))});
  RDom domain(region, "updates" + std::to_string(number));
  Expr tuple = domain[static_cast<int>(slice.size.size())];

  Index where = unflatten(tuple, Shape(tuples.begin(), tuples.begin() + lead));
  Index target;
  Expr inside = Internal::const_true();
  for (size_t i = 0; i < tupleSize; ++i) {
    Index component = where;
    component.push_back(static_cast<int>(i));
    Expr raw = builder.at(node.operands[1], component);
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
  loops.arguments = {target.rbegin(), target.rend()};
  Stage stage = builder.store(output, loops, builder.at(node.operands[2], source), node.type.element);
  if (!slice.size.empty())
    vectorise(stage, loops, slice, lanes, 1);
}
} // namespace

std::vector<Func> buildScatter(Builder &builder) {
  const Kernel &kernel = builder.kernel;
  int value = onlyNode(kernel, "scatter_nd");
  const Node &node = kernel.nodes[value - kernel.arguments.size()];
  if (kernel.results != std::vector<int>{value})
    throw BuildError("family 'scatter' yields its scatter_nd and nothing else");
  const Shape &shape = node.type.shape;
  const Shape &tuples = kernel.typeOf(node.operands[1]).shape;
  if (tuples.empty() || tuples.back() > static_cast<int64_t>(shape.size()) || tuples.back() < 1)
    throw BuildError("index tuples of scatter_nd do not fit its operand");
  int lanes = builder.schedule("vector", 1);

  std::vector<int> dims;
  for (size_t i = 0; i < shape.size(); ++i)
    dims.push_back(static_cast<int>(i));
  Func output = builder.makeOutput("result0", node.type, dims);
  int number = 0;
  // When x is the result's own memory this copies every element onto itself.
  for (const Segment &segment : makeSegments(shape, {}, lanes)) {
    Loops loops = builder.makeLoops("copy" + std::to_string(number++), shape, dims, segment);
    vectorise(builder.store(output, loops, builder.at(node.operands[0], loops.index), node.type.element), loops, segment,
              lanes, 1);
  }
  Shape slice(shape.begin() + tuples.back(), shape.end());
  if (product(tuples, 0, tuples.size() - 1) > 0)
    for (const Segment &segment : makeSegments(slice, {}, lanes))
      storeUpdates(builder, output, node, segment, lanes, number++);
  return {output};
}

} // namespace glmc::kernels
