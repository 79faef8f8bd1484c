//===- MatmulIntegers.cpp - Right sides of products that are integers --------===//
#include "lowering/kernels/families/MatmulIntegers.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;

namespace glmc {

/// Steps of k whose integer products 32 bits hold in any case.
static constexpr int64_t exactSteps = 1 << 16;

static Value withoutCasts(Value value) {
  while (auto cast = value.getDefiningOp<glm::CastOp>())
    value = cast.getX();
  return value;
}

/// Whether scales or zeros are an argument, or one number, which the kernel has.
static bool isParameter(Value value) {
  return isa<BlockArgument>(value) ||
         (value.getDefiningOp<glm::ConstantOp>() && glm::logicalType(value.getType()).getNumElements() == 1);
}

BlockArgument weightOf(glm::MatmulOp product) {
  Value rhs = withoutCasts(product.getRhs());
  if (auto dequantize = rhs.getDefiningOp<glm::DequantizeOp>())
    rhs = withoutCasts(dequantize.getQ());
  return dyn_cast<BlockArgument>(rhs);
}

int64_t columnDimension(glm::MatmulOp product) { return product.getTransposeRhs() ? 0 : 1; }

std::optional<RightIntegers> rightIntegersOf(glm::MatmulOp product) {
  auto dequantize = withoutCasts(product.getRhs()).getDefiningOp<glm::DequantizeOp>();
  if (!dequantize)
    return std::nullopt;
  RightIntegers right;
  right.values = dyn_cast<BlockArgument>(dequantize.getQ());
  Value scales = dequantize.getScales(), zeros = dequantize.getZeros();
  right.scales = dyn_cast<BlockArgument>(scales);
  right.zeros = dyn_cast_or_null<BlockArgument>(zeros);
  right.hasZeros = bool(zeros);
  if (!right.values || !isParameter(scales) || (zeros && !isParameter(zeros)) ||
      product.getType().getElementTypeBitWidth() > 32)
    return std::nullopt;
  RankedTensorType type = glm::logicalType(right.values.getType());
  right.element = type.getElementType();
  const int64_t depthDimension = 1 - columnDimension(product);
  if (type.getRank() != 2 || (right.bits() != 8 && right.bits() != 4) || right.element.isInteger(1) ||
      int64_t(dequantize.getAxis()) != depthDimension || type.getDimSize(depthDimension) == 0)
    return std::nullopt;
  // Floats of either kind are computed in f32; zeros are integers.
  if (zeros && !isa<IntegerType>(glm::logicalType(zeros.getType()).getElementType()))
    return std::nullopt;
  const int64_t depth = type.getDimSize(depthDimension);
  right.group = std::min<int64_t>(dequantize.getGroup(), depth);
  if (glm::logicalType(scales.getType()).getDimSize(depthDimension) == 1)
    right.group = depth;
  right.lhsGroup = product.getLhsGroup() ? std::min<int64_t>(*product.getLhsGroup(), depth) : 0;
  const int64_t piece = right.lhsGroup ? right.lhsGroup : right.group;
  const bool fits = (piece == depth || piece % right.step() == 0) && (right.group == depth || right.group % piece == 0);
  // Zeros that all of k shares would have groups of their own.
  const bool sharesZeros = right.zeros && right.group < depth &&
                           glm::logicalType(zeros.getType()).getDimSize(depthDimension) == 1;
  return fits && !sharesZeros && piece <= exactSteps ? std::optional(right) : std::nullopt;
}

bool areRightSidesAlike(ArrayRef<glm::MatmulOp> products) {
  const std::optional<RightIntegers> first = rightIntegersOf(products.front());
  return llvm::all_of(products, [&](glm::MatmulOp product) {
    const std::optional<RightIntegers> right = rightIntegersOf(product);
    return bool(right) == bool(first) &&
           (right ? right->isLike(*first) : product.getLhsGroup() == glm::MatmulOp(products.front()).getLhsGroup());
  });
}

} // namespace glmc
