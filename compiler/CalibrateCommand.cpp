//===- CalibrateCommand.cpp - glmc calibrate ------------------------------------===//
#include "compiler/CalibrateHistogram.h"
#include "compiler/CalibrateRounding.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/Progress.h"
#include "compiler/WriteFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

ActivationRange rangeOf(const TappedValue &value, const ActivationHistogram &histogram) {
  ActivationRange range;
  range.readers = value.readers;
  range.features = value.features;
  range.values = histogram.count();
  range.min = histogram.min();
  range.max = histogram.max();
  range.percentile999 = histogram.percentile(99.9);
  range.percentile9999 = histogram.percentile(99.99);
  range.entropy = histogram.entropy();
  return range;
}

std::string textOf(const LayerName &layer) {
  return layer.node.empty() ? "weight '" + layer.weight + "'" : "node '" + layer.node + "'";
}

/// Adds a sample's values; false if one is not a number, which no range holds.
bool collect(const SampleRunner &runner, const Sample &sample, const SampleOutcome &outcome,
             std::vector<ActivationHistogram> &histograms) {
  histograms.resize(runner.values().size());
  for (size_t i = 0; i < outcome.values.size(); ++i) {
    histograms[i].add(outcome.values[i].data(), outcome.values[i].size());
    if (!histograms[i].notFinite())
      continue;
    fail(sample.name + ": error: what " + textOf(runner.values()[i].readers.front()) +
         " reads is infinite or not a number with this sample: there is no range for it");
    return false;
  }
  return true;
}

/// One run of the command.
class Calibration {
public:
  Calibration(const CalibrateCommand &command, MLIRContext &context, const CompileOptions &options,
              const CalibrationData &data)
      : command(command), context(context), options(options), data(data),
        runner(context, command.build, options, /*taps=*/true) {}

  bool run(CalibrationRanges &ranges);

private:
  bool eachSample(const char *what, llvm::function_ref<bool(const Sample &, const SampleOutcome &)> use);
  bool roundWeights(CalibrationRanges &ranges);

  const CalibrateCommand &command;
  MLIRContext &context;
  const CompileOptions &options;
  const CalibrationData &data;
  SampleRunner runner;
};

bool Calibration::eachSample(const char *what, llvm::function_ref<bool(const Sample &, const SampleOutcome &)> use) {
  Progress progress(command.build.quiet, llvm::sys::path::filename(command.model).str());
  for (size_t i = 0; i < data.size(); ++i) {
    std::string error;
    progress.update(what, i, data.size());
    auto sample = data.read(context, i, error);
    if (!sample) {
      fail(error);
      return false;
    }
    SampleOutcome outcome;
    if (!runner.run(*sample, outcome) || !use(*sample, outcome))
      return false;
  }
  return true;
}

/// Error feedback needs the samples again.
bool Calibration::roundWeights(CalibrationRanges &ranges) {
  CompileOptions before = options;
  CompileResult simplified;
  before.stopAfter = lastSimplifyingPass;
  if (!bindToFirstSample(context, data, before) ||
      failed(compileWithProgress(context, command.build, before, simplified)))
    return false;
  const RoundingRequest request = {command.weights, command.group, command.output + ".rounded"};
  ranges.rounding = roundByInputs(*simplified.module, runner, request,
                                  [&](llvm::function_ref<bool(const SampleOutcome &)> use) {
                                    return eachSample("rounding by samples",
                                                      [&](const Sample &, const SampleOutcome &outcome) {
                                                        return use(outcome);
                                                      });
                                  });
  return ranges.rounding.has_value();
}

bool Calibration::run(CalibrationRanges &ranges) {
  std::vector<ActivationHistogram> histograms;
  if (!runner.prepare(data) || !eachSample("running samples", [&](const Sample &sample, const SampleOutcome &outcome) {
        return collect(runner, sample, outcome, histograms);
      }))
    return false;
  ranges.samples = int64_t(data.size());
  ranges.model = runner.hash();
  {
    Progress progress(command.build.quiet, llvm::sys::path::filename(command.model).str());
    for (size_t i = 0; i < histograms.size(); ++i) {
      progress.update("choosing ranges", i, histograms.size());
      ranges.activations.push_back(rangeOf(runner.values()[i], histograms[i]));
    }
  }
  return command.rounding != "gptq" || roundWeights(ranges);
}

} // namespace

int runCalibrate(const CalibrateCommand &command) {
  CompileOptions options;
  std::string error;
  if (!fillOptionsToRun(command.build, command.model, options, /*mayKeepState=*/true))
    return 1;
  if (!canWriteIn(llvm::sys::path::parent_path(command.output).str(), error))
    return fail(command.output + ": error: " + error);
  auto data = CalibrationData::find(command.data, size_t(command.samples), error);
  if (!data)
    return fail(error);
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  CalibrationRanges ranges;
  if (!Calibration(command, context, options, *data).run(ranges))
    return 1;
  if (!writeFile(command.output, printRanges(ranges), error)) {
    if (ranges.rounding)
      llvm::sys::fs::remove(command.output + ".rounded");
    return fail(command.output + ": error: " + error);
  }
  if (command.build.quiet)
    return 0;
  std::printf("%s: ranges of %zu activations from %zu samples%s\n", command.output.c_str(), ranges.activations.size(),
              data->size(), data->size() < fewSamples ? "; 100 to 1,000 make ranges that other data keeps to" : "");
  if (ranges.rounding)
    std::printf("%s.rounded: %zu weights rounded to %s g%lld\n", command.output.c_str(),
                ranges.rounding->weights.size(), command.weights.c_str(), static_cast<long long>(command.group));
  return 0;
}

} // namespace glmc
