//===- EvaluateMatmul.cpp - Matrix products by definition -------------------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace glmc::reference {
namespace {

/// Sizes of one product, and how far its operands' elements are apart.
struct Product {
  int64_t m, k, n;
  bool transposed;
};

/// One matrix product; sums go up in k. `Number` is double, or uint64_t so that
/// integers wrap.
template <typename Number>
void multiply(const Product &size, const Number *lhs, const Number *rhs, Number *y) {
  for (int64_t row = 0; row < size.m; ++row)
    for (int64_t col = 0; col < size.n; ++col)
      y[row * size.n + col] = 0;
  for (int64_t row = 0; row < size.m; ++row) {
    const Number *left = lhs + row * size.k;
    Number *out = y + row * size.n;
    if (size.transposed) {
      for (int64_t col = 0; col < size.n; ++col) {
        Number sum = 0;
        for (int64_t k = 0; k < size.k; ++k)
          sum += left[k] * rhs[col * size.k + k];
        out[col] = sum;
      }
      continue;
    }
    // k outside, so that rows of rhs are read in order.
    for (int64_t k = 0; k < size.k; ++k)
      for (int64_t col = 0; col < size.n; ++col)
        out[col] += left[k] * rhs[k * size.n + col];
  }
}

/// All products of the broadcast leading dimensions.
template <typename Number>
void multiplyBatches(const Product &size, const Tensor &lhs, const Tensor &rhs, RankedTensorType type, const Number *a,
                     const Number *b, Number *y) {
  ArrayRef<int64_t> batch = type.getShape().drop_back(2);
  std::array<Dims, 2> strides = {broadcastStrides(lhs.shape().drop_back(2), batch),
                                 broadcastStrides(rhs.shape().drop_back(2), batch)};
  walk<2>(batch, strides, {0, 0}, [&](std::array<int64_t, 2> at) {
    multiply(size, a + at[0] * size.m * size.k, b + at[1] * size.k * size.n, y);
    y += size.m * size.n;
  });
}

/// Rounds groups of each row to 8 bits, as `lhs_group` says.
void roundGroups(std::vector<double> &values, int64_t depth, int64_t group) {
  for (size_t row = 0; row < values.size(); row += depth)
    for (int64_t begin = 0; begin < depth; begin += group) {
      double *first = values.data() + row + begin, *end = first + std::min(group, depth - begin);
      float largest = 0;
      for (double *x = first; x != end; ++x)
        largest = std::isnan(*x) ? NAN : std::fmax(largest, static_cast<float>(std::fabs(*x)));
      const float scale = largest / 127;
      for (double *x = first; x != end; ++x)
        *x = scale == 0 ? 0 : double(std::nearbyint(static_cast<float>(*x) / scale)) * scale;
    }
}

FailureOr<Tensor> evaluateMatmul(Operation *op, Operands operands, RankedTensorType type) {
  const Tensor &lhs = operands[0], &rhs = operands[1];
  bool transposed = cast<glm::MatmulOp>(op).getTransposeRhs();
  if (lhs.shape().size() < 2 || rhs.shape().size() < 2 || type.getRank() < 2)
    return failure();
  Product size = {lhs.shape().end()[-2], lhs.shape().end()[-1], type.getShape().back(), transposed};
  if (isFloat(lhs)) {
    std::vector<double> a = floatsOf(lhs), b = floatsOf(rhs), y(type.getNumElements());
    if (auto group = cast<glm::MatmulOp>(op).getLhsGroup(); group && size.k > 0)
      roundGroups(a, size.k, *group);
    multiplyBatches(size, lhs, rhs, type, a.data(), b.data(), y.data());
    return tensorOfFloats(type, y);
  }
  std::vector<int64_t> a = integersOf(lhs), b = integersOf(rhs), y(type.getNumElements());
  auto wrapping = [](std::vector<int64_t> &values) { return reinterpret_cast<uint64_t *>(values.data()); };
  multiplyBatches(size, lhs, rhs, type, wrapping(a), wrapping(b), wrapping(y));
  return tensorOfIntegers(type, y);
}

} // namespace

void addMatmul(Registry &registry) { registry[glm::MatmulOp::getOperationName()] = evaluateMatmul; }

} // namespace glmc::reference
