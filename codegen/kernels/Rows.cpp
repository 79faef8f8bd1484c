//===- Rows.cpp - Reductions along rows, for every family -------------------===//
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>
#include <limits>
#include <memory>

using namespace Halide;

namespace glmc::kernels {

Combiner combinerOf(const std::string &kind, Type type) {
  if (kind == "sum" || kind == "mean")
    return {math::add, Internal::make_zero(type)};
  if (kind == "prod")
    return {math::mul, Internal::make_one(type)};
  bool isMax = kind == "max";
  if (!isMax && kind != "min")
    throw BuildError("there is no reduction '" + kind + "'");
  Expr start = type == Bool()    ? (isMax ? Internal::const_false() : Internal::const_true())
               : type.is_float() ? Internal::make_const(type, isMax ? -std::numeric_limits<double>::infinity()
                                                                    : std::numeric_limits<double>::infinity())
               : isMax           ? type.min()
                                 : type.max();
  if (type == Bool())
    return {isMax ? +[](const Expr &a, const Expr &b) { return a || b; }
                  : +[](const Expr &a, const Expr &b) { return a && b; },
            start};
  return {isMax ? math::max : math::min, start};
}

namespace {
/// The first reductionLanes * n elements of a row in reductionLanes partial
/// results, in registers; returns the tree over them.
Expr reduceLanes(const RowReduction &row, const Func &result, const std::function<Expr(const Expr &)> &element) {
  const Combiner &combiner = row.combiner;
  Func partial(row.name + "_part");
  Var lane("l");
  RDom step(0, row.count / reductionLanes, row.name + "_i");
  std::vector<Expr> all = {lane};
  all.insert(all.end(), row.rows.begin(), row.rows.end());
  partial(all) = combiner.start;
  partial(all) = withLets(combiner.combine(partial(all), element(step * reductionLanes + lane)));
  std::vector<Expr> tree;
  for (int l = 0; l < reductionLanes; ++l) {
    all[0] = l;
    tree.push_back(partial(all));
  }
  for (size_t half = tree.size() / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; ++l)
      tree[l] = combiner.combine(tree[l], tree[l + half]);
  // Of several rows one at a time, so that the partial results are registers.
  partial.compute_at(row.rowsAtOnce > 1 ? LoopLevel(result, row.rows[0]) : row.level);
  partial.store_in(MemoryType::Register).bound(lane, 0, reductionLanes);
  partial.update().reorder(lane, step);
  if (int used = std::min(row.lanes, reductionLanes); used > 1) {
    partial.vectorize(lane, used);
    partial.update().vectorize(lane, used);
  }
  partial.unroll(lane);
  partial.update().unroll(lane);
  return tree[0];
}
} // namespace

Func reduceRow(const RowReduction &row, const std::function<Expr(const Expr &)> &element) {
  const Combiner &combiner = row.combiner;
  Func result(row.name);
  const int done = row.count / reductionLanes * reductionLanes;
  result(row.rows) = done ? withLets(reduceLanes(row, result, element)) : combiner.start;
  if (row.count - done == 1) { // Halide has no loops of one step
    result(row.rows) = withLets(combiner.combine(result(row.rows), element(done)));
  } else if (done < row.count) {
    RDom rest(0, row.count - done, row.name + "_r");
    result(row.rows) = withLets(combiner.combine(result(row.rows), element(done ? rest + done : Expr(rest))));
  }
  result.compute_at(row.level).store_in(MemoryType::Stack);
  if (row.rowsAtOnce > 1)
    result.bound_extent(row.rows[0], row.rowsAtOnce);
  return result;
}

//===----------------------------------------------------------------------===//
// rms_norm and layer_norm
//===----------------------------------------------------------------------===//

bool isNorm(const Node &node) { return node.op == "rms_norm" || node.op == "layer_norm"; }

namespace {
/// One normalising node: its statistics as Funcs.
class NormDefiner {
public:
  NormDefiner(Builder &builder, const Node &node, const LoopLevel &level, const std::string &suffix, int rowsAtOnce);
  /// The node's value at an index, once the statistics exist.
  Expr at(const Index &index) const;

private:
  Expr element(const Expr &j) const { // of the row that `rows` name
    Index index = unflatten(rows.empty() ? Expr(0) : Expr(rows[0]), leading);
    index.push_back(j);
    return builder.computeAt(node.operands[0], index);
  }
  Func meanOf(const std::string &name, const std::function<Expr(const Expr &)> &of) const;
  /// A Func of one value a row.
  Func perRow(const std::string &name, const Expr &value) const;
  Expr call(const Func &func, const Index &index) const {
    std::vector<Expr> arguments;
    if (!rows.empty())
      arguments.push_back(flatten(Index(index.begin(), index.end() - 1), leading));
    return func(arguments);
  }
  Expr ofRow(const Func &func) const { return func(std::vector<Expr>(rows.begin(), rows.end())); }

