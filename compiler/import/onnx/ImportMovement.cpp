//===- ImportMovement.cpp - Views, permutations, joins and repeats ----------===//
//
// Axes and sizes were attributes in old opsets and are inputs in new ones;
// `axesFrom` reads both.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Integers from an attribute before opset `since` and from input i afterwards;
/// nothing inside if they are left out.
FailureOr<std::optional<SmallVector<int64_t>>> intsFrom(OnnxNode &node, StringRef name, unsigned i, int since) {
  if (node.opset < since)
    return node.intsAttribute(name);
  if (!node.input(i))
    return std::optional<SmallVector<int64_t>>();
  FailureOr<SmallVector<int64_t>> values = node.constantInts(i, name);
  if (failed(values))
    return failure();
  return std::optional<SmallVector<int64_t>>(std::move(*values));
}

/// The sizes that Reshape asks for: 0 copies a dimension and -1 takes what is left.
FailureOr<SmallVector<int64_t>> reshapedShape(OnnxNode &node, ArrayRef<int64_t> from, ArrayRef<int64_t> wanted) {
  bool allowZero = node.intAttribute("allowzero", 0) != 0;
  SmallVector<int64_t> shape(wanted);
  std::optional<size_t> open;
  int64_t known = 1;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (size == 0 && !allowZero) {
      if (i >= from.size())
        return node.error() << "'shape' copies dimension " << i << ", expected one of the input's " << from.size();
      size = from[i];
    }
    if (size == -1 && !open)
      open = i;
    else if (size < 0)
      return node.error() << "'shape' has " << size << " at dimension " << i << ", expected a size or one -1";
    else if (llvm::MulOverflow(known, size, known))
      return node.error() << "'shape' asks for more than 2^63 elements";
  }
  int64_t elements = ShapedType::getNumElements(from);
  if (open && known != 0 && elements % known == 0)
    shape[*open] = elements / known;
  else if (open || known != elements)
    return node.error() << "'shape' is " << shapeText(wanted) << ", which does not hold the "
                        << elements << " elements of the input";
  return shape;
}

LogicalResult importReshape(OnnxNode &node) {
  FailureOr<SmallVector<int64_t>> wanted = node.constantInts(1, "shape");
  if (failed(wanted))
    return failure();
  FailureOr<SmallVector<int64_t>> shape = reshapedShape(node, shapeOf(node.input(0)), *wanted);
  return failed(shape) ? failure() : node.setOutput(node.reshape(node.input(0), *shape));
}

LogicalResult importFlatten(OnnxNode &node) {
  ArrayRef<int64_t> shape = shapeOf(node.input(0));
  int64_t rank = shape.size(), axis = node.intAttribute("axis", 1);
  if (axis < -rank || axis > rank)
    return node.error() << "'axis' is " << axis << ", expected -" << rank << " to " << rank;
  axis += axis < 0 ? rank : 0;
  int64_t rows = ShapedType::getNumElements(shape.take_front(axis));
  int64_t columns = ShapedType::getNumElements(shape.drop_front(axis));
  return node.setOutput(node.reshape(node.input(0), {rows, columns}));
}

LogicalResult importSqueeze(OnnxNode &node) {
  ArrayRef<int64_t> shape = shapeOf(node.input(0));
  auto axes = intsFrom(node, "axes", 1, 13);
  if (failed(axes))
    return failure();
  FailureOr<SmallVector<int64_t>> dropped = SmallVector<int64_t>();
  if (*axes)
    dropped = node.axesOf(**axes, shape.size());
  if (failed(dropped))
    return failure();
  SmallVector<int64_t> kept;
  for (auto [i, size] : llvm::enumerate(shape)) {
    bool drop = *axes ? llvm::is_contained(*dropped, int64_t(i)) : size == 1;
    if (drop && size != 1)
      return node.error() << "'axes' has dimension " << i << " of size " << size << ", expected size 1";
    if (!drop)
      kept.push_back(size);
  }
  return node.setOutput(node.reshape(node.input(0), kept));
}

