//===- VerifyCommand.cpp - glmc verify ----------------------------------------===//
//
// Each folder: bind the model to a data set, unless it is bound so already, and
// compile it; look whether this machine can run it; run and compare. Without
// data sets, every entry point runs on seeded inputs, against the reference
// evaluator. A folder passes, fails, or was not run; only a failure makes the
// exit code 1.
//
// A model that is quantised on the way does not give stored outputs. Unless a
// tolerance says how far it may be off, it is held against the reference evaluator
// on the quantised model.
//
//===----------------------------------------------------------------------===//
#include "compiler/DataBinding.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/FirstDeparture.h"
#include "compiler/GenerationCheck.h"
#include "compiler/ModelRunner.h"
#include "compiler/Pipeline.h"
#include "compiler/SeededInputs.h"
#include "compiler/TestFolder.h"

#include "llvm/Support/Path.h"

#include <cstdio>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Error that is allowed where activations are rounded.
constexpr double roundedTolerance = 0.02;

enum class Outcome { passed, failed, notRun };
constexpr const char *outcomeTexts[] = {"passed", "failed", "not run"};

/// Inputs and what should come out; where nothing is stored, outputs that are
/// not compared.
struct Case {
  std::string name;
  std::vector<Tensor> inputs;
  std::vector<std::optional<Tensor>> expected;
  std::vector<std::optional<Tensor>> stored; ///< Of a quantised model, only to be told of.
};

/// One folder on its way.
class Verification {
public:
  Verification(const VerifyCommand &command, const CompileOptions &options) : command(command), options(options) {}

  Outcome run(const std::string &path);
  /// The folder's part of the JSON report, after run.
  llvm::json::Object takeReport() { return std::move(report); }

private:
  Outcome failWith(const std::string &line);
  void print(const std::string &line) const;
  Outcome runFolder(MLIRContext &context, const TestFolder &folder);
  Outcome runSeededEntries(MLIRContext &context);
  Outcome runGenerations(MLIRContext &context, const std::string &folder);
  std::optional<Outcome> compileFor(MLIRContext &context);
  bool bindTo(MLIRContext &context, OnnxModel *model, const std::string &name, DataSet &set, std::string &error);
  void printBinding(const std::string &name) const;
  bool makeCase(DataSet set, const std::string &path, Case &one, std::string &error);
  bool makeSeededCase(glm::GraphOp graph, Case &one);
  bool runCase(const Case &one);
  bool searchLayers(MLIRContext &context, const Case &one);
  OwningOpRef<ModuleOp> readQuantized(MLIRContext &context);
  bool expectQuantized(MLIRContext &context, Case &one);
  Tolerance tolerance() const;

  const VerifyCommand &command;
  CompileOptions options; ///< As the model is compiled now.
  std::optional<ModelRunner> runner;
  double secondsCompile = 0;
  llvm::json::Object report;
  llvm::json::Array setReports;
};

Outcome Verification::failWith(const std::string &line) {
  fail(line);
  report["error"] = line;
  return Outcome::failed;
}

