//===- Slots.h - Which tensor is which input or output ------------------------===//
//
// A model's parameters as MLIR knows their types, and the tensors of files
// assigned to them: by name where a file gives one that the model has, in order
// otherwise.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_SLOTS_H
#define GLMC_COMPILER_SLOTS_H

#include "codegen/Program.h"
#include "compiler/TensorFile.h"

namespace glmc {

/// An input or output to which a tensor belongs.
struct Slot {
  std::string name;       ///< As in the model.
  std::string identifier; ///< A C identifier.
  mlir::RankedTensorType type;
  bool needed = true; ///< False: nothing is computed from it.
};

std::vector<Slot> inputSlots(mlir::MLIRContext &context, const EntryPoint &entry);
std::vector<Slot> outputSlots(mlir::MLIRContext &context, const EntryPoint &entry);

/// Finds each slot's tensor and gives it the slot's type. Slots without one stay
/// empty. False, with `error` set: a tensor fits no slot, two fit one, or a type
/// differs by more than dimensions of 1. `kind` is "input" or "output".
bool assignTensors(const std::vector<Slot> &slots, std::vector<NamedTensor> tensors, const std::string &kind,
                   std::vector<std::optional<reference::Tensor>> &assigned, std::string &error);

/// What a model is run on: assigned tensors, zeros where nothing reads them.
/// False, with `error` set, if a needed one is missing.
bool completeInputs(const std::vector<Slot> &slots, std::vector<std::optional<reference::Tensor>> assigned,
                    std::vector<reference::Tensor> &inputs, std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_SLOTS_H
