//===- MatmulTiles.cpp - Matrix products: the loops of one box --------------===//
//
// A box is a number of tiles of rows times tiles of columns, all alike. Loops,
// from the outside:
//
//   batch, groups of column tiles, blocks of row tiles, column tiles of a group:
//     for each sum of an element, its total of the block of rows in memory:
//       for each block of k, for each tile of rows:
//         the tile's sum in registers over the block of k, added to the total
//     the epilogue of the block of rows, stored
//
// so that a panel's part of one block of k lies in the first-level cache while
// the tiles pass over it, and the rows of a block in the second-level one. With
// one block of k there are no totals: tiles are stored from registers.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels::matmul {

namespace {
/// What names a sum: column in a unit, unit, row in a tile, tile, batch, and the
/// block of k where there are several.
const Var vq("q"), vu("u"), vi("i"), vt("t"), vb("b"), vk("blk");
} // namespace

/// All of a tile unrolled, vectors along its columns.
void MatmulKernel::Box::scheduleTile(Func f) const {
  f.bound(vq, 0, computed).bound_extent(vu, asInt(columns.group)).bound(vi, 0, asInt(rows.tile));
  f.vectorize(vq, columns.lanes).unroll(vq).unroll(vu).unroll(vi);
}

void MatmulKernel::Box::scheduleUpdate(Stage stage) const {
  stage.vectorize(vq, columns.lanes, TailStrategy::RoundUp).unroll(vq).unroll(vu).unroll(vi);
}

/// The sum of a tile over `size` steps of k from `begin` on (and block * 512, if
/// there are blocks), in registers.
Func MatmulKernel::makeSum(const Box &box, const Sum &sum, const std::string &name, int begin, int size) {
  const Product &product = products[sum.product];
  const bool blocks = size == depthBlock && k >= 2 * depthBlock;
  std::vector<Var> vars = {vq, vu, vi, vt, vb};
  if (blocks)
    vars.push_back(vk);
  Func f(name);
  f(vars) = Internal::make_zero(product.accumulator);
  Expr first = blocks ? vk * depthBlock + begin : Expr(begin);
  Expr column = vu * asInt(box.columns.width) + vq + asInt(box.columns.begin + sum.offset);
  // Steps `from + group * steps + step`. A loop of one step is none in Halide.
  auto add = [&](int groups, int steps, const Expr &from, const std::string &loop) {
    Region region;
    if (steps > 1)
      region.push_back({0, steps});
    if (groups > 1)
      region.push_back({0, groups});
    RDom domain = region.empty() ? RDom() : RDom(region, loop);
    Expr step = steps > 1 ? Expr(domain[0]) : Expr(0);
    Expr group = groups > 1 ? Expr(domain[domain.dimensions() - 1]) : Expr(0);
    Expr a = lhsAt(box.rows, vb, vt, vi, group, step, from, steps);
    Expr b = rhsAt(product, vb, from + group * steps + step, column);
    f(vars) = withLets(plus(f(vars), multiply(product.accumulator, a, b)));
    Stage update = f.update(f.num_update_definitions() - 1);
    std::vector<VarOrRVar> order = {vq, vu, vi};
    for (int i = 0; i < static_cast<int>(region.size()); ++i)
      order.push_back(domain[i]);
    update.reorder(order);
    if (steps > 1)
      update.unroll(domain[0]);
    box.scheduleUpdate(update);
  };
  const int groups = size / unrollK, rest = size % unrollK;
  if (groups > 0)
    add(groups, unrollK, first, name + "_k");
  if (rest > 0)
    add(1, rest, first + groups * unrollK, name + "_r");
  box.scheduleTile(f);
  f.store_in(MemoryType::Register);
  return f;
}

