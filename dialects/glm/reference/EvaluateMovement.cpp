//===- EvaluateMovement.cpp - Elements change place, not value --------------===//
//
// Everything here copies bytes: by element along strided views, or by blocks
// where an op moves whole slices. Index operands are checked before use, since
// they may be anything.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;

namespace glmc::reference {
namespace {

template <typename Word>
void copyWords(ArrayRef<int64_t> shape, const Dims &strides, int64_t start, const uint8_t *from, uint8_t *to) {
  walk<1>(shape, {strides}, {start}, [&](std::array<int64_t, 1> at) {
    std::memcpy(to, from + at[0] * sizeof(Word), sizeof(Word));
    to += sizeof(Word);
  });
}

/// The elements of a strided view of x, of `shape`, in row-major order.
Tensor copyView(const Tensor &x, RankedTensorType type, ArrayRef<int64_t> shape, const Dims &strides,
                int64_t start = 0) {
  Tensor result(type);
  const uint8_t *from = x.bytes.data();
  uint8_t *to = result.bytes.data();
  switch (elementBytes(type.getElementType())) {
  case 1:
    copyWords<uint8_t>(shape, strides, start, from, to);
    break;
  case 2:
    copyWords<uint16_t>(shape, strides, start, from, to);
    break;
  case 4:
    copyWords<uint32_t>(shape, strides, start, from, to);
    break;
  default:
    copyWords<uint64_t>(shape, strides, start, from, to);
    break;
  }
  return result;
}

void copyBytes(uint8_t *to, const uint8_t *from, int64_t bytes) {
  if (bytes > 0)
    std::memcpy(to, from, bytes);
}

/// An index in [0, size), counted from the end if negative; nothing if outside.
std::optional<int64_t> resolve(int64_t index, int64_t size) {
  if (index < -size || index >= size)
    return std::nullopt;
  return index < 0 ? index + size : index;
}

FailureOr<Tensor> evaluateReshape(Operation *, Operands in, RankedTensorType type) {
  Tensor result(type);
  if (result.bytes.size() != in[0].bytes.size())
    return failure();
  result.bytes = in[0].bytes;
  return result;
}

FailureOr<Tensor> evaluateTranspose(Operation *op, Operands in, RankedTensorType type) {
  Dims own = rowMajorStrides(in[0].shape()), strides;
  for (int64_t from : cast<glm::TransposeOp>(op).getPermutation())
    strides.push_back(own[from]);
  return copyView(in[0], type, type.getShape(), strides);
}

FailureOr<Tensor> evaluateSlice(Operation *op, Operands in, RankedTensorType type) {
  auto slice = cast<glm::SliceOp>(op);
  Tensor result(type);
  if (result.size() == 0)
    return result;
  Dims strides = rowMajorStrides(in[0].shape());
  int64_t start = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    int64_t first = slice.getStarts()[d], step = slice.getSteps()[d], last;
    int64_t size = in[0].shape()[d], count = type.getDimSize(d);
    if (llvm::MulOverflow(count - 1, step, last) || llvm::AddOverflow(first, last, last) || first < 0 ||
        first >= size || last < 0 || last >= size)
      return failure();
    start += first * strides[d];
    // A dimension of one index takes no steps, and a wild one could overflow.
    strides[d] = count == 1 ? 0 : strides[d] * step;
  }
  return copyView(in[0], type, type.getShape(), strides, start);
}

FailureOr<Tensor> evaluateConcat(Operation *op, Operands in, RankedTensorType type) {
  Tensor result(type);
  int64_t axis = cast<glm::ConcatOp>(op).getAxis();
  int64_t outer = product(type.getShape().take_front(axis));
  int64_t bytes = elementBytes(type.getElementType());
  uint8_t *to = result.bytes.data();
  for (int64_t i = 0; i < outer; ++i)
    for (const Tensor &input : in) {
      int64_t block = product(input.shape().drop_front(axis)) * bytes;
      copyBytes(to, input.bytes.data() + i * block, block);
      to += block;
    }
  return result;
}

FailureOr<Tensor> evaluateExpand(Operation *, Operands in, RankedTensorType type) {
  return copyView(in[0], type, type.getShape(), broadcastStrides(in[0].shape(), type.getShape()));
}

/// A tiled dimension is two: the repetition, which does not move, and the
/// dimension itself.
FailureOr<Tensor> evaluateTile(Operation *op, Operands in, RankedTensorType type) {
  Dims own = rowMajorStrides(in[0].shape()), shape, strides;
  for (auto [d, repeats] : llvm::enumerate(cast<glm::TileOp>(op).getRepeats())) {
    shape.append({repeats, in[0].shape()[d]});
    strides.append({0, own[d]});
  }
  return copyView(in[0], type, shape, strides);
}

FailureOr<Tensor> evaluateGather(Operation *op, Operands in, RankedTensorType type) {
  const Tensor &x = in[0];
  int64_t axis = cast<glm::GatherOp>(op).getAxis();
  std::vector<int64_t> indices = integersOf(in[1]);
  for (int64_t &index : indices) {
    std::optional<int64_t> resolved = resolve(index, x.shape()[axis]);
    if (!resolved)
      return failure();
    index = *resolved;
  }
  Tensor result(type);
  int64_t outer = product(x.shape().take_front(axis));
  int64_t block = product(x.shape().drop_front(axis + 1)) * elementBytes(type.getElementType());
  uint8_t *to = result.bytes.data();
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t index : indices) {
      copyBytes(to, x.bytes.data() + (i * x.shape()[axis] + index) * block, block);
      to += block;
    }
  return result;
}