  Builder &builder;
  const Node &node;
  const LoopLevel level;
  const std::string suffix;
  const Element type;
  Shape leading;
  int count;
  int rowsAtOnce;
  std::vector<Var> rows;
  Func mean, scale; ///< `mean` for layer_norm only; scale: 1 / sqrt(... + epsilon).
};

NormDefiner::NormDefiner(Builder &builder, const Node &node, const LoopLevel &level, const std::string &suffix,
                         int rowsAtOnce)
    : builder(builder), node(node), level(level), suffix(suffix), type(node.type.element), rowsAtOnce(rowsAtOnce) {
  const Shape &shape = node.type.shape;
  const bool centred = node.op == "layer_norm";
  if (node.operands.size() != (centred ? 3u : 2u) || shape.empty() || !isFloat(type) ||
      !(builder.kernel.typeOf(node.operands[0]) == node.type))
    throw BuildError("operands of " + node.op + " do not fit it");
  for (size_t i = 1; i < node.operands.size(); ++i)
    if (builder.kernel.typeOf(node.operands[i]).shape != Shape{shape.back()})
      throw BuildError("operands of " + node.op + " do not fit it");
  leading.assign(shape.begin(), shape.end() - 1);
  count = static_cast<int>(shape.back());
  if (int64_t size = product(leading); size != 1) {
    rows = {Var("row" + suffix)};
    builder.known(rows[0].name(), size);
  } else {
    this->rowsAtOnce = 1;
  }
  Func square;
  if (centred) {
    mean = meanOf("mean", [this](const Expr &j) { return element(j); });
    square = meanOf("variance", [this](const Expr &j) {
      Expr distance = math::sub(element(j), ofRow(mean));
      return math::mul(distance, distance);
    });
  } else {
    square = meanOf("squares", [this](const Expr &j) {
      Expr x = element(j);
      return math::mul(x, x);
    });
  }
  Type compute = computeType(type);
  Expr root = math::sqrt(math::add(ofRow(square), Internal::make_const(compute, real(node, "epsilon"))));
  scale = perRow("scale" + suffix, math::div(Internal::make_one(compute), root));
}

Func NormDefiner::perRow(const std::string &name, const Expr &value) const {
  Func func(name);
  func(rows) = withLets(value);
  func.compute_at(level).store_in(MemoryType::Stack);
  if (rowsAtOnce > 1)
    func.bound_extent(rows[0], rowsAtOnce);
  return func;
}

Func NormDefiner::meanOf(const std::string &name, const std::function<Expr(const Expr &)> &of) const {
  Type compute = computeType(type);
  RowReduction row = {name + suffix + "_sum", combinerOf("sum", compute), rows, count, builder.schedule("vector", 1),
                      level,                  rowsAtOnce};
  Func sum = reduceRow(row, of);
  return perRow(name + suffix, math::div(ofRow(sum), Internal::make_const(compute, count)));
}

Expr NormDefiner::at(const Index &index) const {
  Expr x = builder.computeAt(node.operands[0], index);
  if (mean.defined())
    x = math::sub(x, call(mean, index));
  Expr y = math::mul(math::mul(x, call(scale, index)), builder.computeAt(node.operands[1], {index.back()}));
  if (mean.defined())
    y = math::add(y, builder.computeAt(node.operands[2], {index.back()}));
  return fromCompute(y, type);
}
} // namespace

void defineNorms(Builder &builder, const LoopLevel &level, const std::string &suffix, int rowsAtOnce) {
  const Kernel &kernel = builder.kernel;
  for (size_t i = 0; i < kernel.nodes.size(); ++i) {
    const int value = static_cast<int>(kernel.arguments.size() + i);
    if (!isNorm(kernel.nodes[i]) || builder.isDefined(value))
      continue;
    auto norm = std::make_shared<NormDefiner>(builder, kernel.nodes[i], level, suffix + "_" + std::to_string(i),
                                              rowsAtOnce);
    builder.define(value, [norm](const Index &index) { return norm->at(index); });
  }
}

} // namespace glmc::kernels
