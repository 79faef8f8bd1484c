//===- ModelCheck.cpp - What is refused before anything is imported ---------===//
//
// Our own checks come first, because their messages name what a user can act
// on; ONNX's checker then compares nodes with their schemas.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ModelCheck.h"

#include "compiler/import/onnx/ContribSchemas.h"
#include "compiler/import/onnx/Initializers.h"
#include "compiler/import/onnx/Registry.h"
#include "dialects/glm/NodeLocation.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include "onnx/checker.h"

using namespace mlir;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;

namespace glmc::onnximport {

std::string nodeName(const NodeProto &node, int index) {
  return node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
}

Location locationOf(MLIRContext *context, const NodeProto &node, int index, const Opsets &opsets) {
  auto opset = opsets.find(canonicalDomain(node.domain()).str());
  return glm::nodeLocation(context, {nodeName(node, index), operatorName(node),
                                     opset == opsets.end() ? 0 : opset->second});
}

namespace {

/// Local functions may call each other; deeper than this no exporter goes.
constexpr int maxDepth = 32;

class SupportCheck {
public:
  explicit SupportCheck(const Functions &functions) : functions(functions) {}

  std::string check(const NodeProto &node, const Opsets &opsets, int depth = 0) {
    if (const onnx::FunctionProto *function = functions.local(node))
      return checkBody(*function, opsets, depth);
    auto opset = opsets.find(canonicalDomain(node.domain()).str());
    if (opset == opsets.end())
      return "operator is not supported: the model imports no opset of its domain";
    if (registry().find(node.domain(), node.op_type()) || Functions::isStandardFunction(node, opset->second))
      return {};
    if (canonicalDomain(node.domain()).empty() && llvm::is_contained({"If", "Loop", "Scan"}, node.op_type()))
      return "operator is not supported: control flow cannot be compiled";
    return "operator is not supported";
  }

private:
  std::string checkBody(const onnx::FunctionProto &function, const Opsets &caller, int depth) {
    if (depth == maxDepth)
      return "function '" + function.name() + "' calls itself or nests deeper than " + std::to_string(maxDepth);
    auto [found, isNew] = known.try_emplace(&function);
    if (!isNew)
      return found->second;
    // Seen again while we are inside: a cycle.
    found->second = "function '" + function.name() + "' calls itself";
    Opsets opsets = opsetsOf(function.opset_import(), caller);
    std::string why;
    for (const NodeProto &node : function.node()) {
      why = check(node, opsets, depth + 1);
      if (!why.empty()) {
        if (!functions.local(node))
          why = "function uses operator " + operatorName(node) + ", which is not supported";
        break;
      }
    }
    return known[&function] = why;
  }

  const Functions &functions;
  std::map<const onnx::FunctionProto *, std::string> known;
};

LogicalResult checkVersions(Location loc, const ModelProto &model, const Opsets &opsets) {
  if (model.ir_version() < 3 || model.ir_version() > onnx::Version::IR_VERSION)
    return emitError(loc) << "ONNX IR version is " << model.ir_version() << ", expected 3 to "
                          << int(onnx::Version::IR_VERSION);
  auto opset = opsets.find("");
  if (opset == opsets.end())
    return emitError(loc) << "no opset of ONNX's own domain is imported, expected " << oldestOpset << " to "
                          << newestOpset;
  if (opset->second < oldestOpset || opset->second > newestOpset)
    return emitError(loc) << "opset is " << opset->second << ", expected " << oldestOpset << " to " << newestOpset
                          << (opset->second > newestOpset ? "; export the model with an older opset"
                                                          : "; convert the model to a newer opset");
  return success();
}

LogicalResult checkSupport(MLIRContext *context, const ModelProto &model, const Functions &functions,
                           const Opsets &opsets) {
  SupportCheck support(functions);
  LogicalResult result = success();
  for (auto [i, node] : llvm::enumerate(model.graph().node())) {
    std::string why = support.check(node, opsets);
    if (why.empty())
      continue;
    result = emitError(locationOf(context, node, i, opsets)) << why;
  }
  return result;
}

/// Nodes read tensors that exist, after they were made, and make each once.
class OrderCheck {
public:
  OrderCheck(MLIRContext *context, const GraphProto &graph, const Opsets &opsets)
      : context(context), graph(graph), opsets(opsets) {}

