//===- MatmulRotary.cpp - Matrix products: the rotary of a result -----------===//
//
// A rotary pairs columns of different tiles, so its operand goes through memory:
// the tiles store it into scratch, and loops of an elementwise kind rotate it.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Matmul.h"

using namespace Halide;

namespace glmc::kernels::matmul {

Func MatmulKernel::storeRotary(int result, int rotary, const Pass &pass, const std::string &name) {
  if (batched)
    throw BuildError("a rotary cannot follow a matmul with a batched right side");
  const int operand = operandsOf(rotary).at(0);
  const Shape rowShape(pass.type.shape.begin(), pass.type.shape.end() - 1);
  auto define = [&] {
    builder.define(operand, [&](const Index &index) {
      Index row(index.begin(), index.end() - 1);
      Expr stored = pass.output(index.back(), flatten(row, rowShape));
      return pass.type.element == Element::boolean ? stored != Internal::make_zero(UInt(8)) : stored;
    });
  };
  return storeElementwise(builder, result, name, builder.schedule("vector", 1), 1, define);
}

} // namespace glmc::kernels::matmul
