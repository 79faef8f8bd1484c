//===- RecoverIntegerConvs.cpp - Convolutions of what was quantised ----------===//
//
//   conv ((q - z) s, w t)  =  (conv (q, w) - z sum w) (s t)
//
// where w are integers and t a scale a row; what is outside of q is z. The sum of
// integers is exact. So is a bias that is a multiple of s t, which ONNX's is. All
// that does not depend on q is computed here.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/simplify/ConstantReader.h"
#include "lowering/simplify/Idiom.h"

#include <cmath>

namespace glmc {
#define GEN_PASS_DEF_RECOVERINTEGERCONVS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// A term q w is at most 255 * 128; so many fit into 31 bits, with a zero point.
constexpr int64_t mostTerms = INT32_MAX / (2 * 255 * 128);

/// Integers of 8 bits with one scale and zero.
struct Quantized {
  Value q;
  float scale = 0;
  int64_t zero = 0;
};

/// Integers with a scale a row.
struct Rows {
  Value q; ///< [rows, terms], of at most 16 bits.
  SmallVector<float> scales; ///< One, or one a row.
  SmallVector<int64_t> sums; ///< Of each row.
};

/// An addition of one constant a channel.
struct Bias {
  Operation *add = nullptr;
  SmallVector<double> values; ///< None, or one a channel.
};

class Recoverer {
public:
  explicit Recoverer(ModuleOp module) : constants(module) {}

  std::optional<Recovered> recover(OpBuilder &builder, Operation *op) {
    if (auto pool = dyn_cast<glm::PoolOp>(op))
      return recoverPool(builder, pool);
    // With its bias, if it has one; that comes first, as ops are visited in reverse.
    Bias bias;
    Operation *root = op;
    if (auto add = dyn_cast<glm::AddOp>(op)) {
      op = linearOf(add);
      if (!op || !readBias(add, op, bias))
        return std::nullopt;
    }
    Value value;
    builder.setInsertionPoint(root);
    if (auto conv = dyn_cast<glm::ConvOp>(op))
      value = recoverConv(builder, conv, bias);
    else if (auto product = dyn_cast<glm::MatmulOp>(op); product && isQuantizedAgain(root))
      value = recoverProduct(builder, product, bias);
    return value ? std::optional(Recovered{root, value}) : std::nullopt;
  }

private:
  static Operation *linearOf(glm::AddOp add) {
    for (Value operand : add.getOperands())
      if (Operation *op = operand.getDefiningOp();
          isa_and_nonnull<glm::ConvOp, glm::MatmulOp>(op) && op->hasOneUse() && operand.getType() == add.getType())
        return op;
    return nullptr;
  }

  /// Whether what is computed is rounded soon: products are fused with that.
  static bool isQuantizedAgain(Operation *op) {
    return llvm::all_of(op->getUsers(), [](Operation *user) {
      return isa<glm::RoundOp>(user) ||
             (isa<glm::MaxOp, glm::MinOp, glm::DivOp, glm::MulOp>(user) && isQuantizedAgain(user));
    }) && !op->use_empty();
  }

  static int64_t channelDim(Operation *linear) {
    auto conv = dyn_cast<glm::ConvOp>(linear);
    return conv && !conv.getChannelsLast() ? 1 : tensorType(linear->getResult(0)).getRank() - 1;
  }

  /// The constant that `add` adds to `linear`.
  bool readBias(glm::AddOp add, Operation *linear, Bias &bias) {
    Value other = add.getOperand(0) == linear->getResult(0) ? add.getOperand(1) : add.getOperand(0);
    const reference::Tensor *tensor = constants.read(withoutReshapes(other));
    if (!tensor)
      return false;
    RankedTensorType type = tensorType(other), result = tensorType(add.getZ());
    const int64_t dim = channelDim(linear), own = dim - (result.getRank() - type.getRank());
    const int64_t channels = result.getDimSize(dim);
    if (type.getNumElements() != 1 &&
        (own < 0 || own >= type.getRank() || type.getDimSize(own) != channels || type.getNumElements() != channels))
      return false;
    for (int64_t i = 0; i < channels; ++i)
      bias.values.push_back(tensor->getFloat(tensor->size() == 1 ? 0 : i));
    bias.add = add;
    return true;
  }

