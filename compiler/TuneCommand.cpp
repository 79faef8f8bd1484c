//===- TuneCommand.cpp - glmc tune --------------------------------------------===//
//
// The model is compiled as far as its plan. Of each distinct kernel, the one first
// that takes longest in all, one parameter after the other is changed: the versions
// are timed by turns beside the best so far, and one that is clearly faster is the
// best from then on. At the end it is timed beside what the family chose, so that
// no luck of one measurement gets into the file.
//
//===----------------------------------------------------------------------===//
#include "codegen/ReadProgram.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/KernelTimer.h"
#include "compiler/LaunchCost.h"
#include "compiler/PeakMeter.h"
#include "compiler/Progress.h"
#include "compiler/Session.h"
#include "compiler/WriteFile.h"
#include "lowering/kernels/Tuning.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

/// What is less faster than this is noise.
constexpr double leastGain = 0.02;
/// How often all parameters are gone through.
constexpr int passes = 2;
/// To order kernels by what they take before they are timed, bytes and operations
/// that about any machine reads and does in a second.
constexpr double roughBytes = 1e10, roughOperations = 5e10;

/// A distinct kernel of the model.
struct Candidate {
  const kernels::Kernel *kernel = nullptr;
  const Launch *launch = nullptr;
  KernelProblem problem;
  int64_t launches = 0;
  double estimate = 0; ///< Seconds of all launches, to order them by.
  // What was found.
  Schedule tuned; ///< Only what differs; empty if nothing was better.
  double before = 0, after = 0; ///< Seconds; 0 if it was not timed.
  std::string reason;           ///< Why it was not.
};

class Tuner {
public:
  Tuner(const TuneCommand &command, const CompileOptions &options, const Program &program, ModuleOp module)
      : command(command), options(options), program(program), deadline(secondsNow() + command.seconds) {
    collect(module);
  }

  void run() {
    Progress progress(command.build.quiet, llvm::sys::path::filename(command.model).str());
    size_t done = 0;
    for (Candidate &candidate : candidates) {
      progress.update("tuning " + candidate.kernel->name, done++, candidates.size());
      if (secondsNow() < deadline)
        tune(candidate);
      else
        candidate.reason = "no time was left";
    }
  }

  std::vector<Candidate> candidates; ///< That have something to tune, the longest first.

private:
  void collect(ModuleOp module) {
    std::map<KernelProblem, Candidate> found;
    for (const EntryPoint &entry : program.entryPoints)
      for (const Step &step : entry.steps) {
        const Launch *launch = std::get_if<Launch>(&step);
        if (!launch)
          continue;
        const kernels::Kernel &kernel = program.kernels[launch->kernel];
        auto op = module.lookupSymbol<glm::KernelOp>(kernel.name);
        if (!op || tunableParameters(kernel.family, kernel.schedule).empty())
          continue;
        KernelProblem problem = problemOf(op, kernel.family, options.threads > 1);
        Candidate &candidate = found[problem];
        if (!candidate.kernel) {
          candidate.kernel = &kernel;
          candidate.launch = launch;
          candidate.problem = problem;
        }
        const LaunchCost cost = costOf(program, step);
        ++candidate.launches;
        candidate.estimate += std::max(double(cost.bytes) / roughBytes, double(cost.operations) / roughOperations);
      }
    for (auto &[problem, candidate] : found)
      candidates.push_back(std::move(candidate));
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate &a, const Candidate &b) { return a.estimate > b.estimate; });
  }

  std::optional<KernelTiming> time(Candidate &candidate, const std::vector<Schedule> &schedules) {
    std::vector<kernels::Kernel> versions(schedules.size(), *candidate.kernel);
    for (auto [version, schedule] : llvm::zip(versions, schedules))
      version.schedule = schedule;
    return timeKernels(versions, *candidate.launch, options.target, options.threads, options.jobs, candidate.reason);
  }

  /// Changes one parameter of `best`; whether that was faster.
  bool improve(Candidate &candidate, const std::string &name, Schedule &best) {
    std::vector<Schedule> schedules = {best};
    for (int64_t value : tunableParameters(candidate.kernel->family, best)[name]) {
      Schedule other = best;
      std::string ignored; // What is not allowed is not tried.
      if (applyTuning(candidate.kernel->family, {{name, value}}, other, ignored))
        schedules.push_back(std::move(other));
    }
    if (schedules.size() == 1)
      return false;
    const auto timing = time(candidate, schedules);
    if (!timing)
      return false;
    size_t fastest = 0;
    for (size_t i = 1; i < schedules.size(); ++i)
      if (timing->reasons[i].empty() && timing->seconds[i] < timing->seconds[fastest])
        fastest = i;
    if (timing->seconds[fastest] >= (1 - leastGain) * timing->seconds[0])
      return false;
    best = schedules[fastest];
    return true;
  }

  void tune(Candidate &candidate) {
    const Schedule &chosen = candidate.kernel->schedule;
    Schedule best = chosen;
    for (int pass = 0; pass < passes; ++pass) {
      bool improved = false;
      for (const auto &[name, values] : tunableParameters(candidate.kernel->family, chosen))
        if (secondsNow() < deadline)
          improved |= improve(candidate, name, best);
      if (!improved)
        break;
    }
    const auto timing = time(candidate, {chosen, best});
    if (!timing)
      return;
    candidate.reason.clear();
    candidate.before = candidate.after = timing->seconds[0];
    if (best == chosen || timing->seconds[1] >= (1 - leastGain) * candidate.before)
      return;
    candidate.after = timing->seconds[1];
    for (const auto &[name, values] : tunableParameters(candidate.kernel->family, chosen))
      if (best[name] != chosen.at(name))
        candidate.tuned[name] = best[name];
  }

  const TuneCommand &command;
  const CompileOptions &options;
  const Program &program;
  const double deadline;
};

