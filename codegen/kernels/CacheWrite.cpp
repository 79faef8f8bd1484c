//===- CacheWrite.cpp - New rows of caches -----------------------------------===//
//
// Each result: the cache with some rows replaced. Where the two have the same
// memory nothing but those rows is touched; else the cache is copied before,
// which the kernel finds out when it runs. New rows are what element ops and
// rotaries make of arguments, and largest elements of a row (the scales of
// quantised caches), each made once a row that is stored.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Rows.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {

class CacheWriteBuilder {
public:
  /// The write that makes result `number` of the kernel.
  CacheWriteBuilder(Builder &builder, size_t number);
  Func build();

private:
  void copyCache();
  void storeRows();
  /// The new row's element where the loops over [batch, heads, tokens, features]
  /// are.
  Expr tokenAt(const Index &index) { return builder.at(node->operands[1], tokensAre4d ? index : tokenMajor(index)); }
  Index tokenMajor(const Index &index) const {
    return {index[0], index[2], index[1] * static_cast<int>(type.shape[3]) + index[3]};
  }
  Expr firstRow() const;
  void defineReductions(const LoopLevel &level, const std::string &suffix);
  Func reduce(const Node &reduction, const LoopLevel &level, const std::string &name);
  /// Calls visit(value, node) for each reduction.
  template <typename Visit>
  void forReductions(Visit visit) const {
    for (size_t i = 0; i < builder.kernel.nodes.size(); ++i)
      if (builder.kernel.nodes[i].op == "reduce")
        visit(static_cast<int>(builder.kernel.arguments.size() + i), builder.kernel.nodes[i]);
  }
  std::string name(const std::string &role) const { return role + std::to_string(number); }

  Builder &builder;
  const size_t number;
  const TensorType &type; ///< Of the cache: [batch, heads, room, features].
  const Node *node = nullptr;
  bool tokensAre4d = false;
  Shape rows; ///< [batch, heads, tokens, features]: what is written.
  Func output;
  const int lanes;
};

CacheWriteBuilder::CacheWriteBuilder(Builder &builder, size_t number)
    : builder(builder), number(number), type(builder.kernel.typeOf(builder.kernel.results[number])),
      lanes(builder.schedule("vector", 1)) {
  const Kernel &kernel = builder.kernel;
  const int arguments = static_cast<int>(kernel.arguments.size()), value = kernel.results[number];
  if (value < arguments || kernel.nodes[value - arguments].op != "cache_write")
    throw BuildError("family 'cache_write' yields caches after a write and nothing else");
  node = &kernel.nodes[value - arguments];
  auto refuse = [] { throw BuildError("operands of cache_write do not fit it"); };
  if (node->operands.size() != 3 || type.shape.size() != 4 || !(kernel.typeOf(node->operands[0]) == type))
    refuse();
  const TensorType &tokens = kernel.typeOf(node->operands[1]), &at = kernel.typeOf(node->operands[2]);
  tokensAre4d = tokens.shape.size() == 4;
  if (tokens.shape.size() < 3 || tokens.shape.size() > 4 || tokens.element != type.element)
    refuse();
  rows = type.shape;
  rows[2] = tokens.shape[tokens.shape.size() - 2];
  const Shape flat = {rows[0], rows[2], rows[1] * rows[3]};
  if (tokens.shape != (tokensAre4d ? rows : flat) || rows[2] > type.shape[2] || at.shape != Shape{1} ||
      (at.element != Element::i32 && at.element != Element::i64))
    refuse();
  if (node->operands[0] >= arguments)
    throw BuildError("the cache of cache_write is an argument of the kernel");
}

/// Room for the tokens that are written: as the op says.
Expr CacheWriteBuilder::firstRow() const {
  Expr at = builder.at(node->operands[2], {builder.zero});
  return cast<int>(clamp(at, Internal::make_zero(at.type()), Internal::make_const(at.type(), type.shape[2] - rows[2])));
}

