//===- Outputs.cpp - All files of a compile, or none --------------------------===//
#include "compiler/Outputs.h"

#include "compiler/WriteFile.h"

#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

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

/// A static library of the one object, the same bytes for the same object.
static bool writeArchive(const CompileResult &result, const std::string &path, const TextSink &sink,
                         std::string &error) {
  std::string object;
  if (!writeObject(result, [&](std::string_view text) { object += text; }, error))
    return false;
  const std::string member = llvm::sys::path::stem(path).str() + ".o";
  llvm::NewArchiveMember file(llvm::MemoryBufferRef(object, member));
  auto archive = llvm::writeArchiveToBuffer({std::move(file)}, llvm::SymtabWritingMode::NormalSymtab,
                                            llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  if (!archive) {
    error = "cannot be made a library: " + llvm::toString(archive.takeError());
    return false;
  }
  sink({(*archive)->getBufferStart(), (*archive)->getBufferSize()});
  return true;
}

LogicalResult Outputs::writeOne(const std::string &path, const ContentWriter &content, int64_t &bytes) {
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
  auto object = [&](const TextSink &sink, std::string &error) {
    return StringRef(paths.object).ends_with(".a") ? writeArchive(result, paths.object, sink, error)
                                                   : writeObject(result, sink, error);
  };
  auto text = [&](const TextSink &sink, std::string &error) {
    return source::writeSource(result.program, result.source, sink, error);
  };
  auto header = [&](const TextSink &sink, std::string &) {
    sink(result.header);
    return true;
  };
  int64_t headerBytes = 0;
  if ((!result.object.empty() && failed(writeOne(paths.object, object, result.objectBytes))) ||
      (!result.source.head.empty() && failed(writeOne(paths.source, text, result.sourceBytes))))
    return failure();
  auto linker = [&](const TextSink &sink, std::string &) {
    sink(result.linker);
    return true;
  };
  if (!result.linker.empty() && failed(writeOne(paths.linker, linker, headerBytes)))
    return failure();
  return writeOne(paths.header, header, headerBytes);
}

LogicalResult Outputs::write(const TextFile &file) {
  int64_t bytes = 0;
  return writeOne(
      file.path,
      [&](const TextSink &sink, std::string &) {
        sink(file.text);
        return true;
      },
      bytes);
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
