//===- BenchRunner.cpp - Compiles a model and times it and its launches -------===//
#include "compiler/BenchRunner.h"

#include "codegen/ContextLayout.h"
#include "codegen/object/PeakKernels.h"
#include "compiler/StepEntries.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

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
/// Long enough for a thread's start not to count, short enough for five rounds.
constexpr double peakSeconds = 0.02;
constexpr const char *notEnoughMemoryText = "there is not enough memory for the measurements";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Four times the last cache, which other machines of a host may share, but no
/// more than an eighth of what memory there is.
int64_t memoryToRead() {
  const int64_t megabyte = int64_t(1) << 20;
  int64_t cache = 0;
  for (int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    cache = std::max<int64_t>(cache, ::sysconf(name));
  const int64_t memory = int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const int64_t wanted = std::clamp(4 * cache, 256 * megabyte, 1024 * megabyte);
  return std::max(std::min(wanted, memory / 8) / megabyte / 2, int64_t(8)) * megabyte * 2;
}

/// Numbers that the child leaves for the parent: lists of fixed capacity.
class SharedLists {
public:
  SharedLists(size_t lists, size_t capacity) : capacity(capacity), size(lists * (capacity + 1) * sizeof(double)) {
    void *address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    data = address == MAP_FAILED ? nullptr : static_cast<double *>(address);
  }
  SharedLists(const SharedLists &) = delete;
  SharedLists &operator=(const SharedLists &) = delete;
  ~SharedLists() {
    if (data)
      ::munmap(data, size);
  }

  bool isMapped() const { return data; }

  void add(size_t list, double value) {
    double *of = data + list * (capacity + 1);
    if (of[0] < double(capacity))
      of[1 + size_t(of[0]++)] = value;
  }
  Distribution take(size_t list) const {
    const double *of = data + list * (capacity + 1);
    return Distribution(std::vector<double>(of + 1, of + 1 + size_t(of[0])));
  }

private:
  size_t capacity, size;
  double *data;
};

/// Lists of what is measured; the steps' follow.
enum List : size_t { wholeList, nothingList, flopsList, bytesList, firstStepList };

/// All that happens in the child.
class Measurement {
public:
  Measurement(const BenchSettings &settings, int64_t flopsPerStep, int64_t bytesPerStep, int64_t memoryBytes,
              SharedLists &lists)
      : settings(settings), flopsPerStep(flopsPerStep), bytesPerStep(bytesPerStep), memoryBytes(memoryBytes),
        lists(lists), results(settings.threads) {}

  int run(const object::ChildCalls &found) {
    calls = &found;
    // In the order of symbolNames.
    multiplyAdd = reinterpret_cast<object::PeakMultiplyAdd>(found.symbols[0]);
    read = reinterpret_cast<object::PeakRead>(found.symbols[1]);
    memory.reset(static_cast<float *>(std::aligned_alloc(size_t(2) << 20, memoryBytes)));
    if (!memory)
      return notEnoughMemory;
    // In large pages, if the machine has them: memory is to be the limit, not the
    // search for pages.
    ::madvise(memory.get(), memoryBytes, MADV_HUGEPAGE);
    std::fill_n(memory.get(), memoryBytes / 4, 0.5f); // Pages that were never written are all one.
    for (auto &result : results)
      std::fill(std::begin(result.values), std::end(result.values), 0.5f);
    multiplyAddSteps = stepsFor(peakSeconds);
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

private:
  struct alignas(64) Result {
    float values[object::peakResultBytes / sizeof(float)];
  };
  struct Free {
    void operator()(void *address) const { std::free(address); }
  };

  /// Reading memory has emptied the caches.
  void warmUp() {
    for (int i = 0; i < warmUps && !status; ++i)
      status = calls->call(calls->symbols[2]);
  }

  /// This round's share of the runs, or of the time; once at least.
  void repeat(int round, const std::function<int()> &measure) {
    const double end = now() + settings.seconds / rounds;
    const int64_t runs = settings.runs * (round + 1) / rounds - settings.runs * round / rounds;
    for (int64_t i = 0; !status && (settings.runs > 0 ? i < runs : i == 0 || now() < end); ++i)
      status = measure();
  }

  int timeWhole() {
    prepare();
    const double start = now();
    const int result = calls->call(calls->symbols[2]);
    lists.add(wholeList, now() - start);
    return result;
  }

  int timeSteps() {
    const std::vector<void *> &symbols = calls->symbols; // As symbolNames orders them.
    prepare();
    calls->call(symbols[3]); // Emptied caches hold no clock either; that is no step's.
    double last = now();
    for (size_t i = 4; i <= symbols.size(); ++i) {
      const bool isStep = i < symbols.size();
      if (int result = calls->call(symbols[isStep ? i : 3]))
        return result;
      const double time = now();
      lists.add(isStep ? firstStepList + (i - 4) : nothingList, time - last);
      last = time;
    }
    return 0;
  }

  void prepare() {
    if (settings.evict)
      readAll(reinterpret_cast<const char *>(memory.get()), memoryBytes, 0);
  }

  /// On as many threads as the model uses; gives the seconds of the last to end.
  double onThreads(const std::function<void(int)> &work) {
    std::vector<std::thread> others;
    const double start = now();
    for (int i = 1; i < settings.threads; ++i)
      others.emplace_back(work, i);
    work(0);
    for (std::thread &thread : others)
      thread.join();
    return now() - start;
  }

  double multiplyAddSeconds(int64_t steps) {
    return onThreads([&](int thread) { multiplyAdd(steps, results[thread].values); });
  }

  int64_t stepsFor(double seconds) {
    int64_t steps = 1000;
    double taken = multiplyAddSeconds(steps);
    while (taken < seconds / 4) {
      steps *= 4;
      taken = multiplyAddSeconds(steps);
    }
    return std::max<int64_t>(1, int64_t(double(steps) * seconds / taken));
  }

  void measurePeaks() {
    const double flops = double(multiplyAddSteps) * double(flopsPerStep) * settings.threads;
    lists.add(flopsList, flops / multiplyAddSeconds(multiplyAddSteps));
    const int64_t part = memoryBytes / settings.threads / 4096 * 4096;
    int64_t bytes = 0;
    const double seconds = onThreads([&](int thread) {
      const int64_t read = readAll(reinterpret_cast<const char *>(memory.get()) + thread * part, part, thread);
      bytes = thread == 0 ? read : bytes; // Each as many.
    });
    lists.add(bytesList, double(bytes * settings.threads) / seconds);
  }

  /// All but a few pages: what the streams' distance leaves over. Gives how many
  /// bytes it read.
  int64_t readAll(const char *from, int64_t bytes, int thread) {
    // An odd number of pages.
    const int64_t distance = ((bytes / object::peakReadStreams / 4096 - 1) | 1) * 4096 - 4096 * 2;
    const int64_t steps = distance * object::peakReadStreams / bytesPerStep;
    read(from, steps, distance, results[thread].values);
    return steps * bytesPerStep;
  }

  const BenchSettings &settings;
  const int64_t flopsPerStep, bytesPerStep, memoryBytes;
  SharedLists &lists;
  std::vector<Result> results; ///< One a thread.
  const object::ChildCalls *calls = nullptr;
  object::PeakMultiplyAdd multiplyAdd = nullptr;
  object::PeakRead read = nullptr;
  std::unique_ptr<float, Free> memory;
  int64_t multiplyAddSteps = 0;
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

Distribution::Distribution(std::vector<double> measured) : sorted(std::move(measured)) {
  std::sort(sorted.begin(), sorted.end());
}

double Distribution::percentile(double percent) const {
  if (sorted.empty())
    return 0;
  const double rank = std::ceil(percent / 100 * double(sorted.size()));
  return sorted[size_t(std::clamp(rank, 1.0, double(sorted.size()))) - 1];
}

std::optional<BenchRunner> BenchRunner::create(MLIRContext &context, const BuildFlags &flags, CompileOptions options) {
  options.emitObject = true;
  options.emitCxx = false;
  options.stepEntries = true;
  options.prefix = prefix;
  BenchRunner runner;
  const object::PeakKernels peaks = object::emitPeakKernels(options.target);
  if (!peaks.error.empty()) {
    fail("glmc: error: " + peaks.error);
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
  runner.peaks = peaks.object;
  runner.flopsPerStep = peaks.flopsPerStep;
  runner.bytesPerStep = peaks.bytesPerStep;
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
  timing.memoryBytes = memoryToRead();
  SharedLists lists(firstStepList + entry.steps.size(), size_t(settings.runs > 0 ? settings.runs : mostRuns));
  if (!lists.isMapped()) {
    error = notEnoughMemoryText;
    return false;
  }
  Measurement measurement(settings, flopsPerStep, bytesPerStep, timing.memoryBytes, lists);
  object::RunRequest request = requestFor(inputs);
  request.moreObjects = {peaks};
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
