//===- LibraryBench.cpp - glmc bench of compiled programs ----------------------===//
//
// The header beside a library says what it is. Of its weights only the sum is known,
// and of launches nothing.
//
//===----------------------------------------------------------------------===//
#include "compiler/LibraryBench.h"

#include "compiler/GeneratedHeader.h"
#include "compiler/HostObject.h"
#include "compiler/RunTimer.h"
#include "compiler/SessionBench.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

/// The header that `glmc compile` wrote beside the library; empty if there is none.
std::string headerBeside(const std::string &library) {
  const StringRef stem = llvm::sys::path::stem(library);
  for (StringRef name : {stem, stem.starts_with("lib") ? stem.drop_front(3) : stem}) {
    llvm::SmallString<256> path(llvm::sys::path::parent_path(library));
    llvm::sys::path::append(path, name + ".h");
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

/// What a compiled library cannot be asked for any more; empty if nothing was.
std::string whatIsOfModels(const BenchCommand &command) {
  const BindingFlags &binding = command.build.binding;
  if (!command.inputs.empty())
    return "--input";
  if (!binding.dims.empty() || !binding.binds.empty() || !binding.roles.empty() || binding.context)
    return "--context, --dim, --bind and --role";
  if (command.build.threads != 1)
    return "--threads";
  return command.build.tuning.empty() ? "" : "--tuning";
}

class LibraryBench {
public:
  explicit LibraryBench(const BenchCommand &command) : command(command) {}

  int run() {
    if (const std::string flags = whatIsOfModels(command); !flags.empty())
      return fail("glmc: error: " + flags + (StringRef(flags).contains(' ') ? " are" : " is") + " of models; '" +
                  command.model + "' is compiled already");
    std::string error;
    if (!readHeader(error) || !findCode(error) || !mapWeights(error))
      return fail(error);
    auto target = targets::findTarget("host", error);
    if (!target)
      return fail("glmc: error: " + error);
    code.target = std::move(*target);
    return header.hasState ? runState() : runEntry();
  }

private:
  bool failAt(const std::string &path, const std::string &text, std::string &error) {
    error = path + ": error: " + text;
    return false;
  }

  bool readHeader(std::string &error) {
    const std::string path = command.header.empty() ? headerBeside(command.model) : command.header;
    if (path.empty())
      return failAt(command.model, "there is no header beside it, which says what it is: --header FILE", error);
    auto read = readGeneratedHeader(path, error);
    if (!read)
      return failAt(path, error, error);
    header = std::move(*read);
    code.prefix = header.prefix;
    code.contextBytes = header.contextBytes;
    code.threads = int(header.threads);
    return true;
  }

  bool findCode(std::string &error) {
    if (!llvm::sys::fs::exists(command.model))
      return failAt(command.model, "there is no such file", error);
    const StringRef extension = llvm::sys::path::extension(command.model);
    llvm::SmallString<256> absolute(command.model);
    llvm::sys::fs::make_absolute(absolute); // Else the loader would search for it.
    if (extension == ".so")
      code.library = absolute.str().str();
    else if (extension == ".o")
      code.objectFile = command.model;
    else if (!compileCxxFile(command.cxx, command.model, /*isFreestanding=*/false, code.object, error))
      return failAt(command.model, error, error);
    return true;
  }

  bool mapWeights(std::string &error) {
    const std::vector<std::string> &given = command.build.compress.weights;
    if (!header.weightsApart)
      return given.empty() || failAt(command.model, "--weights is given, but it has its weights inside", error);
    llvm::SmallString<256> beside(command.model);
    llvm::sys::path::replace_extension(beside, ".weights");
    if (given.empty() && !llvm::sys::fs::exists(beside))
      return failAt(command.model,
                    "its weights are in a file of their own, and there is no " + beside.str().str() +
                        ": --weights FILE",
                    error);
    const std::string file = given.empty() ? beside.str().str() : given.back();
    weights = MappedWeights::map(file, error);
    if (!weights)
      return failAt(file, error, error);
    code.weightsApart = true;
    code.weights = weights->data();
    code.weightsBytes = weights->bytes();
    return true;
  }

  int runState() {
    if (command.evict || command.runs || !command.entry.empty())
      return fail("glmc: error: --runs, --entry and --evict are of programs without state");
    GenerationReport report;
    static_cast<TimedCode &>(report.timed) = code;
    report.timed.contextTokens = header.contextTokens;
    report.timed.vocabulary = header.vocabulary;
    report.timed.allLogits = header.allLogits;
    report.timed.steps = header.steps;
    report.timed.tokenWeightBytes = header.weightBytes;
    report.timed.positionBytes = header.cacheBytes / header.contextTokens;
    report.facts = llvm::json::Object{{"weight_bytes", header.weightBytes}, {"cache_bytes", header.cacheBytes}};
    return benchGeneration(command, report);
  }

  /// The entry point that is asked for; null after an error.
  const GeneratedEntry *findEntry() {
    std::string names;
    for (const GeneratedEntry &entry : header.entries) {
      if (entry.name == command.entry || (command.entry.empty() && header.entries.size() == 1))
        return &entry;
      names += (names.empty() ? "" : ", ") + entry.name;
    }
    fail(command.model + ": error: " +
         (command.entry.empty() ? "has several entry points: " + names + "; add --entry NAME"
                                : "--entry is '" + command.entry + "', expected one of: " + names));
    return nullptr;
  }

  int runEntry() {
    if (!command.positions.empty() || command.prompt)
      return fail("glmc: error: --position and --prompt are of programs with state");
    const GeneratedEntry *entry = findEntry();
    if (!entry)
      return 1;
    RunTimes times;
    std::string error;
    if (!timeRuns(code, *entry, {command.runs, command.seconds, command.evict}, times, error))
      return fail(command.model + ": error: " + error);
    if (!writeReport(command.build.json, textOf(jsonOf(*entry, times))))
      return 1;
    if (command.build.json != "-" && !command.build.quiet)
      std::fputs(tableOf(*entry, times).c_str(), stdout);
    return 0;
  }

  std::string tableOf(const GeneratedEntry &entry, const RunTimes &times) {
    const double p50 = times.seconds.median(), rate = p50 > 0 ? double(header.weightBytes) / p50 / 1e9 : 0;
    return llvm::formatv("{0}, {1}, {2} {3}: {4} runs, caches {5}, inputs made up\n"
                         "  P50 {6:F2} us, P99 {7:F2} us: {8} of weights at {9} GB/s\n"
                         "  this machine: {10} GB/s read, {11} GFLOP/s of multiply-adds\n",
                         command.model, entry.name, code.threads, code.threads == 1 ? "thread" : "threads",
                         times.seconds.values().size(), command.evict ? "emptied before each" : "warm", p50 * 1e6,
                         times.seconds.percentile(99) * 1e6, humanBytes(header.weightBytes), shortNumber(rate),
                         shortNumber(times.gigabytes), shortNumber(times.gigaflops));
  }

  llvm::json::Object jsonOf(const GeneratedEntry &entry, const RunTimes &times) {
    return llvm::json::Object{
        {"model", command.model},
        {"entry", entry.name},
        {"threads", code.threads},
        {"runs", int64_t(times.seconds.values().size())},
        {"evicted", command.evict},
        {"p50_seconds", times.seconds.median()},
        {"p99_seconds", times.seconds.percentile(99)},
        {"weight_bytes", header.weightBytes},
        {"machine", llvm::json::Object{{"read_gigabytes_per_second", jsonNumber(times.gigabytes)},
                                       {"multiply_add_gigaflops", jsonNumber(times.gigaflops)}}}};
  }

  const BenchCommand &command;
  GeneratedHeader header;
  std::unique_ptr<MappedWeights> weights;
  TimedCode code;
};

} // namespace

bool isCompiledLibrary(const std::string &path) {
  const StringRef extension = llvm::sys::path::extension(path);
  return extension == ".o" || extension == ".so" || extension == ".cpp";
}

int benchLibrary(const BenchCommand &command) { return LibraryBench(command).run(); }

} // namespace glmc