/// Where the slice that an index tuple names begins, in slices; nothing if an
/// index is outside.
std::optional<int64_t> sliceAt(ArrayRef<int64_t> tuple, ArrayRef<int64_t> dims) {
  int64_t at = 0;
  for (auto [index, dim] : llvm::zip(tuple, dims)) {
    std::optional<int64_t> resolved = resolve(index, dim);
    if (!resolved)
      return std::nullopt;
    at = at * dim + *resolved;
  }
  return at;
}

FailureOr<Tensor> evaluateGatherNd(Operation *op, Operands in, RankedTensorType type) {
  const Tensor &x = in[0];
  int64_t batch = cast<glm::GatherNdOp>(op).getBatchDims();
  int64_t tuple = in[1].shape().back();
  ArrayRef<int64_t> dims = x.shape().slice(batch, tuple);
  int64_t batches = product(x.shape().take_front(batch));
  int64_t tuples = product(in[1].shape().drop_front(batch).drop_back());
  int64_t block = product(x.shape().drop_front(batch + tuple)) * elementBytes(type.getElementType());
  std::vector<int64_t> indices = integersOf(in[1]);
  Tensor result(type);
  for (int64_t i = 0; i < batches * tuples; ++i) {
    std::optional<int64_t> at = sliceAt(ArrayRef<int64_t>(indices).slice(i * tuple, tuple), dims);
    if (!at)
      return failure();
    copyBytes(result.bytes.data() + i * block, x.bytes.data() + (i / tuples * product(dims) + *at) * block, block);
  }
  return result;
}

FailureOr<Tensor> evaluateScatterNd(Operation *, Operands in, RankedTensorType type) {
  Tensor result = in[0];
  int64_t tuple = in[1].shape().back();
  int64_t tuples = product(in[1].shape().drop_back());
  int64_t block = product(type.getShape().drop_front(tuple)) * elementBytes(type.getElementType());
  std::vector<int64_t> indices = integersOf(in[1]);
  for (int64_t i = 0; i < tuples; ++i) {
    std::optional<int64_t> at =
        sliceAt(ArrayRef<int64_t>(indices).slice(i * tuple, tuple), type.getShape().take_front(tuple));
    if (!at)
      return failure();
    copyBytes(result.bytes.data() + *at * block, in[2].bytes.data() + i * block, block);
  }
  return result;
}

FailureOr<Tensor> evaluateShape(Operation *op, Operands in, RankedTensorType type) {
  auto shape = cast<glm::ShapeOp>(op);
  return tensorOfIntegers(type, in[0].shape().slice(shape.getStart(), shape.getEnd() - shape.getStart()));
}

} // namespace

void addMovement(Registry &registry) {
  registry[glm::ReshapeOp::getOperationName()] = evaluateReshape;
  registry[glm::TransposeOp::getOperationName()] = evaluateTranspose;
  registry[glm::SliceOp::getOperationName()] = evaluateSlice;
  registry[glm::ConcatOp::getOperationName()] = evaluateConcat;
  registry[glm::ExpandOp::getOperationName()] = evaluateExpand;
  registry[glm::TileOp::getOperationName()] = evaluateTile;
  registry[glm::GatherOp::getOperationName()] = evaluateGather;
  registry[glm::GatherNdOp::getOperationName()] = evaluateGatherNd;
  registry[glm::ScatterNdOp::getOperationName()] = evaluateScatterNd;
  registry[glm::ShapeOp::getOperationName()] = evaluateShape;
}

} // namespace glmc::reference
