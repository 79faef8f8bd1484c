//===- VerifyCommand.cpp - glmc verify ----------------------------------------===//
//
// Each folder: compile; look whether this machine can run it; run every data
// set, or seeded inputs against the reference evaluator; compare. A folder
// passes, fails, or was not run; only a failure makes the exit code 1.
//
//===----------------------------------------------------------------------===//
#include "compiler/DiagnosticPrinter.h"
#include "compiler/FirstDeparture.h"
#include "compiler/ModelRunner.h"
#include "compiler/SeededInputs.h"
#include "compiler/TestFolder.h"

#include "llvm/Support/Path.h"

#include <cstdio>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

enum class Outcome { passed, failed, notRun };
constexpr const char *outcomeTexts[] = {"passed", "failed", "not run"};

/// Inputs and what should come out; where nothing is stored, outputs that are
/// not compared.
struct Case {
  std::string name;
  std::vector<Tensor> inputs;
  std::vector<std::optional<Tensor>> expected;
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
  bool readCases(MLIRContext &context, const TestFolder &folder, const ModelRunner &runner, std::vector<Case> &cases,
                 std::string &error);
  bool makeCase(MLIRContext &context, std::vector<Case> &cases);
  bool runCase(const ModelRunner &runner, const Case &one);
  bool searchLayers(MLIRContext &context, const Case &one);

  const VerifyCommand &command;
  CompileOptions options;
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

bool Verification::readCases(MLIRContext &context, const TestFolder &folder, const ModelRunner &runner,
                             std::vector<Case> &cases, std::string &error) {
  for (const std::string &path : folder.dataSets) {
    auto set = readDataSet(context, path, error);
    if (!set)
      return false;
    Case one;
    one.name = llvm::sys::path::filename(path).str();
    std::vector<std::optional<Tensor>> assigned;
    if (!assignTensors(runner.inputs(), std::move(set->inputs), "input", assigned, error) ||
        !completeInputs(runner.inputs(), std::move(assigned), one.inputs, error) ||
        !assignTensors(runner.outputs(), std::move(set->outputs), "output", one.expected, error)) {
      error = path + ": error: " + error;
      return false;
    }
    cases.push_back(std::move(one));
  }
  return true;
}

/// A case that the reference evaluator makes.
bool Verification::makeCase(MLIRContext &context, std::vector<Case> &cases) {
  OwningOpRef<ModuleOp> module = readModel(context, options);
  if (!module)
    return false;
  auto graphs = module->getOps<glm::GraphOp>();
  if (graphs.empty()) {
    fail(options.input + ": error: has no data sets, and the reference evaluator needs a glm.graph");
    return false;
  }
  WeightSource weights(*module);
  auto run = runSeeded(*graphs.begin(), weights);
  if (failed(run))
    return false;
  Case one;
  one.name = "seeded inputs";
  one.inputs = std::move(run->inputs);
  for (Tensor &output : run->outputs)
    one.expected.push_back(std::move(output));
  cases.push_back(std::move(one));
  return true;
}

bool Verification::runCase(const ModelRunner &runner, const Case &one) {
  std::vector<Tensor> outputs;
  std::string error;
  if (!runner.run(one.inputs, outputs, error)) {
    fail(options.input + ": error: " + one.name + " does not run: " + error);
    setReports.push_back(llvm::json::Object{{"name", one.name}, {"error", error}, {"passed", false}});
    return false;
  }
  const Tolerance tolerance{command.tolerance, command.relativeTolerance};
  llvm::json::Array list;
  bool good = true;
  for (auto [slot, output, expected] : llvm::zip(runner.outputs(), outputs, one.expected)) {
    if (!expected)
      continue;
    const Difference difference = compare(output, *expected, tolerance);
    good &= difference.within;
    print("  " + one.name + " " + slot.name + ": max abs error " + shortNumber(difference.maxAbsolute) +
          ", max rel error " + shortNumber(difference.maxRelative) +
          (difference.within ? "" : " at element " + std::to_string(difference.worst) + ": too much"));
    list.push_back(llvm::json::Object{{"name", slot.name},
                                      {"max_abs", jsonNumber(difference.maxAbsolute)},
                                      {"max_rel", jsonNumber(difference.maxRelative)},
                                      {"passed", difference.within}});
  }
  setReports.push_back(llvm::json::Object{{"name", one.name}, {"outputs", std::move(list)}, {"passed", good}});
  return good;
}

bool Verification::searchLayers(MLIRContext &context, const Case &one) {
  OwningOpRef<ModuleOp> module = readModel(context, options);
  if (!module)
    return false;
  const Tolerance tolerance{command.tolerance, command.relativeTolerance};
  auto layers = findFirstDeparture(*module, command.build, options, command.emit == "cpp" ? command.cxx : "",
                                   one.inputs, tolerance);
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
  auto runner = ModelRunner::create(context, command.build, options, command.emit == "cpp" ? command.cxx : "");
  if (!runner) {
    report["error"] = "does not compile";
    return Outcome::failed;
  }
  report["seconds_compile"] = runner->secondsCompile();
  if (const std::string why = whyNotHere(options.target); !why.empty()) {
    print("  compiled; not run: " + why);
    report["reason"] = why;
    return Outcome::notRun;
  }
  std::vector<Case> cases;
  if (!readCases(context, *folder, *runner, cases, error))
    return failWith(error);
  if (cases.empty() && !makeCase(context, cases)) {
    report["error"] = "the reference evaluator cannot run it";
    return Outcome::failed;
  }
  bool good = true;
  const Case *shown = nullptr; // The case that --layers looks into.
  for (const Case &one : cases)
    if (!runCase(*runner, one)) {
      shown = good ? &one : shown;
      good = false;
    }
  if (command.layers)
    good &= searchLayers(context, shown ? *shown : cases.front());
  report["sets"] = std::move(setReports);
  return good ? Outcome::passed : Outcome::failed;
}

} // namespace

int runVerify(const VerifyCommand &command) {
  CompileOptions options;
  if (!fillOptions(command.build, "", options))
    return 1;
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
