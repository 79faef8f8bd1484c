//===- BenchCommand.cpp - glmc bench ------------------------------------------===//
#include "compiler/BenchRunner.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/GivenInputs.h"
#include "compiler/LaunchCost.h"
#include "compiler/LibraryBench.h"
#include "compiler/SeededInputs.h"
#include "compiler/SessionBench.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

constexpr size_t barCells = 30, nameCells = 30;

/// One line of the report: a launch, or the whole model.
struct Row {
  std::string name, family;
  std::vector<std::string> nodes;
  LaunchCost cost;
  double p50 = 0, p99 = 0; ///< Seconds.

  double gigabytes() const { return p50 > 0 ? double(cost.bytes) / p50 / 1e9 : 0; }
  double gigaflops() const { return p50 > 0 ? double(cost.operations) / p50 / 1e9 : 0; }
};

/// What the machine reached, the best of some rounds: no percentage flatters.
struct Peaks {
  double gigabytes = 0, gigaflops = 0;

  double ofBandwidth(const Row &row) const { return gigabytes > 0 ? row.gigabytes() / gigabytes : 0; }
  double ofMultiplyAdds(const Row &row) const { return gigaflops > 0 ? row.gigaflops() / gigaflops : 0; }
};

struct Report {
  std::string model, target, math;
  bool evicted = false, madeUp = false;
  int threads = 1;
  int64_t runs = 0, memoryBytes = 0;
  Peaks peaks;
  Row whole;
  std::vector<Row> steps;
};

Row rowOf(const Program &program, const Step &step, const Distribution &seconds) {
  Row row;
  row.name = row.family = "copy";
  if (const Launch *launch = std::get_if<Launch>(&step)) {
    row.name = program.kernels[launch->kernel].name;
    row.family = program.kernels[launch->kernel].family;
    row.nodes = launch->nodes;
  }
  row.cost = costOf(program, step);
  row.p50 = seconds.percentile(50);
  row.p99 = seconds.percentile(99);
  return row;
}

Report reportOf(const BenchCommand &command, const CompileOptions &options, const BenchRunner &runner,
                const BenchSettings &settings, const Timing &timing) {
  Report report;
  report.model = command.model;
  report.target = options.target.name;
  report.math = command.build.math;
  report.evicted = settings.evict;
  report.madeUp = command.inputs.empty();
  report.threads = settings.threads;
  report.runs = int64_t(timing.whole.values().size());
  report.memoryBytes = timing.memoryBytes;
  report.peaks = {timing.gigabytes.percentile(100), timing.gigaflops.percentile(100)};
  const std::vector<Step> &steps = runner.program().entryPoints.front().steps;
  for (auto [step, seconds] : llvm::zip(steps, timing.steps)) {
    report.steps.push_back(rowOf(runner.program(), step, seconds));
    report.whole.cost.bytes += report.steps.back().cost.bytes;
    report.whole.cost.operations += report.steps.back().cost.operations;
  }
  report.whole.p50 = timing.whole.percentile(50);
  report.whole.p99 = timing.whole.percentile(99);
  return report;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

enum class Chart { none, ascii, utf8 };

Chart chartOf(const std::string &wanted) {
  if (wanted != "auto")
    return wanted == "utf8" ? Chart::utf8 : wanted == "ascii" ? Chart::ascii : Chart::none;
  if (!::isatty(STDOUT_FILENO))
    return Chart::none;
  for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char *value = std::getenv(name); value && *value) // The first that is set decides.
      return StringRef(value).contains_insensitive("utf-8") || StringRef(value).contains_insensitive("utf8")
                 ? Chart::utf8
                 : Chart::ascii;
  return Chart::ascii;
}

std::string timeText(double seconds) {
  const char *const units[] = {" s", " ms", " us", " ns"};
  int unit = 0;
  for (; seconds < 1 && unit < 3; ++unit)
    seconds *= 1000;
  return shortNumber(seconds, seconds >= 100 ? 4 : 3) + units[unit];
}

/// Faster than memory can be read: the data was in a cache.
constexpr double mostOfBandwidth = 1.05;

std::string percentText(double fraction) { return llvm::formatv("{0:F0}%", 100 * fraction).str(); }

std::string bandwidthText(double fraction) { return fraction > mostOfBandwidth ? "cache" : percentText(fraction); }

/// As long as the time is against the longest; solid as far as the machine's
/// bandwidth or multiply-adds alone would take.
std::string barOf(const Report &report, const Row &row, double longest, Chart chart) {
  if (longest <= 0)
    return "";
  const double share = row.p50 / longest;
  const double bandwidth = report.peaks.ofBandwidth(row);
  const double least =
      std::min(1.0, std::max(bandwidth > mostOfBandwidth ? 0 : bandwidth, report.peaks.ofMultiplyAdds(row)));
  const size_t cells = size_t(std::lround(share * double(barCells)));
  const size_t solid = std::min(cells, size_t(std::lround(share * least * double(barCells))));
  std::string text;
  for (size_t i = 0; i < cells; ++i)
    text += i < solid ? (chart == Chart::utf8 ? "\u2588" : "#") : (chart == Chart::utf8 ? "\u2591" : "-");
  return text.empty() && row.p50 > 0 ? (chart == Chart::utf8 ? "\u258F" : "|") : text;
}

