//===- CalibrateData.h - Samples that a model is calibrated with ----------------===//
//
// What `--data` names, one of:
//   a folder with test_data_set_0, ...   ONNX test data; outputs may be missing
//   a folder of folders                  each a sample: INPUT.npy, or .pb tensors
//   a folder of .npy or .pb files        each a sample of a model with one input
//   a text file                          each line a sample: tokens, as numbers with
//                                        blanks between, of a model with a context
// Samples are used in order of their names; if there are more than wanted, ones
// that are equally far apart.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_CALIBRATEDATA_H
#define GLMC_COMPILER_CALIBRATEDATA_H

#include "compiler/TensorFile.h"

#include <vector>

namespace glmc {

/// Fewer samples than this make ranges that other data may leave.
constexpr size_t fewSamples = 100;
/// No sample takes more tokens.
constexpr int64_t mostSampleTokens = 65536;

struct Sample {
  std::string name;               ///< For messages: a path, or "FILE:LINE".
  std::vector<NamedTensor> inputs; ///< Or,
  std::vector<int64_t> tokens;     ///< of a text file.
};

class CalibrationData {
public:
  /// Finds out what is at `path`, and takes up to `wanted` samples of it. Nothing:
  /// `error` is the line to print.
  static std::optional<CalibrationData> find(const std::string &path, size_t wanted, std::string &error);

  size_t size() const { return isText() ? lines.size() : paths.size(); }
  bool isText() const { return !lines.empty(); }
  /// Of a text file: the tokens of its longest sample.
  int64_t longest() const;

  /// Reads a sample.
  std::optional<Sample> read(mlir::MLIRContext &context, size_t number, std::string &error) const;

private:
  bool readLines(const std::string &path, std::string &error);
  bool findPaths(const std::string &folder, std::string &error);

  std::vector<std::string> paths; ///< Folders or files.
  std::vector<Sample> lines;
};

} // namespace glmc

#endif // GLMC_COMPILER_CALIBRATEDATA_H
