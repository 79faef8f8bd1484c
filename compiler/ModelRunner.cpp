//===- ModelRunner.cpp - Compiles a model and runs it on this machine ---------===//
#include "compiler/ModelRunner.h"

#include "codegen/ContextLayout.h"
#include "codegen/object/RunObject.h"
#include "compiler/Progress.h"
#include "compiler/WriteFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// What generated C++ promises to compile with, see the README.
constexpr llvm::StringLiteral cxxFlags[] = {"-std=c++17",      "-O3",       "-Wall", "-Wextra", "-Werror",
                                            "-fno-exceptions", "-fno-rtti", "-fPIC", "-c"};
/// A weights literal is one token of a large file; more than that is a hang.
constexpr unsigned compilerTimeout = 3600;
/// Of the compiler's errors, as many characters are shown.
constexpr size_t shownErrors = 2000;

std::string contentsOf(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// The object that `cxx` makes of the source; false with `error` set.
bool compileSource(const CompileResult &result, const std::string &prefix, const std::string &cxx,
                   std::vector<char> &object, std::string &error) {
  SmallVector<StringRef> command;
  llvm::SplitString(cxx, command);
  auto program = command.empty() ? std::make_error_code(std::errc::no_such_file_or_directory)
                                 : llvm::sys::findProgramByName(command[0]);
  if (!program) {
    error = "there is no compiler '" + cxx + "', which --emit cpp needs";
    return false;
  }
  TemporaryFolder folder;
  const std::string base = folder.path() + "/" + prefix, source = base + ".cpp", output = base + ".o",
                    messages = base + ".txt";
  if (folder.path().empty() || !writeFile(base + ".h", result.header, error) ||
      !writeFile(source, result.source, error)) {
    error = "temporary files for '" + cxx + "' " + (error.empty() ? "cannot be made" : error);
    return false;
  }
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

/// With --io arena, where in the context a parameter is; -1 for a pointer. The
/// arena is what the context begins with (ContextLayout.h).
int64_t offsetInContext(const Parameter &parameter) {
  return parameter.place.memory == Memory::arena ? parameter.place.offset : -1;
}

} // namespace

std::optional<ModelRunner> ModelRunner::create(MLIRContext &context, const BuildFlags &flags, CompileOptions options,
                                               const std::string &cxx) {
  options.emitObject = cxx.empty();
  options.emitCxx = !cxx.empty();
  options.prefix = "model";
  CompileResult result;
  if (failed(compileWithProgress(context, flags, options, result)))
    return std::nullopt;
  ModelRunner runner;
  runner.seconds = result.secondsImport + result.secondsPasses + result.secondsKernels + result.secondsEmit;
  if (result.program.entryPoints.empty()) {
    fail(options.input + ": error: has no graph to run");
    return std::nullopt;
  }
  if (cxx.empty()) {
    runner.object.assign(result.object.begin(), result.object.end());
  } else {
    Progress progress(flags.quiet, llvm::sys::path::filename(options.input).str());
    progress.update("compiling C++", 0, 0);
    std::string error;
    if (!compileSource(result, options.prefix, cxx, runner.object, error)) {
      fail(options.input + ": error: " + error);
      return std::nullopt;
    }
  }
  const EntryPoint &entry = result.program.entryPoints.front();
  runner.prefix = options.prefix;
  runner.entry = entry.name;
  runner.contextBytes = contextLayout(result.program).bytes;
  for (const Parameter &input : entry.inputs)
    runner.inputOffsets.push_back(offsetInContext(input));
  for (const Parameter &output : entry.outputs)
    runner.outputOffsets.push_back(offsetInContext(output));
  runner.inputList = inputSlots(context, entry);
  runner.outputList = outputSlots(context, entry);
  return runner;
}

bool ModelRunner::run(const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs, std::string &error) const {
  object::RunRequest request;
  request.object = object;
  request.prefix = prefix;
  request.entry = entry;
  request.contextBytes = contextBytes;
  request.inputOffsets = inputOffsets;
  request.outputOffsets = outputOffsets;
  for (const Tensor &input : inputs)
    request.inputs.push_back(input.bytes);
  outputs.clear();
  for (const Slot &slot : outputList) {
    outputs.emplace_back(slot.type);
    request.outputBytes.push_back(outputs.back().bytes.size());
  }
  object::RunResult result = object::runObject(request);
  error = result.error;
  if (!error.empty())
    return false;
  for (auto [output, bytes] : llvm::zip(outputs, result.outputs))
    output.bytes = std::move(bytes);
  return true;
}

} // namespace glmc
