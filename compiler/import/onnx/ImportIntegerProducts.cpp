//===- ImportIntegerProducts.cpp - Products of integers ---------------------===//
//
// The operands of a glm.matmul are the integers as they are stored, cast to i32:
// what the integer dot products of CPUs read. Zero points are taken off after, by
// sums of rows and columns; those of weights are constants:
//
//   sum (a - za) (b - zb)  =  sum a b - zb sum a - za sum b + k za zb
//
// all modulo 2^32, as the left side is, too.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Quantize.h"
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Where a scale or zero point of an operand is in the inputs, and how it goes
/// with rows of the left side or columns of the right one.
Value parameterOf(OnnxNode &node, unsigned input, Value operand, bool isRows) {
  Value value = node.input(input);
  ArrayRef<int64_t> shape = shapeOf(value), full = shapeOf(operand);
  // The dimension that is summed over.
  const size_t rank = full.size(), summed = isRows ? rank - 1 : rank - 2, kept = isRows ? rank - 2 : rank - 1;
  if (node.typeOf(value).getNumElements() == 1)
    return node.reshape(value, SmallVector<int64_t>(rank, 1));
  SmallVector<int64_t> wanted(full);
  wanted[summed] = 1;
  if (shape == ArrayRef<int64_t>(wanted))
    return value;
  if (shape.size() == 1 && shape[0] == full[kept]) {
    wanted.assign(rank, 1);
    wanted[kept] = shape[0];
    return node.reshape(value, wanted);
  }
  node.error() << "input " << input << " is " << value.getType() << ", expected one element, or one for each "
               << (isRows ? "row" : "column") << " of " << operand.getType();
  return {};
}

/// An operand of 8 bits, and its zero point: i32, null if it is 0.
struct Operand {
  Value integers, zero;
};

FailureOr<Operand> operandOf(OnnxNode &node, unsigned input, unsigned zeroInput, bool isRows) {
  Value value = node.input(input), zero = node.input(zeroInput);
  if (!isa<IntegerType>(node.elementOf(value)) || node.elementOf(value).getIntOrFloatBitWidth() != 8 ||
      shapeOf(value).size() < 2)
    return node.error() << "input " << input << " is " << value.getType()
                        << ", expected 8-bit integers of two or more dimensions";
  Type i32 = node.builder().getI32Type();
  Operand operand{node.cast(value, i32), {}};
  if (!zero)
    return operand;
  if (node.elementOf(zero) != node.elementOf(value))
    return node.error() << "zero point is " << zero.getType() << ", expected elements of type "
                        << node.elementOf(value);
  zero = parameterOf(node, zeroInput, value, isRows);
  if (!zero)
    return failure();
  FailureOr<reference::Tensor> known = node.context.constants.read(node.input(zeroInput));
  if (failed(known) || !llvm::all_of(known->bytes, [](uint8_t byte) { return byte == 0; }))
    operand.zero = node.cast(zero, i32);
  return operand;
}

Value sumOf(OnnxNode &node, Value x, int64_t axis) {
  glm::ReduceOp::Properties properties;
  properties.kind = node.builder().getStringAttr("sum");
  properties.axes = node.integers({axis});
  return node.make<glm::ReduceOp>(x, properties);
}

/// The exact product, i32.
Value product(OnnxNode &node, const Operand &a, const Operand &b) {
  Value result = node.make<glm::MatmulOp>({a.integers, b.integers});
  if (!result)
    return {};
  const int64_t aRank = int64_t(shapeOf(a.integers).size()), bRank = int64_t(shapeOf(b.integers).size());
  if (b.zero)
    result = node.make<glm::SubOp>({result, node.make<glm::MulOp>({sumOf(node, a.integers, aRank - 1), b.zero})});
  if (a.zero)
    result = node.make<glm::SubOp>({result, node.make<glm::MulOp>({sumOf(node, b.integers, bRank - 2), a.zero})});
  if (a.zero && b.zero) {
    Value both = node.make<glm::MulOp>({a.zero, b.zero});
    result = node.make<glm::AddOp>({result, withScalar<glm::MulOp>(node, both, double(shapeOf(a.integers).back()))});
  }
  return result;
}

LogicalResult importMatMulInteger(OnnxNode &node) {
  FailureOr<Operand> a = operandOf(node, 0, 2, true);
  if (failed(a))
    return failure();
  FailureOr<Operand> b = operandOf(node, 1, 3, false);
  if (failed(b))
    return failure();
  return node.setOutput(product(node, *a, *b));
}

/// Inputs: a, its scale and zero point, b, ..., and those of the result.
LogicalResult importQLinearMatMul(OnnxNode &node) {
  FailureOr<Operand> a = operandOf(node, 0, 2, true);
  if (failed(a))
    return failure();
  FailureOr<Operand> b = operandOf(node, 3, 5, false);
  if (failed(b))
    return failure();
  Value scale = node.input(6), zero = node.input(7);
  auto integers = dyn_cast<IntegerType>(node.elementOf(zero));
  for (unsigned i : {1, 4, 6})
    if (!isNumbers(node.input(i)))
      return node.error() << "input " << i << " is " << node.input(i).getType() << ", expected floating-point scales";
  if (!integers || integers.getWidth() != 8 || node.typeOf(scale).getNumElements() != 1 ||
      node.typeOf(zero).getNumElements() != 1)
    return node.error() << "the result's scale and zero point are " << scale.getType() << " and " << zero.getType()
                        << ", expected one element each, and a zero point of 8 bits";
  Type f32 = node.builder().getF32Type();
  Value rows = parameterOf(node, 1, node.input(0), true);
  Value columns = rows ? parameterOf(node, 4, node.input(3), false) : Value();
  Value sum = columns ? product(node, *a, *b) : Value();
  if (!sum)
    return failure();
  Value factor = node.make<glm::MulOp>({node.cast(rows, f32), node.cast(columns, f32)});
  Value number = node.make<glm::MulOp>({node.cast(sum, f32), factor});
  return node.setOutput(quantize(node, number, node.cast(node.reshape(scale, {}), f32),
                                 node.cast(node.reshape(zero, {}), f32), integers));
}

} // namespace

void addIntegerProducts(Registry &registry) {
  registry.add("MatMulInteger", 2, importMatMulInteger);
  registry.add("QLinearMatMul", 8, importQLinearMatMul);
}

} // namespace glmc::onnximport
