//===- MatmulDots.cpp - Matrix products: plain transposed right sides -------===//
//
// q times k^T: both sides lie along k, and so do the vectors, in 8 partial sums
// that a tree adds in the end. 8 on every target, because it is the order of the
// sum.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Schedules.h"

using namespace Halide;

namespace glmc::kernels::matmul {

/// Only for one matmul that reads its operands as they are.
bool MatmulKernel::usesDots() const {
  const Product &product = products[0];
  return products.size() == 1 && !staged.defined() && product.transposed && product.panelWidth == 0 &&
         k % dotLanes == 0 && product.accumulator.is_float();
}

void MatmulKernel::storeDots(const Pass &pass, const Columns &columns, const Rows &segment, int number) {
  const Product &product = products[0];
  const int tile = static_cast<int>(segment.tile), width = static_cast<int>(columns.width);
  if (pass.sums.size() != 1)
    throw BuildError("a result may read a plain transposed product at one column only");
  if (int64_t(dotLanes) * width * tile * product.accumulator.bytes() > stackLimit)
    throw BuildError("a tile of " + std::to_string(tile) + " rows and " + std::to_string(width) +
                     " columns needs more than " + std::to_string(stackLimit) + " bytes of accumulators");
  const std::string suffix = "_" + std::to_string(number);
  Region region = {{0, width}, {0, tile}, {0, static_cast<int>(segment.tiles)}, {0, static_cast<int>(columns.tiles)}};
  if (batched)
    region.push_back({0, static_cast<int>(batch)});
  RDom domain(region, "tile" + suffix);
  RVar c = domain[0], i = domain[1], t = domain[2], group = domain[3];
  Expr batchIndex = batched ? Expr(domain[4]) : builder.zero;

  Func sum("sum" + suffix);
  Var vl("l"), vc("c"), vi("i"), vt("t"), vb("b");
  RDom depth(0, static_cast<int>(k / dotLanes), "k" + suffix);
  Expr at = depth * dotLanes + vl;
  sum(vl, vc, vi, vt, vb) = Internal::make_zero(product.accumulator);
  Expr a = lhsAt(segment, vb, vt, vi, depth, vl, 0, dotLanes);
  Expr b = rhsAt(product, vb, at, vc + static_cast<int>(pass.sums[0].offset));
  sum(vl, vc, vi, vt, vb) = withLets(plus(sum(vl, vc, vi, vt, vb), multiply(product.accumulator, a, b)));

  Expr column = group * width + c + static_cast<int>(columns.begin);
  Expr row = t * tile + i + static_cast<int>(segment.begin);
  std::vector<Expr> lanes;
  for (int l = 0; l < dotLanes; ++l)
    lanes.push_back(sum(l, column, i, t, batchIndex));
  for (size_t half = lanes.size() / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; ++l)
      lanes[l] = math::add(lanes[l], lanes[l + half]);
  Loops loops;
  loops.arguments = {column, row};
  if (batched)
    loops.arguments.push_back(batchIndex);
  Stage stage = builder.store(pass.output, loops, epilogue(pass, batchIndex, row, column, {lanes[0]}), pass.type.element);

  stage.allow_race_conditions();
  stage.unroll(c).unroll(i);
  if (flag("parallel"))
    stage.parallel(batched ? domain[4] : group);
  sum.compute_at(LoopLevel(pass.output, t)).store_in(MemoryType::Register);
  sum.bound(vl, 0, dotLanes).bound_extent(vc, width).bound(vi, 0, tile);
  Stage update = sum.update();
  update.reorder(vl, vc, vi, depth).unroll(vc).unroll(vi);
  sum.unroll(vc).unroll(vi);
  if (builder.schedule("vector", 1) > 1) {
    sum.vectorize(vl, dotLanes);
    update.vectorize(vl, dotLanes);
  } else {
    sum.unroll(vl);
    update.unroll(vl);
  }
}

} // namespace glmc::kernels::matmul
