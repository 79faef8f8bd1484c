//===- Elements.h - Whole tensors to and from plain numbers -----------------===//
//
// Families compute on arrays of double or int64_t, so that the element type is
// looked at once a tensor and not once an element. `walk` visits the elements
// of strided views together; all broadcasting and movement is made of it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_REFERENCE_ELEMENTS_H
#define GLMC_DIALECTS_GLM_REFERENCE_ELEMENTS_H

#include "dialects/glm/reference/Tensor.h"

#include "llvm/ADT/SmallVector.h"

#include <array>

namespace glmc::reference {

/// All elements, as Tensor::getFloat and Tensor::getInt give one.
std::vector<double> floatsOf(const Tensor &tensor);
std::vector<int64_t> integersOf(const Tensor &tensor);

/// A tensor of all these elements, rounded as Tensor::setFloat and setInt do.
Tensor tensorOfFloats(mlir::RankedTensorType type, llvm::ArrayRef<double> values);
Tensor tensorOfIntegers(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> values);

inline bool isFloat(const Tensor &tensor) { return llvm::isa<mlir::FloatType>(tensor.type.getElementType()); }
/// Whether int64_t holds the elements by their bits only.
inline bool isUnsigned64(mlir::Type element) { return element.isUnsignedInteger(64); }

using Dims = llvm::SmallVector<int64_t, 6>;

/// Elements between neighbours along each dimension, row-major.
Dims rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Strides over `shape` of an operand that broadcasts to `result`: 0 along
/// repeated dimensions. Precondition: it does broadcast.
Dims broadcastStrides(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> result);

inline int64_t product(llvm::ArrayRef<int64_t> dims) {
  int64_t elements = 1;
  for (int64_t dim : dims)
    elements *= dim;
  return elements;
}

/// Calls body(offset of each view) for every index of `shape` in row-major
/// order. View v is at sum over d of index[d] * strides[v][d], plus starts[v].
template <size_t N, typename Body>
void walk(llvm::ArrayRef<int64_t> shape, const std::array<Dims, N> &strides, std::array<int64_t, N> offsets,
          Body body) {
  if (product(shape) == 0)
    return;
  if (shape.empty())
    return body(offsets);
  const size_t last = shape.size() - 1;
  Dims index(shape.size(), 0);
  while (true) {
    std::array<int64_t, N> inner = offsets;
    for (int64_t i = 0; i < shape[last]; ++i) {
      body(inner);
      for (size_t v = 0; v < N; ++v)
        inner[v] += strides[v][last];
    }
    // Next index of the outer dimensions, as an odometer counts.
    size_t d = last;
    while (d > 0) {
      --d;
      for (size_t v = 0; v < N; ++v)
        offsets[v] += strides[v][d];
      if (++index[d] < shape[d])
        break;
      for (size_t v = 0; v < N; ++v)
        offsets[v] -= strides[v][d] * shape[d];
      index[d] = 0;
      if (d == 0)
        return;
    }
    if (last == 0)
      return;
  }
}

} // namespace glmc::reference

#endif // GLMC_DIALECTS_GLM_REFERENCE_ELEMENTS_H
