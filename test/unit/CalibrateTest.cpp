//===- CalibrateTest.cpp - Ranges of activations --------------------------------===//
//
// Expected values are NumPy's and ONNX Runtime's, see data/make_calibration_data.py.
//
//===----------------------------------------------------------------------===//
#include "compiler/CalibrateData.h"
#include "compiler/CalibrateHistogram.h"
#include "compiler/CalibrateRanges.h"
#include "compiler/WriteFile.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace glmc;

namespace {

/// As the script makes them: four uniform numbers added up, some of them sixteen
/// times as large.
std::vector<float> makeValues(int count, double outliers, double shift) {
  uint32_t state = 12345;
  auto uniform = [&] {
    state = state * 1664525u + 1013904223u;
    return double(state >> 8) / 16777216.0;
  };
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    double a = uniform();
    a += uniform();
    a += uniform();
    a += uniform();
    a -= 2;
    values.push_back(float(a * (uniform() > 1 - outliers ? 16 : 1) + shift));
  }
  return values;
}

ActivationHistogram histogramOf(const std::vector<float> &values) {
  ActivationHistogram histogram;
  histogram.add(values.data(), values.size());
  return histogram;
}

struct Expected {
  double min, max, percentile999, percentile9999, entropy, width;
};

void expectRanges(const std::vector<float> &values, const Expected &expected) {
  const ActivationHistogram histogram = histogramOf(values);
  EXPECT_EQ(histogram.count(), int64_t(values.size()));
  EXPECT_FLOAT_EQ(float(histogram.min()), float(expected.min));
  EXPECT_FLOAT_EQ(float(histogram.max()), float(expected.max));
  // Percentiles are right to a bin.
  EXPECT_NEAR(histogram.percentile(99.9), expected.percentile999, expected.width);
  EXPECT_NEAR(histogram.percentile(99.99), expected.percentile9999, expected.width);
  EXPECT_FLOAT_EQ(float(histogram.entropy()), float(expected.entropy));
}

TEST(CalibrateHistogram, MatchesOnnxRuntimeOnOutliers) {
  expectRanges(makeValues(50000, 0.01, 0.125),
               {-24.5635567, 26.4945717, 15.8127422, 22.2358398, 5.984375, 0.00390625});
}

TEST(CalibrateHistogram, MatchesOnnxRuntimeWithoutOutliers) {
  expectRanges(makeValues(20000, 0, 0),
               {-1.78764272, 1.76862478, 1.70504022, 1.77522421, 1.74707031, 0.000244140625});
}

TEST(CalibrateHistogram, MatchesOnnxRuntimeOnOneSign) {
  std::vector<float> values = makeValues(20000, 0.1, 0);
  for (float &value : values)
    value = std::fabs(value);
  expectRanges(values, {2.98023224e-07, 28.4035873, 22.7509499, 27.6342621, 24.578125, 0.00390625});
}

TEST(CalibrateHistogram, MatchesOnnxRuntimeOnFewValues) {
  expectRanges(makeValues(100, 0.5, 0), {-18.1355743, 15.1748629, 18.1355743, 18.1355743, 18.1355743, 0.00390625});
}

TEST(CalibrateHistogram, NeedsNoOrderOrPieces) {
  std::vector<float> values = makeValues(5000, 0.02, 0);
  const ActivationHistogram together = histogramOf(values);
  std::sort(values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  ActivationHistogram apart;
  for (size_t i = 0; i < values.size(); i += 7)
    apart.add(&values[i], std::min<size_t>(7, values.size() - i));
  EXPECT_EQ(together.min(), apart.min());
  EXPECT_EQ(together.percentile(99), apart.percentile(99));
  EXPECT_EQ(together.percentile(99.99), apart.percentile(99.99));
  EXPECT_EQ(together.entropy(), apart.entropy());
}

TEST(CalibrateHistogram, CountsWhatIsNotFinite) {
  const float inf = std::numeric_limits<float>::infinity();
  const ActivationHistogram histogram = histogramOf({1, inf, NAN, -2, -inf});
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.notFinite(), 3);
  EXPECT_EQ(histogram.min(), -2);
  EXPECT_EQ(histogram.max(), 1);
}

