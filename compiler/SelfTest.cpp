//===- SelfTest.cpp - Golden data for a program that tests itself -------------===//
#include "compiler/SelfTest.h"

#include "codegen/SelfTestLayout.h"
#include "codegen/SessionLayout.h"
#include "compiler/Compare.h"
#include "compiler/ModelRunner.h"
#include "compiler/Pipeline.h"
#include "compiler/SeededInputs.h"
#include "compiler/Slots.h"
#include "compiler/StatefulRunner.h"
#include "compiler/TestFolder.h"
#include "dialects/glm/reference/Evaluate.h"

#include <cmath>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Of the largest magnitude, how far floats may be off: sums are made in any order;
/// where activations are rounded, one more may be rounded up.
constexpr float floatTolerance = 1.0f / 1024, roundedTolerance = 1.0f / 32;

float largestMagnitude(const Tensor &tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (const double value = std::fabs(tensor.getFloat(i)); std::isfinite(value))
      largest = std::max(largest, value);
  return float(largest);
}

class SelfTestMaker {
public:
  SelfTestMaker(const CompileOptions &options, ModuleOp imported, ModuleOp unplanned, Program &program)
      : options(options), imported(imported), unplanned(unplanned), program(program),
        relative(options.compress.activations != "float" || options.binding.kv == "int8" ? roundedTolerance
                                                                                         : floatTolerance) {}

  LogicalResult make() {
    SelfTest made;
    made.launches = options.selfTest == SelfTestKind::launches;
    if (!program.session && !options.compress.empty() && failed(quantize(imported, options)))
      return failure();
    for (size_t i = 0; i < program.entryPoints.size(); ++i) {
      SelfTestCase one;
      one.entry = int(i);
      std::vector<Tensor> inputs, outputs;
      auto graph = unplanned.lookupSymbol<glm::GraphOp>(program.entryPoints[i].name);
      if (!graph)
        return unplanned.emitError() << "--selftest needs graph '" << program.entryPoints[i].name
                                     << "' at kernel level";
      if (failed(program.session ? evaluateStep(graph, i, one, inputs, outputs)
                                 : evaluateEntry(graph, i, one, inputs, outputs)) ||
          (options.math == kernels::Math::exact && failed(runHere(i, inputs, outputs))))
        return failure();
      for (Tensor &input : inputs)
        one.inputs.push_back(std::move(input.bytes));
      for (Tensor &output : outputs) {
        one.tolerances.push_back(toleranceOf(output));
        one.outputs.push_back(std::move(output.bytes));
      }
      made.cases.push_back(std::move(one));
    }
    program.selfTest = std::move(made);
    program.resumable |= program.selfTest->launches;
    if (std::string error = checkSelfTest(program); !error.empty())
      return unplanned.emitError() << error;
    return success();
  }

private:
  /// Negative: bits must be the same.
  float toleranceOf(const Tensor &output) const {
    if (options.math == kernels::Math::exact || !isa<FloatType>(output.type.getElementType()))
      return -1;
    return largestMagnitude(output) * relative + 1e-6f;
  }

  /// Inputs of the data set that --selftest-data names, or of one of its folders.
  LogicalResult readData(size_t entry, std::vector<Tensor> &inputs) {
    MLIRContext &context = *imported.getContext();
    std::string error, folder = options.selfTestData;
    const std::vector<std::string> sets = numberedEntries(folder, "test_data_set_", "");
    if (!sets.empty())
      folder += "/test_data_set_" + std::to_string(std::min(entry, sets.size() - 1));
    auto tensors = readDataInputs(context, folder, error);
    const std::vector<Slot> slots = inputSlots(context, program.entryPoints[entry]);
    std::vector<std::optional<Tensor>> assigned;
    if (!tensors || !assignTensors(slots, std::move(*tensors), "input", assigned, error) ||
        !completeInputs(slots, std::move(assigned), inputs, error))
      return emitError(UnknownLoc::get(&context)) << "--selftest-data is '" << options.selfTestData << "': " << error;
    return success();
  }

