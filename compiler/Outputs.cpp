//===- Outputs.cpp - All files of a compile, or none --------------------------===//
#include "compiler/Outputs.h"

#include "compiler/WriteFile.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace glmc {

std::string asideOf(const std::string &path) { return path + ".partial"; }

Outputs::~Outputs() {
  for (const std::string &path : finals)
    llvm::sys::fs::remove(asideOf(path));
}

LogicalResult Outputs::failAt(const std::string &path, const std::string &error) {
  // What could not be read was reported where it is.
  return error.empty() ? failure() : emitError(FileLineColLoc::get(&context, path, 0, 0)) << error;
}

LogicalResult Outputs::writeOne(const std::string &extension, const ContentWriter &content, int64_t &bytes) {
  const std::string path = base + extension;
  std::string error;
  FileWriter file(asideOf(path));
  if (!content([&](std::string_view text) { file.write(text); }, error) || !file.close(error))
    return failAt(path, error);
  finals.push_back(path);
  bytes = file.bytes();
  return success();
}

LogicalResult Outputs::write(CompileResult &result) {
  if (!weights.empty())
    finals.push_back(weights);
  auto object = [&](const TextSink &sink, std::string &error) { return writeObject(result, sink, error); };
  auto text = [&](const TextSink &sink, std::string &error) {
    return source::writeSource(result.program, result.source, sink, error);
  };
  auto header = [&](const TextSink &sink, std::string &) {
    sink(result.header);
    return true;
  };
  int64_t headerBytes = 0;
  if ((!result.object.empty() && failed(writeOne(".o", object, result.objectBytes))) ||
      (!result.source.head.empty() && failed(writeOne(".cpp", text, result.sourceBytes))))
    return failure();
  return writeOne(".h", header, headerBytes);
}

LogicalResult Outputs::commit() {
  std::vector<std::string> placed;
  while (!finals.empty()) {
    const std::string path = finals.back();
    if (std::error_code code = llvm::sys::fs::rename(asideOf(path), path)) {
      for (const std::string &other : placed)
        llvm::sys::fs::remove(other);
      return failAt(path, "cannot write: " + code.message());
    }
    placed.push_back(path);
    finals.pop_back();
  }
  return success();
}

} // namespace glmc
