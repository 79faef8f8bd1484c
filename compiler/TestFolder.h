//===- TestFolder.h - ONNX test folders ---------------------------------------===//
//
// model.onnx and test_data_set_0, test_data_set_1, ..., each with input_0.pb,
// input_1.pb, ... and output_0.pb, ...: the layout of ONNX's own backend tests.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_TESTFOLDER_H
#define GLMC_COMPILER_TESTFOLDER_H

#include "compiler/TensorFile.h"

namespace glmc {

struct TestFolder {
  std::string model;
  std::vector<std::string> dataSets; ///< Folders, in order of their number.
};

struct DataSet {
  std::vector<NamedTensor> inputs, outputs;
};

/// What is at `path`: a folder, or a model that has no data. `error` is the line
/// to print.
std::optional<TestFolder> findTestFolder(const std::string &path, std::string &error);

/// Entries of `folder` that are named prefix, number, suffix, in order of the
/// number.
std::vector<std::string> numberedEntries(const std::string &folder, llvm::StringRef prefix, llvm::StringRef suffix);

/// The inputs of a data set; its outputs may be missing.
std::optional<std::vector<NamedTensor>> readDataInputs(mlir::MLIRContext &context, const std::string &folder,
                                                       std::string &error);

/// Reads every tensor of a data set.
std::optional<DataSet> readDataSet(mlir::MLIRContext &context, const std::string &folder, std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_TESTFOLDER_H
