//===- GptqTest.cpp - Rounding with error feedback ------------------------------===//
//
// Held against NumPy in double precision, see data/make_calibration_data.py. Floats
// here may round a tie otherwise, which changes what is rounded after it.
//
//===----------------------------------------------------------------------===//
#include "compiler/Gptq.h"

#include "dialects/glm/GlmOps.h"

#include "mlir/IR/MLIRContext.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace glmc;
using Eigen::MatrixXf;

namespace {

constexpr int64_t depth = 160, width = 3, rows = 200, group = 32;

/// NumPy's, [depth, width], and the sums of squares of what it and rounding to
/// nearest make wrong.
const int expected[] = {
    -49, -4, -30, 119, 9, -48, 4, 23, 78, 13, 5, -5, -63, -1, -18, 56, 5, 4, -59, -5, 18, -27, -10, 41, -26,
    9, -30, -120, 18, -21, -4, 13, 49, -15, -5, -29, -72, -15, -20, 52, 0, -23, -127, -7, 19, -106, 9, 0,
    -86, 1, -19, -52, 17, 64, -12, -25, -41, -94, -18, -66, 10, -16, -33, 12, 2, 127, -4, 4, -9, -59, 11,
    -17, 9, -16, -32, 37, 127, -45, -7, -9, -93, -57, 21, 37, 37, 5, -19, 53, 27, 19, -60, 3, -11, -4, -10,
    13, 3, -70, 30, -1, -69, -100, -7, 56, 9, -1, 17, -57, -7, -126, 35, -4, 45, 56, -4, 3, 16, -1, 16, -67,
    11, 23, -67, 6, 24, -14, 1, 6, 7, -6, 70, 22, -2, -29, 60, -9, 42, -25, -2, -14, 108, -3, 15, 103, 2,
    16, -11, -1, -12, -60, -3, -47, 14, 0, 52, -26, -1, -58, -70, 6, 15, -35, -5, -27, 9, -127, 37, -100, 1,
    -63, 110, 11, -30, -93, -7, -24, -46, -7, 7, 63, 2, 11, -109, -4, -36, -8, -6, -49, -127, 2, 62, 102,
    13, 10, 7, 53, 9, 127, -10, -2, -9, -5, 8, 13, 6, 8, 4, 0, 7, 16, -1, -2, 2, -5, 0, -7, -6, -9, 5, -1,
    19, 4, -2, -5, 20, -5, 7, -2, -2, 119, 11, -4, 7, -4, 4, 9, -5, -6, -8, 5, -4, 21, 4, 0, -1, 6, -12, 2,
    -7, -5, 21, 6, -127, 4, 2, 6, 4, 16, 4, -127, 0, -6, 11, 25, 1, -8, 5, 0, 0, 7, -2, 8, 1, 0, -4, 3, 5,
    -3, -14, 4, -27, -8, 5, 8, -2, 4, 5, -17, 33, -6, 22, 50, -8, 16, -127, 0, 2, -93, -11, 4, 39, 0, 127,
    -106, -11, 12, -40, 20, 5, -11, -14, 2, 3, 5, -5, -9, -5, 5, 31, -4, -23, -11, -2, -4, 67, -4, -19, -14,
    -10, -20, 54, -10, -3, -16, -11, 0, -21, 0, -4, -37, -8, 1, 69, 27, -9, -56, 127, -10, 31, 0, 6, -22,
    -9, -7, 71, -125, 25, 26, -9, -15, -57, 23, -19, 17, 3, -6, -10, 4, 9, -65, 12, 38, 6, -6, -2, -40, -2,
    10, 38, -10, -10, -18, 15, -7, 41, -8, 6, 12, 0, 4, 37, 2, -1, 33, 1, -6, -33, 11, -7, 77, -1, -6, 11,
    -5, 0, -6, 8, 2, -84, -9, -3, 38, 3, -8, 12, 2, -2, -28, 4, 13, 2, -2, -9, -110, -12, -2, -9, 6, -4,
    -60, 2, -4, 23, 1, 0, 9, -7, 3, -69, 0, 1, 78, 0, 2, 32, -6, -5, -55, -5, -127, 74, -8, -1, 7, -126, -1,
    -40, -11, 6, 97, 3, -1, -39, 8, -7, 91, 9, -9, -5, 3, 0, 127, -3, 6, 70, -2, -3, -8, 5, -7};
constexpr double expectedNoise = 29.3641389, nearestNoise = 84.8959866;

/// As the script makes them.
std::vector<float> makeValues(int64_t count, uint32_t state) {
  auto uniform = [&] {
    state = state * 1664525u + 1013904223u;
    return double(state >> 8) / 16777216.0;
  };
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    double a = uniform();
    for (int j = 0; j < 3; ++j)
      a += uniform();
    a -= 2;
    values.push_back(float(a * (uniform() > 0.98 ? 16 : 1)));
  }
  return values;
}

