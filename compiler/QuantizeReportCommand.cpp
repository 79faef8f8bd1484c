//===- QuantizeReportCommand.cpp - glmc quantize-report -------------------------===//
//
// 1. The passes say what each weight becomes (glm.layers).
// 2. With data, the model as it is runs on all samples. Rows of what its layers
//    read are kept, evenly spread over samples and not more than fit in memory.
// 3. Each layer's weight, and its product with those rows, is compared.
// 4. With data, the model as it is compiled with the flags runs on all samples,
//    and its outputs are compared with those of 2, which are computed again.
//
//===----------------------------------------------------------------------===//
#include "compiler/CalibrateRunner.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/Progress.h"
#include "compiler/QuantizeReportLayers.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdio>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Floats of rows kept of all layers together, and rows of one.
constexpr int64_t keptFloats = int64_t(64) << 20, mostRows = 512;

/// Rows of the values that layers read.
class KeptRows {
public:
  /// For `samples` samples; what is added next is sample 0.
  explicit KeptRows(size_t samples) : samples(samples) {}

  void add(const SampleRunner &runner, const SampleOutcome &outcome) {
    const std::vector<TappedValue> &values = runner.values();
    rows.resize(values.size());
    int64_t features = 1;
    for (const TappedValue &value : values)
      features += value.features;
    const int64_t wanted = std::clamp<int64_t>(keptFloats / features, 16, mostRows);
    const int64_t ofSample = std::max<int64_t>(1, wanted / int64_t(samples));
    for (size_t i = 0; i < outcome.values.size(); ++i) {
      const int64_t width = values[i].features, count = width ? int64_t(outcome.values[i].size()) / width : 0;
      const int64_t taken = std::min(count, ofSample);
      for (int64_t row = 0; row < taken && int64_t(rows[i].size()) < wanted * width; ++row) {
        auto from = outcome.values[i].begin() + row * count / taken * width;
        rows[i].insert(rows[i].end(), from, from + width);
      }
    }
  }

  LayerRows of(size_t value, int64_t features) const {
    if (value >= rows.size() || features == 0)
      return {};
    return {rows[value].data(), int64_t(rows[value].size()) / features, features};
  }

private:
  size_t samples;
  std::vector<std::vector<float>> rows;
};

/// How an output of the compiled model differs, over all samples.
struct OutputQuality {
  std::string name;
  double largest = 0, sum = 0;
  int64_t count = 0;
  SignalToNoise error;
  int64_t rows = 0, same = 0; ///< Of the last dimension, and those whose largest element is the same one.
};

int64_t largestOf(const Tensor &tensor, int64_t first, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (tensor.getFloat(first + i) > tensor.getFloat(first + best))
      best = i;
  return best;
}

void addDifference(const Tensor &actual, const Tensor &expected, OutputQuality &quality) {
  if (!isa<FloatType>(expected.type.getElementType()))
    return;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double right = expected.getFloat(i), off = std::fabs(actual.getFloat(i) - right);
    if (off == 0 || (!std::isfinite(right) && right == actual.getFloat(i))) {
      quality.error.signal += std::isfinite(right) ? right * right : 0;
      ++quality.count;
      continue;
    }
    quality.largest = off <= quality.largest ? quality.largest : off;
    quality.sum += off;
    quality.error.signal += right * right;
    quality.error.noise += off * off;
    ++quality.count;
  }
  const int64_t width = expected.type.getRank() ? expected.shape().back() : 1;
  for (int64_t first = 0; width > 1 && first < expected.size(); first += width) {
    ++quality.rows;
    quality.same += largestOf(actual, first, width) == largestOf(expected, first, width);
  }
}

/// Of what the products of a weight read, if ranges were attached.
float staticScaleOf(ModuleOp compiled, const std::string &weight) {
  auto ranges = compiled->getAttrOfType<ArrayAttr>(rangesAttr);
  if (!ranges)
    return 0;
  for (Attribute attribute : ranges) {
    auto entry = cast<DictionaryAttr>(attribute);
    if (entry.getAs<StringAttr>("weight").getValue() == weight)
      return float(entry.getAs<FloatAttr>("magnitude").getValueAsDouble() / 127);
  }
  return 0;
}

class QuantizeReport {
public:
  QuantizeReport(const QuantizeReportCommand &command, MLIRContext &context, const CompileOptions &options)
      : command(command), context(context), options(options), plain(options) {
    plain.compress = CompressOptions();
  }

  bool run();

private:
  bool findLayers();
  bool findRows();
  bool compareLayers(const SampleRunner *runner, const KeptRows *rows);
  bool runData();
  bool eachSample(const char *what, llvm::function_ref<bool(Sample)> run);
  void print() const;
  std::string json() const;