/// The sums of a block of rows over all of k, on the stack.
Func MatmulKernel::makeTotal(const Box &box, const Sum &sum, const std::string &name) {
  const int blocks = asInt(k / depthBlock), rest = asInt(k % depthBlock);
  Func total(name);
  std::vector<Var> vars = {vq, vu, vi, vt, vb};
  total(vars) = Internal::make_zero(products[sum.product].accumulator);
  auto add = [&](Func part, const std::vector<Expr> &arguments, const std::vector<VarOrRVar> &order) {
    total(vars) = plus(total(vars), part(arguments));
    Stage update = total.update(total.num_update_definitions() - 1);
    update.reorder(order);
    box.scheduleUpdate(update);
    part.compute_at(total, vt);
  };
  std::vector<Expr> arguments(vars.begin(), vars.end());
  Func whole = makeSum(box, sum, name + "_sum", 0, depthBlock);
  if (blocks > 1) {
    RDom block(0, blocks, name + "_block");
    arguments.push_back(block);
    add(whole, arguments, {vq, vu, vi, vt, block});
    arguments.pop_back();
  } else {
    add(whole, arguments, {vq, vu, vi, vt});
  }
  if (rest)
    add(makeSum(box, sum, name + "_rest", blocks * depthBlock, rest), arguments, {vq, vu, vi, vt});
  box.scheduleTile(total);
  total.bound_extent(vt, asInt(box.rows.block)).store_in(MemoryType::Stack);
  return total;
}

void MatmulKernel::storeTiles(const Pass &pass, const Columns &columns, const Rows &segment, int number) {
  const std::string suffix = "_" + std::to_string(number);
  const int computed = asInt((columns.used + columns.lanes - 1) / columns.lanes * columns.lanes);
  const bool totals = dots == Dots::none && k > depthBlock;
  const Box box = {columns, segment, computed};
  for (const Sum &sum : pass.sums) {
    const int64_t tile = computed * columns.group * segment.tile * (totals ? segment.block : 1);
    if (tile * products[sum.product].accumulator.bytes() > builder.stackLimit())
      throw BuildError("a tile of " + std::to_string(segment.tile * (totals ? segment.block : 1)) + " rows and " +
                       std::to_string(computed * columns.group) + " columns needs more than " +
                       std::to_string(builder.stackLimit()) + " bytes of accumulators");
  }
  Region region = {{0, asInt(columns.used)},  {0, asInt(columns.group)}, {0, asInt(segment.tile)},
                   {0, asInt(segment.block)}, {0, asInt(columns.block)}, {0, asInt(segment.tiles / segment.block)},
                   {0, asInt(columns.tiles / columns.block)}};
  if (batched)
    region.push_back({0, asInt(batch)});
  RDom domain(region, "tile" + suffix);
  RVar q = domain[0], u = domain[1], i = domain[2], t = domain[3], c = domain[4], block = domain[5], group = domain[6];
  Expr batchIndex = batched ? Expr(domain[7]) : builder.zero;
  Expr unit = (group * asInt(columns.block) + c) * asInt(columns.group) + u;
  Expr tile = block * asInt(segment.block) + t;
  Expr column = unit * asInt(columns.width) + q + asInt(columns.begin);
  Expr row = tile * asInt(segment.tile) + i + asInt(segment.begin);

  std::vector<Func> funcs;
  std::vector<Expr> values;
  for (size_t s = 0; s < pass.sums.size(); ++s) {
    const std::string name = "sum" + suffix + "_" + std::to_string(s);
    funcs.push_back(dots != Dots::none ? makeGroups(box, pass.sums[s], name)
                    : totals           ? makeTotal(box, pass.sums[s], name)
                                       : makeSum(box, pass.sums[s], name, 0, asInt(k)));
    values.push_back(funcs.back()(q, unit, i, tile, batchIndex));
  }
  Loops loops;
  loops.arguments = {column, row};
  if (batched)
    loops.arguments.push_back(batchIndex);
  Stage stage = builder.store(pass.output, loops, epilogue(pass, batchIndex, row, column, values), pass.type.element);

  RVar qo("qo" + suffix), qi("qi" + suffix);
  // Every element is stored once and read at its own place at most.
  stage.allow_race_conditions();
  const int lanes = columns.used % columns.lanes ? 1 : columns.lanes;
  stage.split(q, qo, qi, lanes);
  std::vector<VarOrRVar> order = {qi, qo, u, i, t, c, block, group};
  if (batched)
    order.push_back(domain[7]);
  stage.reorder(order).unroll(qo).unroll(u);
  if (lanes > 1)
    stage.vectorize(qi);
  if (!totals)
    stage.unroll(i);
  for (Func &f : funcs)
    f.compute_at(LoopLevel(pass.output, totals ? c : t));
  if (flag("parallel"))
    stage.parallel(batched ? domain[7] : columns.tiles > columns.block ? group : block);
}

} // namespace glmc::kernels::matmul