std::string scheduleText(const Schedule &chosen, const Schedule &tuned) {
  std::string text;
  for (const auto &[name, value] : tuned)
    text += llvm::formatv("{0}{1} {2} -> {3}", text.empty() ? "" : ", ", name, chosen.at(name), value).str();
  return text;
}

std::string tableOf(const std::vector<Candidate> &candidates) {
  std::string text = llvm::formatv("{0,-32} {1,8} {2,12} {3,12} {4,8}  {5}\n", "kernel", "launches", "default us",
                                   "tuned us", "faster", "what");
  for (const Candidate &each : candidates) {
    if (!each.reason.empty()) {
      text += llvm::formatv("{0,-32} {1,8} {2}\n", each.kernel->name, each.launches, each.reason);
      continue;
    }
    const double gain = each.after > 0 ? 100 * (each.before / each.after - 1) : 0;
    text += llvm::formatv("{0,-32} {1,8} {2,12:F2} {3,12:F2} {4,7:F1}%  {5}\n", each.kernel->name, each.launches,
                          each.before * 1e6, each.after * 1e6, gain, scheduleText(each.kernel->schedule, each.tuned));
  }
  return text;
}

llvm::json::Object jsonOf(const TuneCommand &command, const CompileOptions &options,
                          const std::vector<Candidate> &candidates) {
  llvm::json::Array kernels;
  for (const Candidate &each : candidates) {
    llvm::json::Object parameters;
    for (const auto &[name, value] : each.tuned)
      parameters[name] = value;
    llvm::json::Object one{{"kernel", each.kernel->name},
                           {"family", each.problem.family},
                           {"ops", each.problem.ops},
                           {"types", each.problem.types},
                           {"launches", each.launches},
                           {"schedule", std::move(parameters)}};
    if (each.reason.empty()) {
      one["default_microseconds"] = each.before * 1e6;
      one["tuned_microseconds"] = each.after * 1e6;
    } else {
      one["reason"] = each.reason;
    }
    kernels.push_back(std::move(one));
  }
  return llvm::json::Object{{"model", command.model},
                            {"target", options.target.name},
                            {"threads", options.threads},
                            {"kernels", std::move(kernels)}};
}

} // namespace

int runTune(const TuneCommand &command) {
  CompileOptions options;
  if (!fillOptionsToRun(command.build, command.model, options, /*mayKeepState=*/true))
    return 1;
  if (!options.versions.empty())
    return fail("glmc: error: --target names several targets; tune for one of them at a time");
  options.stopAfter = "plan-memory";
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  CompileResult result;
  if (failed(compileWithProgress(context, command.build, options, result)))
    return 1;
  auto program = readProgram(*result.module);
  if (failed(program))
    return 1;
  Tuner tuner(command, options, *program, *result.module);
  tuner.run();
  Tuning tuning;
  tuning.target = options.target.name;
  for (const Candidate &each : tuner.candidates)
    if (!each.tuned.empty())
      tuning.schedules[each.problem] = each.tuned;
  std::string error;
  if (!writeFile(command.output, tuning.text(), error))
    return fail(command.output + ": error: " + error);
  if (!writeReport(command.build.json, textOf(jsonOf(command, options, tuner.candidates))))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(tableOf(tuner.candidates).c_str(), stdout);
  return 0;
}

} // namespace glmc
