//===- TestFolder.cpp - ONNX test folders -------------------------------------===//
#include "compiler/TestFolder.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace mlir;

namespace glmc {
namespace {

/// Entries of `folder` named prefix, number, suffix; by number.
std::map<unsigned, std::string> numbered(const std::string &folder, StringRef prefix, StringRef suffix) {
  std::map<unsigned, std::string> found;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    StringRef name = llvm::sys::path::filename(entry->path());
    unsigned number = 0;
    if (name.consume_front(prefix) && name.consume_back(suffix) && !name.getAsInteger(10, number))
      found.emplace(number, entry->path());
  }
  return found;
}

bool readAll(MLIRContext &context, const std::string &folder, StringRef prefix, std::vector<NamedTensor> &tensors,
             std::string &error) {
  for (const auto &[number, path] : numbered(folder, prefix, ".pb")) {
    auto tensor = readTensorFile(context, path, error);
    if (!tensor)
      return false;
    // Inputs that a model does not use may be missing; names say which.
    if (number != tensors.size() && tensor->name.empty()) {
      error = path + ": error: has no name, and there is no " + prefix.str() + std::to_string(tensors.size()) + ".pb";
      return false;
    }
    tensors.push_back(std::move(*tensor));
  }
  return true;
}

} // namespace

std::optional<TestFolder> findTestFolder(const std::string &path, std::string &error) {
  TestFolder result;
  if (!llvm::sys::fs::exists(path)) {
    error = path + ": error: there is no such folder or file";
    return std::nullopt;
  }
  if (!llvm::sys::fs::is_directory(path)) {
    result.model = path;
    return result;
  }
  llvm::SmallString<128> model(path);
  llvm::sys::path::append(model, "model.onnx");
  if (!llvm::sys::fs::exists(model)) {
    error = path + ": error: is not an ONNX test folder: there is no model.onnx in it";
    return std::nullopt;
  }
  result.model = model.str().str();
  result.dataSets = numberedEntries(path, "test_data_set_", "");
  return result;
}

std::vector<std::string> numberedEntries(const std::string &folder, StringRef prefix, StringRef suffix) {
  std::vector<std::string> paths;
  for (auto &[number, path] : numbered(folder, prefix, suffix))
    paths.push_back(path);
  return paths;
}

std::optional<std::vector<NamedTensor>> readDataInputs(MLIRContext &context, const std::string &folder,
                                                       std::string &error) {
  std::vector<NamedTensor> inputs;
  if (!readAll(context, folder, "input_", inputs, error))
    return std::nullopt;
  return inputs;
}

std::optional<DataSet> readDataSet(MLIRContext &context, const std::string &folder, std::string &error) {
  DataSet set;
  if (!readAll(context, folder, "input_", set.inputs, error) ||
      !readAll(context, folder, "output_", set.outputs, error))
    return std::nullopt;
  if (set.outputs.empty()) {
    error = folder + ": error: there is no output_0.pb to compare with";
    return std::nullopt;
  }
  return set;
}

} // namespace glmc
