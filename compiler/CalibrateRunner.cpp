//===- CalibrateRunner.cpp - A model run on samples, and what its layers see ----===//
#include "compiler/CalibrateRunner.h"

#include "compiler/DataBinding.h"
#include "compiler/Pipeline.h"
#include "compiler/WriteFile.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// The number of a tap by its name; nothing for other names.
std::optional<size_t> tapNumber(StringRef name) {
  size_t number;
  if (name.consume_front("glmc.tap.") && !name.getAsInteger(10, number))
    return number;
  return std::nullopt;
}

/// The passes that come after lastSimplifyingPass, as --pipeline has them: not all
/// of those before can run on what they made.
bool remainingPasses(MLIRContext &context, const CompileOptions &options, std::string &passes, std::string &error) {
  PassManager manager(&context, ModuleOp::getOperationName());
  if (!buildPipeline(manager, options, error))
    return false;
  std::string all;
  llvm::raw_string_ostream stream(all);
  manager.printAsTextualPipeline(stream);
  const std::string last = "glm-" + std::string(lastSimplifyingPass);
  const size_t at = all.rfind(last), end = all.find_last_of(')');
  const size_t begin = at == std::string::npos ? at : all.find(',', at);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    error = "the passes cannot be cut behind " + last + ": " + all;
    return false;
  }
  passes = all.substr(begin + 1, end - begin - 1);
  return true;
}

std::vector<float> floatsOf(const Tensor &tensor) {
  std::vector<float> values(tensor.size());
  if (tensor.type.getElementType().isF32())
    std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(float));
  else
    for (int64_t i = 0; i < tensor.size(); ++i)
      values[i] = float(tensor.getFloat(i));
  return values;
}

} // namespace

bool SampleRunner::failAt(const std::string &where, const std::string &error) const {
  fail(where + ": error: " + error);
  return false;
}

/// The number of a value among those of all compilations.
size_t SampleRunner::placeOf(const TappedValue &value) {
  for (size_t i = 0; i < tapped.size(); ++i)
    if (tapped[i].readers.front() == value.readers.front() && tapped[i].features == value.features)
      return i;
  tapped.push_back(value);
  return tapped.size() - 1;
}

/// Of the model as it is imported, which is what ranges are attached to.
bool SampleRunner::readHash(CompileOptions imported) {
  if (!modelHash.empty())
    return true;
  imported.stopAfter.clear();
  OwningOpRef<ModuleOp> module = readModel(context, imported);
  auto hash = module ? hashModel(*module, imported.input) : std::nullopt;
  modelHash = hash.value_or("");
  return hash.has_value();
}

/// Turns `probe` into options of a probe of that model, which lies in `folder`.
bool SampleRunner::compileProbe(CompileOptions &probe, const TemporaryFolder &folder, std::vector<size_t> &places) {
  CompileResult simplified;
  probe.stopAfter = lastSimplifyingPass;
  if (failed(compileWithProgress(context, flags, probe, simplified)))
    return false;
  auto values = tapProducts(*simplified.module);
  if (failed(values) || !readHash(probe))
    return false;
  for (const TappedValue &value : *values)
    places.push_back(placeOf(value));
  probe.stopAfter.clear();
  std::string text, error;
  if (!remainingPasses(context, probe, probe.pipeline, error))
    return failAt(probe.input, error);
  probe.binding = BindingRequest(); // A probe is bound already.
  probe.entry.reset();
  probe.input = folder.path() + "/probe.mlir";
  llvm::raw_string_ostream out(text);
  simplified.module->print(out, OpPrintingFlags().enableDebugInfo());
  return writeFile(probe.input, text, error) || failAt(probe.input, error);
}

bool bindToFirstSample(MLIRContext &context, const CalibrationData &data, CompileOptions &options) {
  if (data.isText()) {
    options.binding.context = std::max(options.binding.context, data.longest());
    return true;
  }
  std::string error;
  auto sample = data.read(context, 0, error);
  if (!sample) {
    fail(error);
    return false;
  }
  if (StringRef(options.input).ends_with(".mlir"))
    return true;
  auto model = OnnxModel::read(&context, options.input);
  if (!model)
    return false;
  if (!bindToData(context, *model, options.binding, sample->inputs, error)) {
    fail(sample->name + ": error: " + error);
    return false;
  }
  return true;
}