LogicalResult importUnsqueeze(OnnxNode &node) {
  ArrayRef<int64_t> shape = shapeOf(node.input(0));
  auto given = intsFrom(node, "axes", 1, 13);
  if (failed(given))
    return failure();
  if (!*given)
    return node.error() << "'axes' is left out";
  FailureOr<SmallVector<int64_t>> axes = node.axesOf(**given, shape.size() + (*given)->size());
  if (failed(axes))
    return failure();
  SmallVector<int64_t> result(shape);
  for (int64_t axis : *axes)
    result.insert(result.begin() + axis, 1);
  return node.setOutput(node.reshape(node.input(0), result));
}

LogicalResult importTranspose(OnnxNode &node) {
  int64_t rank = shapeOf(node.input(0)).size();
  SmallVector<int64_t> reversed;
  for (int64_t i = rank; i-- > 0;)
    reversed.push_back(i);
  glm::TransposeOp::Properties properties;
  properties.permutation = node.integers(node.intsAttribute("perm").value_or(reversed));
  return node.setOutput(node.make<glm::TransposeOp>(node.input(0), properties));
}

LogicalResult importConcat(OnnxNode &node) {
  for (auto [i, input] : llvm::enumerate(node.allInputs()))
    if (!input)
      return node.error() << "input " << i << " is left out, expected all of " << node.inputCount();
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 1), shapeOf(node.input(0)).size());
  if (failed(axis))
    return failure();
  glm::ConcatOp::Properties properties;
  properties.axis = node.integer(*axis);
  return node.setOutput(node.make<glm::ConcatOp>(node.allInputs(), properties));
}

LogicalResult importExpand(OnnxNode &node) {
  FailureOr<SmallVector<int64_t>> wanted = node.constantInts(1, "shape");
  if (failed(wanted))
    return failure();
  ArrayRef<int64_t> from = shapeOf(node.input(0));
  for (int64_t size : *wanted)
    if (size < 0)
      return node.error() << "'shape' has a size of " << size;
  auto shape = glm::broadcastShapes({from, *wanted});
  if (!shape)
    return node.error() << "'shape' is " << shapeText(*wanted) << ", to which the input's shape " << shapeText(from)
                        << " does not broadcast";
  RankedTensorType result = node.type(node.elementOf(node.input(0)), *shape);
  return node.setOutput(result ? node.make<glm::ExpandOp>(node.input(0), {}, result) : Value());
}

LogicalResult importTile(OnnxNode &node) {
  FailureOr<SmallVector<int64_t>> repeats = node.constantInts(1, "repeats");
  if (failed(repeats))
    return failure();
  glm::TileOp::Properties properties;
  properties.repeats = node.integers(*repeats);
  return node.setOutput(node.make<glm::TileOp>(node.input(0), properties));
}

/// How Slice reads one dimension.
struct Range {
  int64_t start = 0, size = 0, step = 1;
};

/// ONNX's clamping: negative bounds count from the end, and what is outside is
/// cut off. 128 bits hold every sum of what a model can say.
Range clampRange(int64_t start, int64_t end, int64_t step, int64_t size) {
  auto clamp = [&](__int128 bound, int64_t low, int64_t high) {
    bound += bound < 0 ? size : 0;
    return int64_t(bound < low ? low : bound > high ? high : bound);
  };
  int64_t first = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  int64_t last = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  __int128 distance = step > 0 ? __int128(last) - first : __int128(first) - last;
  __int128 stride = step > 0 ? __int128(step) : -__int128(step);
  if (distance <= 0 || size == 0)
    return {};
  int64_t count = (distance + stride - 1) / stride;
  // One element needs no step; a huge one would only overflow later.
  return {first, count, count == 1 ? 1 : step};
}

Value sliceRanges(OnnxNode &node, Value x, ArrayRef<Range> ranges) {
  SmallVector<int64_t> starts, steps, sizes;
  for (const Range &range : ranges) {
    starts.push_back(range.start);
    steps.push_back(range.step);
    sizes.push_back(range.size);
  }
  RankedTensorType result = node.type(node.elementOf(x), sizes);
  glm::SliceOp::Properties properties;
  properties.starts = node.integers(starts);
  properties.steps = node.integers(steps);
  return result ? node.make<glm::SliceOp>(x, properties, result) : Value();
}