void CacheWriteBuilder::copyCache() {
  const int cache = node->operands[0];
  const auto &pairs = builder.kernel.inPlace;
  const bool mayShare = std::count(pairs.begin(), pairs.end(), std::make_pair(cache, static_cast<int>(number))) > 0;
  int stage = 0;
  for (const Segment &segment : makeSegments(type.shape, {}, lanes)) {
    Loops loops = builder.makeLoops(name("copy") + "_" + std::to_string(stage++), type.shape, {0, 1, 2, 3}, segment);
    if (mayShare)
      loops.domain.where(haveOwnMemory(builder.parameters[cache].name(), output.name()));
    Stage copy = builder.store(output, loops, builder.at(cache, loops.index), type.element);
    builder.forget();
    vectorise(copy, loops, segment, lanes, 1);
  }
}

Func CacheWriteBuilder::reduce(const Node &reduction, const LoopLevel &level, const std::string &name) {
  const Shape &shape = builder.kernel.typeOf(reduction.operands.at(0)).shape;
  const std::string &kind = text(reduction, "kind");
  if (shape.empty() || integers(reduction, "axes") != Shape{static_cast<int64_t>(shape.size()) - 1} || kind == "mean")
    throw BuildError("before a cache_write only the last dimension is reduced, and not to its mean");
  const Shape leading(shape.begin(), shape.end() - 1);
  Var row("row_" + name);
  builder.known(row.name(), product(leading));
  RowReduction reduced = {
      name, combinerOf(kind, computeType(reduction.type.element)), {row}, static_cast<int>(shape.back()), lanes, level};
  Func result = reduceRow(reduced, [&](const Expr &j) {
    Index index = unflatten(row, leading);
    index.push_back(j);
    return builder.computeAt(reduction.operands[0], index);
  });
  result.bound_extent(row, 1);
  return result;
}

void CacheWriteBuilder::defineReductions(const LoopLevel &level, const std::string &suffix) {
  forReductions([&](int value, const Node &reduction) {
    const Shape &shape = builder.kernel.typeOf(reduction.operands.at(0)).shape;
    Func result = reduce(reduction, level, "largest" + suffix + "_" + std::to_string(value));
    const Element element = reduction.type.element;
    builder.define(value, [=](const Index &index) {
      const size_t leading = shape.size() - 1;
      return fromCompute(
          result(flatten(Index(index.begin(), index.begin() + leading), Shape(shape.begin(), shape.end() - 1))),
          element);
    });
  });
}

void CacheWriteBuilder::storeRows() {
  const std::vector<int> dims = {0, 1, 2, 3};
  const Segment whole = {Shape(4, 0), rows};
  // Where halves of a head end that a rotary rotates.
  std::vector<std::set<int64_t>> cuts(4);
  Loops trial = builder.makeLoops(name("rows"), rows, dims, whole);
  builder.cuts = &cuts, builder.cutLoops = &trial, builder.cutSegment = &whole;
  forReductions([&](int value, const Node &reduction) {
    Expr zero = Internal::make_zero(expressionType(reduction.type.element));
    builder.define(value, [zero](const Index &) { return zero; });
  });
  tokenAt(trial.index);
  builder.cuts = nullptr;
  builder.forget();

  int stage = 0;
  for (const Segment &segment : makeSegments(rows, cuts, rows[3] > 1 ? lanes : 1)) {
    const std::string suffix = std::to_string(number) + "_" + std::to_string(stage++);
    Loops loops = builder.makeLoops("rows" + suffix, rows, dims, segment);
    defineReductions(LoopLevel(output, loops.variables[1]), suffix);
    Expr element = tokenAt(loops.index);
    builder.forget();
    loops.arguments[1] = loops.arguments[1] + firstRow();
    Stage stored = builder.store(output, loops, element, type.element);
    builder.forget();
    if (rows[3] > 1)
      vectorise(stored, loops, segment, lanes, 1);
    else
      stored.unscheduled();
  }
}

Func CacheWriteBuilder::build() {
  output = builder.makeOutput(name("result"), type, {0, 1, 2, 3});
  if (product(type.shape) == 0)
    return output;
  copyCache();
  if (product(rows) > 0)
    storeRows();
  return output;
}

} // namespace

std::vector<Func> buildCacheWrite(Builder &builder) {
  std::vector<Func> outputs;
  for (size_t i = 0; i < builder.kernel.results.size(); ++i)
    outputs.push_back(CacheWriteBuilder(builder, i).build());
  return outputs;
}

} // namespace glmc::kernels
