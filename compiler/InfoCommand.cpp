//===- InfoCommand.cpp - glmc info --------------------------------------------===//
//
// Reads what the file says of itself, then imports and plans it without
// compiling a kernel: what stops that is a blocker, and what comes out is the
// estimate of RAM and flash. A model with blockers is no error of this command.
//
//===----------------------------------------------------------------------===//
#include "compiler/DiagnosticPrinter.h"
#include "compiler/Pipeline.h"
#include "compiler/Session.h"
#include "compiler/import/onnx/ImportOnnx.h"
#include "dialects/glm/GlmOps.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

struct Estimate {
  std::vector<std::string> blockers;
  // Only without blockers.
  int64_t arenaBytes = 0, boundBytes = 0, flashBytes = 0, launches = 0;
};

Estimate estimate(const CompileOptions &options) {
  Estimate result;
  MLIRContext context;
  prepareContext(context);
  // In order of appearance, each once.
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    const std::string text = textOf(diagnostic, options.input);
    if (!llvm::is_contained(result.blockers, text))
      result.blockers.push_back(text);
    return success();
  });
  OwningOpRef<ModuleOp> module = readModel(context, options);
  std::vector<PassRecord> records;
  if (!module || failed(runPipeline(*module, options, records))) {
    if (result.blockers.empty())
      result.blockers.push_back("the model cannot be read");
    return result;
  }
  for (auto program : module->getOps<glm::ProgramOp>()) {
    result.arenaBytes = std::max<int64_t>(result.arenaBytes, program.getArena());
    result.boundBytes = std::max<int64_t>(result.boundBytes, program.getBound());
    result.launches += llvm::range_size(program.getBody().front().getOps<glm::PlannedLaunchOp>());
  }
  for (auto weight : module->getOps<glm::PlacedWeightOp>())
    result.flashBytes =
        std::max<int64_t>(result.flashBytes, int64_t(weight.getOffset()) + glm::storageBytes(weight.getType()));
  return result;
}

std::string typeOf(const ModelSummary::Tensor &tensor) {
  std::string text = tensor.element + "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i ? ", " : "") + tensor.shape[i];
  return text + "]";
}

std::string summaryText(const std::string &model, const ModelSummary &summary, const Estimate &estimate) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << model << ": " << summary.nodes << " nodes";
  for (const auto &[domain, opset] : summary.opsets)
    out << ", " << domain << " opset " << opset;
  out << (summary.producer.empty() ? "" : ", by " + summary.producer) << "\n";
  for (const ModelSummary::Tensor &input : summary.inputs)
    out << "  input  " << input.name << " " << typeOf(input) << "\n";
  for (const ModelSummary::Tensor &output : summary.outputs)
    out << "  output " << output.name << " " << typeOf(output) << "\n";
  out << "  parameters: " << summary.parameters << " (" << humanBytes(summary.parameterBytes) << ")\n  operators:\n";
  for (const ModelSummary::Operator &op : summary.operators)
    out << llvm::format("    %6lld ", (long long)op.count) << op.name << (op.supported ? "" : "  NOT SUPPORTED")
        << "\n";
  if (!estimate.blockers.empty()) {
    out << "  blockers:\n";
    for (const std::string &blocker : estimate.blockers)
      out << "    " << blocker << "\n";
    return text;
  }
  out << "  estimated RAM: " << estimate.arenaBytes << " B (arena; bound " << estimate.boundBytes
      << "), and the stack\n  estimated flash: " << humanBytes(estimate.flashBytes) << " of weights, and the code of "
      << estimate.launches << " launches\n";
  return text;
}

llvm::json::Array jsonOf(const std::vector<ModelSummary::Tensor> &tensors) {
  llvm::json::Array list;
  for (const ModelSummary::Tensor &tensor : tensors)
    list.push_back(llvm::json::Object{
        {"name", tensor.name}, {"element", tensor.element}, {"shape", llvm::json::Array(tensor.shape)}});
  return list;
}

std::string reportOf(const std::string &model, const ModelSummary &summary, const Estimate &estimate) {
  llvm::json::Object opsets;
  for (const auto &[domain, opset] : summary.opsets)
    opsets[domain] = opset;
  llvm::json::Array operators;
  for (const ModelSummary::Operator &op : summary.operators)
    operators.push_back(
        llvm::json::Object{{"name", op.name}, {"opset", op.opset}, {"count", op.count}, {"supported", op.supported}});
  llvm::json::Object report{{"model", model},
                            {"producer", summary.producer},
                            {"ir_version", summary.irVersion},
                            {"opsets", std::move(opsets)},
                            {"nodes", summary.nodes},
                            {"operators", std::move(operators)},
                            {"inputs", jsonOf(summary.inputs)},
                            {"outputs", jsonOf(summary.outputs)},
                            {"parameters", summary.parameters},
                            {"parameter_bytes", summary.parameterBytes},
                            {"blockers", llvm::json::Array(estimate.blockers)}};
  if (estimate.blockers.empty()) {
    report["arena_bytes"] = estimate.arenaBytes;
    report["bound_bytes"] = estimate.boundBytes;
    report["weight_bytes"] = estimate.flashBytes;
    report["launches"] = estimate.launches;
  }
  return textOf(std::move(report));
}

} // namespace

int runInfo(const InfoCommand &command) {
  CompileOptions options;
  if (!fillOptions(command.build, command.model, options))
    return 1;
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  auto summary = summariseOnnx(&context, command.model);
  if (!summary)
    return 1;
  const Estimate planned = estimate(options);
  if (!writeReport(command.build.json, reportOf(command.model, *summary, planned)))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(summaryText(command.model, *summary, planned).c_str(), stdout);
  return 0;
}

} // namespace glmc