  LogicalResult run() {
    llvm::StringSet<> known;
    for (const auto &input : graph.input())
      known.insert(input.name());
    for (const auto &initializer : graph.initializer())
      known.insert(initializer.name());
    for (auto [i, node] : llvm::enumerate(graph.node()))
      for (const std::string &output : node.output())
        if (!output.empty() && (known.contains(output) || !maker.try_emplace(output, i).second))
          return error(i) << "makes tensor '" << output << "', which exists already";
    LogicalResult result = success();
    for (auto [i, node] : llvm::enumerate(graph.node())) {
      for (const std::string &input : node.input()) {
        if (input.empty() || known.contains(input))
          continue;
        auto made = maker.find(input);
        if (made == maker.end())
          result = error(i) << "reads tensor '" << input << "', which no input, initializer or node makes";
        else
          return explainOrder(i, made->second, input);
      }
      for (const std::string &output : node.output())
        known.insert(output);
    }
    return result;
  }

private:
  InFlightDiagnostic error(int node) { return emitError(locationOf(context, graph.node(node), node, opsets)); }

  /// Node `reader` comes before node `writer` of its input: a cycle if the
  /// writer needs the reader, otherwise only the wrong order.
  LogicalResult explainOrder(int reader, int writer, const std::string &tensor) {
    std::vector<int> stack{writer}, from(graph.node_size(), -1);
    from[writer] = writer;
    while (!stack.empty() && from[reader] < 0) {
      int node = stack.back();
      stack.pop_back();
      for (const std::string &input : graph.node(node).input()) {
        auto made = maker.find(input);
        if (made == maker.end() || from[made->second] >= 0)
          continue;
        from[made->second] = node;
        stack.push_back(made->second);
      }
    }
    if (reader != writer && from[reader] < 0)
      return error(reader) << "reads tensor '" << tensor << "' before node '"
                           << nodeName(graph.node(writer), writer) << "' makes it, expected nodes in order";
    std::string path = "'" + nodeName(graph.node(reader), reader) + "'";
    int length = 1;
    for (int node = reader; node != writer; ++length) {
      node = from[node];
      if (length < 5)
        path += " to '" + nodeName(graph.node(node), node) + "'";
    }
    return error(reader) << "is in a cycle of " << length << (length == 1 ? " node" : " nodes") << ": " << path
                         << (length > 5 ? " ..." : "") << " and back by tensor '" << tensor << "'";
  }

  MLIRContext *context;
  const GraphProto &graph;
  const Opsets &opsets;
  llvm::StringMap<int> maker;
};

/// Without its data, and empty so that the checker does not miss them.
void emptyTensor(onnx::TensorProto &tensor) {
  if (!isCut(tensor) && tensor.data_location() != onnx::TensorProto::EXTERNAL)
    return;
  tensor.clear_external_data();
  tensor.clear_data_location();
  tensor.clear_dims();
  tensor.add_dims(0);
}

void emptyConstants(google::protobuf::RepeatedPtrField<NodeProto> &nodes) {
  for (NodeProto &node : nodes)
    for (onnx::AttributeProto &attribute : *node.mutable_attribute())
      if (attribute.has_t())
        emptyTensor(*attribute.mutable_t());
}

/// The model as the checker takes it: tensors whose data we keep away from
/// protobuf are empty, and value_info, which old exporters get wrong, is gone.
ModelProto withoutPayloads(const ModelProto &model) {
  ModelProto copy = model;
  copy.clear_training_info();
  GraphProto &graph = *copy.mutable_graph();
  graph.clear_value_info();
  for (onnx::TensorProto &initializer : *graph.mutable_initializer())
    emptyTensor(initializer);
  emptyConstants(*graph.mutable_node());
  for (onnx::FunctionProto &function : *copy.mutable_functions())
    emptyConstants(*function.mutable_node());
  return copy;
}

LogicalResult runChecker(Location loc, const ModelProto &model) {
  std::string what;
  try {
    onnx::checker::check_model(withoutPayloads(model));
    return success();
  } catch (const std::exception &exception) {
    what = exception.what();
  }
  // It writes several lines, the last of which give the place.
  std::string line = llvm::join(llvm::split(StringRef(what).rtrim("\n ."), "\n\n==> Context: "), "; ");
  llvm::replace(line, '\n', ' ');
  return emitError(loc) << "does not follow the ONNX standard: " << line;
}

} // namespace

std::string whyUnsupported(const NodeProto &node, const Opsets &opsets, const Functions &functions) {
  return SupportCheck(functions).check(node, opsets);
}

LogicalResult checkModel(MLIRContext *context, const ModelProto &model, const Functions &functions) {
  registerContribSchemas();
  Location loc = UnknownLoc::get(context);
  Opsets opsets = opsetsOf(model.opset_import());
  if (failed(checkVersions(loc, model, opsets)) || failed(checkSupport(context, model, functions, opsets)))
    return failure();
  if (model.graph().sparse_initializer_size())
    return emitError(loc) << "has sparse initializers, which are not supported";
  if (failed(OrderCheck(context, model.graph(), opsets).run()))
    return failure();
  return runChecker(loc, model);
}

} // namespace glmc::onnximport
