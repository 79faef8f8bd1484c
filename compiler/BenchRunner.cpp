//===- BenchRunner.cpp - Compiles a model and times it and its launches -------===//
#include "compiler/BenchRunner.h"

#include "codegen/ContextLayout.h"
#include "compiler/PeakMeter.h"
#include "compiler/StepEntries.h"

#include <algorithm>
#include <functional>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

constexpr const char *prefix = "model";
constexpr int rounds = 5;
/// Runs that are not counted, for caches and clocks to settle.
constexpr int warmUps = 2;
/// At most as many samples are kept of one thing: P99 needs no more.
constexpr int64_t mostRuns = 20000;
constexpr const char *notEnoughMemoryText = "there is not enough memory for the measurements";

/// Lists of what is measured; the steps' follow.
enum List : size_t { wholeList, nothingList, flopsList, bytesList, firstStepList };

/// All that happens in the child.
class Measurement {
public:
  Measurement(const BenchSettings &settings, const object::PeakKernels &kernels, SharedLists &lists)
      : settings(settings), lists(lists), meter(kernels, settings.threads) {}

  int run(const object::ChildCalls &found) {
    calls = &found;
    // In the order of symbolNames.
    if (!meter.prepare(found.symbols[0], found.symbols[1]))
      return notEnoughMemory;
    for (int round = 0; round < rounds; ++round) {
      measurePeaks();
      warmUp();
      repeat(round, [&] { return timeWhole(); });
      repeat(round, [&] { return timeSteps(); });
      if (status)
        return status;
    }
    return 0;
  }

  static constexpr int notEnoughMemory = -1;
  int64_t memoryBytes() const { return meter.memoryBytes(); }

private:
  /// Reading memory has emptied the caches.
  void warmUp() {
    for (int i = 0; i < warmUps && !status; ++i)
      status = calls->call(calls->symbols[2]);
  }

  /// This round's share of the runs, or of the time; once at least.
  void repeat(int round, const std::function<int()> &measure) {
    const double end = secondsNow() + settings.seconds / rounds;
    const int64_t runs = settings.runs * (round + 1) / rounds - settings.runs * round / rounds;
    for (int64_t i = 0; !status && (settings.runs > 0 ? i < runs : i == 0 || secondsNow() < end); ++i)
      status = measure();
  }

  int timeWhole() {
    prepare();
    const double start = secondsNow();
    const int result = calls->call(calls->symbols[2]);
    lists.add(wholeList, secondsNow() - start);
    return result;
  }

  int timeSteps() {
    const std::vector<void *> &symbols = calls->symbols; // As symbolNames orders them.
    prepare();
    calls->call(symbols[3]); // Emptied caches hold no clock either; that is no step's.
    double last = secondsNow();
    for (size_t i = 4; i <= symbols.size(); ++i) {
      const bool isStep = i < symbols.size();
      if (int result = calls->call(symbols[isStep ? i : 3]))
        return result;
      const double time = secondsNow();
      lists.add(isStep ? firstStepList + (i - 4) : nothingList, time - last);
      last = time;
    }
    return 0;
  }

  void prepare() {
    if (settings.evict)
      meter.evict();
  }

  void measurePeaks() {
    lists.add(flopsList, meter.multiplyAddRate());
    lists.add(bytesList, meter.readRate());
  }

  const BenchSettings &settings;
  SharedLists &lists;
  PeakMeter meter;
  const object::ChildCalls *calls = nullptr;
  int status = 0;
};

std::vector<std::string> symbolNames(const EntryPoint &entry) {
  std::vector<std::string> names = {object::peakMultiplyAddName, object::peakReadName,
                                    std::string(prefix) + "_" + entry.name};
  for (int64_t i = -1; i < int64_t(entry.steps.size()); ++i)
    names.push_back(std::string(prefix) + "_" + stepEntryName(i));
  return names;
}

Distribution scaled(const Distribution &of, const std::function<double(double)> &change) {
  std::vector<double> values = of.values();
  for (double &value : values)
    value = change(value);
  return Distribution(std::move(values));
}

} // namespace