TEST(CalibrateHistogram, HoldsExtremes) {
  EXPECT_EQ(ActivationHistogram().percentile(99.9), 0);
  EXPECT_EQ(ActivationHistogram().entropy(), 0);
  const ActivationHistogram zeros = histogramOf(std::vector<float>(100, 0.0f));
  EXPECT_EQ(zeros.magnitude(), 0);
  EXPECT_EQ(zeros.percentile(99.99), 0);
  EXPECT_EQ(zeros.entropy(), 0);
  const float largest = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  const ActivationHistogram wide = histogramOf({least, 0, -largest, largest});
  EXPECT_EQ(wide.percentile(100), largest);
  const ActivationHistogram narrow = histogramOf({least, -least, 0});
  EXPECT_EQ(narrow.percentile(100), least);
  // Zeros that came first stay zeros.
  ActivationHistogram late;
  const std::vector<float> nothing(999, 0.0f);
  late.add(nothing.data(), nothing.size());
  const float one = 1;
  late.add(&one, 1);
  EXPECT_LE(late.percentile(99), 2.0 / 8192);
  EXPECT_EQ(late.percentile(100), 1);
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

CalibrationRanges someRanges() {
  CalibrationRanges ranges;
  ranges.model = "0123456789abcdef";
  ranges.samples = 3;
  ActivationRange range;
  range.readers = {{"/q/MatMul", "q.weight"}, {"", "k.weight"}};
  range.features = 64;
  range.values = 1234;
  range.min = -1.5;
  range.max = 0.1f;
  range.percentile999 = 1.25;
  range.percentile9999 = 1.375;
  range.entropy = 1.125;
  ranges.activations.push_back(range);
  return ranges;
}

TEST(CalibrateRanges, ReadsWhatItWrites) {
  std::string error;
  auto ranges = parseRanges(printRanges(someRanges()), error);
  ASSERT_TRUE(ranges) << error;
  EXPECT_EQ(ranges->model, "0123456789abcdef");
  EXPECT_EQ(ranges->samples, 3);
  ASSERT_EQ(ranges->activations.size(), 1u);
  const ActivationRange &range = ranges->activations[0];
  EXPECT_EQ(range.readers[0].node, "/q/MatMul");
  EXPECT_EQ(range.readers[1].weight, "k.weight");
  EXPECT_EQ(range.features, 64);
  EXPECT_EQ(range.max, double(0.1f));
  EXPECT_EQ(magnitudeOf(range, "minmax"), 1.5);
  EXPECT_EQ(magnitudeOf(range, "percentile"), 1.375);
  EXPECT_EQ(magnitudeOf(range, "entropy"), 1.125);
}

std::string errorOf(const std::string &text) {
  std::string error;
  EXPECT_FALSE(parseRanges(text, error)) << text;
  return error;
}

/// The file with one piece of it replaced.
std::string changed(const std::string &from, const std::string &to) {
  std::string text = printRanges(someRanges());
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(CalibrateRanges, RefusesWhatIsNone) {
  EXPECT_NE(errorOf("").find("is no JSON"), std::string::npos);
  EXPECT_NE(errorOf("[]").find("is not a file of ranges"), std::string::npos);
  EXPECT_NE(errorOf(changed("glmc-ranges-1", "glmc-ranges-9")).find("is not a file of ranges"), std::string::npos);
  EXPECT_NE(errorOf(changed("-1.5", "null")).find("'min'"), std::string::npos);
  EXPECT_NE(errorOf(changed("-1.5", "\"NaN\"")).find("'min'"), std::string::npos);
  EXPECT_NE(errorOf(changed("-1.5", "1e999")).find("min"), std::string::npos);
  EXPECT_NE(errorOf(changed("-1.5", "7")).find("expected min <= max"), std::string::npos);
  EXPECT_NE(errorOf(changed("1.125", "-1")).find("magnitudes of 0 or more"), std::string::npos);
  EXPECT_NE(errorOf(changed("\"99.99\"", "\"50\"")).find("'99.99'"), std::string::npos);
  EXPECT_NE(errorOf(changed("\"weight\"", "\"wait\"")).find("'readers'"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

class CalibrateSamples : public ::testing::Test {
protected:
  std::string write(const std::string &name, const std::string &text) {
    std::string error, path = folder.path() + "/" + name;
    EXPECT_TRUE(writeFile(path, text, error)) << error;
    return path;
  }
  std::string errorOf(const std::string &path) {
    std::string error;
    EXPECT_FALSE(CalibrationData::find(path, 10, error));
    return error;
  }

  TemporaryFolder folder;
  mlir::MLIRContext context;
};

TEST_F(CalibrateSamples, AreLinesOfTokens) {
  std::string error;
  auto data = CalibrationData::find(write("a.txt", "1 2 3\n# a comment\n\n4,5\n  6\t7 8 9\n"), 10, error);
  ASSERT_TRUE(data) << error;
  EXPECT_TRUE(data->isText());
  ASSERT_EQ(data->size(), 3u);
  EXPECT_EQ(data->longest(), 4);
  auto sample = data->read(context, 1, error);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->tokens, (std::vector<int64_t>{4, 5}));
  EXPECT_TRUE(llvm::StringRef(sample->name).ends_with("a.txt:4"));
}

TEST_F(CalibrateSamples, AreFarApart) {
  std::string text, error;
  for (int i = 0; i < 100; ++i)
    text += std::to_string(i) + "\n";
  auto data = CalibrationData::find(write("a.txt", text), 4, error);
  ASSERT_TRUE(data);
  std::vector<int64_t> tokens;
  for (size_t i = 0; i < data->size(); ++i)
    tokens.push_back(data->read(context, i, error)->tokens[0]);
  EXPECT_EQ(tokens, (std::vector<int64_t>{0, 25, 50, 75}));
}

TEST_F(CalibrateSamples, AreFilesInOrder) {
  std::string error, path = folder.path();
  write("b.npy", "");
  write("a.npy", "");
  write("note.txt", "");
  auto data = CalibrationData::find(path, 10, error);
  ASSERT_TRUE(data) << error;
  EXPECT_EQ(data->size(), 2u);
  EXPECT_FALSE(data->read(context, 0, error));
  EXPECT_TRUE(llvm::StringRef(error).starts_with(path + "/a.npy: error: ")) << error;
}

TEST_F(CalibrateSamples, RefuseWhatIsNone) {
  EXPECT_NE(errorOf(folder.path() + "/none").find("there is no such folder or file"), std::string::npos);
  EXPECT_NE(errorOf(folder.path()).find("has no samples"), std::string::npos);
  EXPECT_NE(errorOf(write("a.txt", "# nothing\n")).find("has no samples"), std::string::npos);
  EXPECT_NE(errorOf(write("a.txt", "1 2\n3 -4\n")).find("a.txt:2: error: '-4' is no token"), std::string::npos);
  EXPECT_NE(errorOf(write("a.txt", "1 two\n")).find("'two' is no token"), std::string::npos);
  EXPECT_NE(errorOf(write("a.txt", "99999999999999999999\n")).find("is no token"), std::string::npos);
  write("a.npz", "");
  EXPECT_NE(errorOf(folder.path()).find("a.npz: error: is an archive"), std::string::npos);
  ASSERT_FALSE(llvm::sys::fs::create_directory(folder.path() + "/sample"));
  write("b.npy", "");
  EXPECT_NE(errorOf(folder.path()).find("has both folders and tensors"), std::string::npos);
}

} // namespace
