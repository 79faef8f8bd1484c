//===- GenerationTimer.cpp - Times a program that generates tokens -------------===//
#include "compiler/GenerationTimer.h"

#include "compiler/SharedLists.h"

#include <algorithm>

namespace glmc {
namespace {

/// Tokens decoded at a position, of which the median is taken.
constexpr int64_t decodedTokens = 24;
constexpr int64_t usualPrompt = 128;
constexpr int rounds = 5;
/// At most so many prompts of a size: a median needs no more.
constexpr int64_t mostPrompts = 1000;

/// Functions of the program, in the order of their symbols, which the peaks' follow.
enum Function : size_t { initFunction, prefillFunction, decodeFunction, resetFunction, rollbackFunction, functionCount };
constexpr const char *functionNames[] = {"init", "prefill", "decode", "reset", "rollback"};

/// Lists of what is measured; those of prompts and then of positions follow.
enum List : size_t { failedList, flopsList, bytesList, firstPromptList };

/// What is measured, in order.
struct Plan {
  std::vector<int64_t> prompts; ///< Steps of several tokens, then the prompt.
  std::vector<int64_t> positions;
};

bool makePlan(const GenerationSubject &subject, const GenerationSettings &settings, Plan &plan, std::string &error) {
  const int64_t room = subject.contextTokens;
  for (int64_t step : subject.steps)
    if (step > 1 && step <= room)
      plan.prompts.push_back(step);
  plan.prompts.push_back(settings.prompt ? settings.prompt : std::min(usualPrompt, room));
  if (plan.prompts.back() > room) {
    error = "--prompt is " + std::to_string(settings.prompt) + ", but the context has room for " + std::to_string(room);
    return false;
  }
  plan.positions = settings.positions;
  if (plan.positions.empty())
    for (int64_t position : {int64_t(0), int64_t(256), room / 4, room / 2, room - decodedTokens})
      if (position >= 0 && position < room)
        plan.positions.push_back(position);
  std::sort(plan.positions.begin(), plan.positions.end());
  plan.positions.erase(std::unique(plan.positions.begin(), plan.positions.end()), plan.positions.end());
  if (plan.positions.back() < room)
    return true;
  error = "--position is " + std::to_string(plan.positions.back()) + ", but the context has room for " +
          std::to_string(room);
  return false;
}

/// All that happens in the child.
class Measurement {
public:
  Measurement(const GenerationSubject &subject, const GenerationSettings &settings, const Plan &plan,
              const object::PeakKernels &kernels, SharedLists &lists)
      : subject(subject), settings(settings), plan(plan), lists(lists), meter(kernels, subject.threads) {}

  static constexpr int notEnoughMemory = -1;

  int run(const object::ChildCalls &found) {
    symbols = found.symbols;
    if (!prepareMemory() || !meter.prepare(symbols[functionCount], symbols[functionCount + 1]))
      return notEnoughMemory;
    if (init() && timePrompts())
      timePositions();
    return status;
  }

private:
  template <typename Type> Type function(Function which) const { return reinterpret_cast<Type>(symbols[which]); }

  /// Remembers which function it was if it returned a status.
  bool isRight(Function which, int answer) {
    status = answer;
    if (status)
      lists.add(failedList, double(which));
    return !status;
  }

  bool prepareMemory() {
    logits = allocateLarge((subject.allLogits ? subject.contextTokens : 1) * subject.vocabulary * 4);
    return logits && context.allocate(subject);
  }

  bool init() { return isRight(initFunction, context.initialise(subject, symbols[initFunction])); }

  /// Tokens of which no two are next to each other in an embedding.
  int64_t token(int64_t i) const { return i * 7919 % subject.vocabulary; }

  bool reset() {
    held = 0;
    return isRight(resetFunction, function<int (*)(void *)>(resetFunction)(context.get()));
  }

  bool prefill(int64_t count, double &seconds) {
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < count; ++i)
      tokens.push_back(token(held + i));
    const double start = secondsNow();
    const int answer = function<int (*)(void *, const int64_t *, int64_t, void *)>(prefillFunction)(
        context.get(), tokens.data(), count, logits.get());
    seconds = secondsNow() - start;
    held += count;
    return isRight(prefillFunction, answer);
  }

  /// Holds `position` tokens, whichever they are.
  bool goTo(int64_t position) {
    double ignored = 0;
    if (held < position)
      return prefill(position - held, ignored);
    const int64_t count = held - position;
    held = position;
    return isRight(rollbackFunction, function<int (*)(void *, int64_t)>(rollbackFunction)(context.get(), count));
  }

