//===- NormMatch.cpp - Statistics of rows, and products around them ---------===//
#include "lowering/simplify/NormMatch.h"

#include <cmath>

using namespace mlir;

namespace glmc {
namespace {

class Flattener {
public:
  explicit Flattener(OpSet &ops) : ops(ops) {}

  /// Adds the factors of value^power; true if `value` was taken apart.
  bool flatten(Value value, double power, bool isRoot) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<glm::MulOp, glm::DivOp>(op) && (isRoot || value.hasOneUse())) {
      ops.insert(op);
      flatten(op->getOperand(0), power, false);
      flatten(op->getOperand(1), isa<glm::DivOp>(op) ? -power : power, false);
      return true;
    }
    if (auto splat = splatValue(value); splat && *splat == 1)
      return false;
    Factor factor = {value, power, value};
    while (takeUnary(factor))
      ;
    factors.push_back(factor);
    return false;
  }

  SmallVector<Factor> factors;

private:
  /// Replaces the base f(x) of a power by x.
  bool takeUnary(Factor &factor) {
    Operation *op = factor.base.getDefiningOp();
    if (!op || !factor.base.hasOneUse())
      return false;
    Value inner;
    double exponent = 1;
    if (auto sqrt = dyn_cast<glm::SqrtOp>(op)) {
      inner = sqrt.getX();
      exponent = 0.5;
    } else if (auto reciprocal = dyn_cast<glm::ReciprocalOp>(op)) {
      inner = reciprocal.getX();
      exponent = -1;
    } else if (auto pow = dyn_cast<glm::PowOp>(op)) {
      auto splat = splatValue(pow.getY());
      if (!splat || pow.getX().getType() != pow.getType() || std::fabs(*splat) != 0.5)
        return false;
      inner = pow.getX();
      exponent = *splat;
    } else if (auto div = dyn_cast<glm::DivOp>(op)) {
      auto splat = splatValue(div.getX());
      if (!splat || *splat != 1 || div.getY().getType() != div.getType())
        return false;
      inner = div.getY();
      exponent = -1;
    } else if (auto reshape = dyn_cast<glm::ReshapeOp>(op)) {
      // Of rows' statistics only: the product sees `read`, whose shape counts.
      if (tensorType(factor.base).getRank() == 0 || tensorType(factor.base).getShape().back() != 1)
        return false;
      inner = reshape.getX();
    } else {
      return false;
    }
    ops.insert(op);
    factor.base = inner;
    factor.power *= exponent;
    return true;
  }

  OpSet &ops;
};

} // namespace

SmallVector<Factor> factorsOf(Operation *root, OpSet &ops) {
  Flattener flattener(ops);
  flattener.flatten(root->getResult(0), 1, /*isRoot=*/true);
  return flattener.factors;
}

/// Steps over reshapes, which keep the order of rows.
static Value skipReshapes(Value value, OpSet &ops) {
  while (auto reshape = value.getDefiningOp<glm::ReshapeOp>()) {
    ops.insert(reshape);
    value = reshape.getX();
  }
  return value;
}

/// The operand of a sum of rows that `value` multiplies by 1 / size.
static Value sumDividedBy(Value value, int64_t size, OpSet &ops) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<glm::MulOp, glm::DivOp>(op))
    return {};
  for (int side : {0, 1}) {
    auto splat = splatValue(op->getOperand(1 - side));
    if (!splat || (isa<glm::DivOp>(op) && side == 1))
      continue;
    if (!isAbout(isa<glm::DivOp>(op) ? *splat : 1 / *splat, double(size), tensorType(value).getElementType()))
      continue;
    ops.insert(op);
    return op->getOperand(side);
  }
  return {};
}

/// The sum or mean of rows that `value` is, by whatever shape.
static glm::ReduceOp rowReduction(Value value, StringRef kind, OpSet &ops) {
  auto reduce = skipReshapes(value, ops).getDefiningOp<glm::ReduceOp>();
  if (!reduce || reduce.getKind() != kind)
    return {};
  int64_t last = tensorType(reduce.getX()).getRank() - 1;
  if (reduce.getAxes() != ArrayRef<int64_t>{last} || !isa<FloatType>(tensorType(value).getElementType()))
    return {};
  ops.insert(reduce);
  return reduce;
}

Value meanOfRows(Value value, OpSet &ops) {
  if (auto mean = rowReduction(value, "mean", ops))
    return mean.getX();
  OpSet tried;
  value = skipReshapes(value, tried);
  Operation *division = value.getDefiningOp();
  if (!isa_and_nonnull<glm::MulOp, glm::DivOp>(division))
    return {};
  for (Value operand : division->getOperands()) {
    auto sum = rowReduction(operand, "sum", tried);
    if (!sum || sumDividedBy(value, tensorType(sum.getX()).getShape().back(), tried) != operand)
      continue;
    ops.insert(tried.begin(), tried.end());
    return sum.getX();
  }
  return {};
}

Value squareOf(Value value, OpSet &ops) {
  if (auto mul = value.getDefiningOp<glm::MulOp>()) {
    if (mul.getX() != mul.getY())
      return {};
    ops.insert(mul);
    return mul.getX();
  }
  auto pow = value.getDefiningOp<glm::PowOp>();
  if (!pow || splatValue(pow.getY()) != 2.0 || pow.getX().getType() != pow.getType())
    return {};
  ops.insert(pow);
  return pow.getX();
}

bool isOneARow(Value value, Value x) {
  ArrayRef<int64_t> shape = tensorType(value).getShape(), rows = tensorType(x).getShape();
  if (shape.empty() || rows.empty() || shape.size() > rows.size() || shape.back() != 1 || rows.back() == 0)
    return false;
  if (tensorType(value).getNumElements() != tensorType(x).getNumElements() / rows.back())
    return false;
  ArrayRef<int64_t> outer = shape.drop_back();
  return outer == rows.drop_back().take_back(outer.size());
}

std::optional<Shifted> statisticPlusEpsilon(Value value, OpSet &ops) {
  auto sum = skipReshapes(value, ops).getDefiningOp<glm::AddOp>();
  if (!sum)
    return Shifted{value, 0};
  for (int side : {0, 1}) {
    auto epsilon = splatValue(sum->getOperand(1 - side));
    if (!epsilon)
      continue;
    if (!std::isfinite(*epsilon) || *epsilon < 0)
      return std::nullopt;
    ops.insert(sum);
    return Shifted{sum->getOperand(side), *epsilon};
  }
  return std::nullopt;
}

Value meanTakenFrom(Value centred, OpSet &ops) {
  auto difference = centred.getDefiningOp<glm::SubOp>();
  if (!difference || difference.getX().getType() != centred.getType() ||
      !isOneARow(difference.getY(), difference.getX()) || meanOfRows(difference.getY(), ops) != difference.getX())
    return {};
  ops.insert(difference);
  return difference.getY();
}

std::optional<Value> scaleAmong(ArrayRef<Factor> factors, ArrayRef<size_t> taken, int64_t size) {
  Value scale;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (llvm::is_contained(taken, i))
      continue;
    // A factor read through unary ops is not the vector that the product reads.
    if (scale || factors[i].power != 1 || factors[i].read != factors[i].base || !isVector(factors[i].base, size))
      return std::nullopt;
    scale = factors[i].base;
  }
  return scale;
}

} // namespace glmc
