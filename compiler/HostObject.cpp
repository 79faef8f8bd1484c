//===- HostObject.cpp - Object code that this machine loads --------------------===//
#include "compiler/HostObject.h"

#include "compiler/Emulator.h"
#include "compiler/Progress.h"
#include "compiler/WriteFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;

namespace glmc {

/// What generated C++ promises to compile with, see the README.
static constexpr llvm::StringLiteral cxxFlags[] = {"-std=c++17",      "-O3",       "-Wall", "-Wextra", "-Werror",
                                                   "-fno-exceptions", "-fno-rtti", "-fPIC", "-c"};
static constexpr llvm::StringLiteral freestandingFlags[] = {
    "-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti", "-ffreestanding", "-c"};
/// A weights literal is one token of a large file; more than that is a hang.
static constexpr unsigned compilerTimeout = 3600;
/// Of the compiler's errors, as many characters are shown.
static constexpr size_t shownErrors = 2000;

static std::string contentsOf(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

bool compileCxxFile(const std::string &cxx, const std::string &source, bool isFreestanding, std::vector<char> &object,
                    std::string &error) {
  SmallVector<StringRef> command;
  llvm::SplitString(cxx, command);
  auto program = command.empty() ? std::make_error_code(std::errc::no_such_file_or_directory)
                                 : llvm::sys::findProgramByName(command[0]);
  if (!program) {
    error = "there is no compiler '" + cxx + "', which C++ needs";
    return false;
  }
  TemporaryFolder folder;
  const std::string output = folder.path() + "/code.o", messages = folder.path() + "/code.txt";
  if (folder.path().empty()) {
    error = "temporary files for '" + cxx + "' cannot be made";
    return false;
  }
  if (isFreestanding)
    command.append(std::begin(freestandingFlags), std::end(freestandingFlags));
  else
    command.append(std::begin(cxxFlags), std::end(cxxFlags));
  command.append({source, "-o", output});
  const std::optional<StringRef> redirects[] = {StringRef(), StringRef(messages), StringRef(messages)};
  const int code = llvm::sys::ExecuteAndWait(*program, command, std::nullopt, redirects, compilerTimeout, 0, &error);
  if (code != 0) {
    error = "'" + cxx + "' does not compile the C++ file: " + (error.empty() ? "" : error + "\n") +
            contentsOf(messages).substr(0, shownErrors);
    return false;
  }
  const std::string bytes = contentsOf(output);
  object.assign(bytes.begin(), bytes.end());
  return true;
}

/// The object that `cxx` makes of the source; false with `error` set.
static bool compileSource(const CompileResult &result, const CompileOptions &options, const std::string &cxx,
                          std::vector<char> &object, std::string &error) {
  TemporaryFolder folder;
  const std::string base = folder.path() + "/" + options.prefix, source = base + ".cpp";
  FileWriter file(source);
  if (folder.path().empty() || !writeFile(base + ".h", result.header, error) ||
      !source::writeSource(
          result.program, result.source, [&](std::string_view text) { file.write(text); }, error) ||
      !file.close(error)) {
    error = "temporary files for '" + cxx + "' " + (error.empty() ? "cannot be made" : error);
    return false;
  }
  return compileCxxFile(cxx, source, isFreestanding(options.target), object, error);
}

/// The object of `result`; false with `error` set.
static bool makeObject(const CompileResult &result, const BuildFlags &flags, const CompileOptions &options,
                       const std::string &cxx, std::vector<char> &object, std::string &error) {
  if (cxx.empty())
    return writeObject(
        result, [&](std::string_view text) { object.insert(object.end(), text.begin(), text.end()); }, error);
  Progress progress(flags.quiet, llvm::sys::path::filename(options.input).str());
  progress.update("compiling C++", 0, 0);
  return compileSource(result, options, cxx, object, error);
}

std::optional<HostObject> compileForHost(MLIRContext &context, const BuildFlags &flags, CompileOptions options,
                                         const std::string &cxx) {
  options.emitObject = cxx.empty();
  options.emitCxx = !cxx.empty();
  options.prefix = hostPrefix;
  options.weights = isForeign(options.target) ? WeightsPlace::inside : WeightsPlace::apartIfLarge;
  TemporaryWeights temporary;
  options.weightsFile = temporary.path();
  HostObject host;
  if (failed(compileWithProgress(context, flags, options, host.result)))
    return std::nullopt;
  std::string error;
  host.weights = temporary.map(host.result.program, error);
  if (!error.empty()) {
    fail(options.input + ": error: a temporary file " + error);
    return std::nullopt;
  }
  if (!makeObject(host.result, flags, options, cxx, host.object, error)) {
    fail(options.input + ": error: " + error);
    return std::nullopt;
  }
  return host;
}

} // namespace glmc
