//===- Attention.cpp - Scores, softmax and values in one kernel -------------===//
//
// A task is one key-value head of one batch; a tile is `rows` tokens of all
// query heads that share it. For each tile: the scores of all keys, softmax of
// each row in their place, then the products with the values. Keys and values
// are thus read once for the heads that share them.
//
// Scores are made in one of two ways. Few rows, as in decoding: dot products
// along the features, in dotLanes partial sums and a tree. Many rows: keys are
// transposed, a vector of them at a time, and rows are added up feature by
// feature. Values are added up in blocks of valueBlock keys, then the blocks.
// Which way, and so every order of sums, depends on shapes only.
//
// Keys come in whole blocks and a padded rest, whose padding scores -inf.
// With `causal`, blocks that no token of a tile may see are not visited.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/AttentionSizes.h"
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>
#include <limits>

using namespace Halide;

namespace glmc::kernels {

namespace {

/// Keys between additions to the sums of values; also what keys are padded to.
constexpr int valueBlock = reductionLanes;
/// From so many rows on, keys are transposed.
constexpr int transposeRows = 16;
/// Accumulators of a register tile, and rows of one that has several columns.
constexpr int mostAccumulators = 12, mostRows = 6;

/// i >= 0, such that Halide does not see through it: where a select tells it that
/// a value is not needed, it makes less of that value, at places that differ.
Expr notNegative(const Expr &i) { return reinterpret<uint32_t>(i) < Expr(0x80000000u); }

int largestDivisor(int64_t of, int64_t limit) {
  for (int64_t d = std::min(of, limit); d > 1; --d)
    if (of % d == 0)
      return static_cast<int>(d);
  return 1;
}

/// Tokens [begin, begin + tile * tiles).
struct Tokens {
  int begin, tile, tiles;
};

class AttentionBuilder {
public:
  explicit AttentionBuilder(Builder &builder);
  std::vector<Func> build();

private:
  /// Where an element of a tile is: the variables that temporaries end in.
  struct Place {
    Expr head, token, tile, task;
    std::vector<Expr> with(std::vector<Expr> first) const {
      first.insert(first.end(), {head, token, tile, task});
      return first;
    }
  };
  static std::vector<Var> with(std::vector<Var> first, const Place &place);

  void storeTokens(const Tokens &tokens);
  void makeScores();
  void transposedScores(int block, int first, int count, bool padded);
  void dotScores(int block, int first, int count, bool padded);
  Expr finish(const Expr &dot, const Expr &key, const Place &place, bool padded);
  Func reduceScores(const std::string &role, const std::string &kind, Func of);
  void makeProbabilities();
  void makeValues();
  void addRest(Func values);
  void scheduleRows(Stage stage, const std::vector<Func> &made, int rowsAtOnce, std::vector<VarOrRVar> inner, std::vector<VarOrRVar> outer);

  Expr queryAt(const Expr &feature, const Place &place);
  Expr keyAt(const Expr &key, const Expr &feature, const Expr &task);
  Expr valueAt(const Expr &key, const Expr &feature, const Expr &task);
  Index headIndex(bool headMajor, const Expr &key, const Expr &feature, const Expr &task, int64_t features) const;
  Expr tokenAt(const Place &place) const { return place.tile * tokens.tile + place.token + tokens.begin; }
  /// Leaves out iterations that begin with a key no token of the tile sees.
  void skipUnseen(RDom &domain, const Expr &firstKey) {
    if (skips)
      domain.where(notNegative(place.tile * tokens.tile +
                               static_cast<int>(tokens.begin + tokens.tile + sizes.keys - sizes.queries - 1) - firstKey));
  }
  /// A temporary of a tile: on the stack, or in scratch if it is too large.
  void keep(Func func, int64_t elements, int64_t *shared = nullptr);
  std::string name(const std::string &role) const { return role + "_" + std::to_string(number); }

