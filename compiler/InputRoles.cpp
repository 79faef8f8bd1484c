//===- InputRoles.cpp - What a language model's inputs and dimensions are for -===//
#include "compiler/InputRoles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace glmc {
namespace {

constexpr llvm::StringLiteral inputRoleNames[] = {"none", "tokens", "positions", "mask", "length", "cache"};
constexpr llvm::StringLiteral dimRoleNames[] = {"none", "batch", "seq", "past", "total"};

/// Names that exporters give, by role. Exporters of layers put a path before.
struct KnownName {
  llvm::StringLiteral name;
  InputRole role;
};
constexpr KnownName knownNames[] = {
    {"input_ids", InputRole::tokens},
    {"token_ids", InputRole::tokens},
    {"tokens", InputRole::tokens},
    {"position_ids", InputRole::positions},
    {"cache_position", InputRole::positions},
    {"attention_mask", InputRole::mask},
    {"cumulative_length", InputRole::length},
    {"past_seq_len", InputRole::length},
    {"past_seq_lens", InputRole::length},
};
/// What names of caches contain.
constexpr llvm::StringLiteral cacheWords[] = {"past", "cache", "kv", "key", "value"};

/// Whether the input's type can be what the role says.
bool fits(const ModelSignature::Tensor &input, InputRole role) {
  const size_t rank = input.shape.size();
  const bool isInteger = isa_and_nonnull<IntegerType>(input.element),
             isFloat = isa_and_nonnull<FloatType>(input.element);
  if (role == InputRole::none)
    return true;
  if (!input.hasShape)
    return false;
  switch (role) {
  case InputRole::none:
    return true;
  case InputRole::tokens:
    return isInteger && input.element.isInteger(64) && rank == 2;
  case InputRole::positions:
    return isInteger && (rank == 1 || rank == 2);
  case InputRole::mask:
    return rank == 2 || rank == 4;
  case InputRole::length:
    return isInteger && (rank == 0 || (rank == 1 && input.shape[0].size == 1));
  case InputRole::cache:
    return isFloat && rank == 4;
  }
  return false;
}

llvm::StringRef expectationOf(InputRole role) {
  switch (role) {
  case InputRole::tokens:
    return "int64[batch, seq]";
  case InputRole::positions:
    return "integers [batch, seq] or [seq]";
  case InputRole::mask:
    return "a tensor [batch, total] or [batch, 1, seq, total]";
  case InputRole::length:
    return "one integer";
  case InputRole::cache:
    return "floats [batch, heads, past, features]";
  case InputRole::none:
    break;
  }
  return "anything";
}

std::optional<InputRole> inputRoleOf(llvm::StringRef name) {
  for (auto [i, known] : llvm::enumerate(inputRoleNames))
    if (name == known)
      return InputRole(i);
  return std::nullopt;
}

InputRole roleByName(const ModelSignature::Tensor &input) {
  const std::string lower = llvm::StringRef(input.name).lower();
  const llvm::StringRef last = llvm::StringRef(lower).rsplit('.').second.empty()
                                   ? llvm::StringRef(lower)
                                   : llvm::StringRef(lower).rsplit('.').second;
  for (const KnownName &known : knownNames)
    if (last == known.name)
      return fits(input, known.role) ? known.role : InputRole::none;
  const bool isNamedCache =
      llvm::any_of(cacheWords, [&](llvm::StringRef word) { return llvm::StringRef(lower).contains(word); });
  return isNamedCache && fits(input, InputRole::cache) ? InputRole::cache : InputRole::none;
}

} // namespace

llvm::StringRef nameOf(InputRole role) { return inputRoleNames[int(role)]; }
llvm::StringRef nameOf(DimRole role) { return dimRoleNames[int(role)]; }

DimRole dimRoleOf(llvm::StringRef name) {
  for (int i = 1; i < dimRoles; ++i)
    if (name == dimRoleNames[i])
      return DimRole(i);
  return DimRole::none;
}

std::string describe(const ModelSignature::Tensor &tensor) {
  std::string text = (tensor.elementName.empty() ? "no tensor" : tensor.elementName) + "[";
  for (auto [i, dim] : llvm::enumerate(tensor.shape))
    text += (i ? ", " : "") + (dim.isFree() ? dim.name : std::to_string(dim.size));
  return text + "]";
}