  void measurePeaks() {
    lists.add(flopsList, meter.multiplyAddRate());
    lists.add(bytesList, meter.readRate());
  }

  bool timePrompts() {
    for (int round = 0; round < rounds; ++round) {
      measurePeaks();
      const double end = secondsNow() + settings.seconds / rounds;
      do
        for (size_t i = 0; i < plan.prompts.size(); ++i) {
          double seconds = 0;
          if (!reset() || !prefill(plan.prompts[i], seconds))
            return false;
          lists.add(firstPromptList + i, seconds);
        }
      while (secondsNow() < end);
    }
    return true;
  }

  void timePositions() {
    if (!reset())
      return;
    for (size_t i = 0; i < plan.positions.size(); ++i) {
      if (!goTo(plan.positions[i]))
        return;
      measurePeaks();
      const int64_t count = std::min(decodedTokens, subject.contextTokens - held);
      for (int64_t k = 0; k < count; ++k) {
        const double start = secondsNow();
        const int answer =
            function<int (*)(void *, int64_t, void *)>(decodeFunction)(context.get(), token(held), logits.get());
        lists.add(firstPromptList + plan.prompts.size() + i, secondsNow() - start);
        ++held;
        if (!isRight(decodeFunction, answer))
          return;
      }
    }
  }

  const GenerationSubject &subject;
  const GenerationSettings &settings;
  const Plan &plan;
  SharedLists &lists;
  PeakMeter meter;
  std::vector<void *> symbols;
  TimedContext context;
  std::unique_ptr<void, FreeMemory> logits;
  int64_t held = 0; ///< Tokens in the context.
  int status = 0;
};

object::RunRequest requestFor(const GenerationSubject &subject, const object::PeakKernels &peaks) {
  object::RunRequest request = timingRequest(subject, functionNames[decodeFunction], peaks);
  for (const char *name : functionNames)
    request.symbols.push_back(subject.prefix + "_" + name);
  request.symbols.push_back(object::peakMultiplyAddName);
  request.symbols.push_back(object::peakReadName);
  return request;
}

void takeTimes(const GenerationSubject &subject, const Plan &plan, const SharedLists &lists, GenerationTimes &times) {
  times.gigaflops = lists.take(flopsList).best() / 1e9;
  times.gigabytes = lists.take(bytesList).best() / 1e9;
  for (size_t i = 0; i < plan.prompts.size(); ++i)
    times.steps.push_back({plan.prompts[i], lists.take(firstPromptList + i).median()});
  times.prompt = times.steps.back();
  times.steps.pop_back();
  for (size_t i = 0; i < plan.positions.size(); ++i) {
    const Distribution seconds = lists.take(firstPromptList + plan.prompts.size() + i);
    const int64_t middle = plan.positions[i] + int64_t(seconds.values().size()) / 2;
    times.decode.push_back(
        {plan.positions[i], seconds.median(), subject.tokenWeightBytes + middle * subject.positionBytes});
  }
}

} // namespace

bool timeGeneration(const GenerationSubject &subject, const GenerationSettings &settings, GenerationTimes &times,
                    std::string &error) {
  const object::PeakKernels peaks = object::emitPeakKernels(subject.target);
  error = peaks.error;
  Plan plan;
  if (!error.empty() || !makePlan(subject, settings, plan, error))
    return false;
  const char *const notEnough = "there is not enough memory for the measurements";
  SharedLists lists(firstPromptList + plan.prompts.size() + plan.positions.size(), size_t(mostPrompts));
  if (!lists.isMapped()) {
    error = notEnough;
    return false;
  }
  Measurement measurement(subject, settings, plan, peaks, lists);
  object::RunRequest request = requestFor(subject, peaks);
  request.measure = [&](const object::ChildCalls &calls) { return measurement.run(calls); };
  const object::RunResult done = object::runObject(request);
  error = done.error;
  if (done.status == Measurement::notEnoughMemory)
    error = notEnough;
  else if (const auto failed = lists.take(failedList).values(); !failed.empty())
    error = subject.prefix + "_" + functionNames[size_t(failed.front())] + " returned status " +
            std::to_string(done.status) + ": " + done.statusText;
  if (error.empty())
    takeTimes(subject, plan, lists, times);
  return error.empty();
}

} // namespace glmc