SmallVector<Range> wholeRanges(ArrayRef<int64_t> shape) {
  SmallVector<Range> ranges;
  for (int64_t size : shape)
    ranges.push_back({0, size, 1});
  return ranges;
}

LogicalResult importSlice(OnnxNode &node) {
  ArrayRef<int64_t> shape = shapeOf(node.input(0));
  auto starts = intsFrom(node, "starts", 1, 10), ends = intsFrom(node, "ends", 2, 10);
  auto axes = intsFrom(node, "axes", 3, 10), steps = intsFrom(node, "steps", 4, 10);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (!*starts || !*ends)
    return node.error() << "'" << (*starts ? "ends" : "starts") << "' is left out";
  size_t count = (*starts)->size();
  SmallVector<int64_t> ones(count, 1), all;
  for (size_t i = 0; i < count; ++i)
    all.push_back(i);
  SmallVector<int64_t> axis = axes->value_or(all), step = steps->value_or(ones);
  if ((*ends)->size() != count || axis.size() != count || step.size() != count)
    return node.error() << "'starts' has " << count << " values, 'ends' " << (*ends)->size() << ", 'axes' "
                        << axis.size() << " and 'steps' " << step.size() << ", expected equally many";
  if (failed(node.axesOf(axis, shape.size())))
    return failure();
  SmallVector<Range> ranges = wholeRanges(shape);
  for (size_t i = 0; i < count; ++i) {
    if (step[i] == 0)
      return node.error() << "'steps' has a 0";
    int64_t dim = axis[i] < 0 ? axis[i] + shape.size() : axis[i];
    ranges[dim] = clampRange((**starts)[i], (**ends)[i], step[i], shape[dim]);
  }
  return node.setOutput(sliceRanges(node, node.input(0), ranges));
}

/// Sizes of Split's outputs along a dimension of `size`.
FailureOr<SmallVector<int64_t>> splitSizes(OnnxNode &node, int64_t size) {
  auto given = intsFrom(node, "split", 1, 13);
  if (failed(given))
    return failure();
  int64_t count = node.proto.output_size();
  if (*given) {
    int64_t sum = 0;
    for (int64_t each : **given)
      if (each < 0 || llvm::AddOverflow(sum, each, sum))
        return node.error() << "'split' has a size of " << each;
    if (int64_t((*given)->size()) != count || sum != size)
      return node.error() << "'split' has " << (*given)->size() << " sizes with sum " << sum << ", expected " << count
                          << " with sum " << size;
    return **given;
  }
  if (int64_t outputs = node.intAttribute("num_outputs", count); outputs != count)
    return node.error() << "'num_outputs' is " << outputs << ", expected the number of outputs, " << count;
  // Since opset 18 the last part may be smaller; before, parts were equal.
  if (node.opset < 18 && size % count != 0)
    return node.error() << "dimension of " << size << " does not split into " << count << " equal parts";
  int64_t part = llvm::divideCeil(size, count);
  SmallVector<int64_t> sizes;
  for (int64_t i = 0; i < count; ++i)
    sizes.push_back(std::max<int64_t>(0, std::min(part, size - i * part)));
  return sizes;
}

LogicalResult importSplit(OnnxNode &node) {
  ArrayRef<int64_t> shape = shapeOf(node.input(0));
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 0), shape.size());
  if (failed(axis))
    return failure();
  FailureOr<SmallVector<int64_t>> sizes = splitSizes(node, shape[*axis]);
  if (failed(sizes))
    return failure();
  int64_t start = 0;
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    SmallVector<Range> ranges = wholeRanges(shape);
    ranges[*axis] = {size ? start : 0, size, 1};
    start += size;
    if (failed(node.setOutput(sliceRanges(node, node.input(0), ranges), i)))
      return failure();
  }
  return success();
}

