//===- GivenInputs.cpp - Inputs from files named on the command line ----------===//
#include "compiler/GivenInputs.h"

#include "compiler/Session.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Checks names given on the command line, which assignTensors would take as
/// no name at all.
bool checkNames(const std::vector<NamedTensor> &tensors, const std::vector<Slot> &slots, std::string &error) {
  for (const NamedTensor &tensor : tensors)
    if (!tensor.name.empty() && llvm::none_of(slots, [&](const Slot &slot) { return slot.name == tensor.name; })) {
      error = "has no input '" + tensor.name + "'; its inputs are:";
      for (const Slot &slot : slots)
        error += "\n  " + slot.name + " " + describeType(slot.type);
      return false;
    }
  return true;
}

} // namespace

std::optional<std::vector<NamedTensor>> readGivenInputs(MLIRContext &context, const std::vector<std::string> &files) {
  std::vector<NamedTensor> tensors;
  for (const std::string &input : files) {
    std::string name, path = input, error;
    if (const size_t equals = input.find('='); equals != std::string::npos && !llvm::sys::fs::exists(input)) {
      name = input.substr(0, equals);
      path = input.substr(equals + 1);
    }
    auto tensor = readTensorFile(context, path, error);
    if (!tensor) {
      fail(error);
      return std::nullopt;
    }
    // Files are taken in the given order unless a name is given here: the name
    // within a TensorProto may be another model's.
    tensor->name = name;
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

bool placeGivenInputs(const std::vector<Slot> &slots, std::vector<NamedTensor> tensors, std::vector<Tensor> &inputs,
                      std::string &error) {
  std::vector<std::optional<Tensor>> assigned;
  return checkNames(tensors, slots, error) && assignTensors(slots, std::move(tensors), "input", assigned, error) &&
         completeInputs(slots, std::move(assigned), inputs, error);
}

} // namespace glmc