  const QuantizeReportCommand &command;
  MLIRContext &context;
  CompileOptions options, plain; ///< As flags say, and as the model is.
  std::optional<CalibrationData> data;
  OwningOpRef<ModuleOp> simplified; ///< The model before anything is rounded,
  OwningOpRef<ModuleOp> compiled;   ///< and after.
  std::vector<LayerOutcome> outcomes;
  std::vector<LayerQuality> layers;
  std::vector<OutputQuality> outputs;
};

/// The simplified model, and what its weights become.
bool QuantizeReport::findLayers() {
  CompileOptions before = plain, after = options;
  if (data) {
    if (!bindToFirstSample(context, *data, before))
      return false;
    after.binding = before.binding;
  }
  before.stopAfter = "eliminate-dead-nodes";
  after.stopAfter = options.compress.activations == "static" ? "multiply-integers" : "quantize-weights";
  // Asked for nothing, the pass lists nothing.
  if (after.compress.empty())
    after.compress.format = "f32";
  CompileResult one, other;
  if (failed(compileWithProgress(context, command.build, before, one)) ||
      failed(compileWithProgress(context, command.build, after, other)))
    return false;
  simplified = std::move(one.module);
  compiled = std::move(other.module);
  outcomes = layersOf(*compiled);
  if (!outcomes.empty())
    return true;
  fail(options.input + ": error: has no weights of products or look-ups");
  return false;
}

bool QuantizeReport::eachSample(const char *what, llvm::function_ref<bool(Sample)> run) {
  Progress progress(command.build.quiet, llvm::sys::path::filename(command.model).str());
  for (size_t i = 0; i < data->size(); ++i) {
    std::string error;
    progress.update(what, i, data->size());
    auto sample = data->read(context, i, error);
    if (!sample) {
      fail(error);
      return false;
    }
    if (!run(std::move(*sample)))
      return false;
  }
  return true;
}

bool QuantizeReport::compareLayers(const SampleRunner *runner, const KeptRows *rows) {
  Progress progress(command.build.quiet, llvm::sys::path::filename(command.model).str());
  WeightSource source(*simplified);
  std::vector<ReadWeight> weights = findReadWeights(*simplified);
  // Integers that the compiler did not round itself (--rounding gptq).
  llvm::StringMap<glm::WeightOp> given;
  if ((*compiled)->hasAttr(roundedAttr))
    compiled->walk([&](glm::WeightOp op) {
      if (!op.getRounding() && !isa<Float32Type>(cast<RankedTensorType>(op.getType()).getElementType()))
        given[op.getName()] = op;
    });
  for (const auto &[i, outcome] : llvm::enumerate(outcomes)) {
    progress.update("comparing layers", i, outcomes.size());
    // Both lists are of the same graph; a name that is there twice is told by its nodes.
    auto weight = llvm::find_if(weights, [&](const ReadWeight &each) {
      return each.name == outcome.name && each.nodes == outcome.nodes;
    });
    if (weight == weights.end()) {
      fail(options.input + ": error: weight '" + outcome.name + "' is another one once it is quantised");
      return false;
    }
    LayerRows seen;
    for (size_t value = 0; runner && value < runner->values().size(); ++value)
      if (llvm::any_of(runner->values()[value].readers, [&](const LayerName &each) {
            return each.weight == outcome.name && (each.node.empty() || llvm::is_contained(outcome.nodes, each.node));
          })) {
        seen = rows->of(value, runner->values()[value].features);
        break;
      }
    seen.scale = staticScaleOf(*compiled, outcome.name);
    auto quality = compareLayer(*weight, outcome, given[outcome.name], given[outcome.name + ".scales"], seen, source);
    if (failed(quality))
      return false;
    layers.push_back(std::move(*quality));
  }
  return true;
}

bool QuantizeReport::runData() {
  // Layers first, so that their rows are gone when both programs run.
  {
    SampleRunner tapped(context, command.build, plain, /*taps=*/true);
    KeptRows rows(data->size());
    if (!tapped.prepare(*data) || !eachSample("looking into layers", [&](Sample sample) {
          SampleOutcome outcome;
          if (!tapped.run(std::move(sample), outcome))
            return false;
          rows.add(tapped, outcome);
          return true;
        }))
      return false;
    if (!compareLayers(&tapped, &rows))
      return false;
  }
  SampleRunner before(context, command.build, plain, /*taps=*/false);
  SampleRunner after(context, command.build, options, /*taps=*/false);
  if (!before.prepare(*data) || !after.prepare(*data))
    return false;
  return eachSample("comparing outputs", [&](Sample sample) {
    SampleOutcome expected, actual;
    if (!before.run(sample, expected) || !after.run(std::move(sample), actual))
      return false;
    outputs.resize(expected.outputs.size());
    for (size_t i = 0; i < outputs.size() && i < actual.outputs.size(); ++i) {
      outputs[i].name = expected.names[i];
      addDifference(actual.outputs[i], expected.outputs[i], outputs[i]);
    }
    return true;
  });
}

std::string decibelText(double decibels) {
  if (!std::isfinite(decibels))
    return decibels > 0 ? "exact" : "-inf";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", decibels);
  return text;
}