/// Surrounds x by one value; a negative number of elements takes some away.
/// Sizes were attributes before opset 11, and axes came with 18.
LogicalResult importPad(OnnxNode &node) {
  if (std::string mode = node.stringAttribute("mode", "constant"); mode != "constant")
    return node.error() << "'mode' is '" << mode << "', expected 'constant': nothing else is supported";
  Value x = node.input(0), filling = node.opset < 11 ? Value() : node.input(2);
  const int64_t rank = shapeOf(x).size();
  auto pads = intsFrom(node, "pads", 1, 11);
  if (failed(pads))
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (node.opset >= 18 && node.input(3)) {
    FailureOr<SmallVector<int64_t>> given = node.constantInts(3, "axes");
    if (failed(given) || failed(node.axesOf(*given, rank)))
      return failure();
    axes = *given;
  }
  if (!*pads || (*pads)->size() != 2 * axes.size())
    return node.error() << "'pads' has " << (*pads ? (*pads)->size() : 0) << " values, expected two for each of "
                        << axes.size() << " dimensions";
  if (!filling)
    filling = node.splatOf(node.elementOf(x), {}, node.opset < 11 ? node.floatAttribute("value", 0) : 0);
  if (!filling || ShapedType::getNumElements(shapeOf(filling)) != 1 || node.elementOf(filling) != node.elementOf(x))
    return node.error() << "'constant_value' is not one element of " << x.getType();
  filling = node.reshape(filling, SmallVector<int64_t>(rank, 1));
  for (auto [i, axis] : llvm::enumerate(axes)) {
    const int64_t dim = axis < 0 ? axis + rank : axis, before = (**pads)[i], after = (**pads)[axes.size() + i];
    const int64_t size = shapeOf(x)[dim], first = -std::min<int64_t>(std::max(before, -size - 1), 0),
                  last = -std::min<int64_t>(std::max(after, -size - 1), 0);
    if (first + last > size)
      return node.error() << "'pads' are " << before << " and " << after << " for dimension " << dim << " of " << size;
    SmallVector<Value, 3> parts = {slice(node, x, dim, first, size - first - last)};
    auto part = [&](int64_t count) {
      SmallVector<int64_t> shape(shapeOf(x));
      shape[dim] = count;
      return expand(node, filling, shape);
    };
    if (before > 0)
      parts.insert(parts.begin(), part(before));
    if (after > 0)
      parts.push_back(part(after));
    x = parts.size() == 1 ? parts.front() : concat(node, parts, dim);
    if (!x)
      return failure();
  }
  return node.setOutput(x);
}

/// Which dimensions Shape gives; start and end came with opset 15.
LogicalResult importShape(OnnxNode &node) {
  int64_t rank = shapeOf(node.input(0)).size();
  auto clamp = [&](int64_t bound) { return std::clamp<int64_t>(bound < 0 ? bound + rank : bound, 0, rank); };
  int64_t start = clamp(node.intAttribute("start", 0)), end = clamp(node.intAttribute("end", rank));
  glm::ShapeOp::Properties properties;
  properties.start = node.integer(start);
  properties.end = node.integer(std::max(start, end));
  return node.setOutput(node.make<glm::ShapeOp>(node.input(0), properties));
}

LogicalResult importSize(OnnxNode &node) {
  auto type = RankedTensorType::get({}, node.builder().getI64Type());
  int64_t elements = ShapedType::getNumElements(shapeOf(node.input(0)));
  return node.setOutput(node.constant(DenseElementsAttr::get(type, elements)));
}

} // namespace

void addMovement(Registry &registry) {
  registry.add("Reshape", 2, importReshape);
  registry.add("Flatten", 1, importFlatten);
  registry.add("Squeeze", 1, importSqueeze);
  registry.add("Unsqueeze", 1, importUnsqueeze);
  registry.add("Transpose", 1, importTranspose);
  registry.add("Concat", 1, importConcat);
  registry.add("Expand", 2, importExpand);
  registry.add("Tile", 2, importTile);
  registry.add("Slice", 1, importSlice);
  registry.add("Split", 1, importSplit);
  registry.add("Shape", 1, importShape);
  registry.add("Size", 1, importSize);
  registry.add("Pad", 1, importPad);
}

} // namespace glmc::onnximport
