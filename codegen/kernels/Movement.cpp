//===- Movement.cpp - Elements change place, not value ----------------------===//
//
// Each op maps an index of its result to an index of an operand. Indices that
// come from data are wrapped and clamped, so nothing outside is ever read.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"

#include <cmath>
#include <cstring>

using namespace Halide;

namespace glmc::kernels {

Expr wrapIndex(const Expr &raw, int64_t size) {
  Expr extent = Internal::make_const(raw.type(), size), zero = Internal::make_zero(raw.type());
  Expr wrapped = select(raw < zero, raw + extent, raw);
  return cast<int>(clamp(wrapped, zero, extent - Internal::make_one(raw.type())));
}

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

/// Dimensions are taken in groups that hold the same elements on both sides, so
/// that an index of a dimension that stays is not divided and multiplied again.
Expr reshapeAt(Builder &builder, const Node &node, const Index &index) {
  const Shape &from = node.type.shape, &to = builder.kernel.typeOf(node.operands[0]).shape;
  Index source(to.size());
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    size_t beginFrom = i, beginTo = j;
    int64_t left = i < from.size() ? from[i++] : 1, right = j < to.size() ? to[j++] : 1;
    while (left != right) {
      if (left < right && i < from.size())
        left *= from[i++];
      else if (j < to.size())
        right *= to[j++];
      else
        break;
    }
    Expr flat = flatten(Index(index.begin() + beginFrom, index.begin() + i), Shape(from.begin() + beginFrom, from.begin() + i));
    Index group = unflatten(flat, Shape(to.begin() + beginTo, to.begin() + j));
    for (size_t k = 0; k < group.size(); ++k)
      source[beginTo + k] = Internal::simplify(group[k]);
  }
  return builder.at(node.operands[0], source);
}

Expr tileAt(Builder &builder, const Node &node, const Index &index) {
  const Shape &shape = builder.kernel.typeOf(node.operands[0]).shape;
  Index source(index.size());
  for (size_t i = 0; i < index.size(); ++i)
    source[i] = shape[i] == node.type.shape[i] ? index[i] : index[i] % static_cast<int>(shape[i]);
  return builder.at(node.operands[0], source);
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
  case Element::i4:
    return Internal::make_const(type, readAs<int8_t>(node, i));
  case Element::i16:
    return Internal::make_const(type, readAs<int16_t>(node, i));
  case Element::i32:
    return Internal::make_const(type, readAs<int32_t>(node, i));
  case Element::i64:
    return Internal::make_const(type, readAs<int64_t>(node, i));
  case Element::u8:
  case Element::u4:
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

} // namespace glmc::kernels