  Builder &builder;
  const Kernel &kernel;
  const int value;
  const Node &node;
  const AttentionSizes sizes;
  const Type type;
  const bool causal, guarded;
  const int lanes;
  const int paddedKeys, keyStride;
  Func output;

  // Of the tokens that are being stored.
  Tokens tokens{};
  int number = 0;
  bool skips = false;
  LoopLevel level; ///< Where temporaries of a tile are made.
  Place place;
  Func scores, largest, probabilities, factor, sums;
  int64_t scratchUsed = 0, scratchMost = 0;
};

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

AttentionBuilder::AttentionBuilder(Builder &builder)
    : builder(builder), kernel(builder.kernel), value(onlyNode(kernel, "attention")),
      node(kernel.nodes[value - kernel.arguments.size()]), sizes(sizesOf(kernel, node)),
      type(computeType(node.type.element)), causal(flag(node, "causal") && sizes.queries > 1),
      guarded(flag(node, "guarded")), lanes(std::min(builder.schedule("vector", 1), reductionLanes)),
      paddedKeys(static_cast<int>((sizes.keys + valueBlock - 1) / valueBlock * valueBlock)),
      // Rows at a power of two from each other would share a few cache sets.
      keyStride(paddedKeys % 128 ? paddedKeys : paddedKeys + valueBlock) {
  if (kernel.results.size() != 1 || kernel.typeOf(kernel.results[0]).shape != node.type.shape)
    throw BuildError("family 'attention' yields one result of its attention's shape");
  if (kernel.scratch.size() > 1)
    throw BuildError("family 'attention' has at most one scratch");
  place = {Var("head"), Var("token"), Var("tile"), Var("task")};
}

std::vector<Var> AttentionBuilder::with(std::vector<Var> first, const Place &place) {
  for (const Expr &e : {place.head, place.token, place.tile, place.task})
    first.emplace_back(e.as<Internal::Variable>()->name);
  return first;
}

Expr AttentionBuilder::queryAt(const Expr &feature, const Place &at) {
  Index task = unflatten(at.task, {sizes.batch, sizes.kvHeads});
  Expr head = task[1] * sizes.group + at.head;
  return cast(type, builder.computeAt(node.operands[0],
                                      {task[0], tokenAt(at), head * static_cast<int>(sizes.features) + feature}));
}

Index AttentionBuilder::headIndex(bool headMajor, const Expr &key, const Expr &feature, const Expr &task,
                                  int64_t features) const {
  Index index = unflatten(task, {sizes.batch, sizes.kvHeads});
  if (headMajor)
    return {index[0], index[1], key, feature};
  return {index[0], key, index[1] * static_cast<int>(features) + feature};
}

Expr AttentionBuilder::keyAt(const Expr &key, const Expr &feature, const Expr &task) {
  Index index = headIndex(sizes.headMajorKeys, key, feature, task, sizes.features);
  return cast(type, builder.computeAt(node.operands[1], index));
}

Expr AttentionBuilder::valueAt(const Expr &key, const Expr &feature, const Expr &task) {
  Index index = headIndex(sizes.headMajorValues, key, feature, task, sizes.valueFeatures);
  return cast(type, builder.computeAt(node.operands[2], index));
}

void AttentionBuilder::keep(Func func, int64_t elements, int64_t *shared) {
  func.compute_at(level);
  if (elements * type.bytes() <= stackLimit) {
    func.store_in(MemoryType::Stack);
    return;
  }
  // What is read and written element by element may take another's place.
  int64_t offset = shared && *shared >= 0 ? *shared : scratchUsed;
  if (shared)
    *shared = offset;
  scratchUsed = std::max(scratchUsed, offset + elements);
  scratchMost = std::max(scratchMost, scratchUsed);
  builder.placements[func.name()] = {1, offset, 0};
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// What becomes of a dot product: scaled, masked.
Expr AttentionBuilder::finish(const Expr &dot, const Expr &key, const Place &at, bool padded) {
  const int keys = static_cast<int>(sizes.keys);
  Expr score = math::mul(dot, Internal::make_const(type, real(node, "scale")));
  Expr lowest = Internal::make_const(type, -std::numeric_limits<double>::infinity());
  if (node.operands.size() == 4) {
    Index task = unflatten(at.task, {sizes.batch, sizes.kvHeads});
    Expr head = task[1] * sizes.group + at.head, inside = padded ? min(key, keys - 1) : key;
    Expr mask = builder.computeAt(node.operands[3], {task[0], head, tokenAt(at), inside});
    if (mask.type() == Bool())
      score = select(mask, score, lowest);
    else
      score = math::add(score, mask.type().is_float() ? math::convertFloat(mask, type) : cast(type, mask));
  }
  if (causal)
    score = select(notNegative(tokenAt(at) + static_cast<int>(sizes.keys - sizes.queries) - key), score, lowest);
  return padded ? select(notNegative(keys - 1 - key), score, lowest) : score;
}

/// Splits the loops of `stage` over heads and tokens of a tile into register
/// tiles of up to `rowsAtOnce` rows, unrolled, inside of `outer` loops and around
/// `inner` ones. Funcs in `made` are made for one such tile, in registers.
void AttentionBuilder::scheduleRows(Stage stage, const std::vector<Func> &made, int rowsAtOnce,
                                    std::vector<VarOrRVar> inner, std::vector<VarOrRVar> outer) {
  const int heads = largestDivisor(sizes.group, std::min(rowsAtOnce, mostRows));
  const int some = largestDivisor(tokens.tile, std::max(1, rowsAtOnce / heads));
  Var head("head"), token("token"), ho("ho"), hi("hi"), to("to"), ti("ti");
  stage.split(head, ho, hi, heads).split(token, to, ti, some);
  std::vector<VarOrRVar> order = std::move(inner);
  order.insert(order.end(), {hi, ti, ho, to});
  order.insert(order.end(), outer.begin(), outer.end());
  stage.reorder(order).unroll(hi).unroll(ti);
  for (Func sum : made) {
    sum.compute_at(sums.defined() ? sums : scores, ho).store_in(MemoryType::Register);
    sum.bound_extent(head, heads).bound_extent(token, some).bound_extent(Var("tile"), 1).bound_extent(Var("task"), 1);
    sum.unroll(head).unroll(token);
  }
}

/// Keys [first, first + block * count), transposed.
void AttentionBuilder::transposedScores(int block, int first, int count, bool padded) {
  const std::string suffix = padded ? "_rest" : "";
  Var lane("lane"), feature("feature"), part("part"), task("task");
  builder.known(lane.name(), block);
  builder.known(feature.name(), sizes.features);
  builder.known(part.name(), count);
  Expr key = part * block + lane + first;
  Func transposed(name("keys" + suffix));
  transposed(lane, feature, part, task) =
      withLets(keyAt(padded ? min(key, static_cast<int>(sizes.keys) - 1) : key, feature, task));

  Func dots(name("dots" + suffix));
  RDom depth(0, static_cast<int>(sizes.features), name("feature" + suffix));
  builder.known(depth.x.name(), sizes.features);
  std::vector<Var> variables = with({lane, part}, place);
  dots(variables) = Internal::make_zero(type);
  dots(variables) = dots(variables) + withLets(queryAt(depth, place) * transposed(lane, depth, part, task));

  RDom domain({{0, block}, {0, count}}, name("key" + suffix));
  builder.known(domain.x.name(), block);
  builder.known(domain.y.name(), count);
  Expr at = domain.y * block + domain.x + first;
  skipUnseen(domain, (domain.y * block + first) / valueBlock * valueBlock);
  scores(place.with({at})) = withLets(finish(dots(place.with({domain.x, domain.y})), at, place, padded));
  Stage stage = scores.update(scores.num_update_definitions() - 1);
  stage.allow_race_conditions();
  scheduleRows(stage, {dots}, mostAccumulators, {domain.x}, {domain.y});
  if (block > 1)
    stage.vectorize(domain.x);
  transposed.compute_at(scores, domain.y);
  if (sizes.features * block * type.bytes() <= stackLimit)
    transposed.store_in(MemoryType::Stack);
  transposed.bound(lane, 0, block).bound(feature, 0, static_cast<int>(sizes.features)).reorder(lane, feature);
  if (block > 1)
    transposed.vectorize(lane);
  dots.bound(lane, 0, block).bound_extent(part, 1);
  Var head("head"), token("token");
  Stage update = dots.update();
  update.reorder(lane, head, token, depth).unroll(head).unroll(token);
  if (block > 1) {
    dots.vectorize(lane);
    update.vectorize(lane);
  }
  if (sizes.features % 4 == 0)
    update.unroll(depth, 4);
}

/// Keys [first, first + block * count) as dot products along the features.
void AttentionBuilder::dotScores(int block, int first, int count, bool padded) {
  const std::string suffix = padded ? "_rest" : "";
  Var lane("lane"), column("column"), part("part");
  builder.known(lane.name(), dotLanes);
  builder.known(column.name(), block);
  builder.known(part.name(), count);
  Func dots(name("dots" + suffix));
  RDom depth(0, static_cast<int>(sizes.features / dotLanes), name("feature" + suffix));
  builder.known(depth.x.name(), sizes.features / dotLanes);
  std::vector<Var> variables = with({lane, column, part}, place);
  Expr key = part * block + column + first, feature = depth * dotLanes + lane;
  Expr inside = padded ? min(key, static_cast<int>(sizes.keys) - 1) : key;
  dots(variables) = Internal::make_zero(type);
  dots(variables) = dots(variables) + withLets(queryAt(feature, place) * keyAt(inside, feature, place.task));

  RDom domain({{0, block}, {0, count}}, name("key" + suffix));
  builder.known(domain.x.name(), block);
  builder.known(domain.y.name(), count);
  Expr at = domain.y * block + domain.x + first;
  skipUnseen(domain, (domain.y * block + first) / valueBlock * valueBlock);
  // The tree: a Func a level, so that each is one operation on part of a vector.
  std::vector<Func> levels = {dots};
  for (int half = dotLanes / 2; half > 1; half /= 2) {
    Func level(name("dots" + suffix + "_" + std::to_string(half))), last = levels.back();
    level(variables) = math::add(last(variables), last(place.with({lane + half, column, part})));
    level.bound(lane, 0, half).bound(column, 0, block).bound_extent(part, 1).unroll(column);
    if (lanes > 1)
      level.vectorize(lane, std::min(lanes, half));
    level.unroll(lane);
    levels.push_back(level);
  }
  auto lastLevel = [&](int l) { return levels.back()(place.with({l, domain.x, domain.y})); };
  scores(place.with({at})) = withLets(finish(math::add(lastLevel(0), lastLevel(1)), at, place, padded));
  Stage stage = scores.update(scores.num_update_definitions() - 1);
  stage.allow_race_conditions();
  scheduleRows(stage, levels, mostAccumulators / block, {domain.x}, {domain.y});
  stage.unroll(domain.x);
  dots.bound(lane, 0, dotLanes).bound(column, 0, block).bound_extent(part, 1);
  Var head("head"), token("token");
  dots.unroll(column);
  Stage update = dots.update();
  update.reorder(lane, column, head, token, depth).unroll(column).unroll(head).unroll(token);
  if (lanes > 1) {
    dots.vectorize(lane, std::min(lanes, dotLanes));
    update.vectorize(lane, std::min(lanes, dotLanes));
  }
  dots.unroll(lane);
  update.unroll(lane);
}

void AttentionBuilder::makeScores() {
  scores = Func(name("scores"));
  Var key("key");
  std::vector<Var> variables = with({key}, place);
  scores(variables) = undef(type);
  const int rows = sizes.group * tokens.tile, keys = static_cast<int>(sizes.keys);
  // By all rows, not by a tile's: the order of sums is the same for all tokens.
  const bool dots = sizes.group * sizes.queries < transposeRows && sizes.features % dotLanes == 0;
  int block = lanes;
  if (dots)
    block = powerOfTwoLanes(8, std::max(1, mostAccumulators / std::min(rows, 6)));
  else
    while (block > 1 && sizes.features * block * type.bytes() > stackLimit)
      block /= 2;
  auto make = [&](int first, int count, bool padded) {
    if (count > 0)
      dots ? dotScores(block, first, count, padded) : transposedScores(block, first, count, padded);
  };
  const int whole = keys / block;
  make(0, whole, false);
  make(whole * block, paddedKeys / block - whole, true);
  scores.bound(key, 0, keyStride).bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// A value a row, of reductionLanes partial results and a tree.
Func AttentionBuilder::reduceScores(const std::string &role, const std::string &kind, Func of) {
  const Combiner combiner = combinerOf(kind, type);
  Func partial(name(role + "_part")), result(name(role));
  Var lane("lane");
  std::vector<Var> all = with({lane}, place), rows = with({}, place);
  RDom step(0, paddedKeys / reductionLanes, name(role + "_step"));
  skipUnseen(step, step * reductionLanes);
  partial(all) = combiner.start;
  partial(all) = withLets(combiner.combine(partial(all), of(place.with({step * reductionLanes + lane}))));
  std::vector<Expr> tree;
  for (int l = 0; l < reductionLanes; ++l)
    tree.push_back(partial(place.with({l})));
  for (size_t half = tree.size() / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; ++l)
      tree[l] = combiner.combine(tree[l], tree[l + half]);
  result(rows) = withLets(tree[0]);
  result.compute_at(level).store_in(MemoryType::Stack);
  result.bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
  partial.compute_at(result, Var("head")).store_in(MemoryType::Register).bound(lane, 0, reductionLanes);
  partial.update().reorder(lane, step.x);
  if (lanes > 1) {
    partial.vectorize(lane, lanes);
    partial.update().vectorize(lane, lanes);
  }
  partial.unroll(lane);
  partial.update().unroll(lane);
  return result;
}

void AttentionBuilder::makeProbabilities() {
  largest = reduceScores("largest", "max", scores);
  probabilities = Func(name("probabilities"));
  std::vector<Var> variables = with({Var("key")}, place);
  Expr lowest = Internal::make_const(type, -std::numeric_limits<double>::infinity());
  auto ofRow = [&](const Func &func) { return func(place.with({})); };
  Expr top = ofRow(largest);
  if (guarded)
    top = select(math::equal(top, lowest), Internal::make_zero(type), top);
  probabilities(variables) = undef(type);
  RDom domain({{0, valueBlock}, {0, paddedKeys / valueBlock}}, name("exp"));
  skipUnseen(domain, domain.y * valueBlock);
  Expr key = domain.y * valueBlock + domain.x;
  probabilities(place.with({key})) = withLets(math::exp(math::sub(scores(place.with({key})), top)));
  Stage stage = probabilities.update();
  stage.allow_race_conditions();
  stage.reorder(domain.x, domain.y, Var("head"), Var("token"));
  if (lanes > 1)
    stage.vectorize(domain.x, lanes);
  probabilities.bound(Var("key"), 0, keyStride).bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);

  Func total = reduceScores("total", "sum", probabilities);
  factor = Func(name("factor"));
  std::vector<Var> rows = with({}, place);
  Expr inverse = math::div(Internal::make_one(type), ofRow(total));
  if (guarded) // nothing to attend to: 0
    inverse = select(math::equal(ofRow(largest), lowest), Internal::make_zero(type), inverse);
  factor(rows) = withLets(inverse);
  factor.compute_at(level).store_in(MemoryType::Stack);
  factor.bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Keys after the last whole block, one by one.
void AttentionBuilder::addRest(Func values) {
  const int first = static_cast<int>(sizes.keys) / valueBlock * valueBlock, count = static_cast<int>(sizes.keys) - first;
  Var feature("feature");
  std::vector<Var> variables = with({feature}, place);
  RDom rest(0, count, name("rest"));
  skipUnseen(rest, Expr(first));
  Expr key = rest + first;
  builder.known(rest.x.name(), count);
  values(variables) =
      values(variables) + withLets(probabilities(place.with({key})) * valueAt(key, feature, place.task));
}

void AttentionBuilder::makeValues() {
  sums = Func(name("values"));
  Var feature("feature"), block("block"), outer("fo"), inner("fi"), lane("fl");
  builder.known(feature.name(), sizes.valueFeatures);
  std::vector<Var> variables = with({feature}, place);
  const int blocks = static_cast<int>(sizes.keys) / valueBlock;
  int used = lanes;
  while (sizes.valueFeatures % used)
    used /= 2;
  sums(variables) = Internal::make_zero(type);
  sums.bound(feature, 0, static_cast<int>(sizes.valueFeatures)).bound(Var("head"), 0, sizes.group);
  sums.bound(Var("token"), 0, tokens.tile);
  if (used > 1)
    sums.vectorize(feature, used);
  const int heads = largestDivisor(sizes.group, mostRows);
  const int rows = heads * largestDivisor(tokens.tile, std::max(1, mostRows / heads));
  const int vectors = largestDivisor(sizes.valueFeatures / used, std::max(1, mostAccumulators / rows));
  auto schedule = [&](Stage stage, const std::vector<Func> &made, std::vector<VarOrRVar> around) {
    stage.split(feature, outer, inner, used * vectors).split(inner, inner, lane, used).unroll(inner);
    around.insert(around.begin(), outer);
    scheduleRows(stage, made, mostRows, {lane, inner}, around);
    if (used > 1)
      stage.vectorize(lane);
  };
  if (blocks > 0) {
    builder.known(block.name(), blocks);
    Func sum(name("block"));
    std::vector<Var> all = with({feature, block}, place);
    RDom within(0, valueBlock, name("within"));
    builder.known(within.x.name(), valueBlock);
    Expr key = block * valueBlock + within;
    sum(all) = Internal::make_zero(type);
    sum(all) = sum(all) + withLets(probabilities(place.with({key})) * valueAt(key, feature, place.task));
    RDom each(0, blocks, name("each"));
    skipUnseen(each, each * valueBlock);
    std::vector<Expr> call = place.with({feature, each});
    sums(variables) = sums(variables) + sum(call);
    schedule(sums.update(), {sum}, {each.x});
    sum.bound_extent(feature, used * vectors).bound_extent(block, 1);
    Stage update = sum.update();
    Var head("head"), token("token");
    update.reorder(feature, head, token, within.x);
    if (used > 1) {
      sum.vectorize(feature, used);
      update.vectorize(feature, used);
    }
    sum.unroll(feature);
    update.unroll(feature).unroll(head).unroll(token).unroll(within.x, 4);
  }
  if (sizes.keys % valueBlock) {
    addRest(sums);
    Stage stage = sums.update(sums.num_update_definitions() - 1);
    schedule(stage, {}, {});
  }
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void AttentionBuilder::storeTokens(const Tokens &given) {
  tokens = given;
  const int rows = sizes.group * tokens.tile, tasks = static_cast<int>(sizes.batch * sizes.kvHeads);
  skips = causal && (tokens.tiles > 1 || sizes.queries > tokens.tile);
  builder.known("head", sizes.group);
  builder.known("token", tokens.tile);
  builder.known("tile", tokens.tiles);
  builder.known("task", tasks);
  RVar tile(name("tile")), task(taskVariable), oneTile(name("ot")), oneTask(name("ok"));
  level = LoopLevel(output, tile);
  sums = Func();
  makeScores();
  makeProbabilities();
  makeValues();
  scratchUsed = 0;
  int64_t shared = -1;
  keep(scores, int64_t(rows) * keyStride, &shared);
  keep(probabilities, int64_t(rows) * keyStride, &shared);
  keep(sums, rows * sizes.valueFeatures);

  RDom domain({{0, static_cast<int>(sizes.valueFeatures)}, {0, sizes.group}, {0, tokens.tile}, {0, tokens.tiles}, {0, tasks}},
              name("store"));
  Place at = {domain[1], domain[2], domain[3], domain[4]};
  Index pair = unflatten(domain[4], {sizes.batch, sizes.kvHeads});
  Loops loops;
  loops.arguments = {domain[0], domain[1], pair[1], tokenAt(at), pair[0]};
  Expr column = (pair[1] * sizes.group + domain[1]) * static_cast<int>(sizes.valueFeatures) + domain[0];
  loops.index = {pair[0], tokenAt(at), column};
  Index canonical = loops.index;
  for (size_t i = 0; i < canonical.size(); ++i)
    if (node.type.shape[i] == 1)
      canonical[i] = builder.zero;
  Expr result = fromCompute(math::mul(sums(at.with({domain[0]})), factor(at.with({}))), node.type.element);
  builder.forget();
  builder.define(value, [=](const Index &index) {
    for (size_t i = 0; i < index.size(); ++i)
      if (!index[i].same_as(canonical[i]))
        throw BuildError("only pointwise ops may follow an attention in its kernel");
    return result;
  });
  Expr stored = builder.at(kernel.results[0], loops.index);
  builder.forget();
  Stage stage = builder.store(output, loops, stored, kernel.typeOf(kernel.results[0]).element);
  stage.allow_race_conditions();
  stage.split(domain[3], tile, oneTile, 1).split(domain[4], task, oneTask, 1);
  int used = lanes;
  while (sizes.valueFeatures % used)
    used /= 2;
  RVar group(name("g")), lane(name("v"));
  stage.split(domain[0], group, lane, used);
  if (used > 1)
    stage.vectorize(lane);
  if (isParallel(kernel))
    stage.parallel(task);
  ++number;
}

std::vector<Func> AttentionBuilder::build() {
  TensorType shape = kernel.typeOf(kernel.results[0]);
  shape.shape = {sizes.batch, sizes.queries, sizes.kvHeads, sizes.group, sizes.valueFeatures};
  output = builder.makeOutput("result0", shape, {0, 1, 2, 3, 4});
  const int queries = static_cast<int>(sizes.queries), tile = std::min(builder.schedule("rows", 1), std::max(queries, 1));
  if (product(shape.shape) != 0) {
    if (int whole = queries / tile)
      storeTokens({0, tile, whole});
    if (int rest = queries % tile)
      storeTokens({queries - rest, rest, 1});
  }
  if (kernel.scratch.empty()) {
    if (scratchMost)
      throw BuildError("attention needs scratch of " + std::to_string(scratchMost) + " elements, has none");
    return {output};
  }
  const TensorType &scratch = kernel.scratch[0];
  const int64_t tasks = isParallel(kernel) ? sizes.batch * sizes.kvHeads : 1;
  const int64_t perTask = scratch.elements() / tasks;
  if (storageType(scratch.element) != type || perTask < scratchMost)
    throw BuildError("attention needs scratch of " + std::to_string(scratchMost * tasks) + " elements, has " +
                     std::to_string(scratch.elements()));
  for (auto &placement : builder.placements)
    placement.second.perTask = tasks > 1 ? perTask : 0;
  TensorType flat = scratch;
  flat.shape = {scratch.elements()};
  return {output, builder.makeOutput("scratch0", flat, {0})};
}
} // namespace

std::vector<Func> buildAttention(Builder &builder) { return AttentionBuilder(builder).build(); }

} // namespace glmc::kernels
