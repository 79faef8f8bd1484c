//===- Bindings.cpp - From flags to the graphs that a model is compiled to ----===//
#include "compiler/Bindings.h"

#include "compiler/BoundValue.h"
#include "compiler/SizeSolver.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

#include <set>

using namespace mlir;

namespace glmc {
namespace {

/// Sizes of a step, if --dim seq does not say them.
constexpr int64_t defaultSteps[] = {1, 16, 128};
/// Caches have room for a multiple of this.
constexpr int64_t cacheRows = 16;

/// No exporter names as many; solving takes the square of it.
constexpr size_t mostFreeDimensions = 1000;

class Resolver {
public:
  Resolver(const ModelSignature &signature, const BindingRequest &request, const InputRoles &roles,
           std::vector<ImportOptions> &bindings, std::string &error)
      : signature(signature), request(request), roles(roles), bindings(bindings), error(error) {}

  bool run() { return checkNames() && (request.context ? resolveSteps() : resolveProduct()); }

private:
  using Choice = std::vector<std::pair<std::string, int64_t>>; ///< Names and the size that each has.

  bool fail(const std::string &text) {
    error = text;
    return false;
  }
  bool checkNames();
  bool checkZeros(const SizeSolver &solver);
  bool resolveProduct();
  bool resolve(const Choice &choice, ImportOptions &binding);
  bool resolve(SizeSolver &solver, ImportOptions &binding);
  bool missingSizes(const std::vector<const FreeDimension *> &missing);
  bool bindValues(const SizeSolver &solver, ImportOptions &binding);

  bool resolveSteps();
  bool checkSteps();
  bool stepSizes(std::vector<int64_t> &sizes);
  DimRole roleOf(const std::string &name) const;
  bool fixedContext(const std::vector<int64_t> &sizes);
  bool resolveStep(int64_t size, ImportOptions &binding);

