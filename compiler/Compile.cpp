//===- Compile.cpp - From a model to outputs, as a function -----------------===//
#include "compiler/Compile.h"

#include "codegen/ReadProgram.h"
#include "codegen/SessionLayout.h"
#include "codegen/object/EmitObject.h"
#include "codegen/source/EmitHeader.h"
#include "codegen/source/LinkerText.h"
#include "compiler/CalibrateRanges.h"
#include "compiler/Outputs.h"
#include "compiler/Pipeline.h"
#include "compiler/SelfTest.h"
#include "compiler/StepEntries.h"
#include "compiler/import/onnx/ImportOnnx.h"
#include "compiler/report/Boundaries.h"
#include "compiler/report/Dump.h"
#include "compiler/report/Layers.h"
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

/// Weights that runs of our own map instead of copying them about.
constexpr int64_t largeWeights = int64_t(64) << 20;
/// Of weights in a C++ file, where a byte may take four characters and more, and
/// no compiler reads 2 GB.
constexpr int64_t largestSourceWeights = int64_t(480) << 20;

/// Whether weights that are to be inside fit there.
LogicalResult placeWeights(MLIRContext &context, const CompileOptions &options, Program &program) {
  program.weightsApart = options.weights == WeightsPlace::apart ||
                         (options.weights == WeightsPlace::apartIfLarge && program.weightBytes > largeWeights);
  if (program.weightsApart)
    return success();
  auto check = [&](bool wanted, const char *what, int64_t most, const char *otherwise) -> LogicalResult {
    if (!wanted || program.weightBytes <= most)
      return success();
    return errorAt(context, options) << "has weights of " << program.weightBytes << " bytes, and " << what
                                     << " holds at most " << most
                                     << ": give them a file of their own with --weights FILE" << otherwise;
  };
  return success(succeeded(check(options.emitObject, "an object", object::largestObjectData, "")) &&
                 succeeded(check(options.emitCxx, "a C++ file", largestSourceWeights,
                                 options.emitObject ? ", or leave the C++ file out with --emit obj" : "")));
}

/// Whether the weights file would take the place of one that the model is read
/// from.
LogicalResult checkWeightsFile(MLIRContext &context, const CompileOptions &options, ModuleOp module) {
  auto directory = module->getAttrOfType<StringAttr>(glm::GlmDialect::directoryAttr);
  SmallVector<std::string> sources = {options.input};
  module.walk([&](glm::PlacedWeightOp weight) {
    auto rounded = dyn_cast<ArrayAttr>(weight.getSource());
    auto stored = dyn_cast<glm::StoredAttr>(rounded && !rounded.empty() ? rounded[0] : weight.getSource());
    SmallString<128> path(directory ? directory.getValue() : ".");
    if (!stored)
      return;
    llvm::sys::path::append(path, stored.getFile());
    if (!llvm::is_contained(sources, path.str()))
      sources.push_back(path.str().str());
  });
  for (const std::string &source : sources)
    if (llvm::sys::fs::equivalent(source, options.weightsFile))
      return errorAt(context, options) << "--weights is '" << options.weightsFile << "', which the model is read from";
  return success();
}

/// What a weights file is checked against; writes that file, if there is one.
LogicalResult writeWeights(MLIRContext &context, const CompileOptions &options, CompileResult &result) {
  const Program &program = result.program;
  uint64_t checksum = 0;
  std::string error;
  if (program.weightsApart && options.weightsFile.empty())
    return errorAt(context, options) << "needs a temporary file for its weights, and no folder for it can be made";
  if (program.weightsApart && failed(checkWeightsFile(context, options, *result.module)))
    return failure();
  const bool good = program.weightsApart
                        ? writeWeightsFile(program, asideOf(options.weightsFile), checksum, error)
                        : checksumWeights(program, checksum);
  if (!good && !error.empty())
    emitError(FileLineColLoc::get(&context, options.weightsFile, 0, 0)) << error;
  result.weightHash = llvm::utohexstr(checksum, /*LowerCase=*/true, /*Width=*/16);
  return success(good);
}

