//===- CalibrateData.cpp - Samples that a model is calibrated with --------------===//
#include "compiler/CalibrateData.h"

#include "compiler/TestFolder.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace mlir;

namespace glmc {
namespace {

bool isTensorFile(StringRef path) { return path.ends_with(".npy") || path.ends_with(".pb"); }

/// What lies in a folder, by name; hidden files do not count.
std::vector<std::string> entriesOf(const std::string &folder, std::error_code &code) {
  std::vector<std::string> entries;
  for (llvm::sys::fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
    if (!llvm::sys::path::filename(entry->path()).starts_with("."))
      entries.push_back(entry->path());
  llvm::sort(entries);
  return entries;
}

/// `wanted` of all, equally far apart.
template <typename T>
void thin(std::vector<T> &all, size_t wanted) {
  if (all.size() <= wanted)
    return;
  std::vector<T> kept;
  for (size_t i = 0; i < wanted; ++i)
    kept.push_back(std::move(all[i * all.size() / wanted]));
  all = std::move(kept);
}

/// A folder of INPUT.npy and .pb files.
bool readFolder(MLIRContext &context, const std::string &folder, std::vector<NamedTensor> &inputs, std::string &error) {
  std::error_code code;
  for (const std::string &path : entriesOf(folder, code)) {
    if (!isTensorFile(path))
      continue;
    auto tensor = readTensorFile(context, path, error);
    if (!tensor)
      return false;
    if (tensor->name.empty())
      tensor->name = llvm::sys::path::stem(path).str();
    inputs.push_back(std::move(*tensor));
  }
  if (code || inputs.empty())
    error = folder + ": error: " + (code ? "cannot be read: " + code.message() : "has no .npy or .pb file in it");
  return error.empty();
}

} // namespace

bool CalibrationData::readLines(const std::string &path, std::string &error) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    error = path + ": error: cannot be read: " + buffer.getError().message();
    return false;
  }
  for (llvm::line_iterator line(**buffer, /*SkipBlanks=*/true, '#'); !line.is_at_end(); ++line) {
    Sample sample;
    sample.name = path + ":" + std::to_string(line.line_number());
    SmallVector<StringRef> words;
    llvm::SplitString(*line, words, " \t\r,");
    for (StringRef word : words) {
      int64_t token;
      if (word.getAsInteger(10, token) || token < 0) {
        error = sample.name + ": error: '" + word.take_front(40).str() +
                "' is no token: expected numbers with blanks between, a sample a line";
        return false;
      }
      sample.tokens.push_back(token);
    }
    if (int64_t(sample.tokens.size()) > mostSampleTokens) {
      error = sample.name + ": error: has " + std::to_string(sample.tokens.size()) + " tokens, expected at most " +
              std::to_string(mostSampleTokens);
      return false;
    }
    if (!sample.tokens.empty())
      lines.push_back(std::move(sample));
  }
  if (lines.empty())
    error = path + ": error: has no samples: expected a line of tokens each";
  return error.empty();
}

bool CalibrationData::findPaths(const std::string &folder, std::string &error) {
  paths = numberedEntries(folder, "test_data_set_", "");
  if (!paths.empty())
    return true;
  std::error_code code;
  std::vector<std::string> files, archives;
  for (const std::string &entry : entriesOf(folder, code)) {
    if (llvm::sys::fs::is_directory(entry))
      paths.push_back(entry);
    else if (isTensorFile(entry))
      files.push_back(entry);
    else if (StringRef(entry).ends_with(".npz"))
      archives.push_back(entry);
  }
  if (code)
    error = folder + ": error: cannot be read: " + code.message();
  else if (!paths.empty() && !files.empty())
    error = folder + ": error: has both folders and tensors in it, " + paths[0] + " and " + files[0] +
            ": expected a sample to be one or the other";
  else if (!archives.empty() && paths.empty() && files.empty())
    error = archives[0] + ": error: is an archive: unpack it to a folder of .npy files";
  else if (paths.empty())
    paths = std::move(files);
  if (error.empty() && paths.empty())
    error = folder + ": error: has no samples: expected test_data_set_0, ..., or folders of INPUT.npy files, or "
                     ".npy files for a model with one input";
  return error.empty();
}

std::optional<CalibrationData> CalibrationData::find(const std::string &path, size_t wanted, std::string &error) {
  CalibrationData data;
  if (!llvm::sys::fs::exists(path)) {
    error = path + ": error: there is no such folder or file";
    return std::nullopt;
  }
  if (llvm::sys::fs::is_directory(path) ? !data.findPaths(path, error) : !data.readLines(path, error))
    return std::nullopt;
  thin(data.paths, wanted);
  thin(data.lines, wanted);
  return data;
}

int64_t CalibrationData::longest() const {
  size_t longest = 0;
  for (const Sample &line : lines)
    longest = std::max(longest, line.tokens.size());
  return int64_t(longest);
}

std::optional<Sample> CalibrationData::read(MLIRContext &context, size_t number, std::string &error) const {
  if (isText())
    return lines[number];
  Sample sample;
  sample.name = paths[number];
  if (!llvm::sys::fs::is_directory(sample.name)) {
    auto tensor = readTensorFile(context, sample.name, error);
    if (!tensor)
      return std::nullopt;
    tensor->name.clear(); // Of a file that is a sample, the name says nothing.
    sample.inputs.push_back(std::move(*tensor));
    return sample;
  }
  auto numbered = readDataInputs(context, sample.name, error);
  if (!numbered)
    return std::nullopt;
  sample.inputs = std::move(*numbered);
  if (sample.inputs.empty() && !readFolder(context, sample.name, sample.inputs, error))
    return std::nullopt;
  return sample;
}

} // namespace glmc
