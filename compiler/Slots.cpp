//===- Slots.cpp - Which tensor is which input or output ----------------------===//
#include "compiler/Slots.h"

#include "compiler/Compare.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

Type elementType(MLIRContext &context, kernels::Element element) {
  using kernels::Element;
  Builder builder(&context);
  switch (element) {
  case Element::i4:
  case Element::u4:
    return element == Element::i4 ? builder.getIntegerType(4) : builder.getIntegerType(4, /*isSigned=*/false);
  case Element::boolean:
    return builder.getI1Type();
  case Element::i8:
  case Element::i16:
  case Element::i32:
  case Element::i64:
    return builder.getIntegerType(8 * kernels::byteSize(element));
  case Element::u8:
  case Element::u16:
  case Element::u32:
  case Element::u64:
    return builder.getIntegerType(8 * kernels::byteSize(element), /*isSigned=*/false);
  case Element::f16:
    return builder.getF16Type();
  case Element::bf16:
    return builder.getBF16Type();
  case Element::f32:
    return builder.getF32Type();
  case Element::f64:
    return builder.getF64Type();
  }
  return {};
}

/// Whether some step reads bytes of this input.
bool isRead(const EntryPoint &entry, const Place &input) {
  auto overlaps = [&](const Place &place) {
    return place.memory == input.memory && place.index == input.index && place.offset < input.offset + input.bytes &&
           input.offset < place.offset + place.bytes;
  };
  return llvm::any_of(entry.steps, [&](const Step &step) {
    const auto *launch = std::get_if<Launch>(&step);
    return launch ? llvm::any_of(launch->reads, overlaps) : overlaps(std::get<Copy>(step).from);
  });
}

Slot slotOf(MLIRContext &context, const Parameter &parameter) {
  return {parameter.name, parameter.identifier,
          RankedTensorType::get(parameter.type.shape, elementType(context, parameter.type.element))};
}

std::string knownNames(const std::vector<Slot> &slots) {
  std::string names;
  for (const Slot &slot : slots)
    names += (names.empty() ? "" : ", ") + ("'" + slot.name + "'");
  return names;
}

} // namespace

std::vector<Slot> inputSlots(MLIRContext &context, const EntryPoint &entry) {
  std::vector<Slot> slots;
  for (const Parameter &parameter : entry.inputs) {
    slots.push_back(slotOf(context, parameter));
    slots.back().needed = isRead(entry, parameter.place);
  }
  return slots;
}

std::vector<Slot> outputSlots(MLIRContext &context, const EntryPoint &entry) {
  std::vector<Slot> slots;
  for (const Parameter &parameter : entry.outputs)
    slots.push_back(slotOf(context, parameter));
  return slots;
}

bool assignTensors(const std::vector<Slot> &slots, std::vector<NamedTensor> tensors, const std::string &kind,
                   std::vector<std::optional<Tensor>> &assigned, std::string &error) {
  assigned.assign(slots.size(), std::nullopt);
  for (auto [position, tensor] : llvm::enumerate(tensors)) {
    auto named = llvm::find_if(slots, [&, &name = tensor.name](const Slot &slot) { return slot.name == name; });
    const size_t i = named != slots.end() ? named - slots.begin() : position;
    if (i >= slots.size()) {
      error = kind + " " + std::to_string(position) + (tensor.name.empty() ? "" : " ('" + tensor.name + "')") +
              " is none of the model's " + std::to_string(slots.size()) + ": " + knownNames(slots);
      return false;
    }
    if (assigned[i]) {
      error = kind + " '" + slots[i].name + "' is given twice";
      return false;
    }
    if (!sameButForOnes(tensor.tensor.type, slots[i].type)) {
      error = kind + " '" + slots[i].name + "' is " + describeType(tensor.tensor.type) + ", expected " +
              describeType(slots[i].type);
      return false;
    }
    assigned[i] = std::move(tensor.tensor);
    assigned[i]->type = slots[i].type;
  }
  return true;
}

bool completeInputs(const std::vector<Slot> &slots, std::vector<std::optional<Tensor>> assigned,
                    std::vector<Tensor> &inputs, std::string &error) {
  inputs.clear();
  for (auto [slot, tensor] : llvm::zip(slots, assigned)) {
    if (!tensor && slot.needed) {
      error = "there is no data for input '" + slot.name + "', expected " + describeType(slot.type);
      return false;
    }
    inputs.push_back(tensor ? std::move(*tensor) : Tensor(slot.type));
  }
  return true;
}

} // namespace glmc
