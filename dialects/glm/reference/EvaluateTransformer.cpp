//===- EvaluateTransformer.cpp - Norms, rotary and attention by definition --===//
//
// Rows are worked on in double and rounded once, when the result is stored.
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

#include <cmath>

using namespace mlir;

namespace glmc::reference {
namespace {

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

double meanOf(ArrayRef<double> row) {
  double sum = 0;
  for (double value : row)
    sum += value;
  return sum / row.size();
}

double meanSquareOf(ArrayRef<double> row) {
  double sum = 0;
  for (double value : row)
    sum += value * value;
  return sum / row.size();
}

/// Calls body(row) for each row of the last dimension and stores what it leaves.
template <typename Body>
Tensor mapRows(const Tensor &x, RankedTensorType type, Body body) {
  std::vector<double> values = floatsOf(x);
  size_t size = type.getShape().back();
  for (size_t start = 0; start < values.size(); start += size)
    body(MutableArrayRef<double>(values.data() + start, size));
  return tensorOfFloats(type, values);
}

FailureOr<Tensor> evaluateRmsNorm(Operation *op, Operands operands, RankedTensorType type) {
  std::vector<double> scale = floatsOf(operands[1]);
  double epsilon = cast<glm::RmsNormOp>(op).getEpsilon().convertToDouble();
  return mapRows(operands[0], type, [&](MutableArrayRef<double> row) {
    double deviation = std::sqrt(meanSquareOf(row) + epsilon);
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = row[i] / deviation * scale[i];
  });
}

FailureOr<Tensor> evaluateLayerNorm(Operation *op, Operands operands, RankedTensorType type) {
  std::vector<double> scale = floatsOf(operands[1]), bias = floatsOf(operands[2]);
  double epsilon = cast<glm::LayerNormOp>(op).getEpsilon().convertToDouble();
  return mapRows(operands[0], type, [&](MutableArrayRef<double> row) {
    double mean = meanOf(row);
    for (double &value : row)
      value -= mean;
    double deviation = std::sqrt(meanSquareOf(row) + epsilon);
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = row[i] / deviation * scale[i] + bias[i];
  });
}

//===----------------------------------------------------------------------===//
// Rotary
//===----------------------------------------------------------------------===//

FailureOr<Tensor> evaluateRotary(Operation *op, Operands operands, RankedTensorType type) {
  auto rotary = cast<glm::RotaryOp>(op);
  std::vector<double> x = floatsOf(operands[0]), cosines = floatsOf(operands[1]), sines = floatsOf(operands[2]), y = x;
  int64_t heads = rotary.getHeads(), batches = type.getDimSize(0), tokens = type.getDimSize(1);
  int64_t features = type.getDimSize(2) / heads, pairs = operands[1].shape()[2];
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t token = 0; token < tokens; ++token) {
      int64_t angles = ((operands[1].shape()[0] == 1 ? 0 : batch) * tokens + token) * pairs;
      for (int64_t head = 0; head < heads; ++head) {
        int64_t start = ((batch * tokens + token) * heads + head) * features;
        for (int64_t i = 0; i < pairs; ++i) {
          int64_t a = start + (rotary.getInterleaved() ? 2 * i : i);
          int64_t b = rotary.getInterleaved() ? a + 1 : a + pairs;
          double cosine = cosines[angles + i], sine = sines[angles + i];
          y[a] = x[a] * cosine - x[b] * sine;
          y[b] = x[b] * cosine + x[a] * sine;
        }
      }
    }
  return tensorOfFloats(type, y);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Keys or values of one head: `size` features of a token, neighbouring tokens
/// `stride` apart.
struct HeadView {
  const double *data;
  int64_t stride, size;
  const double *token(int64_t t) const { return data + t * stride; }
};

/// The head of a token-major (rank 3) or head-major (rank 4) operand.
HeadView headOf(const std::vector<double> &values, ArrayRef<int64_t> shape, int64_t heads, int64_t batch,
                int64_t head) {
  if (shape.size() == 4)
    return {values.data() + (batch * shape[1] + head) * shape[2] * shape[3], shape[3], shape[3]};
  int64_t size = shape[2] / heads;
  return {values.data() + batch * shape[1] * shape[2] + head * size, shape[2], size};
}

/// What is added to the scores of one query: the mask's row, where each element
/// is `stride` (0: broadcast) after the one before, and the causal limit.
struct MaskRow {
  const double *data = nullptr; ///< Null: no mask.
  int64_t stride = 0;
  int64_t limit; ///< Tokens from here on are in the future.
  double at(int64_t t) const {
    if (t >= limit)
      return -HUGE_VAL;
    return data ? data[t * stride] : 0;
  }
};

/// Softmax in place; a row of nothing but minus infinity becomes 0 if guarded.
void softmaxRow(MutableArrayRef<double> scores, bool guarded) {
  if (guarded && llvm::all_of(scores, [](double score) { return score == -HUGE_VAL; })) {
    llvm::fill(scores, 0.0);
    return;
  }
  double largest = -HUGE_VAL, sum = 0;
  for (double score : scores)
    largest = std::fmax(largest, score);
  for (double &score : scores)
    sum += score = std::exp(score - largest);
  for (double &score : scores)
    score /= sum;
}

/// One query of one head: `scores` is room for a number a token.
void attend(const double *query, HeadView keys, HeadView values, MaskRow mask, double scale, bool guarded,
            MutableArrayRef<double> scores, double *out) {
  for (size_t t = 0; t < scores.size(); ++t) {
    double dot = 0;
    for (int64_t d = 0; d < keys.size; ++d)
      dot += query[d] * keys.token(t)[d];
    scores[t] = scale * dot + mask.at(t);
  }
  softmaxRow(scores, guarded);
  for (int64_t d = 0; d < values.size; ++d) {
    double sum = 0;
    for (size_t t = 0; t < scores.size(); ++t)
      sum += scores[t] * values.token(t)[d];
    out[d] = sum;
  }
}

/// The mask as numbers to add: true is 0, false minus infinity.
std::vector<double> addends(const Tensor &mask) {
  std::vector<double> values = floatsOf(mask);
  if (!isFloat(mask))
    for (double &value : values)
      value = value != 0 ? 0 : -HUGE_VAL;
  return values;
}

FailureOr<Tensor> evaluateAttention(Operation *op, Operands operands, RankedTensorType type) {
  auto attention = cast<glm::AttentionOp>(op);
  const Tensor &q = operands[0], &k = operands[1], &v = operands[2];
  std::vector<double> queries = floatsOf(q), keys = floatsOf(k), values = floatsOf(v), masks, y(type.getNumElements());
  int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads(), batches = q.shape()[0];
  int64_t tokens = q.shape()[1], features = q.shape()[2] / heads, rowSize = type.getDimSize(2) / heads;
  int64_t keyTokens = k.shape().size() == 4 ? k.shape()[2] : k.shape()[1];
  // How many tokens the last query and all before it may see.
  int64_t end = keyTokens;
  if (attention.getPast())
    end = tokens + std::clamp<int64_t>(integersOf(operands.back())[0], 0, keyTokens - tokens);
  Dims maskStrides(4, 0);
  if (attention.getMask()) {
    masks = addends(operands[3]);
    maskStrides = broadcastStrides(operands[3].shape(), {batches, heads, tokens, keyTokens});
  }
  std::vector<double> scores(end);
  double scale = attention.getScale().convertToDouble();
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head) {
      int64_t kvHead = head / (heads / kvHeads);
      HeadView headKeys = headOf(keys, k.shape(), kvHeads, batch, kvHead);
      HeadView headValues = headOf(values, v.shape(), kvHeads, batch, kvHead);
      for (int64_t s = 0; s < tokens; ++s) {
        MaskRow mask;
        if (attention.getMask())
          mask.data = masks.data() + batch * maskStrides[0] + head * maskStrides[1] + s * maskStrides[2];
        mask.stride = maskStrides[3];
        mask.limit = attention.getCausal() ? s + end - tokens + 1 : end;
        int64_t row = (batch * tokens + s) * heads + head;
        attend(queries.data() + row * features, headKeys, headValues, mask, scale, attention.getGuarded(), scores,
               y.data() + row * rowSize);
      }
    }
  return tensorOfFloats(type, y);
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

FailureOr<Tensor> evaluateCacheWrite(Operation *, Operands operands, RankedTensorType type) {
  Tensor y = operands[0];
  const Tensor &rows = operands[1];
  int64_t batches = type.getDimSize(0), heads = type.getDimSize(1), room = type.getDimSize(2);
  bool headMajor = rows.shape().size() == 4;
  int64_t tokens = rows.shape()[headMajor ? 2 : 1];
  int64_t at = std::clamp<int64_t>(integersOf(operands[2])[0], 0, room - tokens);
  size_t bytes = type.getNumElements() ? y.bytes.size() / (batches * heads * room) : 0; // Of a row.
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t s = 0; s < tokens; ++s) {
        int64_t from = headMajor ? (batch * heads + head) * tokens + s : (batch * tokens + s) * heads + head;
        std::copy_n(rows.bytes.begin() + from * bytes, bytes, y.bytes.begin() + ((batch * heads + head) * room + at + s) * bytes);
      }
  return y;
}

} // namespace

void addTransformer(Registry &registry) {
  registry[glm::RmsNormOp::getOperationName()] = evaluateRmsNorm;
  registry[glm::LayerNormOp::getOperationName()] = evaluateLayerNorm;
  registry[glm::RotaryOp::getOperationName()] = evaluateRotary;
  registry[glm::AttentionOp::getOperationName()] = evaluateAttention;
  registry[glm::CacheWriteOp::getOperationName()] = evaluateCacheWrite;
}

} // namespace glmc::reference