  static Value withoutReshapes(Value value) {
    while (auto reshape = value.getDefiningOp<glm::ReshapeOp>())
      value = reshape.getX();
    return value;
  }

  std::optional<Quantized> quantizedOf(Value value) {
    auto numbers = value.getDefiningOp<glm::DequantizeOp>();
    if (!numbers || !isa<RankedTensorType>(numbers.getQ().getType()) || !tensorType(value).getElementType().isF32() ||
        tensorType(numbers.getQ()).getElementTypeBitWidth() != 8 ||
        isa_and_nonnull<glm::ConstantOp, glm::WeightOp>(numbers.getQ().getDefiningOp()))
      return std::nullopt;
    std::optional<double> scale = constants.splat(withoutReshapes(numbers.getScales()));
    std::optional<double> zero = numbers.getZeros() ? constants.splat(withoutReshapes(numbers.getZeros())) : 0.0;
    if (!scale || !(*scale > 0) || !zero || *zero != std::nearbyint(*zero) || std::fabs(*zero) > 255)
      return std::nullopt;
    return Quantized{numbers.getQ(), float(*scale), int64_t(*zero)};
  }

  /// Constant integers whose rows, by dimension `dim`, have a scale each; as a matrix
  /// with these rows if `dim` is 0.
  std::optional<Rows> rowsOf(OpBuilder &builder, Value value, int64_t dim, ArrayRef<int64_t> matrix) {
    auto numbers = withoutReshapes(value).getDefiningOp<glm::DequantizeOp>();
    if (!numbers || !isa<RankedTensorType>(numbers.getQ().getType()))
      return std::nullopt;
    RankedTensorType type = tensorType(numbers.getQ());
    const bool isMatrix = type.getShape() == matrix;
    if (!(isMatrix || (dim == 0 && type.getRank() > 0 && type.getDimSize(0) == matrix[0])))
      return std::nullopt;
    const reference::Tensor *q = constants.read(withoutReshapes(numbers.getQ()));
    if (!q || type.getElementTypeBitWidth() > 8)
      return std::nullopt;
    const int64_t count = matrix[dim];
    auto parametersOf = [&](Value parameter) -> std::optional<SmallVector<double>> {
      const reference::Tensor *tensor = constants.read(withoutReshapes(parameter));
      RankedTensorType own = tensorType(parameter);
      const bool isByRow = own.getNumElements() == count && own.getDimSize(isMatrix ? dim : 0) == count;
      if (!tensor || (own.getNumElements() != 1 && !isByRow))
        return std::nullopt;
      SmallVector<double> values;
      for (int64_t i = 0; i < tensor->size(); ++i)
        values.push_back(isa<FloatType>(own.getElementType()) ? tensor->getFloat(i) : double(tensor->getInt(i)));
      return values;
    };
    auto scales = parametersOf(numbers.getScales());
    auto zeros = numbers.getZeros() ? parametersOf(numbers.getZeros()) : SmallVector<double>{0};
    if (!scales || !zeros)
      return std::nullopt;
    return integersOf(builder, numbers.getLoc(), *q, dim, matrix, *scales, *zeros);
  }

  static std::optional<Rows> integersOf(OpBuilder &builder, Location loc, const reference::Tensor &q, int64_t dim,
                                        ArrayRef<int64_t> matrix, ArrayRef<double> scales, ArrayRef<double> zeros) {
    Rows rows;
    rows.scales.assign(scales.begin(), scales.end());
    const int64_t count = matrix[dim], terms = matrix[1 - dim];
    rows.sums.assign(count, 0);
    SmallVector<int64_t> values(count * terms);
    bool areBytes = true;
    for (int64_t row = 0; row < count; ++row)
      for (int64_t k = 0; k < terms; ++k) {
        const double zero = zeros[zeros.size() == 1 ? 0 : row];
        const double integer = double(q.getInt(dim == 0 ? row * terms + k : k * count + row)) - zero;
        if (integer != std::nearbyint(integer) || std::fabs(integer) > 510)
          return std::nullopt;
        areBytes &= integer >= -128 && integer <= 127;
        values[row * terms + k] = int64_t(integer);
        rows.sums[row] += int64_t(integer);
      }
    reference::Tensor tensor(RankedTensorType::get({count, terms}, builder.getIntegerType(areBytes ? 8 : 16)));
    for (auto [i, value] : llvm::enumerate(values))
      tensor.setInt(i, value);
    rows.q = glm::ConstantOp::create(builder, loc, tensor.type, reference::attributeOf(tensor));
    return rows;
  }

