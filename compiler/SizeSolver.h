//===- SizeSolver.h - Every free dimension's size from those that are given ---===//
#ifndef GLMC_COMPILER_SIZESOLVER_H
#define GLMC_COMPILER_SIZESOLVER_H

#include "compiler/DimExpression.h"
#include "compiler/InputRoles.h"

#include <set>

namespace glmc {

/// Solves one binding. A size is, in this order: what is given to the model's own
/// name; what follows from formulas of names; what is given to the role, or
/// follows from it (total = past + seq); what another dimension of the role has.
class SizeSolver {
public:
  SizeSolver(const ModelSignature &signature, const InputRoles &roles);

  /// Names that `give` takes: the model's, those in formulas, and roles that it has.
  bool knows(const std::string &name) const;
  /// False, with error() set, if that is another size than before.
  bool give(const std::string &name, int64_t size);
  /// The same of a role, whether or not the model has a dimension of that name.
  bool giveRole(DimRole role, int64_t size);

  /// Finds all sizes that follow. False, with error() set, where they contradict.
  bool solve();
  /// Free dimensions of inputs that solve() found no size for.
  std::vector<const FreeDimension *> missing() const;
  /// Of free dimensions of inputs.
  std::map<std::string, int64_t> sizes() const;
  /// Of tensors, once nothing is missing.
  llvm::SmallVector<int64_t> shapeOf(size_t input) const;

  const std::string &error() const { return errorText; }

private:
  bool fail(const std::string &text);
  bool setRole(DimRole role, int64_t size, bool &changed);
  bool solveFormulas(bool &changed);
  bool solveRoles(bool &changed);
  bool fillByRole();
  bool checkGiven();
  std::optional<int64_t> &sizeOf(DimRole role) { return ofRole[int(role)]; }

  const ModelSignature &signature;
  const InputRoles &roles;
  std::map<std::string, DimExpression> formulas; ///< Of dimensions that are one.
  std::set<std::string> names;                   ///< Of dimensions, and in formulas.
  std::map<std::string, int64_t> known;
  std::optional<int64_t> ofRole[dimRoles];
  bool wasGiven[dimRoles] = {};
  std::string errorText;
};

} // namespace glmc

#endif // GLMC_COMPILER_SIZESOLVER_H
