//===- Models.cpp - The models of test/models and what simplify makes of them ===//
#include "test/unit/Models.h"

#include "compiler/Pipeline.h"

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