/// Only of models that are given tokens; in others a name means nothing.
void InputRoles::findByName() {
  for (auto [role, input] : llvm::zip(roles, signature->inputs))
    role = roleByName(input);
  if (!llvm::is_contained(roles, InputRole::tokens))
    roles.assign(roles.size(), InputRole::none);
}

std::optional<InputRoles> InputRoles::find(const ModelSignature &signature,
                                           const std::map<std::string, std::string> &given, std::string &error) {
  InputRoles result(signature);
  result.findByName();
  for (const auto &[name, text] : given) {
    auto found = llvm::find_if(signature.inputs, [&, &name = name](const auto &input) { return input.name == name; });
    if (found == signature.inputs.end()) {
      std::vector<std::string> names;
      for (const auto &input : signature.inputs)
        names.push_back("'" + input.name + "'");
      error = "--role names '" + name + "', expected an input" +
              (names.empty() ? ": the model has none" : ": " + llvm::join(names, ", "));
      return std::nullopt;
    }
    auto role = inputRoleOf(text);
    if (!role) {
      error = "--role gives '" + name + "' the role '" + text +
              "', expected tokens, positions, mask, length, cache or none";
      return std::nullopt;
    }
    if (!fits(*found, *role)) {
      error = "--role says that input '" + name + "' is " + text + ", which is " + expectationOf(*role).str() +
              ", but it is " + describe(*found);
      return std::nullopt;
    }
    result.roles[found - signature.inputs.begin()] = *role;
  }
  result.findInPlace();
  result.listDimensions();
  return result;
}

void InputRoles::findInPlace() {
  const std::vector<size_t> caches = inputsOf(InputRole::cache);
  if (caches.empty())
    return;
  const ModelSignature::Tensor &first = signature->inputs[caches.front()];
  for (const ModelSignature::Tensor &output : signature->outputs) {
    if (output.element != first.element || output.shape.size() != 4)
      continue;
    const auto &before = first.shape[2], &after = output.shape[2];
    inPlace = before.isFree() ? after.isFree() && before.name == after.name : before.size == after.size;
    return;
  }
}

DimRole InputRoles::of(size_t input, size_t axis) const {
  const size_t rank = signature->inputs[input].shape.size();
  switch (roles[input]) {
  case InputRole::tokens:
  case InputRole::positions:
    return axis + 1 == rank ? DimRole::seq : DimRole::batch;
  case InputRole::mask:
    if (axis == 0)
      return DimRole::batch;
    return axis + 1 == rank ? DimRole::total : axis + 2 == rank ? DimRole::seq : DimRole::none;
  case InputRole::cache:
    if (axis == 2)
      return inPlace ? DimRole::total : DimRole::past;
    return axis == 0 ? DimRole::batch : DimRole::none;
  case InputRole::length:
  case InputRole::none:
    break;
  }
  return DimRole::none;
}

std::vector<size_t> InputRoles::inputsOf(InputRole role) const {
  std::vector<size_t> found;
  for (auto [i, each] : llvm::enumerate(roles))
    if (each == role)
      found.push_back(i);
  return found;
}

void InputRoles::listDimensions() {
  llvm::StringMap<size_t> numbers;
  for (auto [input, tensor] : llvm::enumerate(signature->inputs))
    for (auto [axis, dim] : llvm::enumerate(tensor.shape)) {
      const DimRole role = of(input, axis);
      present[int(role)] = true;
      if (!dim.isFree()) {
        // A mask's dimension of 1 is as any other by broadcasting.
        if (!fixed[int(role)] && !(roles[input] == InputRole::mask && dim.size == 1))
          fixed[int(role)] = dim.size;
        continue;
      }
      auto [number, isNew] = numbers.try_emplace(dim.name, free.size());
      if (isNew)
        free.push_back({dim.name, {}, {}});
      FreeDimension &known = free[number->second];
      known.places.push_back({input, axis});
      if (role != DimRole::none && !llvm::is_contained(known.roles, role))
        known.roles.push_back(role);
    }
}

} // namespace glmc
