//===- Compile.cpp - From a model to outputs, as a function -----------------===//
#include "compiler/Compile.h"

#include "codegen/ReadProgram.h"
#include "codegen/object/EmitObject.h"
#include "codegen/source/EmitHeader.h"
#include "codegen/source/EmitSource.h"
#include "compiler/Pipeline.h"
#include "compiler/StepEntries.h"
#include "compiler/WriteFile.h"
#include "compiler/import/onnx/ImportOnnx.h"
#include "compiler/report/Boundaries.h"
#include "compiler/report/Dump.h"
#include "dialects/glm/GlmOps.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ThreadPool.h"

#include <chrono>
#include <mutex>

using namespace mlir;

namespace glmc {
namespace {

/// Seconds since it was made.
class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

private:
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

/// An error at the model's file, for what has no better place.
InFlightDiagnostic errorAt(MLIRContext &context, const CompileOptions &options) {
  return emitError(FileLineColLoc::get(&context, options.input, 0, 0));
}

std::string hexOf(llvm::SHA256 &hash) { return llvm::toHex(hash.final(), /*LowerCase=*/true).substr(0, 16); }

/// Of the weights image: what a program checks weights against.
FailureOr<std::string> hashWeights(const Program &program) {
  llvm::SHA256 hash;
  if (!program.writeWeights([&](const uint8_t *data, size_t size) { hash.update(ArrayRef(data, size)); }))
    return failure();
  return hexOf(hash);
}

/// Of all that decides the outputs: the planned module as text without its
/// folder, the weights, the target and the names.
std::string hashBuild(ModuleOp module, const CompileOptions &options, const std::string &weightHash) {
  OwningOpRef<ModuleOp> copy = module.clone();
  (*copy)->removeAttr(glm::GlmDialect::directoryAttr);
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream, OpPrintingFlags().elideLargeResourceString(0));
  stream << weightHash << options.target.name << options.prefix << GLMC_VERSION;
  llvm::SHA256 hash;
  hash.update(text);
  return hexOf(hash);
}

/// Says in the module how many threads it is compiled for; a planned one says so
/// already.
LogicalResult setThreads(ModuleOp module, const CompileOptions &options, bool isPlanned) {
  auto known = module->getAttrOfType<IntegerAttr>(threadsAttr);
  if (isPlanned) {
    const int64_t planned = known ? known.getInt() : 1;
    if (options.threads != 1 && options.threads != planned)
      return module.emitError() << "this was planned for " << planned << " threads, and cannot use " << options.threads;
    return success();
  }
  module->removeAttr(threadsAttr);
  if (options.threads > 1)
    module->setAttr(threadsAttr, Builder(module.getContext()).getI64IntegerAttr(options.threads));
  return success();
}

kernels::Wanted wantedOf(const CompileOptions &options) {
  kernels::Wanted wanted;
  wanted.bitcode = options.emitObject;
  wanted.cxx = options.emitCxx;
  wanted.lowered = wanted.assembly = !options.dumpDirectory.empty();
  return wanted;
}

LogicalResult compileKernels(MLIRContext &context, const CompileOptions &options, const Program &program,
                             std::vector<kernels::CompiledKernel> &compiled) {
  kernels::HalideTarget target{options.target.halide, int(options.target.vectorBytes)};
  kernels::Wanted wanted = wantedOf(options);
  compiled.resize(program.kernels.size());
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  std::mutex progress;
  size_t done = 0;
  for (size_t i = 0; i < compiled.size(); ++i)
    pool.async([&, i] {
      compiled[i] = kernels::compileKernel(program.kernels[i], target, wanted);
      std::lock_guard<std::mutex> lock(progress);
      ++done;
      if (options.progress)
        options.progress("compiling kernels", done, compiled.size());
    });
  pool.wait();
  Dump dump(options.dumpDirectory);
  std::string error;
  for (size_t i = 0; i < compiled.size(); ++i) {
    if (!compiled[i].error.empty())
      return errorAt(context, options) << compiled[i].error // Names the kernel.
                                       << (program.kernelNodes[i].empty() ? "" : ", for ") << program.kernelNodes[i];
    if (!dump.writeKernel(program.kernels[i].name, compiled[i], error))
      return errorAt(context, options) << error;
  }
  return success();
}

LogicalResult emitOutputs(MLIRContext &context, const CompileOptions &options,
                          const std::vector<kernels::CompiledKernel> &compiled, CompileResult &result) {
  source::EmitOptions emit;
  emit.prefix = options.prefix;
  emit.headerName = options.headerName;
  emit.buildId = result.buildId;
  emit.weightHash = result.weightHash;
  emit.targetName = options.target.name;
  emit.cpuRequires = options.target.requirements;
  emit.cxxTarget = options.target.cxxTarget;
  if (options.emitObject) {
    object::ObjectOptions objectOptions;
    objectOptions.prefix = options.prefix;
    objectOptions.buildId = result.buildId;
    objectOptions.target = options.target;
    object::ObjectResult object = object::emitObject(result.program, compiled, objectOptions);
    if (!object.error.empty())
      return errorAt(context, options) << "cannot emit the object: " << object.error;
    result.object.assign(object.object.begin(), object.object.end());
    result.stackBytes = object.stackBytes;
    result.supportRoutines = object.undefinedSymbols;
    emit.supportRoutines = object.undefinedSymbols;
    emit.stackBytes = object.stackBytes;
  }
  std::string error;
  if (options.emitCxx) {
    auto write = [&](std::string_view text) { result.source.append(text); };
    if (!source::emitSource(result.program, compiled, emit, write, error))
      return errorAt(context, options) << "cannot emit the C++ file: " << error;
  }
  result.header = source::emitHeader(result.program, emit);
  return success();
}

} // namespace

