//===- Attention.cpp - Scores, softmax and values in one kernel -------------===//
#include "codegen/kernels/Attention.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Rows.h"

#include <algorithm>
#include <limits>

using namespace Halide;

namespace glmc::kernels {
namespace attention {

Expr notNegative(const Expr &i) { return reinterpret<uint32_t>(i) < Expr(0x80000000u); }

int largestDivisor(int64_t of, int64_t limit) {
  for (int64_t d = std::min(of, limit); d > 1; --d)
    if (of % d == 0)
      return static_cast<int>(d);
  return 1;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

AttentionBuilder::AttentionBuilder(Builder &builder)
    : builder(builder), kernel(builder.kernel), value(onlyNode(kernel, "attention")),
      node(kernel.nodes[value - kernel.arguments.size()]), sizes(sizesOf(kernel, node)),
      keyRows(scaledRows(kernel, node.operands[1])), valueRows(scaledRows(kernel, node.operands[2])),
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
  return cast(type, builder.computeAt(keyRows.rows, index));
}

Expr AttentionBuilder::valueAt(const Expr &key, const Expr &feature, const Expr &task) {
  Index index = headIndex(sizes.headMajorValues, key, feature, task, sizes.valueFeatures);
  return cast(type, builder.computeAt(valueRows.rows, index));
}

Expr AttentionBuilder::scaleAt(const ScaledRows &rows, const Expr &key, const Expr &task) {
  Index index = headIndex(true, key, builder.zero, task, 1);
  return cast(type, builder.computeAt(rows.scale, index));
}

Expr AttentionBuilder::beforeFrom(const Expr &past) const {
  const int most = static_cast<int>(sizes.keys - sizes.queries);
  return cast<int>(clamp(past, Internal::make_zero(past.type()), Internal::make_const(past.type(), most)));
}

Expr AttentionBuilder::before() const {
  if (sizes.past < 0)
    return static_cast<int>(sizes.keys - sizes.queries);
  return beforeFrom(builder.parameters[node.operands[sizes.past]](0));
}

void AttentionBuilder::skipUnseen(RDom &domain, const Expr &firstKey) {
  if (skips)
    domain.where(notNegative(place.tile * tokens.tile + (tokens.begin + tokens.tile - 1) + before() - firstKey));
}

void AttentionBuilder::endWithKeys(const RVar &loop, int keys) {
  if (sizes.past < 0)
    return;
  const ImageParam &past = builder.parameters[node.operands[sizes.past]];
  Expr loaded = Internal::Load::make(past.type(), past.name(), 0, Buffer<>(), past.parameter(), Internal::const_true(),
                                     Internal::ModulusRemainder());
  // One value for all loops.
  builder.lowering.values["key_blocks"] = {
      (beforeFrom(loaded) + static_cast<int>(sizes.queries) + (valueBlock - 1)) / valueBlock, past.name()};
  Expr blocks = Internal::Variable::make(Int(32), "key_blocks");
  builder.lowering.trips[loop.name()] = keys == valueBlock ? blocks : blocks * (valueBlock / keys);
}

void AttentionBuilder::keep(Func func, int64_t elements, int64_t *shared) {
  func.compute_at(level);
  if (elements * type.bytes() <= builder.stackLimit()) {
    func.store_in(MemoryType::Stack);
    return;
  }
  // What is read and written element by element may take another's place.
  int64_t offset = shared && *shared >= 0 ? *shared : scratchUsed;
  if (shared)
    *shared = offset;
  scratchUsed = std::max(scratchUsed, offset + elements);
  scratchMost = std::max(scratchMost, scratchUsed);
  builder.lowering.placements[func.name()] = {1, offset, 0};
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
  endWithKeys(step.x, reductionLanes);
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
  endWithKeys(domain.y, valueBlock);
  Expr key = domain.y * valueBlock + domain.x;
  probabilities(place.with({key})) = withLets(math::exp(math::sub(scores(place.with({key})), top)));
  scheduleKeys(probabilities, domain);

  Func total = reduceScores("total", "sum", probabilities);
  factor = Func(name("factor"));
  std::vector<Var> rows = with({}, place);
  Expr inverse = math::div(Internal::make_one(type), ofRow(total));
  if (guarded) // nothing to attend to: 0
    inverse = select(math::equal(ofRow(largest), lowest), Internal::make_zero(type), inverse);
  factor(rows) = withLets(inverse);
  factor.compute_at(level).store_in(MemoryType::Stack);
  factor.bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
  makeWeights();
}

/// The loops of a value a key, made in blocks of keys by `domain`.
void AttentionBuilder::scheduleKeys(Func func, const RDom &domain) {
  Stage stage = func.update();
  stage.allow_race_conditions();
  stage.reorder(domain.x, domain.y, Var("head"), Var("token"));
  if (lanes > 1)
    stage.vectorize(domain.x, lanes);
  func.bound(Var("key"), 0, keyStride).bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
}

/// Probabilities times the factors of the values' rows; where no key is the
/// factor may be anything.
void AttentionBuilder::makeWeights() {
  weights = probabilities;
  if (valueRows.scale < 0)
    return;
  weights = Func(name("weights"));
  weights(with({Var("key")}, place)) = undef(type);
  const int room = static_cast<int>(sizes.keys), padded = sizes.past < 0 ? paddedKeys : room;
  RDom domain({{0, valueBlock}, {0, padded / valueBlock}}, name("weight"));
  skipUnseen(domain, domain.y * valueBlock);
  endWithKeys(domain.y, valueBlock);
  Expr key = domain.y * valueBlock + domain.x, inside = padded > room ? min(key, room - 1) : key;
  Expr last = sizes.past < 0 ? Expr(room - 1) : before() + static_cast<int>(sizes.queries - 1);
  Expr weight = math::mul(probabilities(place.with({key})), scaleAt(valueRows, inside, place.task));
  weights(place.with({key})) = withLets(select(notNegative(last - key), weight, Internal::make_zero(type)));
  scheduleKeys(weights, domain);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

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
  if (valueRows.scale >= 0)
    keep(weights, int64_t(rows) * keyStride, &shared);
  keep(sums, rows * sizes.valueFeatures);

  RDom domain(
      {{0, static_cast<int>(sizes.valueFeatures)}, {0, sizes.group}, {0, tokens.tile}, {0, tokens.tiles}, {0, tasks}},
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
  const int queries = static_cast<int>(sizes.queries),
            tile = std::min(builder.schedule("rows", 1), std::max(queries, 1));
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
  for (auto &placement : builder.lowering.placements)
    placement.second.perTask = tasks > 1 ? perTask : 0;
  TensorType flat = scratch;
  flat.shape = {scratch.elements()};
  return {output, builder.makeOutput("scratch0", flat, {0})};
}
} // namespace attention

std::vector<Func> buildAttention(Builder &builder) { return attention::AttentionBuilder(builder).build(); }

} // namespace glmc::kernels
