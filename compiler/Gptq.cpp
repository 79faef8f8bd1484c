//===- Gptq.cpp - Rounding with error feedback ----------------------------------===//
#include "compiler/Gptq.h"

#include "dialects/glm/Rounding.h"

#include "llvm/Support/MathExtras.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;
using Eigen::MatrixXd;
using Eigen::MatrixXf;

namespace glmc {
namespace {

/// Of the diagonal's mean, what is added to it.
constexpr double damping = 0.01;
/// Rows whose losses are passed on together to those behind them.
constexpr int64_t blockRows = 128;

} // namespace

void InputMoments::add(const float *values, int64_t rows) {
  const Eigen::Map<const MatrixXf> columns(values, sums.rows(), rows); // A row of X each.
  sums.selfadjointView<Eigen::Lower>().rankUpdate(columns);
}

std::optional<MatrixXf> InputMoments::feedback() const {
  MatrixXd h = 2 * MatrixXd(sums.cast<double>().selfadjointView<Eigen::Lower>());
  // What is always 0 needs no feedback, but an inverse.
  for (int64_t i = 0; i < h.rows(); ++i)
    if (h(i, i) == 0)
      h(i, i) = 1;
  h.diagonal().array() += damping * h.diagonal().mean();
  const Eigen::LLT<MatrixXd> factor(h);
  if (!h.allFinite() || factor.info() != Eigen::Success)
    return std::nullopt;
  const Eigen::LLT<MatrixXd> inverse(factor.solve(MatrixXd::Identity(h.rows(), h.cols())));
  if (inverse.info() != Eigen::Success)
    return std::nullopt;
  return MatrixXf(MatrixXd(inverse.matrixU()).cast<float>());
}

RoundedColumns roundWithFeedback(MatrixXf columns, const MatrixXf &feedback, IntegerType to, int64_t group) {
  const int64_t depth = columns.rows(), width = columns.cols(), groups = llvm::divideCeil(depth, group);
  const float least = to.getWidth() == 4 ? -8 : -127, most = to.getWidth() == 4 ? 7 : 127;
  RoundedColumns rounded;
  rounded.values.resize(depth * width);
  rounded.scales.resize(groups * width);
  Eigen::ArrayXf scale(width), inverse(width);

  // Scales by the definition of all weights.
  auto findScales = [&](int64_t first) {
    const int64_t rows = std::min(group, depth - first);
    const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> part = columns.middleRows(first, rows);
    auto from = RankedTensorType::get({rows, width}, Float32Type::get(to.getContext()));
    auto rounding = glm::RoundingAttr::get(to.getContext(), from, to, "scales", 0, group);
    std::vector<uint8_t> bytes;
    glm::roundWeight(rounding, {reinterpret_cast<const uint8_t *>(part.data()), size_t(rows * width) * sizeof(float)},
                     bytes);
    uint16_t *scales = &rounded.scales[first / group * width];
    std::memcpy(scales, bytes.data(), width * sizeof(uint16_t));
    for (int64_t i = 0; i < width; ++i) {
      scale[i] = float(Eigen::numext::bit_cast<Eigen::half>(scales[i]));
      inverse[i] = scale[i] != 0 ? 1 / scale[i] : 0;
    }
  };

  for (int64_t begin = 0; begin < depth; begin += blockRows) {
    const int64_t end = std::min(begin + blockRows, depth);
    MatrixXf losses(end - begin, width);
    for (int64_t k = begin; k < end; ++k) {
      if (k % group == 0)
        findScales(k);
      for (int64_t i = 0; i < width; ++i) {
        const float q = std::nearbyint(columns(k, i) * inverse[i]), clamped = q >= least ? std::min(q, most) : least;
        rounded.values[k * width + i] = int8_t(std::isnan(q) ? 0 : clamped);
        losses(k - begin, i) = (columns(k, i) - float(rounded.values[k * width + i]) * scale[i]) / feedback(k, k);
      }
      columns.middleRows(k + 1, end - k - 1).noalias() -=
          feedback.row(k).segment(k + 1, end - k - 1).transpose() * losses.row(k - begin);
    }
    columns.bottomRows(depth - end).noalias() -=
        feedback.block(begin, end, end - begin, depth - end).transpose() * losses;
  }
  return rounded;
}

} // namespace glmc
