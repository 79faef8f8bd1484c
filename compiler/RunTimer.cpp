//===- RunTimer.cpp - Times runs of a compiled program without state -----------===//
#include "compiler/RunTimer.h"

#include <algorithm>

namespace glmc {
namespace {

constexpr int rounds = 5;
/// Runs that are not counted, for caches and clocks to settle.
constexpr int warmUps = 2;
/// At most as many samples are kept: P99 needs no more.
constexpr int64_t mostRuns = 20000;

enum List : size_t { failedList, flopsList, bytesList, runList, listCount };

/// Of floats one value, of all else zeros.
void fill(const GeneratedParameter &parameter, uint8_t *data) {
  auto repeat = [&](auto value) {
    for (int64_t i = 0; i + int64_t(sizeof value) <= parameter.bytes; i += sizeof value)
      std::memcpy(data + i, &value, sizeof value);
  };
  std::memset(data, 0, parameter.bytes);
  if (parameter.element == "f32")
    repeat(0.5f);
  else if (parameter.element == "f64")
    repeat(0.5);
  else if (parameter.element == "f16")
    repeat(uint16_t(0x3800));
  else if (parameter.element == "bf16")
    repeat(uint16_t(0x3f00));
  else if (parameter.element == "bool")
    repeat(uint8_t(1));
}

/// All that happens in the child.
class Measurement {
public:
  Measurement(const TimedCode &code, const GeneratedEntry &entry, const RunSettings &settings,
              const object::PeakKernels &peaks, SharedLists &lists)
      : code(code), entry(entry), settings(settings), lists(lists), meter(peaks, code.threads) {}

  static constexpr int notEnoughMemory = -1;

  /// Symbols: the invoker, init, the entry point, the peaks.
  int run(const object::ChildCalls &found) {
    invoke = reinterpret_cast<int (*)(void *, void *const *)>(found.symbols[0]);
    function = found.symbols[2];
    if (!prepare() || !meter.prepare(found.symbols[3], found.symbols[4]))
      return notEnoughMemory;
    if (int status = context.initialise(code, found.symbols[1])) {
      lists.add(failedList, status);
      return status;
    }
    for (int round = 0; round < rounds; ++round)
      if (int status = runRound(round))
        return status;
    return 0;
  }

private:
  bool prepare() {
    if (!context.allocate(code))
      return false;
    pointers = {context.get()};
    for (const GeneratedParameter &parameter : entry.parameters) {
      buffers.push_back(allocateLarge(parameter.bytes));
      if (!buffers.back())
        return false;
      fill(parameter, static_cast<uint8_t *>(buffers.back().get()));
      pointers.push_back(buffers.back().get());
    }
    return true;
  }

  int runRound(int round) {
    lists.add(flopsList, meter.multiplyAddRate());
    lists.add(bytesList, meter.readRate());
    for (int i = 0; i < warmUps; ++i)
      if (int status = invoke(function, pointers.data()))
        return status;
    const double end = secondsNow() + settings.seconds / rounds;
    const int64_t runs = settings.runs * (round + 1) / rounds - settings.runs * round / rounds;
    for (int64_t i = 0; settings.runs > 0 ? i < runs : i == 0 || secondsNow() < end; ++i) {
      if (settings.evict)
        meter.evict();
      const double start = secondsNow();
      if (int status = invoke(function, pointers.data()))
        return status;
      lists.add(runList, secondsNow() - start);
    }
    return 0;
  }

  const TimedCode &code;
  const GeneratedEntry &entry;
  const RunSettings &settings;
  SharedLists &lists;
  PeakMeter meter;
  TimedContext context;
  int (*invoke)(void *, void *const *) = nullptr;
  void *function = nullptr;
  std::vector<std::unique_ptr<void, FreeMemory>> buffers;
  std::vector<void *> pointers;
};

} // namespace

bool timeRuns(const TimedCode &code, const GeneratedEntry &entry, const RunSettings &settings, RunTimes &times,
              std::string &error) {
  const object::PeakKernels peaks = object::emitPeakKernels(code.target);
  const char *const notEnough = "there is not enough memory for the measurements";
  SharedLists lists(listCount, size_t(settings.runs > 0 ? settings.runs : mostRuns));
  error = !peaks.error.empty() ? peaks.error : lists.isMapped() ? "" : notEnough;
  if (!error.empty())
    return false;
  Measurement measurement(code, entry, settings, peaks, lists);
  object::RunRequest request = timingRequest(code, entry.name, peaks);
  // The measurement has pointers of its own: only their number matters.
  for (const GeneratedParameter &parameter : entry.parameters)
    if (parameter.isOutput)
      request.outputBytes.push_back(1);
    else
      request.inputs.emplace_back(1);
  request.symbols = {"glmc_invoke", code.prefix + "_init", code.prefix + "_" + entry.name, object::peakMultiplyAddName,
                     object::peakReadName};
  request.measure = [&](const object::ChildCalls &calls) { return measurement.run(calls); };
  const object::RunResult done = object::runObject(request);
  error = done.error;
  if (done.status == Measurement::notEnoughMemory)
    error = notEnough;
  else if (!lists.take(failedList).values().empty())
    error = code.prefix + "_init returned status " + std::to_string(done.status) + ": " + done.statusText;
  times.seconds = lists.take(runList);
  times.gigaflops = lists.take(flopsList).best() / 1e9;
  times.gigabytes = lists.take(bytesList).best() / 1e9;
  return error.empty();
}

} // namespace glmc