bool SampleRunner::prepare(const CalibrationData &data) {
  const bool isDump = StringRef(options.input).ends_with(".mlir");
  if (!data.isText()) {
    if (options.binding.context)
      return failAt("glmc", "--context is for samples that are tokens, in a text file: leave it out, or write the "
                            "samples as tokens");
    return isDump || (model = OnnxModel::read(&context, options.input)) != nullptr;
  }
  if (isDump)
    return failAt(options.input, "is a dump: samples of tokens need the model itself");
  bindToFirstSample(context, data, options);
  options.binding.logits = "all";
  if (taps)
    options.binding.kv = "f32"; // What is tapped is kept as it is.
  CompileOptions probe = options;
  TemporaryFolder folder;
  if (taps && !compileProbe(probe, folder, statefulPlaces))
    return false;
  stateful = StatefulRunner::create(context, flags, probe, "");
  return stateful != nullptr;
}

bool SampleRunner::runTokens(const Sample &sample, SampleOutcome &outcome) {
  object::SessionRunner &runner = stateful->session();
  const Program &program = stateful->program();
  std::vector<float> logits;
  std::vector<uint8_t> snapshot;
  object::SessionAnswer answer = runner.reset();
  if (answer.error.empty())
    answer = runner.prefill(sample.tokens, logits);
  if (answer.error.empty() && taps)
    answer = runner.snapshot(snapshot);
  if (!answer.error.empty())
    return failAt(sample.name, answer.error);
  const int64_t tokens = int64_t(sample.tokens.size());
  outcome.names = {"logits"};
  Tensor tensor(RankedTensorType::get({tokens, program.session->vocabulary}, Float32Type::get(&context)));
  if (logits.size() * sizeof(float) != tensor.bytes.size())
    return failAt(sample.name, "gave " + std::to_string(logits.size()) + " logits, expected " +
                                   std::to_string(tensor.size()));
  std::memcpy(tensor.bytes.data(), logits.data(), tensor.bytes.size());
  outcome.outputs.push_back(std::move(tensor));
  if (!taps)
    return true;
  // Behind a header, each cache's rows; the caches in order, see session.h.
  auto bytesOf = [&](const StateTensor &state) {
    return size_t(state.bytes / state.type.shape[2] * tokens);
  };
  size_t at = snapshot.size();
  for (int cache : program.session->caches)
    at -= bytesOf(program.states[cache]);
  for (int cache : program.session->caches) {
    const StateTensor &state = program.states[cache];
    if (auto number = tapNumber(state.name)) {
      std::vector<float> &values = outcome.values[statefulPlaces[*number]];
      values.resize(bytesOf(state) / sizeof(float));
      std::memcpy(values.data(), snapshot.data() + at, bytesOf(state));
    }
    at += bytesOf(state);
  }
  return true;
}

/// The model for a sample's sizes, whose inputs that became constants leave it;
/// null after an error was printed.
SampleRunner::Bound *SampleRunner::boundTo(Sample &sample) {
  BindingRequest request = options.binding;
  std::string error;
  if (model && !bindToData(context, *model, request, sample.inputs, error)) {
    failAt(sample.name, error);
    return nullptr;
  }
  for (Bound &known : bound)
    if (sameData(known.request, request))
      return &known;
  if (bound.size() == mostBindings) {
    failAt(sample.name, "is the " + std::to_string(mostBindings + 1) +
                            "th of another size, and each needs a compilation: give the samples fewer sizes");
    return nullptr;
  }
  CompileOptions probe = options;
  probe.binding = request;
  TemporaryFolder folder;
  std::vector<size_t> places;
  if (taps && !compileProbe(probe, folder, places))
    return nullptr;
  auto runner = ModelRunner::create(context, flags, probe, "");
  if (!runner)
    return nullptr;
  bound.push_back({std::move(request), std::move(*runner), std::move(places)});
  return &bound.back();
}

bool SampleRunner::run(Sample sample, SampleOutcome &outcome) {
  outcome = SampleOutcome();
  outcome.values.resize(tapped.size());
  if (stateful)
    return runTokens(sample, outcome);
  Bound *at = boundTo(sample);
  if (!at)
    return false;
  outcome.values.resize(tapped.size());
  std::string error;
  std::vector<std::optional<Tensor>> assigned;
  std::vector<Tensor> inputs, outputs;
  if (!assignTensors(at->runner.inputs(), std::move(sample.inputs), "input", assigned, error) ||
      !completeInputs(at->runner.inputs(), std::move(assigned), inputs, error) ||
      !at->runner.run(inputs, outputs, error))
    return failAt(sample.name, error);
  for (auto [slot, tensor] : llvm::zip(at->runner.outputs(), outputs)) {
    if (auto number = taps ? tapNumber(slot.name) : std::nullopt) {
      outcome.values[at->places[*number]] = floatsOf(tensor);
      continue;
    }
    outcome.names.push_back(slot.name);
    outcome.outputs.push_back(std::move(tensor));
  }
  return true;
}

} // namespace glmc
