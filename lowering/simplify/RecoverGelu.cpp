//===- RecoverGelu.cpp - x/2 (1 + erf(x / sqrt 2)) and the like are one op --===//
//
// Both forms are polynomials: the argument of erf or tanh in x, and the whole
// in x and t, where t is what erf or tanh gives. So however sums, products and
// constants are arranged, multiplying out tells:
//
// 1. Start at an erf or tanh, t.
// 2. Of the values that its argument is made of, find the x in which the
//    argument is the right polynomial.
// 3. Follow t's only reader until the value is x/2 + x t/2.
// 4. If nothing else reads the ops between, put a glm.gelu in their place.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/Idiom.h"

#include <cmath>
#include <map>

namespace glmc {
#define GEN_PASS_DEF_RECOVERGELU
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// Coefficients by the powers of x and t.
using Powers = std::pair<int, int>;
using Polynomial = std::map<Powers, double>;

/// No GELU needs a higher power, and products of hostile graphs must not grow.
constexpr int largestPower = 4;
/// Ops between x and the result, on any path.
constexpr int largestDepth = 12;

Polynomial sum(const Polynomial &a, const Polynomial &b, double factor) {
  Polynomial result = a;
  for (auto [powers, coefficient] : b)
    result[powers] += factor * coefficient;
  return result;
}

std::optional<Polynomial> multiply(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (auto [left, x] : a)
    for (auto [right, y] : b) {
      Powers powers = {left.first + right.first, left.second + right.second};
      if (powers.first + powers.second > largestPower)
        return std::nullopt;
      result[powers] += x * y;
    }
  return result;
}

bool isArithmetic(Operation *op) {
  return isa_and_nonnull<glm::AddOp, glm::SubOp, glm::MulOp, glm::DivOp, glm::NegOp, glm::PowOp>(op);
}

/// Multiplies out values as polynomials in x and t.
class Expander {
public:
  Expander(Value x, Value t, OpSet &ops) : x(x), t(t), ops(ops) {}

  std::optional<Polynomial> expand(Value value, int depth = 0) {
    if (value == x)
      return Polynomial{{{1, 0}, 1}};
    if (value == t)
      return Polynomial{{{0, 1}, 1}};
    if (auto splat = splatValue(value))
      return Polynomial{{{0, 0}, *splat}};
    Operation *op = value.getDefiningOp();
    if (!isArithmetic(op) || depth == largestDepth || value.getType() != x.getType())
      return std::nullopt;
    auto known = expanded.find(op);
    if (known == expanded.end())
      known = expanded.try_emplace(op, expandOp(op, depth)).first;
    return known->second;
  }

private:
  std::optional<Polynomial> expandOp(Operation *op, int depth) {
    ops.insert(op);
    auto left = expand(op->getOperand(0), depth + 1);
    if (!left)
      return std::nullopt;
    if (isa<glm::NegOp>(op))
      return sum({}, *left, -1);
    if (isa<glm::DivOp, glm::PowOp>(op)) {
      auto splat = splatValue(op->getOperand(1));
      if (!splat)
        return std::nullopt;
      return isa<glm::DivOp>(op) ? multiply(*left, {{{0, 0}, 1 / *splat}}) : power(*left, *splat);
    }
    auto right = expand(op->getOperand(1), depth + 1);
    if (!right)
      return std::nullopt;
    if (isa<glm::MulOp>(op))
      return multiply(*left, *right);
    return sum(*left, *right, isa<glm::SubOp>(op) ? -1 : 1);
  }

  static std::optional<Polynomial> power(const Polynomial &base, double exponent) {
    if (exponent != 2 && exponent != 3)
      return std::nullopt;
    auto result = multiply(base, base);
    return result && exponent == 3 ? multiply(*result, base) : result;
  }

  Value x, t;
  OpSet &ops;
  std::map<Operation *, std::optional<Polynomial>> expanded; ///< Only looked up, never walked.
};

/// Whether the coefficients are those expected; what was not expected is 0.
bool isPolynomial(const std::optional<Polynomial> &polynomial, const Polynomial &expected, Type element) {
  if (!polynomial)
    return false;
  for (auto [powers, coefficient] : *polynomial) {
    auto found = expected.find(powers);
    if (found == expected.end() ? coefficient != 0 : !isAbout(coefficient, found->second, element))
      return false;
  }
  return llvm::all_of(expected, [&](const auto &term) { return polynomial->count(term.first); });
}

/// What t's argument is made of, and what that is made of; the argument first.
SmallVector<Value> partsOf(Value argument) {
  llvm::SetVector<Value> parts;
  parts.insert(argument);
  for (size_t i = 0; i < parts.size() && parts.size() < 2 * largestDepth; ++i) {
    Operation *op = parts[i].getDefiningOp();
    if (!isArithmetic(op))
      continue;
    for (Value operand : op->getOperands())
      if (!splatValue(operand))
        parts.insert(operand);
  }
  return parts.takeVector();
}

/// Follows the only readers of `t` up to x/2 + x t/2.
Operation *findRoot(Operation *t, Value x, OpSet &ops) {
  const Polynomial gelu = {{{1, 0}, 0.5}, {{1, 1}, 0.5}};
  Operation *op = t;
  for (int depth = 0; depth < largestDepth && op->getResult(0).hasOneUse(); ++depth) {
    op = *op->getResult(0).user_begin();
    if (!isArithmetic(op) || op->getResult(0).getType() != x.getType())
      return nullptr;
    OpSet between = ops;
    if (!isPolynomial(Expander(x, t->getResult(0), between).expand(op->getResult(0)), gelu,
                      tensorType(x).getElementType()))
      continue;
    ops = between;
    return op;
  }
  return nullptr;
}

std::optional<Recovered> recoverGelu(OpBuilder &builder, Operation *op) {
  if (!isa<glm::ErfOp, glm::TanhOp>(op))
    return std::nullopt;
  bool isTanh = isa<glm::TanhOp>(op);
  const double slope = isTanh ? std::sqrt(2 / M_PI) : std::sqrt(0.5);
  Polynomial expected = {{{1, 0}, slope}};
  if (isTanh)
    expected[{3, 0}] = 0.044715 * slope;
  for (Value x : partsOf(op->getOperand(0))) {
    if (x.getType() != op->getOperand(0).getType())
      continue;
    OpSet ops;
    ops.insert(op);
    auto argument = Expander(x, {}, ops).expand(op->getOperand(0));
    if (!isPolynomial(argument, expected, tensorType(x).getElementType()))
      continue;
    Operation *root = findRoot(op, x, ops);
    if (!root || !areReadOnlyBy(ops, root))
      return std::nullopt;
    builder.setInsertionPoint(root);
    return Recovered{root, glm::GeluOp::create(builder, fuseLocations(ops), x.getType(), x, isTanh)};
  }
  return std::nullopt;
}

struct RecoverGeluPass : glmc::impl::RecoverGeluBase<RecoverGeluPass> {
  void runOnOperation() override { recovered += recoverIdioms(getOperation(), recoverGelu); }
};

} // namespace
