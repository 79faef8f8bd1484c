//===- ImportConstant.cpp - Operators that make constants -------------------===//
#include "compiler/import/onnx/Initializers.h"
#include "compiler/import/onnx/Registry.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using onnx::AttributeProto;

namespace glmc::onnximport {
namespace {

/// Constant has one of several attributes; which ones depends on the opset.
LogicalResult importConstant(OnnxNode &node) {
  if (node.proto.attribute_size() != 1)
    return node.error() << "has " << node.proto.attribute_size() << " attributes, expected one value";
  const AttributeProto &value = node.proto.attribute(0);
  Builder &builder = node.builder();
  if (value.type() == AttributeProto::TENSOR) {
    std::string name = node.proto.output_size() ? node.proto.output(0) : value.t().name();
    return node.setOutput(
        node.context.initializers.import(node.builder(), node.loc, value.t(), name, "tensor"));
  }
  if (value.name() == "value_float")
    return node.setOutput(node.splatOf(builder.getF32Type(), {}, value.f()));
  if (value.name() == "value_int")
    return node.setOutput(
        node.constant(DenseElementsAttr::get(RankedTensorType::get({}, builder.getI64Type()), int64_t(value.i()))));
  if (value.name() == "value_ints")
    return node.setOutput(node.constantInts(SmallVector<int64_t>(value.ints().begin(), value.ints().end())));
  if (value.name() == "value_floats") {
    SmallVector<float> values(value.floats().begin(), value.floats().end());
    auto type = RankedTensorType::get({int64_t(values.size())}, builder.getF32Type());
    return node.setOutput(node.constant(DenseElementsAttr::get(type, ArrayRef<float>(values))));
  }
  return node.error() << "'" << value.name() << "' is not supported, expected a tensor, floats or integers";
}

LogicalResult importConstantOfShape(OnnxNode &node) {
  FailureOr<SmallVector<int64_t>> shape = node.constantInts(0, "input");
  if (failed(shape))
    return failure();
  const AttributeProto *value = node.attribute("value");
  if (!value || !value->has_t())
    return node.setOutput(node.splatOf(node.builder().getF32Type(), *shape, 0));
  const onnx::TensorProto &proto = value->t();
  Type element = elementType(node.builder().getContext(), proto.data_type());
  if (!element)
    return node.error() << "'value' has elements of " << dataTypeName(proto.data_type()) << ", which is not supported";
  std::string why;
  reference::Tensor tensor;
  if (isCut(proto) || !readTensor(proto, RankedTensorType::get({1}, element), tensor, why))
    return node.error() << "'value' " << (why.empty() ? "has many elements, expected 1" : why);
  RankedTensorType type = node.type(element, *shape);
  if (!type)
    return failure();
  // By the attribute of one element, so that every bit of an int64 survives.
  auto single = cast<DenseElementsAttr>(reference::attributeOf(tensor));
  return node.setOutput(node.constant(DenseElementsAttr::get(type, *single.value_begin<Attribute>())));
}

/// Largest Range that is written out.
constexpr int64_t maxRange = int64_t(1) << 24;

/// Number of elements; negative if it is not a sensible number.
int64_t countOf(const reference::Tensor &start, const reference::Tensor &limit,
                               const reference::Tensor &delta) {
  if (isa<FloatType>(start.type.getElementType())) {
    double count = std::ceil((limit.getFloat(0) - start.getFloat(0)) / delta.getFloat(0));
    // NaN compares false.
    return count <= maxRange ? int64_t(std::max(count, 0.0)) : -1;
  }
  __int128 distance = __int128(limit.getInt(0)) - start.getInt(0), step = delta.getInt(0);
  if (step < 0)
    distance = -distance, step = -step;
  if (step == 0)
    return -1;
  __int128 count = distance <= 0 ? 0 : (distance + step - 1) / step;
  return count <= maxRange ? int64_t(count) : -1;
}

LogicalResult importRange(OnnxNode &node) {
  SmallVector<reference::Tensor> bounds;
  constexpr StringLiteral names[] = {"start", "limit", "delta"};
  for (auto [i, name] : llvm::enumerate(names)) {
    FailureOr<const reference::Tensor *> bound = node.constantInput(i, name);
    if (failed(bound))
      return failure();
    if ((*bound)->size() != 1 || (*bound)->type.getElementType() != node.elementOf(node.input(0)))
      return node.error() << "'" << name << "' is " << (*bound)->type << ", expected one element of "
                          << node.elementOf(node.input(0));
    bounds.push_back(**bound);
  }
  const int64_t count = countOf(bounds[0], bounds[1], bounds[2]);
  if (count < 0)
    return node.error() << "counts without end or past " << maxRange << " elements";
  Type element = node.elementOf(node.input(0));
  reference::Tensor values(RankedTensorType::get({count}, element));
  for (int64_t i = 0; i < count; ++i) {
    if (isa<FloatType>(element))
      values.setFloat(i, bounds[0].getFloat(0) + i * bounds[2].getFloat(0));
    else
      values.setInt(i, uint64_t(bounds[0].getInt(0)) + uint64_t(i) * uint64_t(bounds[2].getInt(0)));
  }
  return node.setOutput(node.constant(reference::attributeOf(values)));
}

} // namespace

void addConstant(Registry &registry) {
  registry.add("Constant", 0, importConstant);
  registry.add("ConstantOfShape", 1, importConstantOfShape);
  registry.add("Range", 3, importRange);
}

} // namespace glmc::onnximport
