//===- Gptq.h - Rounding with error feedback ------------------------------------===//
//
// Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
// Pre-trained Transformers" (2022, arXiv 2210.17323): the weights of a layer are
// rounded one after another along what its product sums over, and what each lost
// is made up for by those that are not rounded yet, as the layer's inputs X say:
//
//   H = 2 X^T X, its diagonal raised by 1 % of its mean
//   U = the upper Cholesky factor of H's inverse
//   for k = 0, 1, ...: where a group begins, its scales are those of the weights as
//   they are by now; row k is rounded; what it lost, divided by U[k, k] and times
//   U[k, j], is taken from each later row j
//
// Columns do not depend on each other, so that a large weight is done in strips.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_GPTQ_H
#define GLMC_COMPILER_GPTQ_H

#include "dialects/glm/GlmOps.h"

#include <Eigen/Core>

#include <optional>
#include <vector>

namespace glmc {

/// X^T X of rows that a layer read.
class InputMoments {
public:
  explicit InputMoments(int64_t features) : sums(Eigen::MatrixXf::Zero(features, features)) {}

  /// Adds rows of so many features, one behind the other.
  void add(const float *values, int64_t rows);
  int64_t features() const { return sums.rows(); }

  /// U. Nothing if the rows are not finite.
  std::optional<Eigen::MatrixXf> feedback() const;

private:
  Eigen::MatrixXf sums; ///< The lower half.
};

/// Integers and scales of a strip of columns.
struct RoundedColumns {
  std::vector<int8_t> values; ///< [depth, columns]
  std::vector<uint16_t> scales; ///< f16, [groups, columns]
};

/// Rounds `columns` [depth, columns] to `to`, i8 or i4, as glm::roundWeight does but
/// with feedback. Precondition: feedback has as many rows as columns has.
RoundedColumns roundWithFeedback(Eigen::MatrixXf columns, const Eigen::MatrixXf &feedback, mlir::IntegerType to,
                                 int64_t group);

} // namespace glmc

#endif // GLMC_COMPILER_GPTQ_H
