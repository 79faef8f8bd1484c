//===- AttentionScores.cpp - Queries times keys -------------------------------===//
//
// Scores are made in one of two ways. Few rows, as in decoding: dot products
// along the features, in dotLanes partial sums and a tree. Many rows: keys are
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
/// Places that keys are read at in turn, where few rows wait for memory.
constexpr int keyStreams = 4;

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

  // Keys are read in several places at once, so that memory has several streams
  // to fetch ahead in. The last one may have fewer; then its last keys come again.
  const int streams = count >= keyStreams ? keyStreams : 1, steps = (count + streams - 1) / streams;
  RDom domain({{0, block}, {0, streams}, {0, steps}}, name("key" + suffix));
  builder.known(domain.x.name(), block);
  Expr blocks = sizes.past < 0 ? Expr(count)
                               : (before() + static_cast<int>(sizes.queries) + (valueBlock - 1)) / valueBlock *
                                     (valueBlock / block);
  Expr group =
      streams == 1 ? Expr(domain[2]) : min(domain[1] * ((blocks + (streams - 1)) / streams) + domain[2], blocks - 1);
  Expr at = group * block + domain.x + first;
  skipUnseen(domain, (group * block + first) / valueBlock * valueBlock);
  endWithKeys(domain[2], block, streams);
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
  auto lastLevel = [&](int l) { return levels.back()(place.with({l, domain.x, group})); };
  scores(place.with({at})) = withLets(finish(math::add(lastLevel(0), lastLevel(1)), at, place, padded));
  Stage stage = scores.update(scores.num_update_definitions() - 1);
  stage.allow_race_conditions();
  scheduleRows(stage, levels, mostAccumulators / block, {domain.x}, {domain[1], domain[2]});
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

} // namespace glmc::kernels::attention
