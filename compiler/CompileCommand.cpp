//===- CompileCommand.cpp - glmc compile --------------------------------------===//
#include "codegen/SessionLayout.h"
#include "compiler/Budget.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/Outputs.h"
#include "compiler/Package.h"
#include "compiler/Session.h"
#include "compiler/WriteFile.h"
#include "compiler/report/Boundaries.h"
#include "compiler/report/Layers.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <unistd.h>

using namespace mlir;

namespace glmc {
namespace {

std::string summaryOf(const CompileOptions &options, const CompileResult &result) {
  const Program &program = result.program;
  int64_t launches = 0, bound = 0;
  std::string entries;
  for (const EntryPoint &entry : program.entryPoints) {
    launches += launchCount(entry);
    entries += (entries.empty() ? "" : ", ") + entry.name + " (" + std::to_string(launchCount(entry)) + " launches)";
    bound = std::max(bound, entry.boundBytes);
  }
  std::string text;
  llvm::raw_string_ostream out(text);
  out << options.input << " for " << options.target.name << ": " << result.onnxNodes << " nodes, " << launches
      << " launches of " << launchedKernels(program) << " kernels, none of them part of another, because\n"
      << boundariesText(*result.module);
  if (program.entryPoints.size() > 1)
    out << "  " << program.entryPoints.size() << " entry points: " << entries << "\n";
  out << "  RAM: arena " << program.arenaBytes << " B (bound " << bound << ", gap " << program.arenaBytes - bound
      << "), state " << program.stateBytes << " B";
  if (result.stackBytes >= 0)
    out << ", stack " << result.stackBytes << " B";
  for (const CacheGroup &group : cacheGroups(program))
    out << "\n    " << group.element << " cache: " << group.letters() << " = " << group.formula() << " = " << group.bytes
        << " B of the state";
  out << "\n  weights " << humanBytes(program.weightBytes);
  if (program.weightsApart)
    out << " in " << options.weightsFile;
  if (result.objectBytes > 0)
    out << ", object " << humanBytes(result.objectBytes);
  if (result.sourceBytes > 0)
    out << ", source " << humanBytes(result.sourceBytes);
  if (const std::string layers = layersText(*result.module); !layers.empty()) {
    const WeightSizes sizes = weightSizes(*result.module);
    out << "\n    of " << humanBytes(sizes.before) << " in the model, " << shortNumber(sizes.bits())
        << " bits each now: " << layers;
  }
  for (size_t i = 0; i < program.versions.size(); ++i) {
    out << "\n  version " << program.versions[i] << ": " << llvm::count(program.kernelVersions, int(i))
        << " kernels of its own";
    if (i < result.versionBytes.size())
      out << ", " << humanBytes(result.versionBytes[i]) << " of code";
  }
  if (const auto &placement = program.placement)
    out << "\n  banks: context in " << placement->context
        << (placement->arena.empty() ? "" : ", arena in " + placement->arena)
        << (placement->weights.empty() ? "" : ", weights in " + placement->weights);
  out << "\n";
  if (result.footprint)
    out << footprintText(*result.footprint);
  out << "  " << shortNumber(result.seconds())
      << " s: import " << shortNumber(result.secondsImport) << ", passes " << shortNumber(result.secondsPasses)
      << ", kernels " << shortNumber(result.secondsKernels) << ", weights " << shortNumber(result.secondsWeights)
      << ", emission " << shortNumber(result.secondsEmit) << "\n";
  return text;
}

bool isIdentifier(StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// Whether the file for the weights, if one is asked for, can be made; false: the
/// error was printed.
bool prepareWeights(const CompileCommand &command, CompileOptions &options) {
  const std::string &file = options.weightsFile;
  if (file.empty())
    return true;
  std::string error;
  auto refuse = [&](const std::string &why) {
    fail("glmc: error: --weights is '" + file + "', " + why);
    return false;
  };
  namespace fs = llvm::sys::fs;
  if (StringRef(file).ends_with("/") ||
      (fs::exists(file) && !fs::is_regular_file(file)))
    return refuse("expected the path of a file to make");
  for (const char *extension : {".o", ".cpp", ".h", ".ld"})
    if (file == command.output + extension || fs::equivalent(file, command.output + extension))
      return refuse("which is another output");
  if (!canWriteIn(llvm::sys::path::parent_path(file).str(), error)) {
    fail(file + ": error: " + error);
    return false;
  }
  options.weights = WeightsPlace::apart;
  return true;
}

/// Whether the object is written. A package holds one of both: sources, unless the object
/// alone is asked for.
bool isObjectWanted(const CompileCommand &command) {
  return llvm::is_contained(command.emit, "obj") &&
         (command.package.empty() || !llvm::is_contained(command.emit, "cpp"));
}

/// Whether what is asked for can be a package; false: the error was printed.
bool preparePackage(const CompileCommand &command, CompileOptions &options) {
  if (command.package.empty())
    return true;
  auto refuse = [](const std::string &why) {
    fail("glmc: error: --package " + why);
    return false;
  };
  if (!options.weightsFile.empty())
    return refuse("is for programs with their weights inside: --weights FILE has none");
  if (!options.stopAfter.empty())
    return refuse("needs a whole program: leave --stop-after out");
  const bool isFolder = llvm::sys::fs::is_directory(command.output);
  if (llvm::sys::fs::exists(command.output) && !isFolder)
    return refuse("makes a folder, but '" + command.output + "' is none");
  options.headerName = options.prefix + ".h";
  return true;
}

/// Where the files go that are made of the program.
OutputPaths pathsOf(const CompileCommand &command, const CompileOptions &options) {
  return command.package.empty() ? OutputPaths::besides(command.output)
                                 : packagePaths(command.package, command.output, options);
}

/// Makes the folders of all outputs; false: the error was printed.
bool makeFolders(const CompileCommand &command, const CompileOptions &options, MadeFolders &folders) {
  const OutputPaths paths = pathsOf(command, options);
  std::vector<std::string> all = {options.weightsFile};
  for (const auto &[path, isWanted] : {std::pair(paths.object, isObjectWanted(command)), {paths.source, options.emitCxx},
                                       {paths.header, true}})
    if (isWanted || command.package.empty())
      all.push_back(path);
  std::string error;
  for (const std::string &path : all)
    if (!folders.make(llvm::sys::path::parent_path(path).str(), error)) {
      fail(path + ": error: " + error);
      return false;
    }
  return true;
}

/// The texts of a package, aside; false: the error was printed.
bool writePackage(const CompileCommand &command, const CompileOptions &options, const CompileResult &result,
                  MadeFolders &folders, Outputs &outputs) {
  if (command.package.empty())
    return true;
  for (const TextFile &file : packageFiles(command.package, command.output, options, result)) {
    std::string error;
    if (!folders.make(llvm::sys::path::parent_path(file.path).str(), error)) {
      fail(file.path + ": error: " + error);
      return false;
    }
    if (failed(outputs.write(file)))
      return false;
  }
  return true;
}

/// A board has what it has, whether or not it is said.
void limitToBoard(CompileOptions &options) {
  int64_t flash = 0, ram = 0;
  for (const targets::MemoryBank &bank : options.target.memories)
    (bank.kind == "flash" ? flash : ram) += bank.bytes;
  if (flash && (!options.flashBudget || *options.flashBudget > flash)) {
    options.flashBudget = flash;
    options.flashLimit = "what " + options.target.name + " has, ";
  }
  if (ram && (!options.ramBudget || *options.ramBudget > ram)) {
    options.ramBudget = ram;
    options.ramLimit = "what " + options.target.name + " has, ";
  }
}

/// What --flash and --ram allow; false: the error was printed.
bool setBudgets(const CompileCommand &command, CompileOptions &options) {
  std::string error;
  for (auto [flag, text, budget] : {std::tuple("--flash", &command.flash, &options.flashBudget),
                                    {"--ram", &command.ram, &options.ramBudget}})
    if (!text->empty() && !(*budget = parseBytes(flag, *text, error))) {
      fail("glmc: error: " + error);
      return false;
    }
  // An object shows what a program takes, whether it is to be written or not.
  options.emitObject |= options.flashBudget || options.ramBudget;
  limitToBoard(options);
  return true;
}

/// Checks what is known before any work; false: the error was printed.
bool prepare(const CompileCommand &command, CompileOptions &options) {
  if (!fillOptions(command.build, command.model, options, &options.weightsFile))
    return false;
  StringRef name = llvm::sys::path::filename(command.output);
  std::string error;
  if (name.empty() || name == "." || name == ".." || StringRef(command.output).ends_with("/")) {
    fail("glmc: error: --output is '" + command.output + "', expected a file's name without extension");
    return false;
  }
  if (!canWriteIn(llvm::sys::path::parent_path(command.output).str(), error)) {
    fail(command.output + ": error: " + error);
    return false;
  }
  options.prefix = command.prefix.empty() ? identifierOf(name.str()) : command.prefix;
  if (!isIdentifier(options.prefix)) {
    fail("glmc: error: --prefix is '" + options.prefix + "', expected a C identifier");
    return false;
  }
  if (!prepareWeights(command, options))
    return false;
  options.headerName = name.str() + ".h";
  options.emitObject = isObjectWanted(command);
  options.emitCxx = llvm::is_contained(command.emit, "cpp");
  if (llvm::is_contained(command.emit, "ld") && options.target.memories.empty()) {
    fail("glmc: error: --emit ld is for targets with memories, and '" + options.target.name + "' has none");
    return false;
  }
  if (!setBudgets(command, options))
    return false;
  options.ioArena = command.io == "arena";
  if (options.ioArena && options.binding.context) {
    fail("glmc: error: --io arena is not for programs with state (--context), whose calls take pointers");
    return false;
  }
  options.arena = command.arena;
  options.resumable = command.resumable;
  options.selfTest = command.selfTest == "layers"    ? SelfTestKind::launches
                     : command.selfTest == "outputs" ? SelfTestKind::outputs
                                                     : SelfTestKind::none;
  options.selfTestData = command.selfTestData;
  options.dumpDirectory = command.dumpDirectory;
  options.stopAfter = command.stopAfter;
  options.pipeline = command.pipeline;
  if (!options.pipeline.empty() && !options.compress.empty()) {
    fail("glmc: error: --pipeline replaces the pass that --weights, --keep and --activations are for: give them to "
         "glm-quantize-weights in it");
    return false;
  }
  return preparePackage(command, options);
}

/// OUT.mlir, with names of nodes, so that a later run can go on from it.
bool writeModule(const std::string &path, ModuleOp module) {
  std::string text, error;
  llvm::raw_string_ostream out(text);
  module->print(out, OpPrintingFlags().enableDebugInfo());
  out << "\n";
  if (writeFile(path, text, error))
    return true;
  fail(path + ": error: " + error);
  return false;
}

} // namespace

int runCompile(const CompileCommand &command) {
  CompileOptions options;
  if (!prepare(command, options))
    return 1;
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  CompileResult result;
  MadeFolders folders;
  if (!makeFolders(command, options, folders))
    return 1;
  if (failed(compileWithProgress(context, command.build, options, result)))
    return 1;
  if (failed(checkBudget(context, options, result))) {
    if (result.program.weightsApart)
      llvm::sys::fs::remove(asideOf(options.weightsFile));
    return 1;
  }
  if (!isObjectWanted(command))
    result.object.clear();
  Outputs outputs(context, pathsOf(command, options), options.weightsFile);
  if (options.stopAfter.empty() &&
      (failed(outputs.write(result)) || !writePackage(command, options, result, folders, outputs)))
    return 1;

  // The report first: it can be taken back, outputs that replaced others not.
  const bool reportIsFile = !command.build.json.empty() && command.build.json != "-";
  if (reportIsFile && !writeReport(command.build.json, reportJson(options, result)))
    return 1;
  llvm::scope_exit takeBack([&] {
    if (reportIsFile)
      ::unlink(command.build.json.c_str());
  });
  const bool written = options.stopAfter.empty() ? succeeded(outputs.commit())
                                                 : writeModule(command.output + ".mlir", *result.module);
  if (!written)
    return 1;
  folders.keep();
  takeBack.release();
  if (command.build.json == "-")
    return writeReport("-", reportJson(options, result)) ? 0 : 1;
  if (!command.build.quiet && options.stopAfter.empty())
    std::fputs(summaryOf(options, result).c_str(), stdout);
  return 0;
}

} // namespace glmc