/// Of all that decides the outputs: the planned module as text without its
/// folder, the weights and whether they are apart, the target and the names.
std::string hashBuild(ModuleOp module, const CompileOptions &options, const std::string &weightHash, bool isApart) {
  OwningOpRef<ModuleOp> copy = module.clone();
  (*copy)->removeAttr(glm::GlmDialect::directoryAttr);
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream, OpPrintingFlags().elideLargeResourceString(0));
  stream << weightHash << isApart << options.optimize << (options.resumable ? "resumable" : "")
         << (options.selfTest == SelfTestKind::none ? "" : options.selfTest == SelfTestKind::outputs ? "tested" : "layers")
         << options.target.name << options.prefix << GLMC_VERSION;
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

/// Whether the module, which may be a dump, has the versions that are asked for.
LogicalResult checkVersions(ModuleOp module, const CompileOptions &options, const Program &program) {
  std::vector<std::string> asked;
  for (const targets::Target &version : options.versions)
    asked.push_back(version.name);
  if (asked == program.versions)
    return success();
  return module.emitError() << "this was scheduled for "
                            << (program.versions.empty() ? "one target" : "the targets " + llvm::join(program.versions, ","))
                            << ", and cannot be compiled for " << options.target.name;
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
  kernels::Wanted wanted = wantedOf(options);
  compiled.resize(program.kernels.size());
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  std::mutex progress;
  size_t done = 0;
  for (size_t i = 0; i < compiled.size(); ++i)
    pool.async([&, i] {
      const targets::Target &version =
          program.versions.empty() ? options.target : options.versions[versionOf(program, i)];
      const kernels::HalideTarget target{version.halide, int(version.vectorBytes), version.dot};
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
  for (const targets::Target &version : options.versions)
    emit.versions.push_back({version.requirements, version.cxxTarget});
  if (options.emitObject) {
    object::ObjectOptions objectOptions;
    objectOptions.prefix = options.prefix;
    objectOptions.buildId = result.buildId;
    objectOptions.target = options.target;
    objectOptions.versions = options.versions;
    objectOptions.isSmall = options.optimize == "size";
    objectOptions.weightsApart = true;
    object::ObjectResult object = object::emitObject(result.program, compiled, objectOptions);
    if (!object.error.empty())
      return errorAt(context, options) << "cannot emit the object: " << object.error;
    result.object.assign(object.object.begin(), object.object.end());
    result.objectHasWeights = object.weightBytes > 0;
    result.stackBytes = object.stackBytes;
    result.footprint = footprintOf(result.program, object);
    result.supportRoutines = object.undefinedSymbols;
    result.versionBytes = object.versionBytes;
    emit.supportRoutines = object.undefinedSymbols;
    emit.stackBytes = object.stackBytes;
  }
  std::string error;
  if (options.emitCxx && !source::emitText(result.program, compiled, emit, result.source, error))
    return errorAt(context, options) << "cannot emit the C++ file: " << error;
  result.header = source::emitHeader(result.program, emit);
  if (result.program.placement)
    result.linker = source::emitLinker(result.program, emit);
  return success();
}

OwningOpRef<ModuleOp> readOnnx(MLIRContext &context, const CompileOptions &options) {
  std::unique_ptr<OnnxModel> model = OnnxModel::read(&context, options.input);
  if (!model)
    return {};
  std::vector<ImportOptions> bindings;
  std::string error;
  if (!resolveBindings(model->signature(), options.binding, bindings, error)) {
    emitError(UnknownLoc::get(&context)) << error;
    return {};
  }
  OwningOpRef<ModuleOp> module = model->import(bindings);
  if (module && options.binding.context) {
    Builder builder(&context);
    (*module)->setAttr(glm::GlmDialect::sessionAttr,
                       builder.getDictionaryAttr({
                           builder.getNamedAttr("context", builder.getI64IntegerAttr(options.binding.context)),
                           builder.getNamedAttr("kv", builder.getStringAttr(options.binding.kv)),
                           builder.getNamedAttr("logits", builder.getStringAttr(options.binding.logits)),
                       }));
  }
  const CompressOptions &compress = options.compress;
  if (module && !compress.calibration.empty() &&
      failed(attachCalibration(*module, options.input, compress)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> readDump(MLIRContext &context, const CompileOptions &options) {
  if (!options.binding.empty()) {
    errorAt(context, options) << "is a dump, whose sizes are bound: --dim, --bind, --role and --context are of models";
    return {};
  }
  if (!options.compress.calibration.empty()) {
    errorAt(context, options) << "is a dump, and --calibration is of models";
    return {};
  }
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.input, ParserConfig(&context));
  if (!module)
    errorAt(context, options) << "cannot read this as a dump of glmc";
  return module;
}

/// Removes all graphs, or programs of a planned dump, but one.
LogicalResult keepEntry(ModuleOp module, const std::string &entry) {
  SmallVector<Operation *> others;
  std::string names;
  for (Operation &op : module.getOps()) {
    if (!isa<glm::GraphOp, glm::ProgramOp>(op))
      continue;
    const StringRef name = SymbolTable::getSymbolName(&op).getValue();
    names += (names.empty() ? "" : ", ") + name.str();
    if (name != entry)
      others.push_back(&op);
  }
  const size_t count = StringRef(names).count(", ") + 1;
  if (names.empty() || (entry.empty() && count == 1))
    return success();
  if (entry.empty())
    return emitError(UnknownLoc::get(module.getContext()))
           << "has " << count << " entry points: " << names << "; add --entry NAME";
  if (others.size() == count)
    return emitError(UnknownLoc::get(module.getContext()))
           << "--entry is '" << entry << "', expected one of: " << names;
  for (Operation *other : others)
    other->erase();
  return success();
}

} // namespace

void prepareContext(MLIRContext &context) {
  context.loadDialect<glm::GlmDialect>();
  // Errors carry their node; a note with the op's text would only bury them.
  context.printOpOnDiagnostic(false);
}

OwningOpRef<ModuleOp> readModel(MLIRContext &context, const CompileOptions &options) {
  OwningOpRef<ModuleOp> module =
      StringRef(options.input).ends_with(".mlir") ? readDump(context, options) : readOnnx(context, options);
  if (module && options.entry && failed(keepEntry(*module, *options.entry)))
    return {};
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
  if (isPlanned && !options.compress.empty())
    return errorAt(context, options) << "is planned already: its weights are what they are";
  if (options.ioArena)
    for (auto graph : module.getOps<glm::GraphOp>())
      graph->setAttr(glm::GlmDialect::ioArenaAttr, UnitAttr::get(&context));
  if (auto nodes = module->getAttrOfType<IntegerAttr>(glm::GlmDialect::onnxNodesAttr))
    result.onnxNodes = nodes.getInt();

  OwningOpRef<ModuleOp> imported, unplanned;
  if (options.selfTest != SelfTestKind::none) {
    if (isPlanned)
      return errorAt(context, options) << "is planned already, and --selftest needs the tensor level";
    imported = module.clone();
  }
  Stopwatch passes;
  if (!isPlanned && failed(runPipeline(module, options, result.passes, imported ? &unplanned : nullptr)))
    return failure();
  result.secondsPasses = passes.seconds();
  if (!options.stopAfter.empty())
    return success();

  Stopwatch kernels;
  auto program = readProgram(module);
  if (failed(program))
    return failure();
  result.program = std::move(*program);
  if (failed(checkVersions(module, options, result.program)))
    return failure();
  if (failed(placeWeights(context, options, result.program)))
    return failure();
  result.program.resumable = options.resumable;
  if (imported && !unplanned)
    return errorAt(context, options) << "--selftest needs a pipeline that plans memory (glm-plan-memory)";
  if (imported && failed(makeSelfTest(options, *imported, *unplanned, result.program)))
    return failure();
  if (options.stepEntries)
    addStepEntries(result.program);
  std::vector<kernels::CompiledKernel> compiled;
  if (failed(compileKernels(context, options, result.program, compiled)))
    return failure();
  result.secondsKernels = kernels.seconds();

  Stopwatch weights;
  if (options.progress)
    options.progress("writing weights", 0, 0);
  if (failed(writeWeights(context, options, result)))
    return failure();
  result.secondsWeights = weights.seconds();

  Stopwatch emit;
  result.buildId = hashBuild(module, options, result.weightHash, result.program.weightsApart);
  if (failed(emitOutputs(context, options, compiled, result))) {
    if (result.program.weightsApart)
      llvm::sys::fs::remove(asideOf(options.weightsFile));
    return failure();
  }
  result.secondsEmit = emit.seconds();
  return success();
}

int64_t launchCount(const EntryPoint &entry) {
  return llvm::count_if(entry.steps, [](const Step &step) { return std::holds_alternative<Launch>(step); });
}

std::string identifierOf(const std::string &name) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text[0]))
    text.insert(text.begin(), 'm');
  return text;
}

