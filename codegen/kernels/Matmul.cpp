//===- Matmul.cpp - Matrix products -----------------------------------------===//
//
// The result is cut into boxes of whole tiles and tails; each box is a store
// stage with accumulators of its own. k runs upwards for every element, in one
// sum, except where the right side is plain and transposed (q times k^T): there
// vectors lie along k, in 8 partial sums.
//
// The leading dimensions are rows when the right side has none, else a loop.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {

/// Columns [begin, begin + width * count): `count` tiles, of which `used`
/// columns each are stored.
struct Columns {
  int64_t begin, width, count, used;
  int lanes;
  int64_t group = 1; ///< Tiles at once.
};

struct Rows {
  int64_t begin, count, tile;
};

class MatmulBuilder {
public:
  explicit MatmulBuilder(Builder &builder);
  Func build();

private:
  std::vector<Columns> panelColumns(int lanes, int panels) const;
  std::vector<Columns> plainColumns(int lanes, int vectors) const;
  std::vector<Rows> rowSegments(int tile) const;
  Index logicalIndex(const Expr &batch, const Expr &row, const Expr &column) const;
  Expr lhsAt(const Expr &batch, const Expr &row, const Expr &k);
  Expr rhsAt(const Expr &batch, const Expr &k, const Expr &column);
  Expr product(const Expr &a, const Expr &b) const;
  void storeTiles(const Columns &columns, const Rows &rows, int number);
  void storeDots(const Columns &columns, const Rows &rows, int number);
  Loops outputLoops(const RDom &domain, const Expr &column, const Expr &row);
  Stage storeEpilogue(const Loops &loops, const Expr &accumulated);
  std::string name(const char *role, int number) const { return role + std::string("_") + std::to_string(number); }

  Builder &builder;
  const Kernel &kernel;
  const int value;
  const Node &node;
  const TensorType &lhs, &rhs;
  const bool transposed, panels;
  Shape leading; ///< Of the result, without its last two.
  int64_t m, n, k, batch, rows;
  bool batched;
  Type accumulator;
  Func output;
};