  const ModelSignature &signature;
  const BindingRequest &request;
  const InputRoles &roles;
  std::vector<ImportOptions> &bindings;
  std::string &error;
};

std::string quotedNames(const std::vector<ModelSignature::Tensor> &tensors) {
  return llvm::join(llvm::map_range(tensors, [](const auto &tensor) { return "'" + tensor.name + "'"; }), ", ");
}

bool Resolver::checkNames() {
  if (roles.freeDimensions().size() > mostFreeDimensions)
    return fail("has " + std::to_string(roles.freeDimensions().size()) + " free dimensions, expected at most " +
                std::to_string(mostFreeDimensions));
  SizeSolver solver(signature, roles);
  for (const BindingRequest::Sizes &dim : request.dims) {
    if (solver.knows(dim.name))
      continue;
    std::vector<std::string> names, generic;
    for (const FreeDimension &free : roles.freeDimensions())
      names.push_back("'" + free.name + "'");
    for (int role = 1; role < dimRoles; ++role)
      if (roles.has(DimRole(role)))
        generic.push_back("'" + nameOf(DimRole(role)).str() + "'");
    return fail("--dim names '" + dim.name + "', expected a free dimension of an input: " +
                (names.empty() ? "the model has none" : llvm::join(names, ", ")) +
                (generic.empty() || names.empty() ? "" : ", or what it is for: " + llvm::join(generic, ", ")));
  }
  for (const auto &[name, values] : request.binds)
    if (llvm::none_of(signature.inputs, [&, &name = name](const auto &input) { return input.name == name; }))
      return fail("--bind names '" + name + "', expected an input: " +
                  (signature.inputs.empty() ? "the model has none" : quotedNames(signature.inputs)));
  return true;
}

//===----------------------------------------------------------------------===//
// One binding
//===----------------------------------------------------------------------===//

/// "add --dim seq=VALUE" for every name that would do.
bool Resolver::missingSizes(const std::vector<const FreeDimension *> &missing) {
  const FreeDimension &first = *missing.front();
  std::string flags, meanings;
  std::set<std::string> named;
  // That follows from the sizes that are asked for besides.
  if (!roles.writesCachesInPlace() && llvm::any_of(missing, [](const FreeDimension *dim) {
        return llvm::is_contained(dim->roles, DimRole::seq) || llvm::is_contained(dim->roles, DimRole::past);
      }))
    named.insert(nameOf(DimRole::total).str());
  for (const FreeDimension *dim : missing) {
    const bool hasRole = !dim->roles.empty();
    const std::string name = hasRole ? nameOf(dim->roles.front()).str() : dim->name;
    if (named.insert(name).second)
      flags += " --dim " + name + "=VALUE";
    if (hasRole && name != dim->name)
      meanings += (meanings.empty() ? "" : ", ") + ("'" + dim->name + "' is " + name);
  }
  return fail("input '" + signature.inputs[first.places.front().input].name + "' has free dimension " +
              std::to_string(first.places.front().axis) + " named '" + first.name + "', expected a size: add" + flags +
              (meanings.empty() ? "" : " (" + meanings + ")"));
}

/// A dimension of no size is only what a cache without tokens has.
bool Resolver::checkZeros(const SizeSolver &solver) {
  const std::map<std::string, int64_t> sizes = solver.sizes();
  for (const FreeDimension &dim : roles.freeDimensions()) {
    auto size = sizes.find(dim.name);
    if (size != sizes.end() && size->second == 0 && !llvm::is_contained(dim.roles, DimRole::past) &&
        !request.dataSizes.count(dim.name))
      return fail("--dim gives '" + dim.name + "' the size 0, expected 1 or more");
  }
  return true;
}

bool Resolver::bindValues(const SizeSolver &solver, ImportOptions &binding) {
  for (const auto &[name, values] : request.binds) {
    auto input = llvm::find_if(signature.inputs, [&, &name = name](const auto &each) { return each.name == name; });
    auto tensor = parseBoundValue(*input, solver.shapeOf(input - signature.inputs.begin()), values, error);
    if (!tensor)
      return false;
    binding.constants.emplace(name, std::move(*tensor));
  }
  for (const auto &[name, tensor] : request.dataConstants)
    binding.constants.emplace(name, tensor);
  return true;
}

bool Resolver::resolve(SizeSolver &solver, ImportOptions &binding) {
  for (const auto &[name, size] : request.dataSizes)
    if (!solver.give(name, size))
      return fail(solver.error());
  // As many values as are bound to a list say how long it is.
  for (const auto &[name, values] : request.binds)
    for (const ModelSignature::Tensor &input : signature.inputs)
      if (input.name == name && input.shape.size() == 1 && input.shape[0].isFree() && values.size() > 1 &&
          !solver.give(input.shape[0].name, int64_t(values.size())))
        return fail("--bind gives '" + name + "' " + std::to_string(values.size()) + " values: " + solver.error());
  if (!solver.solve())
    return fail("--dim: " + solver.error());
  if (const auto missing = solver.missing(); !missing.empty())
    return missingSizes(missing);
  binding.dims = solver.sizes();
  return checkZeros(solver) && bindValues(solver, binding);
}

bool Resolver::resolve(const Choice &choice, ImportOptions &binding) {
  SizeSolver solver(signature, roles);
  for (const auto &[name, size] : choice)
    if (!solver.give(name, size))
      return fail("--dim: " + solver.error());
  return resolve(solver, binding);
}

//===----------------------------------------------------------------------===//
// One for each combination of sizes
//===----------------------------------------------------------------------===//

bool Resolver::resolveProduct() {
  size_t count = 1;
  for (const BindingRequest::Sizes &dim : request.dims) {
    count *= dim.values.size();
    if (count > mostBindings)
      return fail("--dim asks for more than " + std::to_string(mostBindings) + " combinations of sizes");
  }
  for (size_t number = 0; number < count; ++number) {
    Choice choice;
    std::string varying;
    // The last dimension varies fastest.
    size_t rest = number, block = count;
    for (const BindingRequest::Sizes &dim : request.dims) {
      block /= dim.values.size();
      const int64_t size = dim.values[rest / block];
      rest %= block;
      choice.emplace_back(dim.name, size);
      if (dim.values.size() > 1)
        varying += "_" + std::to_string(size);
    }
    ImportOptions binding;
    binding.entry = "run" + varying;
    if (!resolve(choice, binding))
      return varying.empty() ? false : fail(error + ", for entry point '" + binding.entry + "'");
    bindings.push_back(std::move(binding));
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Steps of a program with state
//===----------------------------------------------------------------------===//

bool Resolver::checkSteps() {
  if (request.context < 1 || request.context > largestContext)
    return fail("--context is " + std::to_string(request.context) + ", expected 1 to " +
                std::to_string(largestContext));
  const size_t tokens = roles.inputsOf(InputRole::tokens).size();
  if (tokens != 1)
    return fail("--context needs one input of tokens, int64[batch, seq], and " +
                (tokens ? std::to_string(tokens) + " are" : std::string("none is")) +
                " known by name; say which with --role " +
                (signature.inputs.empty() ? "NAME" : signature.inputs.front().name) + "=tokens");
  if (roles.inputsOf(InputRole::cache).empty())
    return fail(
        "--context needs inputs of caches, floats [batch, heads, past, features], and none is known by name: "
        "export the model with its cache (past_key_values), or say which inputs they are with --role NAME=cache");
  for (const auto &[name, values] : request.binds)
    for (size_t mask : roles.inputsOf(InputRole::mask))
      if (signature.inputs[mask].name == name)
        return fail("--bind gives the mask '" + name +
                    "' a value, but with --context every token sees itself and all "
                    "before it");
  if (roles.fixedSize(DimRole::batch).value_or(1) != 1)
    return fail("--context needs a batch of 1, but the model has " + std::to_string(*roles.fixedSize(DimRole::batch)));
  for (const BindingRequest::Sizes &dim : request.dims) {
    const DimRole role = roleOf(dim.name);
    if (role == DimRole::seq)
      continue;
    if (role == DimRole::past || role == DimRole::total)
      return fail("--dim gives '" + dim.name + "' a size, but --context says it");
    if (dim.values.size() > 1 || (role == DimRole::batch && dim.values.front() != 1))
      return fail("--dim gives '" + dim.name + "' " +
                  (dim.values.size() > 1 ? "several sizes" : "the size " + std::to_string(dim.values.front())) +
                  (role == DimRole::batch ? ", but --context needs a batch of 1"
                                          : ", which with --context only 'seq' can have"));
  }
  return true;
}

/// Of a name that --dim gives a size; a model's own name wins.
DimRole Resolver::roleOf(const std::string &name) const {
  for (const FreeDimension &dim : roles.freeDimensions())
    if (dim.name == name)
      return dim.roles.empty() ? DimRole::none : dim.roles.front();
  return dimRoleOf(name);
}

bool Resolver::stepSizes(std::vector<int64_t> &sizes) {
  const int64_t room = llvm::alignTo(request.context, cacheRows);
  std::set<int64_t> chosen;
  const auto fixed = roles.fixedSize(DimRole::seq);
  if (fixed && *fixed != 1)
    return fail("--context needs steps of one token, but the model takes " + std::to_string(*fixed) +
                " at once: export it with a free sequence length, or with one token");
  for (const BindingRequest::Sizes &dim : request.dims)
    if (roleOf(dim.name) == DimRole::seq)
      chosen.insert(dim.values.begin(), dim.values.end());
  for (int64_t size : chosen)
    if (size < 1 || size > request.context || (size > 1 && size >= room) || (fixed && size != *fixed))
      return fail("--dim gives 'seq' the size " + std::to_string(size) + ", expected " +
                  (fixed ? "1, which the model has"
                         : "1 to " + std::to_string(std::min(request.context, room - 1)) + ", less than the context"));
  const bool isJoinedToFixed = roles.fixedSize(DimRole::past) && !roles.writesCachesInPlace();
  if (chosen.empty())
    for (int64_t size : defaultSteps)
      if (size == 1 || (!fixed && !isJoinedToFixed && size <= request.context && size < room))
        chosen.insert(size);
  chosen.insert(1);
  sizes.assign(chosen.begin(), chosen.end());
  return fixedContext(sizes);
}

/// A model whose caches have a size serves one context only.
bool Resolver::fixedContext(const std::vector<int64_t> &sizes) {
  const auto past = roles.fixedSize(DimRole::past), total = roles.fixedSize(DimRole::total);
  if (roles.writesCachesInPlace()) {
    if (total && *total != request.context)
      return fail("--context is " + std::to_string(request.context) + ", but the model's caches have room for " +
                  std::to_string(*total) + ": expected --context " + std::to_string(*total));
    return true;
  }
  if (!past)
    return true;
  if (sizes.size() > 1)
    return fail("--dim gives 'seq' several sizes, but the model's caches hold " + std::to_string(*past) +
                " tokens, which serves one: expected 1");
  if (*past + 1 != request.context)
    return fail("--context is " + std::to_string(request.context) + ", but the model's caches hold " +
                std::to_string(*past) + " tokens and one is added: expected --context " + std::to_string(*past + 1) +
                ", or a model that is exported with a free cache length");
  return true;
}

bool Resolver::resolveStep(int64_t size, ImportOptions &binding) {
  binding.entry = "step_" + std::to_string(size);
  binding.stateful = true;
  binding.tokens = size;
  SizeSolver solver(signature, roles);
  const bool isFixed = roles.fixedSize(DimRole::past) || roles.fixedSize(DimRole::total);
  const int64_t room = isFixed ? request.context : int64_t(llvm::alignTo(request.context, cacheRows));
  bool good = solver.giveRole(DimRole::batch, 1) && solver.giveRole(DimRole::seq, size);
  if (!roles.writesCachesInPlace())
    good = good && solver.giveRole(DimRole::past, room - size);
  good = good && solver.giveRole(DimRole::total, room);
  for (const BindingRequest::Sizes &dim : request.dims)
    good = good && (roleOf(dim.name) == DimRole::seq || solver.give(dim.name, dim.values.front()));
  if (!good)
    return fail("--context " + std::to_string(request.context) + ": " + solver.error());
  if (!resolve(solver, binding))
    return false;
  for (auto [i, input] : llvm::enumerate(signature.inputs)) {
    const InputRole role = roles.of(i);
    if (role == InputRole::mask) {
      auto ones = parseBoundValue(input, solver.shapeOf(i), {"1"}, error);
      if (!ones)
        return false;
      binding.constants.emplace(input.name, std::move(*ones));
    } else if (role != InputRole::none) {
      binding.roles[input.name] = nameOf(role).str();
    }
  }
  return true;
}

bool Resolver::resolveSteps() {
  std::vector<int64_t> sizes;
  if (!checkSteps() || !stepSizes(sizes))
    return false;
  for (int64_t size : sizes) {
    ImportOptions binding;
    if (!resolveStep(size, binding))
      return false;
    bindings.push_back(std::move(binding));
  }
  return true;
}

} // namespace

bool resolveBindings(const ModelSignature &signature, const BindingRequest &request,
                     std::vector<ImportOptions> &bindings, std::string &error) {
  auto roles = InputRoles::find(signature, request.roles, error);
  return roles && Resolver(signature, request, *roles, bindings, error).run();
}

const NamedTensor *tensorFor(const ModelSignature &signature, size_t i, const std::vector<NamedTensor> &inputs) {
  auto named = [&](const std::string &name) {
    return llvm::find_if(inputs, [&](const NamedTensor &tensor) { return tensor.name == name; });
  };
  if (auto found = named(signature.inputs[i].name); found != inputs.end())
    return &*found;
  const bool isAnothers = i < inputs.size() && llvm::any_of(signature.inputs, [&](const auto &input) {
                            return input.name == inputs[i].name;
                          });
  return i < inputs.size() && !isAnothers ? &inputs[i] : nullptr;
}

bool bindSizesOf(const ModelSignature &signature, const std::vector<NamedTensor> &inputs, BindingRequest &request,
                 std::string &error) {
  std::map<std::string, std::string> from;
  for (auto [i, input] : llvm::enumerate(signature.inputs)) {
    const NamedTensor *tensor = tensorFor(signature, i, inputs);
    if (!tensor || tensor->tensor.shape().size() != input.shape.size())
      continue;
    for (auto [dim, size] : llvm::zip(input.shape, tensor->tensor.shape())) {
      if (!dim.isFree())
        continue;
      auto [known, added] = request.dataSizes.emplace(dim.name, size);
      if (!added && known->second != size) {
        error = "dimension '" + dim.name + "' is " + std::to_string(known->second) + " in '" + from[dim.name] +
                "' and " + std::to_string(size) + " in '" + input.name + "'";
        return false;
      }
      from.emplace(dim.name, input.name);
    }
  }
  return true;
}

} // namespace glmc
