//===- SizeSolver.cpp - Every free dimension's size from those that are given -===//
#include "compiler/SizeSolver.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;

namespace glmc {

SizeSolver::SizeSolver(const ModelSignature &signature, const InputRoles &roles) : signature(signature), roles(roles) {
  for (const FreeDimension &dim : roles.freeDimensions()) {
    names.insert(dim.name);
    if (auto formula = DimExpression::parse(dim.name)) {
      names.insert(formula->names().begin(), formula->names().end());
      formulas.emplace(dim.name, std::move(*formula));
    }
  }
  for (int role = 1; role < dimRoles; ++role)
    ofRole[role] = roles.fixedSize(DimRole(role));
}

bool SizeSolver::fail(const std::string &text) {
  if (errorText.empty())
    errorText = text;
  return false;
}

bool SizeSolver::knows(const std::string &name) const {
  const DimRole role = dimRoleOf(name);
  // A model without a mask has no dimension `total`, but one that follows from it.
  return names.count(name) ||
         (role != DimRole::none && (roles.has(role) || (role == DimRole::total && roles.has(DimRole::past))));
}

bool SizeSolver::give(const std::string &name, int64_t size) {
  if (!names.count(name))
    return giveRole(dimRoleOf(name), size);
  auto [before, added] = known.emplace(name, size);
  if (!added && before->second != size)
    return fail("dimension '" + name + "' is given two sizes, " + std::to_string(before->second) + " and " +
                std::to_string(size));
  return true;
}

bool SizeSolver::giveRole(DimRole role, int64_t size) {
  bool changed = false;
  wasGiven[int(role)] = true;
  return setRole(role, size, changed);
}

bool SizeSolver::setRole(DimRole role, int64_t size, bool &changed) {
  std::optional<int64_t> &before = sizeOf(role);
  if (before && *before != size)
    return fail(std::string("'") + nameOf(role).str() + "' would be " + std::to_string(size) + ", but is " +
                std::to_string(*before) + (roles.fixedSize(role) == before ? " in the model" : ""));
  changed |= !before;
  before = size;
  return true;
}

bool SizeSolver::solveFormulas(bool &changed) {
  for (const auto &[name, formula] : formulas) {
    auto size = known.find(name);
    if (auto value = formula.evaluate(known)) {
      if (size != known.end() && size->second != *value)
        return fail("dimension '" + name + "' is " + std::to_string(size->second) + ", but its formula gives " +
                    std::to_string(*value));
      if (*value < 0)
        return fail("dimension '" + name + "' would be " + std::to_string(*value));
      changed |= known.emplace(name, *value).second;
    } else if (size != known.end()) {
      auto solved = formula.solve(known, size->second);
      if (solved && solved->second < 0)
        return fail("dimension '" + solved->first + "' would be " + std::to_string(solved->second) + " for '" + name +
                    "' to be " + std::to_string(size->second));
      changed |= solved && known.insert(*solved).second;
    }
  }
  return true;
}

/// Roles from dimensions that have a size, and total = past + seq.
bool SizeSolver::solveRoles(bool &changed) {
  for (const FreeDimension &dim : roles.freeDimensions()) {
    auto size = known.find(dim.name);
    for (DimRole role : dim.roles)
      if (size != known.end() && !sizeOf(role)) {
        sizeOf(role) = size->second;
        changed = true;
      }
  }
  std::optional<int64_t> &seq = sizeOf(DimRole::seq), &past = sizeOf(DimRole::past), &total = sizeOf(DimRole::total);
  if (roles.writesCachesInPlace() || !seq)
    return true;
  // Without caches, what is attended to is the prompt.
  const std::optional<int64_t> before = roles.has(DimRole::past) ? past : std::optional<int64_t>(0);
  // A model may mean something else by its mask: only what the user says of the
  // total has to hold.
  const bool mustHold = wasGiven[int(DimRole::total)];
  if (before) {
    auto sum = llvm::checkedAdd(*before, *seq);
    if (!sum)
      return fail("'past' and 'seq' are too large");
    return total && !mustHold ? true : setRole(DimRole::total, *sum, changed);
  }
  if (!total)
    return true;
  if (*total < *seq)
    return !mustHold ||
           fail("'total' is " + std::to_string(*total) + ", less than 'seq', which is " + std::to_string(*seq));
  return setRole(DimRole::past, *total - *seq, changed);
}

/// Dimensions without a size of their own get their role's.
bool SizeSolver::fillByRole() {
  bool changed = false;
  for (const FreeDimension &dim : roles.freeDimensions()) {
    // What a formula says must hold: wait for its names.
    if (known.count(dim.name) || formulas.count(dim.name))
      continue;
    for (DimRole role : dim.roles)
      if (sizeOf(role)) {
        known[dim.name] = *sizeOf(role);
        changed = true;
        break;
      }
  }
  if (changed)
    return true;
  for (const auto &[name, formula] : formulas)
    for (const FreeDimension &dim : roles.freeDimensions())
      for (DimRole role : dim.roles)
        if (dim.name == name && !known.count(name) && sizeOf(role)) {
          known[name] = *sizeOf(role);
          return true;
        }
  return false;
}

/// A size that was given to a role has to be that of some dimension.
bool SizeSolver::checkGiven() {
  for (int i = 1; i < dimRoles; ++i) {
    if (!wasGiven[i] || roles.fixedSize(DimRole(i)))
      continue;
    const FreeDimension *other = nullptr;
    bool used = false;
    for (const FreeDimension &dim : roles.freeDimensions()) {
      auto size = known.find(dim.name);
      if (!llvm::is_contained(dim.roles, DimRole(i)) || size == known.end())
        continue;
      used |= size->second == *ofRole[i];
      other = &dim;
    }
    if (other && !used)
      return fail(std::string("'") + nameOf(DimRole(i)).str() + "' is " + std::to_string(*ofRole[i]) +
                  ", but dimension '" + other->name + "', which is that, is " + std::to_string(known[other->name]));
  }
  return true;
}

bool SizeSolver::solve() {
  // Each round gives a size to one name at least.
  for (bool changed = true; changed;) {
    changed = false;
    if (!solveFormulas(changed) || !solveRoles(changed))
      return false;
    changed = changed || fillByRole();
  }
  return checkGiven();
}

std::vector<const FreeDimension *> SizeSolver::missing() const {
  std::vector<const FreeDimension *> list;
  for (const FreeDimension &dim : roles.freeDimensions())
    if (!known.count(dim.name))
      list.push_back(&dim);
  return list;
}

std::map<std::string, int64_t> SizeSolver::sizes() const {
  std::map<std::string, int64_t> result;
  for (const FreeDimension &dim : roles.freeDimensions())
    if (auto size = known.find(dim.name); size != known.end())
      result.insert(*size);
  return result;
}

llvm::SmallVector<int64_t> SizeSolver::shapeOf(size_t input) const {
  llvm::SmallVector<int64_t> shape;
  for (const ModelSignature::Dimension &dim : signature.inputs[input].shape)
    shape.push_back(dim.isFree() ? known.at(dim.name) : dim.size);
  return shape;
}

} // namespace glmc