std::optional<BenchRunner> BenchRunner::create(MLIRContext &context, const BuildFlags &flags, CompileOptions options) {
  options.emitObject = true;
  options.emitCxx = false;
  options.stepEntries = true;
  options.prefix = prefix;
  BenchRunner runner;
  runner.peaks = object::emitPeakKernels(*bestHere(options));
  if (!runner.peaks.error.empty()) {
    fail("glmc: error: " + runner.peaks.error);
    return std::nullopt;
  }
  TemporaryWeights temporary;
  options.weights = WeightsPlace::apartIfLarge;
  options.weightsFile = temporary.path();
  if (failed(compileWithProgress(context, flags, options, runner.result)))
    return std::nullopt;
  if (runner.result.program.entryPoints.empty()) {
    fail(options.input + ": error: has no graph to run");
    return std::nullopt;
  }
  std::string problem;
  runner.weights = temporary.map(runner.result.program, problem);
  auto append = [&](std::string_view text) { runner.object.insert(runner.object.end(), text.begin(), text.end()); };
  if (problem.empty() && !writeObject(runner.result, append, problem) && problem.empty())
    return std::nullopt; // The error was printed.
  if (!problem.empty()) {
    fail(options.input + ": error: a temporary file " + problem);
    return std::nullopt;
  }
  runner.inputList = inputSlots(context, runner.result.program.entryPoints.front());
  runner.outputList = outputSlots(context, runner.result.program.entryPoints.front());
  return runner;
}

object::RunRequest BenchRunner::requestFor(const std::vector<Tensor> &inputs) const {
  object::RunRequest request;
  request.object = object;
  request.prefix = prefix;
  request.entry = program().entryPoints.front().name;
  request.contextBytes = contextLayout(program()).bytes;
  if (weights) {
    request.weightsApart = true;
    request.weights = weights->data();
    request.weightsBytes = weights->bytes();
  }
  for (const Tensor &input : inputs)
    request.inputs.push_back(input.bytes);
  for (const Slot &slot : outputList)
    request.outputBytes.push_back(Tensor(slot.type).bytes.size());
  // A run may take long; only one that never ends is meant.
  request.timeoutSeconds = 3600;
  return request;
}

bool BenchRunner::run(const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs, std::string &error) const {
  object::RunResult done = object::runObject(requestFor(inputs));
  error = done.error;
  if (!error.empty())
    return false;
  outputs.clear();
  for (auto [slot, bytes] : llvm::zip(outputList, done.outputs)) {
    outputs.emplace_back(slot.type);
    outputs.back().bytes = std::move(bytes);
  }
  return true;
}

bool BenchRunner::time(const BenchSettings &settings, const std::vector<Tensor> &inputs, Timing &timing,
                       std::string &error) const {
  const EntryPoint &entry = program().entryPoints.front();
  SharedLists lists(firstStepList + entry.steps.size(), size_t(settings.runs > 0 ? settings.runs : mostRuns));
  if (!lists.isMapped()) {
    error = notEnoughMemoryText;
    return false;
  }
  Measurement measurement(settings, peaks, lists);
  timing.memoryBytes = measurement.memoryBytes();
  object::RunRequest request = requestFor(inputs);
  request.moreObjects = {peaks.object};
  request.symbols = symbolNames(entry);
  request.measure = [&](const object::ChildCalls &calls) { return measurement.run(calls); };
  request.timeoutSeconds += 10 * settings.seconds;
  const object::RunResult done = object::runObject(request);
  if (!done.error.empty()) {
    error = done.status == Measurement::notEnoughMemory ? notEnoughMemoryText : done.error;
    return false;
  }
  // What a call takes that does nothing is no launch's time.
  const double nothing = lists.take(nothingList).percentile(50);
  timing.whole = lists.take(wholeList);
  for (size_t i = 0; i < entry.steps.size(); ++i)
    timing.steps.push_back(
        scaled(lists.take(firstStepList + i), [&](double seconds) { return std::max(seconds - nothing, 0.0); }));
  timing.gigaflops = scaled(lists.take(flopsList), [](double rate) { return rate / 1e9; });
  timing.gigabytes = scaled(lists.take(bytesList), [](double rate) { return rate / 1e9; });
  return true;
}

} // namespace glmc
