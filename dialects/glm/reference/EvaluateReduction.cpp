//===- EvaluateReduction.cpp - Reductions and softmax by definition ---------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace glmc::reference {
namespace {

/// Combines the elements of x that fall on one element of the result.
template <typename Number, typename Combine>
std::vector<Number> reduce(const Tensor &x, RankedTensorType type, const std::vector<Number> &values, Number start,
                           Combine combine) {
  std::vector<Number> results(type.getNumElements(), start);
  std::array<Dims, 2> strides = {rowMajorStrides(x.shape()), broadcastStrides(type.getShape(), x.shape())};
  walk<2>(x.shape(), strides, {0, 0},
          [&](std::array<int64_t, 2> at) { results[at[1]] = combine(results[at[1]], values[at[0]]); });
  return results;
}

/// How many elements of x fall on one of the result.
int64_t reducedCount(glm::ReduceOp op, const Tensor &x) {
  int64_t count = 1;
  for (int64_t axis : op.getAxes())
    count *= x.shape()[axis];
  return count;
}

FailureOr<Tensor> reduceFloats(glm::ReduceOp op, const Tensor &x, RankedTensorType type) {
  std::vector<double> values = floatsOf(x);
  StringRef kind = op.getKind();
  auto run = [&](double start, auto combine) { return tensorOfFloats(type, reduce(x, type, values, start, combine)); };
  auto add = [](double a, double b) { return a + b; };
  if (kind == "sum")
    return run(0, add);
  if (kind == "prod")
    return run(1, [](double a, double b) { return a * b; });
  // NaN wins over every number, as in NumPy.
  if (kind == "max")
    return run(-HUGE_VAL, [](double a, double b) { return a >= b || std::isnan(a) ? a : b; });
  if (kind == "min")
    return run(HUGE_VAL, [](double a, double b) { return a <= b || std::isnan(a) ? a : b; });
  if (kind != "mean")
    return failure();
  std::vector<double> sums = reduce(x, type, values, 0.0, add);
  double count = reducedCount(op, x);
  for (double &sum : sums)
    sum /= count; // of nothing: NaN
  return tensorOfFloats(type, sums);
}

/// The smallest (or largest) value of an integer type, as Tensor::getInt gives it.
int64_t limitOf(Type element, bool smallest) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 1)
    return smallest ? 0 : 1;
  if (element.isUnsignedInteger())
    return smallest ? 0 : static_cast<int64_t>(~uint64_t(0) >> (64 - width));
  int64_t largest = std::numeric_limits<int64_t>::max() >> (64 - width);
  return smallest ? -largest - 1 : largest;
}

FailureOr<Tensor> reduceIntegers(glm::ReduceOp op, const Tensor &x, RankedTensorType type) {
  std::vector<int64_t> values = integersOf(x);
  StringRef kind = op.getKind();
  Type element = x.type.getElementType();
  auto run = [&](int64_t start, auto combine) {
    return tensorOfIntegers(type, reduce(x, type, values, start, combine));
  };
  auto add = [](int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  };
  auto less = [isUnsigned = isUnsigned64(element)](int64_t a, int64_t b) {
    return isUnsigned ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b;
  };
  if (kind == "sum")
    return run(0, add);
  if (kind == "prod")
    return run(1, [](int64_t a, int64_t b) {
      return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    });
  if (kind == "max")
    return run(limitOf(element, /*smallest=*/true), [&](int64_t a, int64_t b) { return less(a, b) ? b : a; });
  if (kind == "min")
    return run(limitOf(element, /*smallest=*/false), [&](int64_t a, int64_t b) { return less(b, a) ? b : a; });
  if (kind != "mean")
    return failure();
  int64_t count = reducedCount(op, x);
  std::vector<int64_t> sums = reduce(x, type, values, int64_t(0), add);
  if (count == 0 && !sums.empty())
    return failure();
  for (int64_t &sum : sums)
    sum = isUnsigned64(element) ? static_cast<int64_t>(static_cast<uint64_t>(sum) / static_cast<uint64_t>(count))
                                : sum / count;
  return tensorOfIntegers(type, sums);
}

FailureOr<Tensor> evaluateReduce(Operation *op, Operands operands, RankedTensorType type) {
  auto reduceOp = cast<glm::ReduceOp>(op);
  return isFloat(operands[0]) ? reduceFloats(reduceOp, operands[0], type) : reduceIntegers(reduceOp, operands[0], type);
}

FailureOr<Tensor> evaluateSoftmax(Operation *op, Operands operands, RankedTensorType type) {
  std::vector<double> values = floatsOf(operands[0]);
  int64_t axis = cast<glm::SoftmaxOp>(op).getAxis();
  ArrayRef<int64_t> shape = type.getShape();
  int64_t size = shape[axis], stride = product(shape.drop_front(axis + 1));
  for (size_t block = 0; block < values.size(); block += size * stride)
    for (int64_t inner = 0; inner < stride; ++inner) {
      double *slice = values.data() + block + inner;
      double largest = -HUGE_VAL, sum = 0;
      for (int64_t i = 0; i < size; ++i)
        largest = std::fmax(largest, slice[i * stride]);
      for (int64_t i = 0; i < size; ++i)
        sum += slice[i * stride] = std::exp(slice[i * stride] - largest);
      for (int64_t i = 0; i < size; ++i)
        slice[i * stride] /= sum;
    }
  return tensorOfFloats(type, values);
}

} // namespace

void addReduction(Registry &registry) {
  registry[glm::ReduceOp::getOperationName()] = evaluateReduce;
  registry[glm::SoftmaxOp::getOperationName()] = evaluateSoftmax;
}

} // namespace glmc::reference
