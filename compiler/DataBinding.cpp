//===- DataBinding.cpp - A model bound to the data that it is run on ----------===//
//
// Which inputs have to be constants shows when importing: it stops at a shape
// that depends on an input's values and names that input. Binding it may bring
// the import to the next such shape, and so on.
//
//===----------------------------------------------------------------------===//
#include "compiler/DataBinding.h"

#include "compiler/Compare.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// The only binding that the request asks for.
bool resolveOne(const ModelSignature &signature, const BindingRequest &request, ImportOptions &binding,
                std::string &error) {
  std::vector<ImportOptions> bindings;
  if (!resolveBindings(signature, request, bindings, error))
    return false;
  if (bindings.size() != 1) {
    error = "--dim asks for " + std::to_string(bindings.size()) + " entry points, but a data set is for one";
    return false;
  }
  binding = std::move(bindings.front());
  return true;
}

/// The data of input i, with the dimensions that the model has.
std::optional<Tensor> dataOf(const ModelSignature &signature, size_t i, const std::vector<NamedTensor> &inputs,
                             const ImportOptions &binding) {
  const NamedTensor *given = tensorFor(signature, i, inputs);
  if (!given || !signature.inputs[i].element)
    return std::nullopt;
  SmallVector<int64_t> shape;
  for (const ModelSignature::Dimension &dim : signature.inputs[i].shape)
    shape.push_back(dim.isFree() ? binding.dims.at(dim.name) : dim.size);
  auto type = RankedTensorType::get(shape, signature.inputs[i].element);
  if (!sameButForOnes(given->tensor.type, type))
    return std::nullopt;
  Tensor tensor = given->tensor;
  tensor.type = type;
  return tensor;
}

/// Inputs that have to be constants, besides those that are.
std::vector<std::string> shapeInputs(MLIRContext &context, OnnxModel &model, const ImportOptions &binding) {
  // What is wrong is told when the model is compiled.
  ScopedDiagnosticHandler silence(&context, [](Diagnostic &) { return success(); });
  std::vector<std::string> names;
  model.import(binding, &names);
  return names;
}

} // namespace

bool bindToData(MLIRContext &context, OnnxModel &model, BindingRequest &request, std::vector<NamedTensor> &inputs,
                std::string &error) {
  const ModelSignature &signature = model.signature();
  ImportOptions binding;
  if (!bindSizesOf(signature, inputs, request, error) || !resolveOne(signature, request, binding, error))
    return false;
  for (bool more = true; more;) {
    more = false;
    for (const std::string &name : shapeInputs(context, model, binding))
      for (auto [i, input] : llvm::enumerate(signature.inputs))
        if (input.name == name)
          if (auto data = dataOf(signature, i, inputs, binding)) {
            request.dataConstants.emplace(name, *data);
            more |= binding.constants.emplace(name, std::move(*data)).second;
          }
  }
  if (binding.constants.empty())
    return true;
  std::vector<NamedTensor> others;
  for (auto [i, input] : llvm::enumerate(signature.inputs))
    if (const NamedTensor *given = tensorFor(signature, i, inputs); given && !binding.constants.count(input.name))
      others.push_back({input.name, given->tensor});
  inputs = std::move(others);
  return true;
}

bool sameData(const BindingRequest &a, const BindingRequest &b) {
  auto same = [](const auto &one, const auto &other) {
    return one.first == other.first && one.second.type == other.second.type && one.second.bytes == other.second.bytes;
  };
  return a.dataSizes == b.dataSizes && a.dataConstants.size() == b.dataConstants.size() &&
         std::equal(a.dataConstants.begin(), a.dataConstants.end(), b.dataConstants.begin(), same);
}

} // namespace glmc