bool writeObject(const CompileResult &result, const TextSink &sink, std::string &error) {
  sink(result.object);
  if (!result.objectHasWeights)
    return true;
  int64_t written = 0;
  const bool read = result.program.writeWeights([&](const uint8_t *data, size_t bytes) {
    written += int64_t(bytes);
    sink({reinterpret_cast<const char *>(data), bytes});
  });
  if (read && written != result.program.weightBytes)
    error = "has " + std::to_string(written) + " bytes of weights, expected " +
            std::to_string(result.program.weightBytes);
  return read && error.empty();
}

/// What a stateful program keeps, and how many bytes that takes.
static llvm::json::Object sessionJson(const Program &program) {
  llvm::json::Array groups;
  for (const CacheGroup &group : cacheGroups(program))
    groups.push_back(llvm::json::Object{{"element", group.element},
                                        {"tensors", group.count},
                                        {"heads", group.heads},
                                        {"features", group.features},
                                        {"positions", group.positions},
                                        {"element_bytes", group.elementBytes},
                                        {"formula", group.formula()},
                                        {"bytes", group.bytes}});
  llvm::json::Array steps;
  for (const SessionStep &step : program.session->steps)
    steps.push_back(step.tokens);
  return llvm::json::Object{{"context_tokens", program.session->context},
                            {"vocabulary", program.session->vocabulary},
                            {"steps", std::move(steps)},
                            {"snapshot_bytes_max", largestSnapshot(program)},
                            {"caches", std::move(groups)}};
}