  /// Constants by channel of a result of `type`.
  Value byChannel(OpBuilder &builder, Location loc, RankedTensorType type, int64_t dim, Type element,
                  llvm::function_ref<void(reference::Tensor &, int64_t)> set) {
    SmallVector<int64_t> shape(type.getRank() - dim, 1);
    shape[0] = type.getDimSize(dim);
    reference::Tensor tensor(RankedTensorType::get(shape, element));
    for (int64_t i = 0; i < shape[0]; ++i)
      set(tensor, i);
    return glm::ConstantOp::create(builder, loc, tensor.type, reference::attributeOf(tensor));
  }

  /// The bias in units of `factor`, if it is whole ones.
  static std::optional<int64_t> inUnits(double bias, double factor) {
    const double units = std::nearbyint(bias / factor);
    // The bias is f32, and so is the product of scales that it was divided by.
    if (std::fabs(units) > INT32_MAX || std::fabs(units * factor - bias) > 4e-7 * std::fabs(bias))
      return std::nullopt;
    return int64_t(units);
  }

  /// The numbers that integer sums `sum` stand for.
  Value scaled(OpBuilder &builder, Location loc, Value sum, int64_t dim, const Quantized &x, const Rows &w,
               const Bias &bias) {
    RankedTensorType type = tensorType(sum);
    const int64_t channels = type.getDimSize(dim);
    auto factor = [&](int64_t i) { return x.scale * w.scales[w.scales.size() == 1 ? 0 : i]; };
    SmallVector<int64_t> offsets(channels);
    bool isWhole = true;
    for (int64_t i = 0; i < channels; ++i) {
      std::optional<int64_t> units = bias.add ? inUnits(bias.values[i], double(factor(i))) : 0;
      isWhole &= units.has_value();
      offsets[i] = units.value_or(0);
    }
    for (int64_t i = 0; i < channels; ++i)
      offsets[i] = (isWhole ? offsets[i] : 0) - x.zero * w.sums[i];
    if (llvm::any_of(offsets, [](int64_t offset) { return offset != 0; }))
      sum = glm::AddOp::create(builder, loc, sum,
                               byChannel(builder, loc, type, dim, builder.getI32Type(),
                                         [&](reference::Tensor &t, int64_t i) { t.setInt(i, offsets[i]); }));
    auto floats = RankedTensorType::get(type.getShape(), builder.getF32Type());
    Value number = glm::CastOp::create(builder, loc, floats, sum);
    Value y = glm::MulOp::create(builder, loc, number,
                                 byChannel(builder, loc, type, dim, builder.getF32Type(),
                                           [&](reference::Tensor &t, int64_t i) { t.setFloat(i, factor(i)); }));
    if (bias.add && !isWhole)
      y = glm::AddOp::create(builder, loc, y,
                             byChannel(builder, loc, type, dim, builder.getF32Type(),
                                       [&](reference::Tensor &t, int64_t i) { t.setFloat(i, bias.values[i]); }));
    return y;
  }

