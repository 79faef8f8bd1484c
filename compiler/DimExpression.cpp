//===- DimExpression.cpp - Dimensions that follow from others -----------------===//
#include "compiler/DimExpression.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;

namespace glmc {
namespace {

bool isPlainName(StringRef text) {
  return !text.empty() && !isDigit(text.front()) &&
         all_of(text, [](char c) { return isAlnum(c) || c == '_' || c == '.'; });
}

} // namespace

std::optional<DimExpression::Term> DimExpression::parseTerm(StringRef text) {
  Term term;
  SmallVector<StringRef> factors;
  text.split(factors, '*');
  for (StringRef factor : factors) {
    factor = factor.trim();
    int64_t number = 0;
    if (isPlainName(factor)) {
      term.names.push_back(factor.str());
      continue;
    }
    std::optional<int64_t> product;
    if (!factor.empty() && isDigit(factor.front()) && !factor.getAsInteger(10, number))
      product = checkedMul(term.factor, number);
    if (!product)
      return std::nullopt;
    term.factor = *product;
  }
  return term;
}

std::optional<DimExpression> DimExpression::parse(StringRef text) {
  DimExpression expression;
  text = text.trim();
  StringRef rest = text;
  int64_t sign = 1;
  while (true) {
    const size_t plus = rest.find('+'), minus = rest.find(" - ");
    const size_t end = std::min(plus, minus);
    std::optional<Term> term = parseTerm(rest.substr(0, end));
    if (!term)
      return std::nullopt;
    term->factor *= sign;
    for (const std::string &name : term->names)
      if (!is_contained(expression.nameList, name))
        expression.nameList.push_back(name);
    expression.terms.push_back(std::move(*term));
    if (end == StringRef::npos)
      break;
    sign = end == minus ? -1 : 1;
    rest = rest.substr(end + (end == minus ? 3 : 1));
  }
  if (expression.nameList.empty() || isPlainName(text))
    return std::nullopt;
  return expression;
}

std::optional<int64_t> DimExpression::evaluate(const Sizes &sizes) const {
  std::optional<int64_t> sum = 0;
  for (const Term &term : terms) {
    std::optional<int64_t> product = term.factor;
    for (const std::string &name : term.names) {
      auto size = sizes.find(name);
      product = product && size != sizes.end() ? checkedMul(*product, size->second) : std::nullopt;
    }
    sum = sum && product ? checkedAdd(*sum, *product) : std::nullopt;
  }
  return sum;
}

std::optional<std::pair<std::string, int64_t>> DimExpression::solve(const Sizes &sizes, int64_t value) const {
  const std::string *missing = nullptr;
  for (const Term &term : terms)
    for (const std::string &name : term.names) {
      if (sizes.count(name))
        continue;
      if (missing || term.names.size() != 1 || term.factor != 1)
        return std::nullopt;
      missing = &name;
    }
  if (!missing)
    return std::nullopt;
  Sizes others = sizes;
  others[*missing] = 0;
  std::optional<int64_t> rest = evaluate(others);
  std::optional<int64_t> size = rest ? checkedSub(value, *rest) : std::nullopt;
  if (!size)
    return std::nullopt;
  return std::make_pair(*missing, *size);
}

} // namespace glmc