/// What each version brings to the program: kernels of its own, and their code.
static llvm::json::Array versionsJson(const CompileResult &result) {
  llvm::json::Array versions;
  for (const auto &[number, name] : llvm::enumerate(result.program.versions)) {
    llvm::json::Object version{{"target", name},
                               {"kernels", llvm::count(result.program.kernelVersions, int(number))}};
    if (number < result.versionBytes.size())
      version["code_bytes"] = result.versionBytes[number];
    versions.push_back(std::move(version));
  }
  return versions;
}

std::string reportJson(const CompileOptions &options, const CompileResult &result) {
  int64_t launches = 0, bound = 0;
  llvm::json::Array entries;
  for (const EntryPoint &entry : result.program.entryPoints) {
    launches += launchCount(entry);
    entries.push_back(llvm::json::Object{{"name", entry.name}, {"launches", launchCount(entry)}});
    bound = std::max(bound, entry.boundBytes);
  }
  llvm::json::Object seconds{{"import", result.secondsImport},
                             {"passes", result.secondsPasses},
                             {"kernels", result.secondsKernels},
                             {"weights", result.secondsWeights},
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
      {"entry_points", std::move(entries)},
      {"boundaries", boundariesJson(*result.module)},
      {"kernels", int64_t(launchedKernels(result.program))},
      {"arena_bytes", result.program.arenaBytes},
      {"bound_bytes", bound},
      {"gap_bytes", result.program.arenaBytes - bound},
      {"state_bytes", result.program.stateBytes},
      {"weight_bytes", result.program.weightBytes},
      {"weight_bits", weightSizes(*result.module).bits()},
      {"weights_apart", result.program.weightsApart},
      {"stack_bytes", result.stackBytes},
      {"object_bytes", result.objectBytes},
      {"source_bytes", result.sourceBytes},
      {"source_code_bytes", int64_t(result.source.head.size() + result.source.tail.size())},
      {"seconds", std::move(seconds)},
  };
  if (llvm::json::Array layers = layersJson(*result.module); !layers.empty())
    report["layers"] = std::move(layers);
  if (const auto &placement = result.program.placement)
    report["placement"] = llvm::json::Object{{"weights", placement->weights},
                                             {"context", placement->context},
                                             {"arena", placement->arena.empty() ? placement->context : placement->arena}};
  report["arena_apart"] = result.program.arenaApart;
  if (result.footprint)
    addFootprint(report, *result.footprint, result.program);
  if (!result.program.versions.empty())
    report["versions"] = versionsJson(result);
  if (result.program.session)
    report["session"] = sessionJson(result.program);
  if (auto passes = llvm::json::parse(summaryJson(result.passes)))
    report["passes"] = std::move(*passes);
  else
    llvm::consumeError(passes.takeError());
  return llvm::formatv("{0:2}", llvm::json::Value(std::move(report)));
}

} // namespace glmc