void Verification::print(const std::string &line) const {
  if (command.build.json != "-" && !command.build.quiet)
    std::printf("%s\n", line.c_str());
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

bool Verification::makeCase(DataSet set, const std::string &path, Case &one, std::string &error) {
  one.name = llvm::sys::path::filename(path).str();
  std::vector<std::optional<Tensor>> assigned;
  if (assignTensors(runner->inputs(), std::move(set.inputs), "input", assigned, error) &&
      completeInputs(runner->inputs(), std::move(assigned), one.inputs, error) &&
      assignTensors(runner->outputs(), std::move(set.outputs), "output", one.expected, error))
    return true;
  error = path + ": error: " + error;
  return false;
}

/// A case that the reference evaluator makes.
bool Verification::makeSeededCase(glm::GraphOp graph, Case &one) {
  WeightSource weights(graph->getParentOfType<ModuleOp>());
  auto run = runSeeded(graph, weights);
  if (failed(run))
    return false;
  one.name = runner->entryNames().size() == 1 ? "seeded inputs" : graph.getSymName().str() + ", seeded inputs,";
  one.inputs = std::move(run->inputs);
  for (Tensor &output : run->outputs)
    one.expected.push_back(std::move(output));
  return true;
}

/// The model as it is compiled, quantised if it is to be.
OwningOpRef<ModuleOp> Verification::readQuantized(MLIRContext &context) {
  OwningOpRef<ModuleOp> module = readModel(context, options);
  if (module && !options.compress.empty() && failed(quantize(*module, options)))
    return {};
  return module;
}

/// Takes what the reference evaluator makes of the quantised model for expected.
bool Verification::expectQuantized(MLIRContext &context, Case &one) {
  if (options.compress.empty() || command.tolerance || command.relativeTolerance)
    return true;
  OwningOpRef<ModuleOp> module = readQuantized(context);
  if (!module || module->getOps<glm::GraphOp>().empty())
    return false;
  WeightSource weights(*module);
  auto outputs = reference::evaluateGraph(*module->getOps<glm::GraphOp>().begin(), one.inputs, weights);
  if (failed(outputs))
    return false;
  one.stored = std::move(one.expected);
  one.expected.assign(std::make_move_iterator(outputs->begin()), std::make_move_iterator(outputs->end()));
  return true;
}

Tolerance Verification::tolerance() const {
  Tolerance allowed;
  // A number between two integers may become either of them, which only takes a sum
  // made in another order.
  if (options.compress.activations != "float")
    allowed.absolute = roundedTolerance;
  allowed.absolute = command.tolerance.value_or(allowed.absolute);
  allowed.relative = command.relativeTolerance.value_or(0);
  return allowed;
}

bool Verification::runCase(const Case &one) {
  std::vector<Tensor> outputs;
  std::string error;
  if (!runner->run(one.inputs, outputs, error)) {
    fail(options.input + ": error: " + one.name + " does not run: " + error);
    setReports.push_back(llvm::json::Object{{"name", one.name}, {"error", error}, {"passed", false}});
    return false;
  }
  llvm::json::Array list;
  bool good = true;
  for (auto [slot, output, expected] : llvm::zip(runner->outputs(), outputs, one.expected)) {
    if (!expected)
      continue;
    const Difference difference = compare(output, *expected, tolerance());
    good &= difference.within;
    print("  " + one.name + " " + slot.name + ": max abs error " + shortNumber(difference.maxAbsolute) +
          ", max rel error " + shortNumber(difference.maxRelative) +
          (difference.within ? "" : " at element " + std::to_string(difference.worst) + ": too much"));
    list.push_back(llvm::json::Object{{"name", slot.name},
                                      {"max_abs", jsonNumber(difference.maxAbsolute)},
                                      {"max_rel", jsonNumber(difference.maxRelative)},
                                      {"passed", difference.within}});
  }
  for (auto [slot, output, stored] : llvm::zip(runner->outputs(), outputs, one.stored))
    if (stored)
      print("  " + one.name + " " + slot.name + ": stored without quantising, max abs error " +
            shortNumber(compare(output, *stored, tolerance()).maxAbsolute));
  setReports.push_back(llvm::json::Object{{"name", one.name}, {"outputs", std::move(list)}, {"passed", good}});
  return good;
}

bool Verification::searchLayers(MLIRContext &context, const Case &one) {
  OwningOpRef<ModuleOp> module = readQuantized(context);
  if (!module)
    return false;
  CompileOptions probe = options;
  probe.compress = CompressOptions(); // That is done.
  auto layers = findFirstDeparture(*module, command.build, probe, command.emit == "cpp" ? command.cxx : "",
                                   one.inputs, tolerance());
  if (failed(layers))
    return false;
  if (!layers->first) {
    print("  --layers: none of " + std::to_string(layers->values) + " values departs from the reference");
    report["first_departure"] = nullptr;
    return true;
  }
  const Departure &first = *layers->first;
  print("  --layers: the first op that departs is " + first.op + (first.node.empty() ? "" : " of " + first.node) +
        ": max abs error " + shortNumber(first.difference.maxAbsolute) + ", max rel error " +
        shortNumber(first.difference.maxRelative));
  report["first_departure"] = llvm::json::Object{{"op", first.op},
                                                 {"node", first.node},
                                                 {"max_abs", jsonNumber(first.difference.maxAbsolute)},
                                                 {"max_rel", jsonNumber(first.difference.maxRelative)}};
  return false;
}

//===----------------------------------------------------------------------===//
// Bindings
//===----------------------------------------------------------------------===//

void Verification::printBinding(const std::string &name) const {
  std::string text;
  for (const auto &[dim, size] : options.binding.dataSizes)
    text += (text.empty() ? "" : ", ") + dim + "=" + std::to_string(size);
  if (!text.empty())
    print("  " + name + ": bound to " + text);
  for (const auto &[input, tensor] : options.binding.dataConstants)
    print("  " + name + ": shapes depend on the values of '" + input + "', which are bound to the data's");
}

/// Binds the model to a data set. What it was compiled for before is of no use if
/// that is another binding.
bool Verification::bindTo(MLIRContext &context, OnnxModel *model, const std::string &name, DataSet &set,
                          std::string &error) {
  if (!model)
    return true; // A dump is bound.
  BindingRequest request = options.binding;
  request.dataSizes.clear();
  request.dataConstants.clear();
  if (!bindToData(context, *model, request, set.inputs, error)) {
    error = options.input + ": error: " + name + ": " + error;
    return false;
  }
  if (runner && !sameData(request, options.binding))
    runner.reset();
  options.binding = std::move(request);
  return true;
}

/// Compiles the model unless it is; the outcome, if it ends here.
std::optional<Outcome> Verification::compileFor(MLIRContext &context) {
  if (runner)
    return std::nullopt;
  runner = ModelRunner::create(context, command.build, options, command.emit == "cpp" ? command.cxx : "");
  if (!runner) {
    report["error"] = "does not compile";
    return Outcome::failed;
  }
  secondsCompile += runner->secondsCompile();
  report["seconds_compile"] = secondsCompile;
  if (const Emulator *emulator = runner->emulator()) {
    print("  runs in " + emulator->command() + ", linked by " + emulator->compiler());
    report["emulator"] = emulator->command();
    return std::nullopt;
  }
  if (const std::string why = whyNotHere(options); !why.empty()) {
    print("  compiled; not run: " + why);
    report["reason"] = why;
    return Outcome::notRun;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

Outcome Verification::runFolder(MLIRContext &context, const TestFolder &folder) {
  std::string error;
  std::unique_ptr<OnnxModel> model;
  if (!StringRef(folder.model).ends_with(".mlir") && !(model = OnnxModel::read(&context, folder.model))) {
    report["error"] = "does not compile";
    return Outcome::failed;
  }
  Outcome outcome = Outcome::passed;
  for (const std::string &path : folder.dataSets) {
    auto set = readDataSet(context, path, error);
    const std::string name = llvm::sys::path::filename(path).str();
    if (!set || !bindTo(context, model.get(), name, *set, error))
      return failWith(error);
    if (!runner)
      printBinding(name);
    if (auto end = compileFor(context))
      return *end;
    Case one;
    if (!makeCase(std::move(*set), path, one, error))
      return failWith(error);
    if (!expectQuantized(context, one)) {
      report["error"] = "the reference evaluator cannot run it";
      return Outcome::failed;
    }
    const bool good = runCase(one);
    // Layers are looked into where something is wrong first, or in the last.
    const bool isShown = outcome == Outcome::passed && (!good || path == folder.dataSets.back());
    if (!good)
      outcome = Outcome::failed;
    if (command.layers && isShown && !searchLayers(context, one))
      outcome = Outcome::failed;
  }
  return outcome;
}

Outcome Verification::runSeededEntries(MLIRContext &context) {
  if (auto end = compileFor(context))
    return *end;
  OwningOpRef<ModuleOp> module = readQuantized(context);
  if (!module)
    return Outcome::failed;
  if (module->getOps<glm::GraphOp>().empty())
    return failWith(options.input + ": error: has no data sets, and the reference evaluator needs a glm.graph");
  Outcome outcome = Outcome::passed;
  for (auto [i, name] : llvm::enumerate(runner->entryNames())) {
    auto graph = module->lookupSymbol<glm::GraphOp>(name);
    Case one;
    if (!graph || !makeSeededCase(graph, one)) {
      report["error"] = "the reference evaluator cannot run it";
      return Outcome::failed;
    }
    runner->select(i);
    const bool good = runCase(one);
    options.entry = name;
    if (!good || (command.layers && !searchLayers(context, one)))
      outcome = Outcome::failed;
    options.entry.reset();
  }
  return outcome;
}

Outcome Verification::runGenerations(MLIRContext &context, const std::string &folder) {
  std::vector<GenerationCase> cases;
  std::string error;
  if (!readGenerations(context, folder, cases, error))
    return failWith(error);
  if (cases.empty())
    return failWith(folder + ": error: has no test_generation_0 with a prompt and the tokens that follow");
  if (!options.binding.context) // Room for all of them.
    for (const GenerationCase &one : cases)
      options.binding.context =
          std::max<int64_t>(options.binding.context, one.prompt.size() + one.expected.size());
  if (const std::string why = whyNotHere(options); !why.empty()) {
    print("  not run: " + why);
    report["reason"] = why;
    return Outcome::notRun;
  }
  auto stateful = StatefulRunner::create(context, command.build, options, command.emit == "cpp" ? command.cxx : "");
  if (!stateful) {
    report["error"] = "does not compile";
    return Outcome::failed;
  }
  report["seconds_compile"] = stateful->secondsCompile();
  report["context"] = options.binding.context;
  Outcome outcome = Outcome::passed;
  for (const GenerationCase &one : cases) {
    const GenerationOutcome result = checkGeneration(*stateful, one, command.generate);
    if (!result.error.empty())
      outcome = Outcome::failed;
    const double decodeRate = result.decodeSeconds > 0 ? double(result.decoded) / result.decodeSeconds : 0;
    print("  " + one.name + ": " + std::to_string(one.prompt.size()) + " tokens, then " +
          std::to_string(std::min<size_t>(one.expected.size(), command.generate)) +
          (result.error.empty() ? ", all as expected; " + shortNumber(decodeRate) + " tokens a second"
                                : ": " + result.error));
    setReports.push_back(llvm::json::Object{{"name", one.name},
                                            {"error", result.error},
                                            {"prefill_seconds", result.prefillSeconds},
                                            {"decode_tokens_per_second", decodeRate},
                                            {"passed", result.error.empty()}});
  }
  return outcome;
}

Outcome Verification::run(const std::string &path) {
  report = llvm::json::Object{{"path", path}};
  std::string error;
  auto folder = findTestFolder(path, error);
  if (!folder)
    return failWith(error);
  options.input = folder->model;
  // A context a folder, so that one model's constants do not outlive it.
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, options.input);
  const Outcome outcome = command.generate              ? runGenerations(context, path)
                          : folder->dataSets.empty() ? runSeededEntries(context)
                                                     : runFolder(context, *folder);
  if (!setReports.empty())
    report["sets"] = std::move(setReports);
  return outcome;
}

} // namespace

int runVerify(const VerifyCommand &command) {
  CompileOptions options;
  BuildFlags build = command.build;
  // A context that is not given is what the prompts need, see runGenerations().
  const bool isContextOpen = command.generate && build.binding.context == 0;
  build.binding.context = isContextOpen ? largestContext : build.binding.context;
  if (!fillOptions(build, "", options))
    return 1;
  options.binding.context = isContextOpen ? 0 : options.binding.context;
  if (options.binding.context && !command.generate)
    return fail("glmc: error: --context makes a program that is called for each token, which data sets are not for");
  options.ioArena = command.io == "arena";
  int counts[3] = {};
  llvm::json::Array models;
  const bool speaks = command.build.json != "-";
  for (const std::string &path : command.folders) {
    if (speaks && !command.build.quiet)
      std::printf("%s\n", path.c_str());
    Verification verification(command, options);
    const Outcome outcome = verification.run(path);
    ++counts[int(outcome)];
    if (speaks && !command.build.quiet)
      std::printf("  %s\n", outcomeTexts[int(outcome)]);
    std::fflush(stdout);
    llvm::json::Object report = verification.takeReport();
    report["status"] = outcomeTexts[int(outcome)];
    models.push_back(std::move(report));
  }
  if (speaks)
    std::printf("%d passed, %d failed, %d not run\n", counts[0], counts[1], counts[2]);
  std::fflush(stdout);
  llvm::json::Object report{{"target", options.target.name}, {"emit", command.emit}, {"models", std::move(models)},
                            {"passed", counts[0]},           {"failed", counts[1]},  {"not_run", counts[2]}};
  if (!writeReport(command.build.json, textOf(std::move(report))))
    return 1;
  return counts[int(Outcome::failed)] ? 1 : 0;
}

} // namespace glmc
