//===- AttentionScores.cpp - Queries times keys -------------------------------===//
//
// Scores are made in one of two ways. Few rows, as in decoding: dot products
// along the features, in scoreLanes partial sums and a tree. Many rows: keys are
// transposed, a vector of them at a time, and rows are added up feature by
// feature. Which way, and so the order of sums, depends on how many rows there
// are only.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Attention.h"
#include "codegen/kernels/Math.h"

#include <algorithm>
#include <limits>

using namespace Halide;

namespace glmc::kernels::attention {

/// From so many rows on, keys are transposed.
constexpr int transposeRows = 16;
/// Partial sums of a dot product along the features.
constexpr int scoreLanes = 16;

/// What becomes of a dot product: scaled, masked.
Expr AttentionBuilder::finish(const Expr &dot, const Expr &key, const Place &at, bool padded) {
  const int keys = static_cast<int>(sizes.keys);
  Expr score = math::mul(dot, Internal::make_const(type, real(node, "scale")));
  if (keyRows.scale >= 0)
    score = math::mul(score, scaleAt(keyRows, padded ? min(key, keys - 1) : key, at.task));
  Expr lowest = Internal::make_const(type, -std::numeric_limits<double>::infinity());
  if (sizes.mask >= 0) {
    Index task = unflatten(at.task, {sizes.batch, sizes.kvHeads});
    Expr head = task[1] * sizes.group + at.head, inside = padded ? min(key, keys - 1) : key;
    Expr mask = builder.computeAt(node.operands[sizes.mask], {task[0], head, tokenAt(at), inside});
    if (mask.type() == Bool())
      score = select(mask, score, lowest);
    else
      score = math::add(score, mask.type().is_float() ? math::convertFloat(mask, type) : cast(type, mask));
  }
  // Where keys are counted at run time there may be none in the last block.
  if (causal)
    score = select(notNegative(tokenAt(at) + before() - key), score, lowest);
  else if (sizes.past >= 0)
    score = select(notNegative(before() + static_cast<int>(sizes.queries - 1) - key), score, lowest);
  return padded ? select(notNegative(keys - 1 - key), score, lowest) : score;
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
  endWithKeys(domain.y, block);
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

/// Keys of `count` blocks from `first` on as dot products along the features. A
/// block's partial sums are kept, four a key and row: what becomes of them is
/// computed in vectors along the keys.
void AttentionBuilder::dotScores(int first, int count, bool padded) {
  const std::string suffix = padded ? "_rest" : "";
  const int features = static_cast<int>(sizes.features), width = std::min(lanes, scoreLanes);
  Var lane("lane"), key("key"), head("head"), token("token");
  builder.known(lane.name(), scoreLanes);
  builder.known(key.name(), paddedKeys);
  Func dots(name("dots" + suffix)), half(name("half" + suffix)), quarter(name("quarter" + suffix));
  RDom depth(0, features / scoreLanes, name("feature" + suffix));
  builder.known(depth.x.name(), features / scoreLanes);
  std::vector<Var> variables = with({lane, key}, place);
  Expr feature = depth * scoreLanes + lane, inside = padded ? min(key, static_cast<int>(sizes.keys) - 1) : key;
  dots(variables) = Internal::make_zero(type);
  dots(variables) = dots(variables) + withLets(queryAt(feature, place) * keyAt(inside, feature, place.task));
  // The tree: a Func a level, so that each is one operation on part of a vector.
  auto sumOf = [&](Func of, int distance) {
    return math::add(of(variables[0], key, place.head, place.token, place.tile, place.task),
                     of(variables[0] + distance, key, place.head, place.token, place.tile, place.task));
  };
  half(variables) = sumOf(dots, scoreLanes / 2);
  quarter(variables) = sumOf(half, scoreLanes / 4);

  RDom domain({{0, valueBlock}, {0, count}}, name("key" + suffix));
  builder.known(domain.x.name(), valueBlock);
  builder.known(domain.y.name(), count);
  Expr at = domain.y * valueBlock + domain.x + first;
  skipUnseen(domain, domain.y * valueBlock + first);
  endWithKeys(domain.y, valueBlock);
  auto part = [&](int l) { return quarter(place.with({l, at})); };
  Expr dot = math::add(math::add(part(0), part(2)), math::add(part(1), part(3)));
  scores(place.with({at})) = withLets(finish(dot, at, place, padded));
  Stage stage = scores.update(scores.num_update_definitions() - 1);
  stage.allow_race_conditions();
  stage.reorder(domain.x, head, token, domain.y);
  if (lanes > 1)
    stage.vectorize(domain.x, lanes);

  // Register tiles of one key times some rows: several keys at once would save loads
  // of queries, but memory is quickest where rows are read in order.
  const int vectors = scoreLanes / width, most = std::max(1, mostVectors(lanes) / vectors);
  const int heads = largestDivisor(sizes.group, std::min(most, mostRows));
  const int some = largestDivisor(tokens.tile, std::max(1, std::min(most, mostRows) / heads));
  Var ho("ho"), hi("hi"), to("to"), ti("ti");
  auto bound = [&](Func f, int size, int someKeys, int someHeads, int someTokens) {
    f.bound(lane, 0, size).bound_extent(key, someKeys).bound_extent(head, someHeads).bound_extent(token, someTokens);
    f.bound_extent(Var("tile"), 1).bound_extent(Var("task"), 1);
  };
  bound(quarter, scoreLanes / 4, valueBlock, sizes.group, tokens.tile);
  quarter.compute_at(scores, domain.y).store_in(MemoryType::Stack);
  quarter.split(head, ho, hi, heads).split(token, to, ti, some);
  quarter.reorder(lane, hi, ti, ho, to, key).unroll(hi).unroll(ti);
  auto vectorise = [&](Stage s, int size) {
    if (lanes > 1)
      s.vectorize(lane, std::min(lanes, size));
    s.unroll(lane);
  };
  vectorise(quarter, scoreLanes / 4);
  bound(half, scoreLanes / 2, 1, heads, some);
  bound(dots, scoreLanes, 1, heads, some);
  for (Func made : {half, dots}) {
    made.compute_at(quarter, ho).store_in(MemoryType::Register);
    made.unroll(head).unroll(token);
  }
  // LLVM takes quarters of a vector apart well, halves of 64 bytes lane by lane.
  vectorise(half, width == scoreLanes ? scoreLanes / 4 : scoreLanes / 2);
  vectorise(dots, scoreLanes);
  Stage update = dots.update();
  update.reorder(lane, head, token, depth).unroll(head).unroll(token);
  vectorise(update, scoreLanes);
}

void AttentionBuilder::makeScores() {
  scores = Func(name("scores"));
  Var key("key");
  std::vector<Var> variables = with({key}, place);
  scores(variables) = undef(type);
  const int keys = static_cast<int>(sizes.keys);
  // By all rows, not by a tile's: the order of sums is the same for all tokens.
  const int64_t rows = sizes.group * sizes.queries, partBytes = rows * valueBlock * (scoreLanes / 4) * type.bytes();
  const bool dots = rows < transposeRows && sizes.features % scoreLanes == 0 && partBytes <= stackLimit;
  int block = dots ? valueBlock : lanes;
  while (!dots && block > 1 && sizes.features * block * type.bytes() > builder.stackLimit())
    block /= 2;
  auto make = [&](int first, int count, bool padded) {
    if (count > 0)
      dots ? dotScores(first, count, padded) : transposedScores(block, first, count, padded);
  };
  const int whole = keys / block;
  make(0, whole, false);
  make(whole * block, paddedKeys / block - whole, true);
  scores.bound(key, 0, keyStride).bound(Var("head"), 0, sizes.group).bound(Var("token"), 0, tokens.tile);
}

} // namespace glmc::kernels::attention