  /// An entry point that keeps nothing: the evaluator on the model as it was read.
  LogicalResult evaluateEntry(glm::GraphOp graph, size_t entry, SelfTestCase &one, std::vector<Tensor> &inputs,
                              std::vector<Tensor> &outputs) {
    auto model = imported.lookupSymbol<glm::GraphOp>(program.entryPoints[entry].name);
    if (!model)
      return imported.emitError() << "--selftest needs the graph of '" << program.entryPoints[entry].name << "'";
    WeightSource weights(imported);
    if (options.selfTestData.empty()) {
      auto run = runSeeded(model, weights);
      if (failed(run))
        return failure();
      inputs = std::move(run->inputs);
      outputs = std::move(run->outputs);
    } else {
      if (failed(readData(entry, inputs)))
        return failure();
      auto results = reference::evaluateGraph(model, inputs, weights);
      if (failed(results))
        return failure();
      outputs = std::move(*results);
    }
    if (options.selfTest != SelfTestKind::launches)
      return success();
    WeightSource kernelWeights(unplanned);
    return success(succeeded(evaluateLaunches(graph, entry, inputs, kernelWeights, one)));
  }

  /// Runs the kernels' regions and writes down what launches leave.
  FailureOr<std::vector<Tensor>> evaluateLaunches(glm::GraphOp graph, size_t entry, ArrayRef<Tensor> inputs,
                                                  WeightSource &weights, SelfTestCase &one) {
    const EntryPoint &point = program.entryPoints[entry];
    size_t step = 0;
    auto keep = [&](Operation *op, ArrayRef<Tensor> results) {
      if (!isa<glm::LaunchOp>(op))
        return;
      while (step < point.steps.size() && !std::holds_alternative<Launch>(point.steps[step]))
        ++step;
      if (step < point.steps.size() && options.selfTest == SelfTestKind::launches)
        keepLaunch(std::get<Launch>(point.steps[step]), int(step), results, one);
      ++step;
    };
    return reference::evaluateGraph(graph, inputs, weights, keep);
  }

  void keepLaunch(const Launch &launch, int step, ArrayRef<Tensor> results, SelfTestCase &one) {
    const kernels::Kernel &kernel = program.kernels[launch.kernel];
    for (auto [i, tensor] : llvm::enumerate(results)) {
      const Place &place = launch.writes[i];
      const kernels::TensorType &type = kernel.typeOf(kernel.results[i]);
      // A cache holds what was there before, too.
      if ((place.memory != Memory::arena && place.memory != Memory::output) || tensor.size() == 0 ||
          type.layout.kind != kernels::Layout::plain || !isTestable(type.element))
        continue;
      GoldenLaunch golden;
      golden.step = step;
      golden.place = place;
      golden.element = type.element;
      golden.count = tensor.size();
      describe(tensor, golden);
      one.launches.push_back(golden);
    }
  }

