//===- QuantizeReportLayers.cpp - How far layers are from what they were --------===//
#include "compiler/QuantizeReportLayers.h"

#include "compiler/LayerColumns.h"
#include "dialects/glm/Rounding.h"
#include "dialects/glm/reference/Tensor.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace glmc {
namespace {

/// Columns lie together.
using Matrix = Eigen::MatrixXf;

/// What a format is stored as.
Type elementOf(const LayerOutcome &layer, MLIRContext *context) {
  if (layer.format == "f16")
    return Float16Type::get(context);
  if (layer.format == "bf16")
    return BFloat16Type::get(context);
  return IntegerType::get(context, layer.format == "int8" ? 8 : 4,
                          layer.asymmetric ? IntegerType::Unsigned : IntegerType::Signless);
}

/// A weight as it is compiled.
class RoundedLayer {
public:
  RoundedLayer(const LayerColumns &columns, const LayerOutcome &layer) : columns(columns), group(layer.group) {}

  LogicalResult read(const ReadWeight &weight, const LayerOutcome &layer, glm::WeightOp given,
                     glm::WeightOp givenScales, WeightSource &source) {
    MLIRContext *context = weight.type.getContext();
    element = elementOf(layer, context);
    LogicalResult result = success();
    auto part = [&](StringRef name, std::vector<uint8_t> &elements) -> Type {
      if (glm::WeightOp op = name == "values" ? given : name == "scales" ? givenScales : glm::WeightOp()) {
        auto type = cast<RankedTensorType>(op.getType());
        if (failed(source.read(op.getSource(), type, op.getLoc(), elements)))
          result = failure();
        return type.getElementType();
      }
      auto rounding = glm::RoundingAttr::get(context, weight.type, element, name, group ? columns.axis() : 0, group);
      glm::roundWeight(rounding, columns.elements(), elements);
      return rounding.type().getElementType();
    };
    auto floats = [&](StringRef name, std::vector<float> &numbers) {
      std::vector<uint8_t> elements;
      const Type type = part(name, elements);
      numbers.resize(elements.size() / reference::elementBytes(type));
      for (size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = floatAt(type, elements.data(), int64_t(i));
    };
    part("values", values);
    if (group)
      floats("scales", scales);
    if (layer.asymmetric)
      floats("zeros", zeros);
    return result;
  }

  /// As LayerColumns has it.
  void strip(int64_t first, Matrix &rounded) const {
    const int64_t groups = group ? llvm::divideCeil(columns.depth(), group) : 0;
    for (int64_t n = 0; n < rounded.cols(); ++n)
      for (int64_t k = 0; k < rounded.rows(); ++k) {
        const float value = floatAt(element, values.data(), columns.positionOf(k, first + n));
        const int64_t at = group ? columns.groupPositionOf(k / group, first + n, groups) : 0;
        rounded(k, n) = group ? (value - (zeros.empty() ? 0 : zeros[at])) * scales[at] : value;
      }
  }

private:
  const LayerColumns &columns;
  const int64_t group;
  Type element;
  std::vector<uint8_t> values;
  std::vector<float> scales, zeros; ///< Of groups; empty where there are none.
};

/// A layer's rows as its product reads them.
Matrix matrixOf(LayerRows rows) {
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      rows.values, rows.count, rows.features);
}

/// As glm.matmul's lhs_group has it.
void roundRows(Matrix &rows, int64_t group) {
  for (int64_t row = 0; row < rows.rows(); ++row)
    for (int64_t first = 0; first < rows.cols(); first += group) {
      auto part = rows.row(row).segment(first, std::min<int64_t>(group, rows.cols() - first));
      const float scale = part.cwiseAbs().maxCoeff() / 127;
      for (float &value : part)
        value = scale > 0 ? scale * std::nearbyint(value / scale) : 0;
    }
}

} // namespace

double SignalToNoise::decibels() const {
  if (noise == 0)
    return std::numeric_limits<double>::infinity();
  return signal > 0 ? 10 * std::log10(signal / noise) : -std::numeric_limits<double>::infinity();
}

static int64_t bitsOfFormat(StringRef format) {
  int64_t bits;
  return format.take_back(2).getAsInteger(10, bits) && format.take_back(1).getAsInteger(10, bits) ? 0 : bits;
}

int64_t bytesOf(const LayerOutcome &layer) {
  const int64_t bits = bitsOfFormat(layer.format);
  return llvm::divideCeil(layer.elements * bits, 8) + layer.scales * 2 + llvm::divideCeil(layer.zeros * bits, 8);
}

double bitsOf(const LayerOutcome &layer) {
  return layer.elements ? 8 * double(bytesOf(layer)) / double(layer.elements) : 0;
}

FailureOr<LayerQuality> compareLayer(const ReadWeight &weight, const LayerOutcome &outcome,
                                     glm::WeightOp values, glm::WeightOp scales, LayerRows rows,
                                     WeightSource &source) {
  LayerQuality quality;
  quality.outcome = outcome;
  quality.shape = weight.type.getShape().vec();
  quality.bits = bitsOf(outcome);
  // What stays, or comes so, is as the model has it.
  if (outcome.format == outcome.from || weight.isQuantized || weight.isRounded || outcome.elements == 0)
    return quality;
  LayerColumns columns(weight);
  if (failed(columns.read(source)))
    return failure();
  RoundedLayer compiled(columns, outcome);
  if (failed(compiled.read(weight, outcome, values, scales, source)))
    return failure();
  const bool hasOutput = rows.count > 0 && rows.features == columns.depth() && weight.type.getRank() == 2;
  Matrix left, roundedLeft;
  if (hasOutput) {
    quality.output.emplace();
    left = roundedLeft = matrixOf(rows);
    if (outcome.activations == "int8" && outcome.activationGroup > 0)
      roundRows(roundedLeft, outcome.activationGroup);
    if (outcome.activations == "int8 static" && rows.scale > 0)
      for (float &value : roundedLeft.reshaped())
        value = rows.scale * std::clamp(std::nearbyint(value / rows.scale), -127.0f, 127.0f);
  }
  for (int64_t first = 0, width = columns.width(); first < columns.count(); first += width) {
    const int64_t count = std::min(width, columns.count() - first);
    Matrix original(columns.depth(), count), rounded(columns.depth(), count);
    columns.strip(first, original);
    compiled.strip(first, rounded);
    quality.weight.signal += original.cast<double>().squaredNorm();
    quality.weight.noise += (original - rounded).cast<double>().squaredNorm();
    if (!hasOutput)
      continue;
    const Matrix right = left * original, wrong = right - roundedLeft * rounded;
    quality.output->signal += right.cast<double>().squaredNorm();
    quality.output->noise += wrong.cast<double>().squaredNorm();
  }
  return quality;
}

} // namespace glmc