std::string tableOf(const Report &report, Chart chart) {
  std::string text;
  llvm::raw_string_ostream out(text);
  const Row &whole = report.whole;
  out << report.model << " for " << report.target << ", " << report.math << " math, " << report.threads
      << (report.threads == 1 ? " thread: " : " threads: ") << report.runs << " runs, caches "
      << (report.evicted ? "emptied before each" : "warm") << ", inputs " << (report.madeUp ? "made up" : "given")
      << "\n  P50 " << timeText(whole.p50) << ", P99 " << timeText(whole.p99) << ": " << shortNumber(whole.gigabytes())
      << " GB/s (" << bandwidthText(report.peaks.ofBandwidth(whole)) << "), " << shortNumber(whole.gigaflops())
      << " GFLOP/s (" << percentText(report.peaks.ofMultiplyAdds(whole))
      << ")\n  this machine: " << shortNumber(report.peaks.gigabytes) << " GB/s read, "
      << shortNumber(report.peaks.gigaflops) << " GFLOP/s of multiply-adds\n\n";
  double longest = 0, sum = 0;
  for (const Row &row : report.steps) {
    longest = std::max(longest, row.p50);
    sum += row.p50;
  }
  out << llvm::formatv("{0,4}  {1,-30} {2,9} {3,9} {4,6} {5,8} {6,5} {7,8} {8,5}\n", "#", "launch", "P50", "P99",
                       "share", "GB/s", "peak", "GFLOP/s", "peak");
  for (auto [i, row] : llvm::enumerate(report.steps)) {
    out << llvm::formatv("{0,4}  {1,-30} {2,9} {3,9} {4,6} {5,8} {6,5} {7,8} {8,5}", i, row.name.substr(0, nameCells),
                         timeText(row.p50), timeText(row.p99), percentText(sum > 0 ? row.p50 / sum : 0),
                         shortNumber(row.gigabytes()), bandwidthText(report.peaks.ofBandwidth(row)),
                         shortNumber(row.gigaflops()), percentText(report.peaks.ofMultiplyAdds(row)));
    out << (chart == Chart::none ? "" : "  " + barOf(report, row, longest, chart)) << "\n";
  }
  if (chart != Chart::none)
    out << "  bars: time of each launch; solid, what bandwidth or multiply-adds alone would take\n";
  return text;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

llvm::json::Object jsonOf(const Row &row, const Peaks &peaks) {
  return llvm::json::Object{{"p50_seconds", row.p50},
                            {"p99_seconds", row.p99},
                            {"bytes", row.cost.bytes},
                            {"operations", row.cost.operations},
                            {"gigabytes_per_second", jsonNumber(row.gigabytes())},
                            {"gigaflops", jsonNumber(row.gigaflops())},
                            {"of_bandwidth", jsonNumber(peaks.ofBandwidth(row))},
                            {"of_multiply_adds", jsonNumber(peaks.ofMultiplyAdds(row))}};
}

std::string jsonTextOf(const Report &report) {
  llvm::json::Array launches;
  for (auto [i, row] : llvm::enumerate(report.steps)) {
    llvm::json::Object launch = jsonOf(row, report.peaks);
    launch["index"] = int64_t(i);
    launch["kernel"] = row.name;
    launch["family"] = row.family;
    launch["nodes"] = llvm::json::Array(row.nodes);
    launches.push_back(std::move(launch));
  }
  llvm::json::Object json = jsonOf(report.whole, report.peaks);
  json["model"] = report.model;
  json["target"] = report.target;
  json["math"] = report.math;
  json["threads"] = report.threads;
  json["runs"] = report.runs;
  json["evicted"] = report.evicted;
  json["inputs"] = report.madeUp ? "made up" : "given";
  json["machine"] = llvm::json::Object{{"read_gigabytes_per_second", jsonNumber(report.peaks.gigabytes)},
                                       {"multiply_add_gigaflops", jsonNumber(report.peaks.gigaflops)},
                                       {"memory_bytes", report.memoryBytes}};
  json["launches"] = std::move(launches);
  return textOf(std::move(json));
}

/// Times the model on the inputs that are given or, without, on made-up ones for
/// which it computes nothing infinite, if there are such.
bool measure(const BenchRunner &runner, std::vector<NamedTensor> given, const BenchSettings &settings, Timing &timing,
             std::string &error) {
  std::vector<Tensor> inputs, outputs;
  if (!given.empty())
    return placeGivenInputs(runner.inputs(), std::move(given), inputs, error) &&
           runner.time(settings, inputs, timing, error);
  SmallVector<RankedTensorType> types;
  for (const Slot &slot : runner.inputs())
    types.push_back(slot.type);
  int chosen = 0;
  for (int way = 0; way < seedWays; ++way) {
    if (!runner.run(seedInputs(types, way), outputs, error))
      return false;
    if (llvm::all_of(outputs, isFinite)) {
      chosen = way;
      break;
    }
  }
  return runner.time(settings, seedInputs(types, chosen), timing, error);
}

} // namespace

int runBench(const BenchCommand &command) {
  if (isCompiledLibrary(command.model))
    return benchLibrary(command);
  CompileOptions options;
  if (!fillOptionsToRun(command.build, command.model, options, /*mayKeepState=*/true))
    return 1;
  if (options.binding.context)
    return benchSession(command, options);
  if (!command.positions.empty() || command.prompt)
    return fail("glmc: error: --position and --prompt are of a program with state: add --context N");
  options.entry = command.entry;
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  auto given = readGivenInputs(context, command.inputs);
  if (!given)
    return 1;
  auto runner = BenchRunner::create(context, command.build, options);
  if (!runner)
    return 1;
  BenchSettings settings;
  settings.runs = command.runs;
  settings.seconds = command.seconds;
  settings.evict = command.evict;
  settings.threads = int(runner->program().threads);
  Timing timing;
  std::string error;
  if (!measure(*runner, std::move(*given), settings, timing, error))
    return fail(command.model + ": error: " + error);
  const Report report = reportOf(command, options, *runner, settings, timing);
  if (!writeReport(command.build.json, jsonTextOf(report)))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(tableOf(report, chartOf(command.chart)).c_str(), stdout);
  return 0;
}

} // namespace glmc
