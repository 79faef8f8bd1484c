//===- AttentionValues.cpp - Probabilities times values ----------------------===//
//
// Values are added up in blocks of valueBlock keys from the first key on, then
// the blocks: an order that does not depend on how many keys there is room for.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Attention.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels::attention {

void AttentionBuilder::scheduleSums(Stage stage, const std::vector<Func> &made, std::vector<VarOrRVar> around) {
  Var feature("feature"), outer("fo"), inner("fi"), lane("fl");
  stage.split(feature, outer, inner, sumLanes * sumVectors).split(inner, inner, lane, sumLanes).unroll(inner);
  around.insert(around.begin(), outer);
  scheduleRows(stage, made, sumRows, {lane, inner}, around);
  if (sumLanes > 1)
    stage.vectorize(lane);
}

/// Whole blocks of keys. Of the last one some keys may not be there: their
/// probability is 0, and what is read instead is the last key that is.
void AttentionBuilder::addBlocks() {
  const int blocks = static_cast<int>(sizes.keys) / valueBlock;
  Var feature("feature"), block("block"), head("head"), token("token");
  builder.known(block.name(), blocks);
  Func sum(name("block"));
  std::vector<Var> variables = with({feature}, place), all = with({feature, block}, place);
  RDom within(0, valueBlock, name("within"));
  builder.known(within.x.name(), valueBlock);
  Expr key = block * valueBlock + within;
  Expr present = sizes.past < 0 ? key : min(key, before() + static_cast<int>(sizes.queries - 1));
  sum(all) = Internal::make_zero(type);
  sum(all) = sum(all) + withLets(weights(place.with({key})) * valueAt(present, feature, place.task));
  RDom each(0, blocks, name("each"));
  skipUnseen(each, each * valueBlock);
  endWithKeys(each.x, valueBlock);
  sums(variables) = sums(variables) + sum(place.with({feature, each}));
  scheduleSums(sums.update(), {sum}, {each.x});
  sum.bound_extent(feature, sumLanes * sumVectors).bound_extent(block, 1);
  Stage update = sum.update();
  update.reorder(feature, head, token, within.x);
  if (sumLanes > 1) {
    sum.vectorize(feature, sumLanes);
    update.vectorize(feature, sumLanes);
  }
  sum.unroll(feature);
  update.unroll(feature).unroll(head).unroll(token).unroll(within.x, 4);
}

/// Keys after the last whole block, one by one.
void AttentionBuilder::addRest() {
  const int first = static_cast<int>(sizes.keys) / valueBlock * valueBlock,
            count = static_cast<int>(sizes.keys) - first;
  Var feature("feature");
  std::vector<Var> variables = with({feature}, place);
  RDom rest(0, count, name("rest"));
  skipUnseen(rest, Expr(first));
  Expr key = rest + first;
  builder.known(rest.x.name(), count);
  sums(variables) = sums(variables) + withLets(weights(place.with({key})) * valueAt(key, feature, place.task));
  scheduleSums(sums.update(sums.num_update_definitions() - 1), {}, {});
}

void AttentionBuilder::makeValues() {
  sums = Func(name("values"));
  Var feature("feature");
  builder.known(feature.name(), sizes.valueFeatures);
  sumLanes = lanes;
  while (sizes.valueFeatures % sumLanes)
    sumLanes /= 2;
  const int vectors = static_cast<int>(sizes.valueFeatures) / sumLanes, most = mostVectors(lanes);
  // Few rows wait for memory, which is quickest where whole rows are read in order.
  const bool isWhole = sizes.group * tokens.tile <= mostRows && vectors <= most;
  sumRows = isWhole ? std::min(mostRows, most / vectors) : mostRows;
  const int heads = largestDivisor(sizes.group, sumRows);
  const int rows = heads * largestDivisor(tokens.tile, std::max(1, sumRows / heads));
  sumVectors = largestDivisor(vectors, std::max(1, most / rows));
  sums(with({feature}, place)) = Internal::make_zero(type);
  sums.bound(feature, 0, static_cast<int>(sizes.valueFeatures)).bound(Var("head"), 0, sizes.group);
  sums.bound(Var("token"), 0, tokens.tile);
  if (sumLanes > 1)
    sums.vectorize(feature, sumLanes);
  if (sizes.keys >= valueBlock)
    addBlocks();
  if (sizes.keys % valueBlock)
    addRest();
}

} // namespace glmc::kernels::attention
