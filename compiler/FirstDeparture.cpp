//===- FirstDeparture.cpp - Which op goes wrong first -------------------------===//
#include "compiler/FirstDeparture.h"

#include "compiler/ModelRunner.h"
#include "compiler/WriteFile.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/reference/Evaluate.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Values that a narrow probe returns: few compiles, and most fusion stays.
constexpr size_t narrowWidth = 16;

/// A value of the graph by its op's place in the body, and what it should be.
struct Value {
  unsigned position;
  Operation *op;
  Tensor expected;
};

class Search {
public:
  Search(glm::GraphOp graph, const BuildFlags &flags, const CompileOptions &options, const std::string &cxx,
         const std::vector<Tensor> &inputs, const Tolerance &tolerance)
      : graph(graph), flags(flags), options(options), cxx(cxx), inputs(inputs), tolerance(tolerance) {}

  FailureOr<LayerReport> run();

private:
  LogicalResult evaluate();
  OwningOpRef<ModuleOp> makeProbe(ArrayRef<size_t> chosen);
  FailureOr<std::vector<Tensor>> runProbe(ArrayRef<size_t> chosen);
  LogicalResult narrow(size_t width, size_t &begin, size_t &end, std::optional<Departure> &first);

  glm::GraphOp graph;
  const BuildFlags &flags;
  const CompileOptions &options;
  const std::string &cxx;
  const std::vector<Tensor> &inputs;
  const Tolerance &tolerance;
  std::vector<Value> values;
};

LogicalResult Search::evaluate() {
  llvm::DenseMap<Operation *, unsigned> positions;
  for (Operation &op : graph.getBody().front())
    positions[&op] = positions.size();
  WeightSource weights(graph->getParentOfType<ModuleOp>());
  auto keep = [&](Operation *op, ArrayRef<Tensor> results) {
    // What is stored cannot depart.
    if (!isa<glm::ConstantOp, glm::WeightOp>(op) && results.size() == 1 && positions.contains(op))
      values.push_back({positions[op], op, results[0]});
  };
  return success(succeeded(reference::evaluateGraph(graph, inputs, weights, keep)));
}

/// A copy of the module whose graph returns the chosen values.
OwningOpRef<ModuleOp> Search::makeProbe(ArrayRef<size_t> chosen) {
  OwningOpRef<ModuleOp> module = graph->getParentOfType<ModuleOp>().clone();
  auto copy = module->lookupSymbol<glm::GraphOp>(graph.getSymName());
  SmallVector<Operation *> ops;
  for (Operation &op : copy.getBody().front())
    ops.push_back(&op);
  Builder builder(module->getContext());
  SmallVector<mlir::Value> results;
  SmallVector<Attribute> names;
  for (size_t i : chosen) {
    results.push_back(ops[values[i].position]->getResult(0));
    auto name = builder.getStringAttr("value" + std::to_string(i));
    names.push_back(builder.getDictionaryAttr(builder.getNamedAttr(glm::GlmDialect::nameAttr, name)));
  }
  copy.getTerminator()->setOperands(results);
  copy.setFunctionType(builder.getFunctionType(copy.getArgumentTypes(), ValueRange(results).getTypes()));
  copy.setResAttrsAttr(builder.getArrayAttr(names));
  return module;
}

FailureOr<std::vector<Tensor>> Search::runProbe(ArrayRef<size_t> chosen) {
  TemporaryFolder folder;
  CompileOptions probe = options;
  probe.binding = BindingRequest(); // A probe is bound already.
  probe.entry.reset();
  probe.input = folder.path() + "/probe.mlir";
  std::string text, error;
  llvm::raw_string_ostream out(text);
  makeProbe(chosen)->print(out, OpPrintingFlags().enableDebugInfo());
  if (!writeFile(probe.input, text, error)) {
    fail(probe.input + ": error: " + error);
    return failure();
  }
  auto runner = ModelRunner::create(*graph.getContext(), flags, probe, cxx);
  if (!runner)
    return failure();
  std::vector<Tensor> outputs;
  if (!runner->run(inputs, outputs, error)) {
    fail(options.input + ": error: a probe of --layers does not run: " + error);
    return failure();
  }
  return outputs;
}

/// Probes up to `width` of the values [begin, end) and leaves of the range what
/// holds the first departure; nothing if none of them departs.
LogicalResult Search::narrow(size_t width, size_t &begin, size_t &end, std::optional<Departure> &first) {
  std::vector<size_t> chosen;
  const size_t count = end - begin, steps = std::min(count, width);
  for (size_t i = 1; i <= steps; ++i)
    chosen.push_back(begin + count * i / steps - 1);
  auto outputs = runProbe(chosen);
  if (failed(outputs))
    return failure();
  for (auto [i, output] : llvm::zip(chosen, *outputs)) {
    const Difference difference = compare(output, values[i].expected, tolerance);
    if (!difference.within) {
      first = {values[i].op->getName().getStringRef().str(), glm::describe(values[i].op->getLoc()), difference};
      end = i + 1;
      return success();
    }
    begin = i + 1;
  }
  begin = end; // Nothing departs when these values are kept.
  return success();
}

FailureOr<LayerReport> Search::run() {
  if (failed(evaluate()))
    return failure();
  LayerReport report;
  report.values = int64_t(values.size());
  size_t begin = 0, end = values.size();
  if (failed(narrow(values.size(), begin, end, report.first)))
    return failure();
  if (report.first)
    return report;
  begin = 0;
  for (bool all = false; begin < end && !all;) {
    all = end - begin <= narrowWidth;
    if (failed(narrow(narrowWidth, begin, end, report.first)))
      return failure();
  }
  return report;
}

} // namespace

FailureOr<LayerReport> findFirstDeparture(ModuleOp imported, const BuildFlags &flags, const CompileOptions &options,
                                          const std::string &cxx, const std::vector<Tensor> &inputs,
                                          const Tolerance &tolerance) {
  auto graphs = imported.getOps<glm::GraphOp>();
  if (graphs.empty()) {
    fail(options.input + ": error: --layers needs the tensor level, and this dump is planned already");
    return failure();
  }
  return Search(*graphs.begin(), flags, options, cxx, inputs, tolerance).run();
}

} // namespace glmc