  Value recoverConv(OpBuilder &builder, glm::ConvOp conv, const Bias &bias) {
    std::optional<Quantized> x = quantizedOf(conv.getX());
    auto weights = dyn_cast<RankedTensorType>(conv.getW().getType());
    if (!x || !weights || conv.getChannelsLast() || weights.getDimSize(1) > mostTerms)
      return {};
    std::optional<Rows> w = rowsOf(builder, conv.getW(), 0, weights.getShape());
    if (!w)
      return {};
    Value sum = glm::ConvOp::create(builder, conv.getLoc(), x->q, w->q, conv.getKernel(), conv.getStrides(),
                                    conv.getDilations(), conv.getPads(), conv.getGroups(),
                                    x->zero ? builder.getI64IntegerAttr(x->zero) : IntegerAttr(), false);
    return scaled(builder, conv.getLoc(), sum, 1, *x, *w, bias);
  }

  /// A product of a matrix, as a convolution without space.
  Value recoverProduct(OpBuilder &builder, glm::MatmulOp product, const Bias &bias) {
    std::optional<Quantized> x = quantizedOf(product.getLhs());
    auto weights = dyn_cast<RankedTensorType>(product.getRhs().getType());
    if (!x || !weights || weights.getRank() != 2 || tensorType(product.getLhs()).getRank() != 2 || product.getLhsGroup())
      return {};
    const int64_t dim = product.getTransposeRhs() ? 0 : 1;
    if (weights.getDimSize(1 - dim) > mostTerms)
      return {};
    std::optional<Rows> w = rowsOf(builder, product.getRhs(), dim, weights.getShape());
    if (!w)
      return {};
    const ArrayRef<int64_t> none;
    Value sum = glm::ConvOp::create(builder, product.getLoc(), x->q, w->q, none, none, none, none, 1, IntegerAttr(),
                                    /*channels_last=*/true);
    return scaled(builder, product.getLoc(), sum, 1, *x, *w, bias);
  }

  static bool hasPads(glm::PoolOp pool) {
    return pool.getCeilMode() || llvm::any_of(pool.getPads(), [](int64_t pad) { return pad != 0; });
  }

  std::optional<Recovered> recoverPool(OpBuilder &builder, glm::PoolOp pool) {
    auto numbers = pool.getX().getDefiningOp<glm::DequantizeOp>();
    std::optional<Quantized> x = quantizedOf(pool.getX());
    const bool isMax = pool.getKind() == "max";
    if (!x || !numbers || (!isMax && (pool.getKind() != "average" || hasPads(pool))))
      return std::nullopt;
    builder.setInsertionPoint(pool);
    const Location loc = pool.getLoc();
    Value q = glm::PoolOp::create(builder, loc, isMax ? "max" : "sum", x->q, pool.getKernel(), pool.getStrides(),
                                  pool.getDilations(), pool.getPads(), pool.getCeilMode(), false,
                                  pool.getChannelsLast());
    if (isMax)
      return Recovered{pool, glm::DequantizeOp::create(builder, loc, pool.getType(), q, numbers.getScales(),
                                                       numbers.getZeros(), numbers.getAxis(), numbers.getGroup())};
    int64_t count = 1;
    for (int64_t size : pool.getKernel())
      count *= size;
    if (count < 1 || count > mostTerms)
      return std::nullopt;
    auto scalar = [&](Type element, double value) -> Value {
      reference::Tensor tensor(RankedTensorType::get({}, element));
      isa<FloatType>(element) ? tensor.setFloat(0, value) : tensor.setInt(0, int64_t(value));
      return glm::ConstantOp::create(builder, loc, tensor.type, reference::attributeOf(tensor));
    };
    if (x->zero)
      q = glm::AddOp::create(builder, loc, q, scalar(builder.getI32Type(), double(-x->zero * count)));
    Value number = glm::CastOp::create(builder, loc, pool.getType(), q);
    return Recovered{pool, glm::MulOp::create(builder, loc, number,
                                              scalar(builder.getF32Type(), double(x->scale / float(count))))};
  }

  ConstantReader constants;
};

struct RecoverIntegerConvsPass : glmc::impl::RecoverIntegerConvsBase<RecoverIntegerConvsPass> {
  void runOnOperation() override {
    Recoverer recoverer(getOperation());
    recovered += recoverIdioms(getOperation(),
                               [&](OpBuilder &builder, Operation *op) { return recoverer.recover(builder, op); });
  }
};

} // namespace