/// Rows of which neighbours are alike, one never used.
std::vector<float> makeRows() {
  const std::vector<float> raw = makeValues(rows * depth, 777);
  std::vector<float> x(raw.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < depth; ++i)
      x[row * depth + i] = i == 5 ? 0 : raw[row * depth + i] + raw[row * depth + (i + depth - 1) % depth] * 0.75f;
  return x;
}

MatrixXf makeWeight() {
  const std::vector<float> raw = makeValues(depth * width, 99);
  MatrixXf weight(depth, width);
  for (int64_t i = 0; i < depth * width; ++i)
    weight(i / width, i % width) = raw[i];
  return weight;
}

class Gptq : public ::testing::Test {
protected:
  void SetUp() override { context.loadDialect<glm::GlmDialect>(); }

  MatrixXf feedbackOf(const std::vector<float> &x, int64_t features) {
    InputMoments moments(features);
    // In two pieces, as samples come.
    const int64_t count = int64_t(x.size()) / features;
    moments.add(x.data(), count / 2);
    moments.add(x.data() + count / 2 * features, count - count / 2);
    auto feedback = moments.feedback();
    EXPECT_TRUE(feedback);
    return feedback.value_or(MatrixXf());
  }

  /// The sum of squares of X (W - rounded).
  double noiseOf(const RoundedColumns &rounded, const std::vector<float> &x) {
    MatrixXf wrong = makeWeight();
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t n = 0; n < width; ++n)
        wrong(k, n) -= float(rounded.values[k * width + n]) *
                       float(Eigen::numext::bit_cast<Eigen::half>(rounded.scales[k / group * width + n]));
    const MatrixXf off = Eigen::Map<const MatrixXf>(x.data(), depth, rows).transpose() * wrong;
    return off.cast<double>().squaredNorm();
  }

  mlir::MLIRContext context;
};

TEST_F(Gptq, RoundsAsNumpy) {
  const std::vector<float> x = makeRows();
  const RoundedColumns rounded =
      roundWithFeedback(makeWeight(), feedbackOf(x, depth), mlir::IntegerType::get(&context, 8), group);
  ASSERT_EQ(rounded.values.size(), size_t(depth * width));
  int same = 0;
  for (int64_t i = 0; i < depth * width; ++i) {
    same += rounded.values[i] == expected[i];
    EXPECT_GE(rounded.values[i], -127);
    EXPECT_LE(rounded.values[i], 127);
  }
  EXPECT_GE(same, depth * width * 97 / 100);
  EXPECT_NEAR(noiseOf(rounded, x), expectedNoise, 0.02 * expectedNoise);
  EXPECT_LT(noiseOf(rounded, x), 0.8 * nearestNoise);
}

TEST_F(Gptq, IsNearestForUnrelatedInputs) {
  // Of an orthogonal X nothing can be made up for.
  std::vector<float> x(64 * 64);
  for (int i = 0; i < 64; ++i)
    x[i * 64 + i] = 2;
  MatrixXf weight(64, 1);
  for (int i = 0; i < 64; ++i)
    weight(i, 0) = float(i % 16 - 8);
  const RoundedColumns rounded =
      roundWithFeedback(weight, feedbackOf(x, 64), mlir::IntegerType::get(&context, 4), 64);
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(rounded.values[i], i % 16 - 8);
  EXPECT_EQ(rounded.scales[0], 0x3c00); // 1: the largest is -8.
}

TEST_F(Gptq, HoldsZerosAndRefusesWhatIsNotFinite) {
  const RoundedColumns zeros = roundWithFeedback(MatrixXf::Zero(32, 2), feedbackOf(std::vector<float>(32 * 4), 32),
                                                 mlir::IntegerType::get(&context, 8), 32);
  EXPECT_EQ(zeros.values, std::vector<int8_t>(64));
  InputMoments moments(2);
  const float x[] = {1, std::numeric_limits<float>::infinity()};
  moments.add(x, 1);
  EXPECT_FALSE(moments.feedback());
}

} // namespace
