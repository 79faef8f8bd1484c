//===- ImportIndexing.cpp - Operators that read or write at indices ---------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Indices of a constant are checked here, where the node can be blamed.
LogicalResult checkIndices(OnnxNode &node, Value indices, int64_t size) {
  const reference::Tensor *tensor = node.context.constants.constantOf(indices);
  for (int64_t i = 0; tensor && i < tensor->size(); ++i)
    if (int64_t index = tensor->getInt(i); index < -size || index >= size)
      return node.error() << "'indices' has " << index << ", expected -" << size << " to " << size - 1;
  return success();
}

LogicalResult requireIndexType(OnnxNode &node, Value indices) {
  Type element = node.elementOf(indices);
  if (element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return success();
  return node.error() << "'indices' is " << indices.getType() << ", expected int32 or int64 elements";
}

LogicalResult importGather(OnnxNode &node) {
  Value x = node.input(0), indices = node.input(1);
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", 0), node.typeOf(x).getRank());
  if (failed(axis) || failed(requireIndexType(node, indices)) ||
      failed(checkIndices(node, indices, node.typeOf(x).getDimSize(*axis))))
    return failure();
  glm::GatherOp::Properties properties;
  properties.axis = node.integer(*axis);
  return node.setOutput(node.make<glm::GatherOp>({x, indices}, properties));
}

LogicalResult importGatherNd(OnnxNode &node) {
  if (failed(requireIndexType(node, node.input(1))))
    return failure();
  glm::GatherNdOp::Properties properties;
  properties.batch_dims = node.integer(node.intAttribute("batch_dims", 0));
  return node.setOutput(node.make<glm::GatherNdOp>({node.input(0), node.input(1)}, properties));
}

LogicalResult importScatterNd(OnnxNode &node) {
  std::string reduction = node.stringAttribute("reduction", "none");
  if (reduction != "none")
    return node.error() << "'reduction' is '" << reduction << "', expected 'none': no other is supported";
  if (failed(requireIndexType(node, node.input(1))))
    return failure();
  return node.setOutput(node.make<glm::ScatterNdOp>({node.input(0), node.input(1), node.input(2)}));
}

/// Largest mask that Trilu makes: a square of 8192.
constexpr int64_t maxMaskElements = int64_t(1) << 26;

/// Keeps the upper or lower triangle of the last two dimensions, by a constant
/// mask over them.
LogicalResult importTrilu(OnnxNode &node) {
  Value x = node.input(0);
  ArrayRef<int64_t> shape = node.typeOf(x).getShape();
  if (shape.size() < 2)
    return node.error() << "input is " << x.getType() << ", expected two or more dimensions";
  int64_t diagonal = 0;
  if (node.input(1)) {
    FailureOr<SmallVector<int64_t>> k = node.constantInts(1, "k");
    if (failed(k))
      return failure();
    if (k->size() != 1)
      return node.error() << "'k' has " << k->size() << " values, expected 1";
    diagonal = k->front();
  }
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  if (columns != 0 && rows > maxMaskElements / columns)
    return node.error() << "input is " << x.getType() << ", expected at most " << maxMaskElements
                        << " elements in its last two dimensions";
  bool upper = node.intAttribute("upper", 1) != 0;
  // Sizes are far below 2^62, so clamping changes no comparison.
  diagonal = std::clamp(diagonal, -rows - 1, columns + 1);
  reference::Tensor mask(RankedTensorType::get({rows, columns}, node.builder().getI1Type()));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      mask.setInt(i * columns + j, upper ? j - i >= diagonal : j - i <= diagonal);
  Value zero = node.splatOf(node.elementOf(x), {}, 0);
  return node.setOutput(node.make<glm::WhereOp>({node.constant(reference::attributeOf(mask)), x, zero}));
}

/// Index tuples of elements that are not 0, a column each. How many there are
/// is a shape, so the input has to be known.
LogicalResult importNonZero(OnnxNode &node) {
  FailureOr<const reference::Tensor *> x = node.constantInput(0, "X");
  if (failed(x))
    return failure();
  const bool isFloat = isa<FloatType>((*x)->type.getElementType());
  SmallVector<int64_t> found;
  for (int64_t i = 0; i < (*x)->size(); ++i)
    if (isFloat ? (*x)->getFloat(i) != 0 : (*x)->getInt(i) != 0)
      found.push_back(i);
  ArrayRef<int64_t> shape = (*x)->shape();
  const int64_t rank = shape.size(), count = found.size();
  reference::Tensor indices(RankedTensorType::get({rank, count}, node.builder().getI64Type()));
  for (int64_t i = 0; i < count; ++i)
    for (int64_t dim = rank, rest = found[i]; dim-- > 0; rest /= shape[dim])
      indices.setInt(dim * count + i, rest % shape[dim]);
  return node.setOutput(node.constant(reference::attributeOf(indices)));
}

/// Sums of all elements up to each, in log2(size) steps: after each, an element
/// is the sum of twice as many.
LogicalResult importCumSum(OnnxNode &node) {
  FailureOr<SmallVector<int64_t>> given = node.constantInts(1, "axis");
  if (failed(given))
    return failure();
  Value x = node.input(0);
  if (given->size() != 1 || node.elementOf(x).isInteger(1))
    return node.error() << "sums " << x.getType() << " along " << given->size()
                        << " axes, expected numbers and one axis";
  FailureOr<int64_t> axis = node.axisOf(given->front(), shapeOf(x).size());
  if (failed(axis))
    return failure();
  const bool reverse = node.intAttribute("reverse", 0) != 0;
  const int64_t size = shapeOf(x)[*axis];
  auto shifted = [&](Value value, int64_t by) {
    SmallVector<int64_t> shape(shapeOf(x));
    shape[*axis] = by;
    Value zeros = node.splatOf(node.elementOf(x), shape, 0);
    Value rest = slice(node, value, *axis, reverse ? by : 0, size - by);
    return reverse ? concat(node, {rest, zeros}, *axis) : concat(node, {zeros, rest}, *axis);
  };
  Value sum = x;
  if (node.intAttribute("exclusive", 0) != 0 && size > 0)
    sum = shifted(sum, 1);
  for (int64_t step = 1; sum && step < size; step *= 2)
    sum = node.make<glm::AddOp>({sum, shifted(sum, step)});
  return node.setOutput(sum);
}

/// Writes `update` into a cache, in each sequence of the batch from an index of
/// its own on: a scatter of slices, with the batch and the tokens in front.
LogicalResult importTensorScatter(OnnxNode &node) {
  Value cache = node.input(0), update = node.input(1), given = node.input(2);
  const int64_t rank = shapeOf(cache).size();
  FailureOr<int64_t> axis = node.axisOf(node.intAttribute("axis", -2), rank);
  if (failed(axis))
    return failure();
  SmallVector<int64_t> expected(shapeOf(cache));
  const int64_t length = expected[*axis];
  if (*axis > 0 && shapeOf(update).size() == size_t(rank))
    expected[*axis] = std::min(length, shapeOf(update)[*axis]);
  if (*axis == 0 || update.getType() != RankedTensorType::get(expected, node.elementOf(cache)))
    return node.error() << "writes " << update.getType() << " into " << cache.getType() << " along dimension " << *axis
                        << ", expected equal shapes but for that dimension, which is not the first";
  const int64_t batch = expected[0], tokens = expected[*axis];
  if (given && (shapeOf(given) != ArrayRef<int64_t>({batch}) || failed(requireIndexType(node, given))))
    return node.error() << "'write_indices' is " << given.getType() << ", expected " << batch << " integers";
  const std::string mode = node.stringAttribute("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return node.error() << "'mode' is '" << mode << "', expected 'linear' or 'circular'";
  if (batch == 0 || tokens == 0)
    return node.setOutput(cache);
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank)), back(rank);
  order.erase(order.begin() + *axis);
  order.insert(order.begin() + 1, *axis);
  for (auto [to, from] : llvm::enumerate(order))
    back[from] = to;
  Value token = counting(node, {batch, tokens, 1}, 1);
  if (given)
    token = node.make<glm::AddOp>({token, node.cast(node.reshape(given, {batch, 1, 1}), node.builder().getI64Type())});
  if (mode == "circular")
    token = withScalar<glm::ModOp>(node, token, double(length));
  Value indices = concat(node, {counting(node, {batch, tokens, 1}, 0), token}, 2);
  Value written = node.make<glm::ScatterNdOp>({transpose(node, cache, order), indices, transpose(node, update, order)});
  return node.setOutput(transpose(node, written, back));
}

} // namespace

void addIndexing(Registry &registry) {
  registry.add("Gather", 2, importGather);
  registry.add("GatherND", 2, importGatherNd);
  registry.add("ScatterND", 3, importScatterNd);
  registry.add("Trilu", 1, importTrilu);
  registry.add("NonZero", 1, importNonZero);
  registry.add("CumSum", 2, importCumSum);
  registry.add("TensorScatter", 2, importTensorScatter);
}

} // namespace glmc::onnximport