void prepareContext(MLIRContext &context) {
  context.loadDialect<glm::GlmDialect>();
  // Errors carry their node; a note with the op's text would only bury them.
  context.printOpOnDiagnostic(false);
}

OwningOpRef<ModuleOp> readModel(MLIRContext &context, const CompileOptions &options) {
  if (!StringRef(options.input).ends_with(".mlir")) {
    ImportOptions import;
    import.dims = options.dims;
    return importOnnx(&context, options.input, import);
  }
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.input, ParserConfig(&context));
  if (!module)
    errorAt(context, options) << "cannot read this as a dump of glmc";
  return module;
}

LogicalResult compile(MLIRContext &context, const CompileOptions &options, CompileResult &result) {
  Stopwatch import;
  result.module = readModel(context, options);
  if (!result.module)
    return failure();
  result.secondsImport = import.seconds();
  ModuleOp module = *result.module;
  module->setAttr(glm::GlmDialect::mathAttr,
                  StringAttr::get(&context, options.math == kernels::Math::exact ? "exact" : "fast"));
  // A dump of the planned level has nothing left to lower.
  bool isPlanned = !module.getOps<glm::ProgramOp>().empty();
  if (failed(setThreads(module, options, isPlanned)))
    return failure();
  if (options.ioArena)
    for (auto graph : module.getOps<glm::GraphOp>())
      graph->setAttr(glm::GlmDialect::ioArenaAttr, UnitAttr::get(&context));
  if (auto nodes = module->getAttrOfType<IntegerAttr>(glm::GlmDialect::onnxNodesAttr))
    result.onnxNodes = nodes.getInt();

  Stopwatch passes;
  if (!isPlanned && failed(runPipeline(module, options, result.passes)))
    return failure();
  result.secondsPasses = passes.seconds();
  if (!options.stopAfter.empty())
    return success();

  Stopwatch kernels;
  auto program = readProgram(module);
  if (failed(program))
    return failure();
  result.program = std::move(*program);
  if (options.stepEntries)
    addStepEntries(result.program);
  std::vector<kernels::CompiledKernel> compiled;
  if (failed(compileKernels(context, options, result.program, compiled)))
    return failure();
  result.secondsKernels = kernels.seconds();

  Stopwatch emit;
  auto weightHash = hashWeights(result.program);
  if (failed(weightHash))
    return failure();
  result.weightHash = *weightHash;
  result.buildId = hashBuild(module, options, result.weightHash);
  if (failed(emitOutputs(context, options, compiled, result)))
    return failure();
  result.secondsEmit = emit.seconds();
  return success();
}

std::string identifierOf(const std::string &name) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text[0]))
    text.insert(text.begin(), 'm');
  return text;
}

LogicalResult writeOutputs(MLIRContext &context, const std::string &base, const CompileResult &result) {
  std::pair<const char *, const std::string *> files[] = {
      {".o", &result.object}, {".cpp", &result.source}, {".h", &result.header}};
  std::vector<std::pair<std::string, std::string>> written; // Aside, final.
  auto removeAll = [&] {
    for (auto &[aside, final] : written)
      llvm::sys::fs::remove(aside);
  };
  std::string error;
  for (auto [extension, content] : files) {
    if (content->empty())
      continue;
    std::string final = base + extension, aside = final + ".partial";
    written.emplace_back(aside, final);
    if (writeFile(aside, *content, error))
      continue;
    removeAll();
    return emitError(FileLineColLoc::get(&context, final, 0, 0)) << error;
  }
  for (auto &[aside, final] : written) {
    std::error_code code = llvm::sys::fs::rename(aside, final);
    if (!code)
      continue;
    removeAll();
    for (auto &[otherAside, otherFinal] : written)
      if (otherFinal != final)
        llvm::sys::fs::remove(otherFinal);
    return emitError(FileLineColLoc::get(&context, final, 0, 0)) << "cannot write: " << code.message();
  }
  return success();
}

std::string reportJson(const CompileOptions &options, const CompileResult &result) {
  int64_t launches = 0, bound = 0;
  for (const EntryPoint &entry : result.program.entryPoints) {
    for (const Step &step : entry.steps)
      launches += std::holds_alternative<Launch>(step);
    bound = std::max(bound, entry.boundBytes);
  }
  llvm::json::Object seconds{{"import", result.secondsImport},
                             {"passes", result.secondsPasses},
                             {"kernels", result.secondsKernels},
                             {"emit", result.secondsEmit}};
  llvm::json::Object report{
      {"model", llvm::sys::path::filename(options.input).str()},
      {"target", options.target.name},
      {"threads", result.program.threads},
      {"math", options.math == kernels::Math::exact ? "exact" : "fast"},
      {"build_id", result.buildId},
      {"weight_hash", result.weightHash},
      {"nodes", result.onnxNodes},
      {"launches", launches},
      {"boundaries", boundariesJson(*result.module)},
      {"kernels", int64_t(result.program.kernels.size())},
      {"arena_bytes", result.program.arenaBytes},
      {"bound_bytes", bound},
      {"gap_bytes", result.program.arenaBytes - bound},
      {"state_bytes", result.program.stateBytes},
      {"weight_bytes", result.program.weightBytes},
      {"stack_bytes", result.stackBytes},
      {"object_bytes", int64_t(result.object.size())},
      {"source_bytes", int64_t(result.source.size())},
      {"source_code_bytes", source::codeBytes(result.source)},
      {"seconds", std::move(seconds)},
  };
  if (auto passes = llvm::json::parse(summaryJson(result.passes)))
    report["passes"] = std::move(*passes);
  else
    llvm::consumeError(passes.takeError());
  return llvm::formatv("{0:2}", llvm::json::Value(std::move(report)));
}

} // namespace glmc
