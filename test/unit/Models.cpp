//===- Models.cpp - The models of test/models and what simplify makes of them ===//
#include "test/unit/Models.h"

#include "compiler/Compile.h"
#include "compiler/DataBinding.h"
#include "compiler/Pipeline.h"
#include "compiler/TestFolder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

using namespace mlir;

namespace glmc {

std::vector<std::string> modelFolders() {
  std::vector<std::string> folders;
  for (const auto &entry : std::filesystem::directory_iterator(GLMC_TEST_DIR "/models"))
    if (exists(entry.path() / "model.onnx"))
      folders.push_back(entry.path().filename().string());
  llvm::sort(folders);
  return folders;
}

std::string modelPath(const std::string &folder) { return GLMC_TEST_DIR "/models/" + folder; }

OwningOpRef<ModuleOp> importModel(MLIRContext &context, const std::string &folder, size_t set) {
  prepareContext(context);
  std::string error;
  auto found = findTestFolder(modelPath(folder), error);
  auto data = found && set < found->dataSets.size() ? readDataSet(context, found->dataSets[set], error) : std::nullopt;
  if (!data) {
    ADD_FAILURE() << folder << " has no data set " << set << ": " << error;
    return {};
  }
  CompileOptions options;
  options.input = found->model;
  auto model = OnnxModel::read(&context, found->model);
  if (!model || !bindToData(context, *model, options.binding, data->inputs, error)) {
    ADD_FAILURE() << error;
    return {};
  }
  return readModel(context, options);
}

std::string testName(std::string folder) {
  std::replace(folder.begin(), folder.end(), '.', '_');
  return folder;
}

std::string simplifyPasses() {
  MLIRContext context;
  PassManager passes(&context, ModuleOp::getOperationName());
  CompileOptions options;
  options.stopAfter = "eliminate-dead-nodes";
  std::string error, text;
  EXPECT_TRUE(buildPipeline(passes, options, error)) << error;
  llvm::raw_string_ostream stream(text);
  passes.printAsTextualPipeline(stream);
  StringRef list = text;
  EXPECT_TRUE(list.consume_front("builtin.module(") && list.consume_back(")")) << text;
  return list.str();
}

} // namespace glmc