std::string percentText(int64_t part, int64_t whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", whole ? 100 * double(part) / double(whole) : 0);
  return text;
}

void QuantizeReport::print() const {
  size_t width = 6;
  for (const LayerQuality &layer : layers)
    width = std::max(width, std::min<size_t>(layer.outcome.name.size(), 48));
  std::printf("%-*s  %-14s  %-22s  %-11s  %5s  %9s  %9s\n", int(width), "weight", "shape", "format", "activations",
              "bits", "weight dB", "output dB");
  int64_t before = 0, now = 0, elements = 0;
  for (const LayerQuality &layer : layers) {
    std::string shape;
    for (int64_t dim : layer.shape)
      shape += (shape.empty() ? "" : "x") + std::to_string(dim);
    const LayerOutcome &outcome = layer.outcome;
    const std::string activations =
        outcome.activationGroup ? outcome.activations + " g" + std::to_string(outcome.activationGroup)
                                : outcome.activations;
    std::printf("%-*s  %-14s  %-22s  %-11s  %5.2f  %9s  %9s\n", int(width), outcome.name.c_str(), shape.c_str(),
                formatText(outcome).c_str(), activations.empty() ? "-" : activations.c_str(), layer.bits,
                decibelText(layer.weight.decibels()).c_str(),
                layer.output ? decibelText(layer.output->decibels()).c_str() : "-");
    before += outcome.bytesBefore;
    now += bytesOf(outcome);
    elements += outcome.elements;
  }
  std::printf("weights: %s in the model, %s as compiled, %.2f bits each\n", humanBytes(before).c_str(),
              humanBytes(now).c_str(), elements ? 8 * double(now) / double(elements) : 0);
  for (const OutputQuality &output : outputs) {
    if (!output.count)
      continue;
    std::printf("%s, %zu samples: max abs error %s, mean %s, %s dB", output.name.c_str(), data->size(),
                shortNumber(output.largest).c_str(), shortNumber(output.sum / double(output.count)).c_str(),
                decibelText(output.error.decibels()).c_str());
    if (output.rows)
      std::printf("; the largest element is the same in %s of %lld rows", percentText(output.same, output.rows).c_str(),
                  static_cast<long long>(output.rows));
    std::printf("\n");
  }
}

std::string QuantizeReport::json() const {
  llvm::json::Array layerList, outputList;
  int64_t before = 0, now = 0;
  for (const LayerQuality &layer : layers) {
    const LayerOutcome &outcome = layer.outcome;
    before += outcome.bytesBefore;
    now += bytesOf(outcome);
    llvm::json::Object entry{{"name", llvm::json::fixUTF8(outcome.name)},
                             {"shape", llvm::json::Array(layer.shape)},
                             {"format", outcome.format},
                             {"group", outcome.group},
                             {"asymmetric", outcome.asymmetric},
                             {"why", outcome.why},
                             {"activations", outcome.activations},
                             {"activation_group", outcome.activationGroup},
                             {"why_activations", outcome.whyActivations},
                             {"bits", layer.bits},
                             {"bytes", bytesOf(outcome)},
                             {"weight_sqnr_db", jsonNumber(layer.weight.decibels())}};
    if (layer.output)
      entry["output_sqnr_db"] = jsonNumber(layer.output->decibels());
    layerList.push_back(std::move(entry));
  }
  for (const OutputQuality &output : outputs) {
    if (!output.count)
      continue;
    outputList.push_back(llvm::json::Object{{"name", llvm::json::fixUTF8(output.name)},
                                            {"max_abs", jsonNumber(output.largest)},
                                            {"mean_abs", jsonNumber(output.sum / double(output.count))},
                                            {"sqnr_db", jsonNumber(output.error.decibels())},
                                            {"rows", output.rows},
                                            {"same_argmax", output.same}});
  }
  return textOf(llvm::json::Object{{"layers", std::move(layerList)},
                                   {"weight_bytes_before", before},
                                   {"weight_bytes", now},
                                   {"samples", data ? int64_t(data->size()) : 0},
                                   {"outputs", std::move(outputList)}});
}

bool QuantizeReport::run() {
  std::string error;
  if (!command.data.empty()) {
    data = CalibrationData::find(command.data, size_t(command.samples), error);
    if (!data) {
      fail(error);
      return false;
    }
  }
  if (!findLayers() || (data ? !runData() : !compareLayers(nullptr, nullptr)))
    return false;
  if (command.build.json != "-" && !command.build.quiet)
    print();
  return writeReport(command.build.json, json());
}

} // namespace

int runQuantizeReport(const QuantizeReportCommand &command) {
  CompileOptions options;
  if (!fillOptionsToRun(command.build, command.model, options, /*mayKeepState=*/true))
    return 1;
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  return QuantizeReport(command, context, options).run() ? 0 : 1;
}

} // namespace glmc
