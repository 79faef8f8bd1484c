//===- InfoCommand.cpp - glmc info --------------------------------------------===//
//
// Reads what the file says of itself, then imports and plans it without
// compiling a kernel: what stops that is a blocker, and what comes out is the
// estimate of RAM and flash. A model with blockers is no error of this command.
//
//===----------------------------------------------------------------------===//
#include "compiler/Bindings.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/Pipeline.h"
#include "compiler/Session.h"
#include "compiler/import/onnx/ImportOnnx.h"
#include "dialects/glm/GlmOps.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

struct Estimate {
  std::vector<std::string> blockers;
  // Only without blockers.
  int64_t arenaBytes = 0, boundBytes = 0, stateBytes = 0, flashBytes = 0, launches = 0;
};

/// A free dimension, or several that one flag binds.
struct FreeSize {
  std::string flag; ///< "--dim seq=VALUE".
  std::vector<std::string> names, places;
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
  for (auto state : module->getOps<glm::PlacedStateOp>())
    result.stateBytes =
        std::max<int64_t>(result.stateBytes, int64_t(state.getOffset()) + glm::storageBytes(state.getType()));
  for (auto weight : module->getOps<glm::PlacedWeightOp>())
    result.flashBytes =
        std::max<int64_t>(result.flashBytes, int64_t(weight.getOffset()) + glm::storageBytes(weight.getType()));
  return result;
}

/// By the flags that bind them, in order of appearance.
std::vector<FreeSize> freeSizes(const ModelSignature &signature, const InputRoles &roles) {
  std::vector<FreeSize> sizes;
  for (const FreeDimension &dim : roles.freeDimensions()) {
    const std::string name = dim.roles.empty() ? dim.name : nameOf(dim.roles.front()).str();
    // total follows from past and seq.
    const std::string flag = name == "total" && roles.has(DimRole::seq) && !roles.writesCachesInPlace()
                                 ? "follows from the others"
                                 : "--dim " + name + "=VALUE";
    auto known = llvm::find_if(sizes, [&](const FreeSize &each) { return each.flag == flag; });
    FreeSize &size = known == sizes.end() ? sizes.emplace_back(FreeSize{flag, {}, {}}) : *known;
    size.names.push_back(dim.name);
    for (const FreeDimension::Place &place : dim.places)
      size.places.push_back(signature.inputs[place.input].name + "[" + std::to_string(place.axis) + "]");
  }
  return sizes;
}

/// Whether --context can be given.
bool canKeepCaches(const InputRoles &roles) {
  return roles.inputsOf(InputRole::tokens).size() == 1 && !roles.inputsOf(InputRole::cache).empty();
}

void printBindings(llvm::raw_ostream &out, const ModelSignature &signature, const InputRoles &roles) {
  const std::vector<FreeSize> sizes = freeSizes(signature, roles);
  out << (sizes.empty() ? "" : "  free dimensions:\n");
  for (const FreeSize &size : sizes) {
    constexpr size_t shown = 4;
    std::vector<std::string> places(size.places.begin(), size.places.begin() + std::min(shown, size.places.size()));
    out << "    " << llvm::join(size.names, ", ") << ": " << size.flag << " (" << llvm::join(places, ", ")
        << (size.places.size() > shown ? ", ..." : "") << ")\n";
  }
  if (canKeepCaches(roles))
    out << "  or keep its caches: --context TOKENS\n";
}

std::string summaryText(const std::string &model, const ModelSummary &summary, const InputRoles &roles,
                        const Estimate &estimate) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << model << ": " << summary.nodes << " nodes";
  for (const auto &[domain, opset] : summary.opsets)
    out << ", " << domain << " opset " << opset;
  out << (summary.producer.empty() ? "" : ", by " + summary.producer) << "\n";
  for (auto [i, input] : llvm::enumerate(summary.signature.inputs))
    out << "  input  " << input.name << " " << describe(input)
        << (roles.of(i) == InputRole::none ? "" : ", " + nameOf(roles.of(i)).str()) << "\n";
  for (const ModelSignature::Tensor &output : summary.signature.outputs)
    out << "  output " << output.name << " " << describe(output) << "\n";
  printBindings(out, summary.signature, roles);
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
      << ")" << (estimate.stateBytes ? ", state " + std::to_string(estimate.stateBytes) + " B" : "")
      << ", and the stack\n  estimated flash: " << humanBytes(estimate.flashBytes) << " of weights, and the code of "
      << estimate.launches << " launches\n";
  return text;
}

llvm::json::Array jsonOf(const std::vector<ModelSignature::Tensor> &tensors) {
  llvm::json::Array list;
  for (const ModelSignature::Tensor &tensor : tensors) {
    llvm::json::Array shape;
    for (const ModelSignature::Dimension &dim : tensor.shape)
      shape.push_back(dim.isFree() ? dim.name : std::to_string(dim.size));
    list.push_back(
        llvm::json::Object{{"name", tensor.name}, {"element", tensor.elementName}, {"shape", std::move(shape)}});
  }
  return list;
}

llvm::json::Array jsonOf(const std::vector<FreeSize> &sizes) {
  llvm::json::Array list;
  for (const FreeSize &size : sizes)
    list.push_back(llvm::json::Object{{"names", llvm::json::Array(size.names)},
                                      {"flag", size.flag},
                                      {"places", llvm::json::Array(size.places)}});
  return list;
}

std::string reportOf(const std::string &model, const ModelSummary &summary, const InputRoles &roles,
                     const Estimate &estimate) {
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
                            {"inputs", jsonOf(summary.signature.inputs)},
                            {"outputs", jsonOf(summary.signature.outputs)},
                            {"free_dimensions", jsonOf(freeSizes(summary.signature, roles))},
                            {"can_keep_caches", canKeepCaches(roles)},
                            {"parameters", summary.parameters},
                            {"parameter_bytes", summary.parameterBytes},
                            {"blockers", llvm::json::Array(estimate.blockers)}};
  if (estimate.blockers.empty()) {
    report["arena_bytes"] = estimate.arenaBytes;
    report["bound_bytes"] = estimate.boundBytes;
    report["state_bytes"] = estimate.stateBytes;
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
  std::string error;
  auto roles = InputRoles::find(summary->signature, options.binding.roles, error);
  if (!roles)
    return fail(command.model + ": error: " + error);
  const Estimate planned = estimate(options);
  if (!writeReport(command.build.json, reportOf(command.model, *summary, *roles, planned)))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(summaryText(command.model, *summary, *roles, planned).c_str(), stdout);
  return 0;
}

} // namespace glmc