  void describe(const Tensor &tensor, GoldenLaunch &golden) const {
    double sum = 0, sizes = 0, least = 0, most = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const double value = tensor.getFloat(i);
      if (!std::isfinite(value))
        continue;
      sum += value;
      sizes += std::fabs(value);
      least = count ? std::min(least, value) : value;
      most = count++ ? std::max(most, value) : value;
    }
    count = std::max<int64_t>(count, 1);
    golden.mean = float(sum / double(count));
    golden.magnitude = float(sizes / double(count));
    golden.least = float(least);
    golden.most = float(most);
    // What lies between two integers may have become either.
    golden.tolerance = float(std::max(std::fabs(least), std::fabs(most))) * relative + 1e-6f +
                       (isa<FloatType>(tensor.type.getElementType()) ? 0 : 1);
  }

  /// A step of a session on a context without tokens: the evaluator on the kernels.
  LogicalResult evaluateStep(glm::GraphOp graph, size_t entry, SelfTestCase &one, std::vector<Tensor> &inputs,
                             std::vector<Tensor> &outputs) {
    WeightSource weights(unplanned);
    for (int way = 0; way < seedWays; ++way) {
      // Ways that have tokens outside of the vocabulary are of no interest.
      ScopedDiagnosticHandler silence(graph.getContext(), [&](Diagnostic &) { return success(way + 1 < seedWays); });
      one.launches.clear();
      inputs.clear();
      std::vector<Tensor> arguments;
      for (auto [i, type] : llvm::enumerate(graph.getArgumentTypes())) {
        auto ranked = cast<RankedTensorType>(type);
        if (!graph.getInputState(i).empty()) {
          arguments.emplace_back(ranked);
          continue;
        }
        Tensor seeded = seedInputs({ranked}, way).front();
        if (!inputs.empty()) // The row whose logits are wanted.
          seeded.setInt(0, program.entryPoints[entry].inputs[0].type.elements() - 1);
        inputs.push_back(seeded);
        arguments.push_back(std::move(seeded));
      }
      auto results = evaluateLaunches(graph, entry, arguments, weights, one);
      if (failed(results))
        continue;
      for (auto [i, result] : llvm::enumerate(*results))
        if (graph.getOutputState(i).empty())
          outputs.push_back(std::move(result));
      return success();
    }
    return failure();
  }

  /// The same model on this machine: its bits are those of every machine.
  LogicalResult runHere(size_t entry, const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs) {
    std::vector<Tensor> actual;
    std::string error;
    if (program.session) {
      std::vector<int64_t> tokens;
      for (int64_t i = 0; i < inputs[0].size(); ++i)
        tokens.push_back(inputs[0].getInt(i));
      std::vector<float> logits;
      if (!startHere())
        return failure();
      error = stateful->session().reset().error;
      if (error.empty())
        error = stateful->session().prefill(tokens, logits).error;
      actual.emplace_back(outputs[0].type);
      if (error.empty() && logits.size() * sizeof(float) == actual[0].bytes.size())
        std::memcpy(actual[0].bytes.data(), logits.data(), actual[0].bytes.size());
    } else {
      if (!startHere())
        return failure();
      runner->select(entry);
      runner->run(inputs, actual, error);
    }
    if (!error.empty())
      return unplanned.emitError() << "--selftest runs the model on this machine first: " << error;
    for (auto [got, expected] : llvm::zip(actual, outputs)) {
      Tolerance allowed;
      allowed.absolute = double(largestMagnitude(expected)) * relative + 1e-6;
      if (!compare(got, expected, allowed).within)
        return unplanned.emitError() << "--selftest: what '" << program.entryPoints[entry].name
                                     << "' computes on this machine departs from the reference evaluator: try "
                                        "`glmc verify --layers`";
    }
    outputs = std::move(actual);
    return success();
  }

  bool startHere() {
    if (runner || stateful)
      return true;
    CompileOptions here = options;
    std::string error;
    auto target = targets::findTarget("host", error);
    if (!target) {
      unplanned.emitError() << "--selftest with --math exact runs the model on this machine first: " << error;
      return false;
    }
    here.target = *target;
    here.versions.clear();
    here.targetFile.clear();
    here.tuning.clear();
    here.dumpDirectory.clear();
    here.selfTest = SelfTestKind::none;
    here.resumable = here.ioArena = false;
    here.threads = 1;
    BuildFlags flags;
    flags.quiet = true;
    MLIRContext &context = *unplanned.getContext();
    if (program.session)
      stateful = StatefulRunner::create(context, flags, here, "");
    else
      runner = ModelRunner::create(context, flags, here, "");
    return runner || stateful;
  }

  const CompileOptions &options;
  ModuleOp imported, unplanned;
  Program &program;
  const float relative;
  std::optional<ModelRunner> runner;
  std::unique_ptr<StatefulRunner> stateful;
};

} // namespace

LogicalResult makeSelfTest(const CompileOptions &options, ModuleOp imported, ModuleOp unplanned, Program &program) {
  return SelfTestMaker(options, imported, unplanned, program).make();
}

} // namespace glmc
