//===- DimExpression.h - Dimensions that follow from others -------------------===//
//
// Exporters name a dimension whose size follows from others by a formula of
// them: "past_sequence_length + sequence_length", "s18 + s70", "2*s0".
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_DIMEXPRESSION_H
#define GLMC_COMPILER_DIMEXPRESSION_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace glmc {

/// A sum of products of names and numbers.
class DimExpression {
public:
  /// Nothing for a plain name or number, and for what is no such formula: a name
  /// like any other then. A minus counts with a space on both sides, because
  /// names have some.
  static std::optional<DimExpression> parse(llvm::StringRef text);

  /// Each once, in order of appearance.
  const std::vector<std::string> &names() const { return nameList; }

  using Sizes = std::map<std::string, int64_t>;
  /// Nothing if a name has no size or the value leaves int64_t.
  std::optional<int64_t> evaluate(const Sizes &sizes) const;

  /// The size of the only name without one that makes the formula `value`;
  /// nothing if more names lack one, or it does not occur just once and alone.
  std::optional<std::pair<std::string, int64_t>> solve(const Sizes &sizes, int64_t value) const;

private:
  struct Term {
    int64_t factor = 1;
    std::vector<std::string> names;
  };
  static std::optional<Term> parseTerm(llvm::StringRef text);

  std::vector<Term> terms;
  std::vector<std::string> nameList;
};

} // namespace glmc

#endif // GLMC_COMPILER_DIMEXPRESSION_H
