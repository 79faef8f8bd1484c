//===- RecoverIntegerProducts.cpp - Products of what was quantised ----------===//
//
// Models with static int8 activations multiply numbers that were integers just
// before. Where one scale holds for all of the left side, and one a column for the
// right one, the product of the integers is the same number, but for the scales:
//
//   matmul (a - za) sa, (b - zb) sb  =  (matmul (a - za), (b - zb)) sa sb
//
// The sum of integers is exact where the sum of floats rounds at each step, so
// this is no less right. Zero points are taken off by sums of rows and columns, so
// that the integers are multiplied as they are stored.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/Idiom.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERINTEGERPRODUCTS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// A term (a - za) (b - zb) is at most 255 * 255; so many fit into 31 bits.
constexpr int64_t mostTerms = INT32_MAX / (255 * 255);

/// Integers of at most 8 bits whose zero point (if there is one) is, too.
bool isNarrow(glm::DequantizeOp numbers) {
  auto q = dyn_cast<RankedTensorType>(numbers.getQ().getType());
  if (!q || q.getElementTypeBitWidth() > 8 || !isa<RankedTensorType>(numbers.getScales().getType()))
    return false;
  auto zeros = numbers.getZeros() ? dyn_cast<RankedTensorType>(numbers.getZeros().getType()) : RankedTensorType();
  return !numbers.getZeros() || (zeros && zeros.getElementType() == q.getElementType());
}

bool isOneElement(Value value) { return !value || tensorType(value).getNumElements() == 1; }

/// Whether a scale or zero of a matrix does not differ along `dim`.
bool isShared(Value value, int64_t dim) { return !value || tensorType(value).getDimSize(dim) == 1; }

/// Makes the ops of one product.
class Maker {
public:
  Maker(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value cast(Value value, Type element) {
    auto type = RankedTensorType::get(tensorType(value).getShape(), element);
    return value.getType() == type ? value : Value(glm::CastOp::create(builder, loc, type, value));
  }
  template <typename Op> Value make(Value x, Value y) { return Op::create(builder, loc, x, y); }
  Value sum(Value x, int64_t axis) { return glm::ReduceOp::create(builder, loc, "sum", x, ArrayRef<int64_t>{axis}); }
  Value vector(Value value) { return reshapeTo(builder, loc, value, {tensorType(value).getNumElements()}); }

private:
  OpBuilder &builder;
  Location loc;
};

/// The product of `op` by its integers; null if it is none.
Value integerProduct(OpBuilder &builder, glm::MatmulOp op) {
  auto left = op.getLhs().getDefiningOp<glm::DequantizeOp>(), right = op.getRhs().getDefiningOp<glm::DequantizeOp>();
  if (!left || !right || op.getLhsGroup() || !isNarrow(left) || !isNarrow(right) ||
      !isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(right.getQ().getDefiningOp()))
    return {};
  const int64_t terms = tensorType(left).getShape().back(), k = op.getTransposeRhs() ? 1 : 0;
  if (tensorType(right).getRank() != 2 || terms < 1 || terms > mostTerms || !isOneElement(left.getScales()) ||
      !isOneElement(left.getZeros()) || !isShared(right.getScales(), k) || !isShared(right.getZeros(), k))
    return {};
  builder.setInsertionPoint(op);
  Maker maker(builder, op.getLoc());
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  Value a = maker.cast(left.getQ(), i32), b = maker.cast(right.getQ(), i32);
  Value product = glm::MatmulOp::create(builder, op.getLoc(), a, b, op.getTransposeRhs(), IntegerAttr());
  auto zeroOf = [&](glm::DequantizeOp numbers) {
    return numbers.getZeros() ? maker.cast(maker.vector(numbers.getZeros()), i32) : Value();
  };
  Value za = zeroOf(left), zb = zeroOf(right);
  if (zb)
    product = maker.make<glm::SubOp>(
        product, maker.make<glm::MulOp>(maker.sum(a, tensorType(a).getRank() - 1), zb));
  if (za)
    product = maker.make<glm::SubOp>(product, maker.make<glm::MulOp>(maker.vector(maker.sum(b, k)), za));
  if (za && zb) {
    auto count = RankedTensorType::get({1}, i32);
    Value k32 = glm::ConstantOp::create(builder, op.getLoc(), count,
                                        cast<ElementsAttr>(DenseElementsAttr::get(count, int32_t(terms))));
    product = maker.make<glm::AddOp>(product, maker.make<glm::MulOp>(maker.make<glm::MulOp>(za, zb), k32));
  }
  Value scales = maker.make<glm::MulOp>(maker.cast(maker.vector(left.getScales()), f32),
                                        maker.cast(maker.vector(right.getScales()), f32));
  return maker.cast(maker.make<glm::MulOp>(maker.cast(product, f32), scales), op.getType().getElementType());
}

struct RecoverIntegerProductsPass : glmc::impl::RecoverIntegerProductsBase<RecoverIntegerProductsPass> {
  void runOnOperation() override {
    recovered += recoverIdioms(getOperation(), [](OpBuilder &builder, Operation *op) -> std::optional<Recovered> {
      auto matmul = dyn_cast<glm::MatmulOp>(op);
      Value product = matmul ? integerProduct(builder, matmul) : Value();
      return product ? std::optional(Recovered{op, product}) : std::nullopt;
    });
  }
};

} // namespace