MatmulBuilder::MatmulBuilder(Builder &builder)
    : builder(builder), kernel(builder.kernel), value(onlyNode(kernel, "matmul")),
      node(kernel.nodes[value - kernel.arguments.size()]), lhs(kernel.typeOf(node.operands.at(0))),
      rhs(kernel.typeOf(node.operands.at(1))),
      transposed(node.attributes.count("transpose_rhs") && integer(node, "transpose_rhs")),
      panels(rhs.layout.kind == Layout::panels) {
  const Shape &shape = node.type.shape;
  if (lhs.shape.size() < 2 || rhs.shape.size() < 2 || shape.size() < 2)
    throw BuildError("matmul of operands with less than two dimensions");
  if (kernel.results.size() != 1 || kernel.typeOf(kernel.results[0]).shape != shape)
    throw BuildError("family 'matmul' yields one result of its matmul's shape");
  leading.assign(shape.begin(), shape.end() - 2);
  m = shape[shape.size() - 2], n = shape.back(), k = lhs.shape.back();
  int64_t rhsK = rhs.shape[rhs.shape.size() - (transposed ? 1 : 2)];
  int64_t rhsN = rhs.shape[rhs.shape.size() - (transposed ? 2 : 1)];
  if (rhsK != k || rhsN != n || lhs.shape[lhs.shape.size() - 2] != m)
    throw BuildError("operands of matmul do not fit each other");
  if (panels && rhs.layout.dim != (transposed ? 0 : 1))
    throw BuildError("the panels of matmul's right side are not along its columns");
  batched = kernels::product(rhs.shape, 0, rhs.shape.size() - 2) != 1;
  batch = batched ? kernels::product(leading) : 1;
  rows = batched ? m : kernels::product(leading) * m;
  Type type = computeType(node.type.element);
  accumulator = type.is_float() ? type : type.with_bits(std::max(32, type.bits()));
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

std::vector<Columns> MatmulBuilder::panelColumns(int lanes, int group) const {
  const int64_t width = rhs.layout.width, whole = n / width, tail = n % width;
  lanes = powerOfTwoLanes(lanes, width);
  while (width % lanes)
    lanes /= 2;
  std::vector<Columns> result;
  int64_t grouped = whole / group * group;
  if (grouped)
    result.push_back({0, width, grouped, width, lanes, group});
  if (whole > grouped)
    result.push_back({grouped * width, width, whole - grouped, width, lanes, whole - grouped});
  int64_t vectors = tail / lanes * lanes;
  if (vectors)
    result.push_back({whole * width, width, 1, vectors, lanes});
  // The last columns are computed as a whole vector, thanks to the padding, and
  // stored one by one.
  if (tail > vectors)
    result.push_back({whole * width + vectors, width, 1, tail - vectors, lanes});
  return result;
}

std::vector<Columns> MatmulBuilder::plainColumns(int lanes, int vectors) const {
  std::vector<Columns> result;
  for (int64_t begin = 0; begin < n;) {
    int used = powerOfTwoLanes(lanes, n - begin);
    int64_t width = std::min<int64_t>(static_cast<int64_t>(used) * vectors, (n - begin) / used * used);
    int64_t count = (n - begin) / width;
    result.push_back({begin, width, count, width, used});
    begin += width * count;
  }
  return result;
}

std::vector<Rows> MatmulBuilder::rowSegments(int tile) const {
  std::vector<Rows> result;
  int64_t whole = rows / tile * tile;
  if (whole)
    result.push_back({0, whole, tile});
  if (rows > whole)
    result.push_back({whole, rows - whole, rows - whole});
  return result;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Index MatmulBuilder::logicalIndex(const Expr &batchIndex, const Expr &row, const Expr &column) const {
  Index index;
  if (batched) {
    index = unflatten(batchIndex, leading);
    index.push_back(row);
  } else {
    Shape shape = leading;
    shape.push_back(m);
    index = unflatten(row, shape);
  }
  index.push_back(column);
  return index;
}

Expr MatmulBuilder::lhsAt(const Expr &batchIndex, const Expr &row, const Expr &kIndex) {
  Index index = broadcastIndex(logicalIndex(batchIndex, row, kIndex), lhs.shape);
  return builder.computeAt(node.operands[0], index);
}

Expr MatmulBuilder::rhsAt(const Expr &batchIndex, const Expr &kIndex, const Expr &column) {
  Index index = logicalIndex(batchIndex, batched ? kIndex : builder.zero, column);
  index[index.size() - 2] = kIndex;
  if (transposed)
    std::swap(index[index.size() - 2], index[index.size() - 1]);
  return builder.computeAt(node.operands[1], broadcastIndex(index, rhs.shape));
}

/// What one step of k adds. Plain float operations: fast math may contract.
Expr MatmulBuilder::product(const Expr &a, const Expr &b) const {
  Expr x = cast(accumulator, a), y = cast(accumulator, b);
  return accumulator.is_float() ? x * y : math::mul(x, y);
}

namespace {
Expr plus(const Expr &a, const Expr &b) { return a.type().is_float() ? a + b : math::add(a, b); }
} // namespace

//===----------------------------------------------------------------------===//
// Storing
//===----------------------------------------------------------------------===//

Loops MatmulBuilder::outputLoops(const RDom &domain, const Expr &column, const Expr &row) {
  Loops loops;
  Expr batchIndex = batched ? Expr(domain[domain.dimensions() - 1]) : builder.zero;
  loops.arguments = {column, row};
  if (batched)
    loops.arguments.push_back(batchIndex);
  loops.index = logicalIndex(batchIndex, row, column);
  return loops;
}

Stage MatmulBuilder::storeEpilogue(const Loops &loops, const Expr &accumulated) {
  Index canonical = loops.index;
  for (size_t i = 0; i < canonical.size(); ++i)
    if (node.type.shape[i] == 1)
      canonical[i] = builder.zero;
  Expr result = fromCompute(cast(computeType(node.type.element), accumulated), node.type.element);
  builder.define(value, [=](const Index &index) {
    for (size_t i = 0; i < index.size(); ++i)
      if (!index[i].same_as(canonical[i]))
        throw BuildError("only pointwise ops may follow a matmul in its kernel");
    return result;
  });
  Expr stored = builder.at(kernel.results[0], loops.index);
  builder.forget();
  return builder.store(output, loops, stored, kernel.typeOf(kernel.results[0]).element);
}

void MatmulBuilder::storeTiles(const Columns &columns, const Rows &segment, int number) {
  const int width = static_cast<int>(columns.width), used = static_cast<int>(columns.used);
  const int group = static_cast<int>(columns.group), tile = static_cast<int>(segment.tile);
  const int computed = (used + columns.lanes - 1) / columns.lanes * columns.lanes;
  if (int64_t(computed) * group * tile * accumulator.bytes() > stackLimit)
    throw BuildError("a tile of " + std::to_string(tile) + " rows and " + std::to_string(computed * group) +
                     " columns needs more than " + std::to_string(stackLimit) + " bytes of accumulators");
  Region region = {{0, used}, {0, static_cast<int>(columns.count)}, {0, static_cast<int>(segment.count)}};
  if (batched)
    region.push_back({0, static_cast<int>(batch)});
  RDom domain(region, name("tile", number));
  RVar q = domain[0], p = domain[1], r = domain[2];

  // The accumulators, by column in the tile, tile, row and batch.
  Func sum(name("sum", number));
  Var vq("q"), vp("p"), vr("r"), vb("b");
  RDom depth(0, static_cast<int>(k), name("k", number));
  Expr a = lhsAt(vb, vr, depth), b;
  if (panels) {
    int panel = static_cast<int>(columns.begin / rhs.layout.width);
    int column = static_cast<int>(columns.begin % rhs.layout.width);
    Expr position = ((vp + panel) * static_cast<int>(k) + depth) * width + (vq + column);
    b = toCompute(builder.parameters[node.operands[1]](position), rhs.element);
  } else {
    b = rhsAt(vb, depth, vp * width + vq + static_cast<int>(columns.begin));
  }
  sum(vq, vp, vr, vb) = Internal::make_zero(accumulator);
  sum(vq, vp, vr, vb) = withLets(plus(sum(vq, vp, vr, vb), product(a, b)));

  Expr column = q + static_cast<int>(columns.begin);
  if (columns.count > 1)
    column = p * width + column;
  Loops loops = outputLoops(domain, column, r + static_cast<int>(segment.begin));
  Expr batchIndex = batched ? Expr(domain[3]) : builder.zero;
  Stage stage = storeEpilogue(loops, sum(q, p, r + static_cast<int>(segment.begin), batchIndex));

  // Schedule: all of a tile unrolled, rows of tiles inside columns of tiles, so
  // that a panel of the right side is used while it is near.
  RVar qo(name("qo", number)), qi(name("qi", number)), po(name("po", number)), pi(name("pi", number)),
      ro(name("ro", number)), ri(name("ri", number));
  stage.allow_race_conditions();
  int lanes = used % columns.lanes ? 1 : columns.lanes;
  stage.split(q, qo, qi, lanes).split(p, po, pi, group).split(r, ro, ri, tile);
  stage.reorder(qi, qo, pi, ri, ro, po).unroll(qo).unroll(pi).unroll(ri);
  if (lanes > 1)
    stage.vectorize(qi);
  Func(sum).compute_at(LoopLevel(output, ro)).store_in(MemoryType::Register);
  sum.bound(vq, 0, computed).bound_extent(vp, group).bound_extent(vr, tile);
  sum.vectorize(vq, columns.lanes).unroll(vq).unroll(vp).unroll(vr);
  int unrollK = builder.schedule("unroll_k", 1, 64);
  Stage update = sum.update();
  update.reorder(vq, vp, vr, depth).vectorize(vq, columns.lanes, TailStrategy::RoundUp).unroll(vq).unroll(vp).unroll(vr);
  if (unrollK > 1 && k % unrollK == 0)
    update.unroll(depth, unrollK);
}

void MatmulBuilder::storeDots(const Columns &columns, const Rows &segment, int number) {
  const int tile = static_cast<int>(segment.tile), width = static_cast<int>(columns.width);
  if (int64_t(dotLanes) * width * tile * accumulator.bytes() > stackLimit)
    throw BuildError("a tile of " + std::to_string(tile) + " rows and " + std::to_string(width) +
                     " columns needs more than " + std::to_string(stackLimit) + " bytes of accumulators");
  Region region = {{0, static_cast<int>(columns.width * columns.count)}, {0, static_cast<int>(segment.count)}};
  if (batched)
    region.push_back({0, static_cast<int>(batch)});
  RDom domain(region, name("tile", number));
  RVar c = domain[0], r = domain[1];

  Func sum(name("sum", number));
  Var vl("l"), vc("c"), vr("r"), vb("b");
  RDom depth(0, static_cast<int>(k / dotLanes), name("k", number));
  Expr at = depth * dotLanes + vl;
  sum(vl, vc, vr, vb) = Internal::make_zero(accumulator);
  sum(vl, vc, vr, vb) = withLets(plus(sum(vl, vc, vr, vb), product(lhsAt(vb, vr, at), rhsAt(vb, at, vc))));

  Expr column = c + static_cast<int>(columns.begin), row = r + static_cast<int>(segment.begin);
  Loops loops = outputLoops(domain, column, row);
  Expr batchIndex = batched ? Expr(domain[2]) : builder.zero;
  std::vector<Expr> lanes;
  for (int l = 0; l < dotLanes; ++l)
    lanes.push_back(sum(l, column, row, batchIndex));
  for (size_t half = lanes.size() / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; ++l)
      lanes[l] = math::add(lanes[l], lanes[l + half]);
  Stage stage = storeEpilogue(loops, lanes[0]);

  RVar co(name("co", number)), ci(name("ci", number)), ro(name("ro", number)), ri(name("ri", number));
  stage.split(c, co, ci, width).split(r, ro, ri, tile).reorder(ci, ri, ro, co).unroll(ci).unroll(ri);
  sum.compute_at(LoopLevel(output, ro)).store_in(MemoryType::Register);
  sum.bound(vl, 0, dotLanes).bound_extent(vc, width).bound_extent(vr, tile);
  Stage update = sum.update();
  update.reorder(vl, vc, vr, depth).unroll(vc).unroll(vr);
  sum.unroll(vc).unroll(vr);
  if (builder.schedule("vector", 1) > 1) {
    sum.vectorize(vl, dotLanes);
    update.vectorize(vl, dotLanes);
  } else {
    sum.unroll(vl);
    update.unroll(vl);
  }
}

Func MatmulBuilder::build() {
  TensorType type = kernel.typeOf(kernel.results[0]);
  type.shape = {batch, rows, n};
  std::vector<int> dims = {1, 2};
  if (batched)
    dims.insert(dims.begin(), 0);
  output = builder.makeOutput("result0", type, dims);
  int lanes = builder.schedule("vector", 1), width = builder.schedule("panels", 1);
  int tile = builder.schedule("rows", 1);
  bool dots = transposed && !panels && k % dotLanes == 0 && accumulator.is_float();
  std::vector<Columns> columns = dots     ? plainColumns(1, width)
                                 : panels ? panelColumns(lanes, width)
                                          : plainColumns(lanes, width);
  int number = 0;
  for (const Columns &c : columns)
    for (const Rows &r : rowSegments(tile))
      dots ? storeDots(c, r, number++) : storeTiles(c, r, number++);
  return output;
}

} // namespace

std::vector<Func> buildMatmul(Builder &builder) { return {MatmulBuilder(builder).build()}; }

} // namespace glmc::kernels
