//===- Summary.cpp - What `glmc info` says about a model --------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "compiler/import/onnx/ModelCheck.h"
#include "compiler/import/onnx/OnnxTypes.h"
#include "compiler/import/onnx/ReadModel.h"
#include "compiler/import/onnx/Signature.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {

using namespace onnximport;

namespace {

/// Elements and bytes of a tensor; too many count as the largest number.
void addParameters(MLIRContext *context, const onnx::TensorProto &proto, ModelSummary &summary) {
  int64_t elements = 1;
  for (int64_t dim : proto.dims())
    if (dim < 0 || llvm::MulOverflow(elements, dim, elements))
      return;
  Type element = elementType(context, proto.data_type());
  int64_t bytes = 0;
  if (!element || llvm::MulOverflow(elements, reference::elementBytes(element), bytes))
    bytes = 0;
  if (llvm::AddOverflow(summary.parameters, elements, summary.parameters))
    summary.parameters = INT64_MAX;
  if (llvm::AddOverflow(summary.parameterBytes, bytes, summary.parameterBytes))
    summary.parameterBytes = INT64_MAX;
}

void addOperators(const onnx::ModelProto &model, ModelSummary &summary) {
  Functions functions(model);
  Opsets opsets = opsetsOf(model.opset_import());
  std::map<std::string, ModelSummary::Operator> counts;
  for (const onnx::NodeProto &node : model.graph().node()) {
    auto [found, isNew] = counts.try_emplace(operatorName(node));
    ModelSummary::Operator &op = found->second;
    ++op.count;
    if (!isNew)
      continue;
    op.name = found->first;
    auto opset = opsets.find(canonicalDomain(node.domain()).str());
    op.opset = opset == opsets.end() ? 0 : opset->second;
    op.supported = whyUnsupported(node, opsets, functions).empty();
  }
  for (auto &[name, op] : counts)
    summary.operators.push_back(std::move(op));
  llvm::stable_sort(summary.operators, [](const auto &a, const auto &b) { return a.count > b.count; });
}

} // namespace

std::optional<ModelSummary> summariseOnnx(MLIRContext *context, llvm::StringRef path) {
  std::optional<ReadModel> read = readModel(UnknownLoc::get(context), path);
  if (!read)
    return std::nullopt;
  const onnx::ModelProto &model = read->model;
  ModelSummary summary;
  summary.irVersion = model.ir_version();
  summary.producer = model.producer_name();
  if (!model.producer_version().empty())
    summary.producer += " " + model.producer_version();
  for (const auto &[domain, opset] : opsetsOf(model.opset_import()))
    summary.opsets[domain.empty() ? "ai.onnx" : domain] = opset;
  summary.nodes = model.graph().node_size();
  addOperators(model, summary);
  for (const onnx::TensorProto &initializer : model.graph().initializer())
    addParameters(context, initializer, summary);
  for (const onnx::NodeProto &node : model.graph().node())
    if (node.op_type() == "Constant")
      for (const onnx::AttributeProto &attribute : node.attribute())
        if (attribute.has_t())
          addParameters(context, attribute.t(), summary);
  summary.signature = signatureOf(context, model);
  return summary;
}

} // namespace glmc
