//===- RecoverAttention.cpp - Attention from its pieces ---------------------===//
//
// From the product of probabilities and values backwards, one element for all
// batches b, key-value heads g, repetitions r of each, tokens s, keys t and
// features at once (ElementTrace.h), so that reshapes, transposes and repeated
// heads in any order do not matter:
//
// 1. Suppose how the product's rows are made of b, g, r, s: nothing in its shape
//    says which of its dimensions are what. Try what its shape allows, fewest
//    key-value heads first.
// 2. Its left side leads through guards to a softmax over t, that through masks
//    and scales to the product of q and k, and those through scales to q and k.
// 3. q has to be dense token-major at some value, k and v token-major or
//    head-major without r. The value furthest back is taken, so that repeated
//    heads are never made. Layouts otherwise ordered cost a transpose.
// 4. Masks become one operand; a constant one that is the causal one becomes
//    `causal`.
//
// Of the scores and probabilities nothing else may be read. An is_nan guard
// becomes `guarded`, which is about rows that attend to nothing; NaNs that come
// with q or k are not hidden by it as the graph's guard would.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/AttentionMask.h"
#include "lowering/simplify/ElementTrace.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERATTENTION
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// The order of an operand's dimensions, which are batch, heads, tokens and
/// features by number.
using Order = std::array<int64_t, 4>;
constexpr Order tokenMajor = {0, 2, 1, 3}, headMajor = {0, 1, 2, 3}, headMajorTransposed = {0, 1, 3, 2};

/// What an operand was found to be.
struct Source {
  Value value;
  Order order = tokenMajor;
  double scale = 1; ///< Of what is multiplied, times the value.
};

/// What a product's dimensions are taken for.
struct Supposition {
  AttentionShape shape;
  bool isQueryHeadMajor = false; ///< q has to be transposed.
  /// The product's rows are heads of one token, so q is taken from a value only
  /// whose shape says that.
  bool areRowsHeads = false;
  bool isGuardedAfter = false; ///< The product is guarded by a where.
};

bool isFloatTensor(Value value) {
  return isa<FloatType>(cast<RankedTensorType>(value.getType()).getElementType());
}

class AttentionMatcher {
public:
  AttentionMatcher(glm::MatmulOp product, const Supposition &supposed, ConstantReader &constants)
      : product(product), supposed(supposed), shape(supposed.shape), constants(constants), trace(constants),
        masks(trace, constants, supposed.shape) {}

  bool match();
  /// Builds glm.attention before the result's op; null if a mask cannot be one
  /// operand.
  Value build();
  /// The value to replace: the product, or the guard after it.
  Value getResult() const { return result; }

private:
  std::optional<Element> rowsOf(Value value, const LinearIndex &column);
  bool matchProbabilities(Element element);
  bool matchGuard(glm::WhereOp guard, const Element &element);
  bool matchGuardAfter();
  bool hasOtherReaders() const;
  bool matchSoftmax(const Element &element);
  bool matchScores(Element element, double scaleOutside);
  bool matchMaskedScores(glm::AddOp sum, const Element &element, double scaleOutside);
  bool matchFill(glm::WhereOp fill, const Element &element, double scaleOutside);
  bool matchQueryAndKey(const Element &element);
  bool isQueryOfOneToken() const;
  bool findSource(Element element, ArrayRef<LinearIndex> index, ArrayRef<int64_t> sizes,
                  ArrayRef<Order> orders, Source &source);
  std::optional<double> scaleBy(Operation *op, unsigned &scaled);
  std::optional<Element> throughCast(const Element &element);
  Value keysOrValues(OpBuilder &builder, Location loc, const Source &source, int64_t features);

  glm::MatmulOp product;
  Supposition supposed;
  AttentionShape shape;
  ConstantReader &constants;
  ElementTrace trace;
  MaskCollector masks;
  int64_t keyFeatures = 0, valueFeatures = 0;
  LinearIndex d;
  Source q, k, v;
  double scale = 1;
  Value result;
  OpSet inside;   ///< What computes scores, probabilities and the result.
  OpSet replaced; ///< What moves and scales q, k and v.
};

/// The element of a product's result or left side in the row of all symbols,
/// at `column`.
std::optional<Element> AttentionMatcher::rowsOf(Value value, const LinearIndex &column) {
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(value.getType()).getShape();
  auto index = trace.indexAt(masks.row(), sizes.drop_back());
  if (!index)
    return std::nullopt;
  index->push_back(column);
  return Element{value, *index};
}

/// The number by which an op multiplies its operand `scaled`.
std::optional<double> AttentionMatcher::scaleBy(Operation *op, unsigned &scaled) {
  if (!isa_and_nonnull<glm::MulOp, glm::DivOp>(op))
    return std::nullopt;
  for (unsigned side : {1, 0}) {
    auto factor = constants.splat(op->getOperand(side));
    scaled = 1 - side;
    if (factor && isa<glm::MulOp>(op))
      return *factor;
    if (factor && side == 1)
      return 1 / *factor;
  }
  return std::nullopt;
}

/// Through a cast from one float type to another: scores and probabilities are
/// made in f32 or wider in any case.
std::optional<Element> AttentionMatcher::throughCast(const Element &element) {
  auto cast = element.value.getDefiningOp<glm::CastOp>();
  if (!cast || !isFloatTensor(cast.getX()) || !isFloatTensor(cast.getY()))
    return std::nullopt;
  return trace.operandOf(element, 0);
}

/// where(is_nan(p), 0, p), or where(max of the mask's row == -inf, 0, p).
bool AttentionMatcher::matchGuard(glm::WhereOp guard, const Element &element) {
  auto zero = constants.splat(guard.getX());
  if (!zero || *zero != 0)
    return false;
  const std::vector<Element> steps = trace.chain(trace.operandOf(element, 0));
  if (!steps.back().value.getDefiningOp<glm::IsNanOp>())
    return masks.setRowGuard(steps.back());
  for (const Element &step : steps)
    inside.insert(step.value.getDefiningOp());
  masks.guarded = true;
  return trace.areSame(trace.operandOf(steps.back(), 0), trace.operandOf(element, 2));
}

bool AttentionMatcher::matchProbabilities(Element element) {
  while (true) {
    Operation *op = element.value.getDefiningOp();
    if (!op)
      return false;
    inside.insert(op);
    if (isa<glm::SoftmaxOp>(op))
      return matchSoftmax(element);
    if (auto guard = dyn_cast<glm::WhereOp>(op)) {
      if (!matchGuard(guard, element))
        return false;
      element = trace.operandOf(element, 2);
    } else if (auto next = throughCast(element)) {
      element = *next;
    } else if (auto next = trace.step(element)) {
      element = *next;
    } else {
      return false;
    }
  }
}

bool AttentionMatcher::matchSoftmax(const Element &element) {
  auto softmax = element.value.getDefiningOp<glm::SoftmaxOp>();
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(softmax.getType()).getShape();
  if (int64_t(softmax.getAxis()) != int64_t(sizes.size()) - 1 || sizes.back() != shape.keys)
    return false;
  // Over all keys of one row.
  LinearIndex key = trace.space.resolve(masks.t);
  for (auto [at, size] : llvm::zip(element.index, sizes.drop_back()))
    for (auto [symbol, coefficient] : trace.space.resolve(at).terms)
      if (llvm::any_of(key.terms, [&, symbol = symbol](auto &term) { return term.first == symbol; }))
        return false;
  if (!(trace.space.resolve(element.index.back()) == key))
    return false;
  return matchScores({softmax.getX(), element.index}, 1);
}

bool AttentionMatcher::matchScores(Element element, double scaleOutside) {
  while (true) {
    Operation *op = element.value.getDefiningOp();
    unsigned scaled = 0;
    if (!op)
      return false;
    inside.insert(op);
    if (isa<glm::MatmulOp>(op)) {
      scale = scaleOutside;
      return matchQueryAndKey(element);
    }
    if (auto factor = scaleBy(op, scaled)) {
      scaleOutside *= *factor;
      element = trace.operandOf(element, scaled);
    } else if (auto sum = dyn_cast<glm::AddOp>(op)) {
      return matchMaskedScores(sum, element, scaleOutside);
    } else if (auto fill = dyn_cast<glm::WhereOp>(op)) {
      return matchFill(fill, element, scaleOutside);
    } else if (auto next = throughCast(element)) {
      element = *next;
    } else if (auto next = trace.step(element)) {
      element = *next;
    } else {
      return false;
    }
  }
}

/// scores + mask; which is which, only the way to the product of q and k tells.
bool AttentionMatcher::matchMaskedScores(glm::AddOp, const Element &element, double scaleOutside) {
  for (unsigned side : {0, 1}) {
    MaskCollector masksBefore = masks;
    OpSet insideBefore = inside;
    // Scores first: that is quick, looking through a constant mask is not.
    if (matchScores(trace.operandOf(element, side), scaleOutside) &&
        masks.add(trace.operandOf(element, 1 - side), scaleOutside))
      return true;
    masks = masksBefore;
    inside = insideBefore;
  }
  return false;
}

/// where(attended, scores, -inf), or where(masked, -inf, scores).
bool AttentionMatcher::matchFill(glm::WhereOp fill, const Element &element, double scaleOutside) {
  for (unsigned side : {1, 2}) {
    auto filling = constants.splat(fill->getOperand(3 - side));
    if (filling && scaleOutside > 0)
      return matchScores(trace.operandOf(element, side), scaleOutside) &&
             masks.fill(trace.operandOf(element, 0), side == 1, *filling);
  }
  return false;
}

/// Whether an element is one of a value whose dimensions, but for shape, are
/// those of `index` in one of `orders`. The furthest such value is the source.
bool AttentionMatcher::findSource(Element element, ArrayRef<LinearIndex> index, ArrayRef<int64_t> sizes,
                                  ArrayRef<Order> orders, Source &source) {
  int64_t elements = 1;
  for (int64_t size : sizes)
    elements *= size;
  double scaled = 1;
  std::vector<std::pair<Element, double>> chain = {{element, scaled}};
  while (true) {
    const Element last = chain.back().first;
    unsigned operand = 0;
    if (auto factor = scaleBy(last.value.getDefiningOp(), operand)) {
      scaled *= *factor;
      chain.push_back({trace.operandOf(last, operand), scaled});
    } else if (auto next = trace.step(last)) {
      chain.push_back({std::move(*next), scaled});
    } else {
      break;
    }
  }
  auto isIn = [&](const Element &found, const Order &order) {
    LinearIndex position;
    for (int64_t dimension : order)
      position = position * sizes[dimension] + index[dimension];
    return cast<RankedTensorType>(found.value.getType()).getNumElements() == elements &&
           trace.position(found) == trace.space.resolve(position);
  };
  for (auto &[found, scaledBy] : llvm::reverse(chain)) {
    auto order = llvm::find_if(orders, [&, &found = found](const Order &order) { return isIn(found, order); });
    if (order == orders.end())
      continue;
    source = {found.value, *order, scaledBy};
    for (auto &[step, ignored] : chain) {
      if (step.value == found.value)
        break;
      replaced.insert(step.value.getDefiningOp());
    }
    return true;
  }
  return false;
}

/// The elements that a product's result is the sum of products of, for all of
/// its inner dimension at `inner`.
static std::pair<Element, Element> factorsOf(glm::MatmulOp product, const Element &element, const LinearIndex &inner) {
  auto side = [&](Value value, const LinearIndex &row, const LinearIndex &column) {
    Element factor{value, {}};
    ArrayRef<int64_t> sizes = cast<RankedTensorType>(value.getType()).getShape().drop_back(2);
    for (auto [at, size] : llvm::zip(ArrayRef(element.index).drop_back(2).take_back(sizes.size()), sizes))
      factor.index.push_back(size == 1 ? LinearIndex() : at);
    factor.index.append({row, column});
    return factor;
  };
  const LinearIndex &row = element.index[element.index.size() - 2], &column = element.index.back();
  Element lhs = side(product.getLhs(), row, inner);
  return {lhs, product.getTransposeRhs() ? side(product.getRhs(), column, inner)
                                         : side(product.getRhs(), inner, column)};
}

/// Whether q's shape, without ones, is [B, H * D] or [B, H, D].
bool AttentionMatcher::isQueryOfOneToken() const {
  SmallVector<int64_t> dims, flat = {shape.batch, shape.kvHeads * shape.repeats * keyFeatures},
                             heads = {shape.batch, shape.kvHeads * shape.repeats, keyFeatures};
  for (SmallVector<int64_t> *expected : {&flat, &heads})
    llvm::erase(*expected, 1);
  llvm::copy_if(cast<RankedTensorType>(q.value.getType()).getShape(), std::back_inserter(dims),
                [](int64_t size) { return size != 1; });
  return dims == flat || dims == heads;
}

bool AttentionMatcher::matchQueryAndKey(const Element &element) {
  auto scores = element.value.getDefiningOp<glm::MatmulOp>();
  keyFeatures = cast<RankedTensorType>(scores.getLhs().getType()).getShape().back();
  if (keyFeatures == 0 || !isa<RankedTensorType>(scores.getRhs().getType()))
    return false;
  d = trace.space.symbol(keyFeatures);
  auto [query, key] = factorsOf(scores, element, d);
  // The product of k and q, transposed, is as good.
  for (bool isSwapped : {false, true}) {
    if (isSwapped)
      std::swap(query, key);
    const Order &order = supposed.isQueryHeadMajor ? headMajor : tokenMajor;
    if (findSource(query, {masks.b, masks.head(), masks.s, d},
                   {shape.batch, shape.kvHeads * shape.repeats, shape.tokens, keyFeatures}, order, q) &&
        (!supposed.areRowsHeads || isQueryOfOneToken()) &&
        findSource(key, {masks.b, masks.g, masks.t, d}, {shape.batch, shape.kvHeads, shape.keys, keyFeatures},
                   {tokenMajor, headMajor, headMajorTransposed}, k))
      return true;
  }
  return false;
}

/// where(a row's mask lets nothing through, 0, product).
bool AttentionMatcher::matchGuardAfter() {
  if (!product->hasOneUse())
    return false;
  auto guard = dyn_cast<glm::WhereOp>(*product->user_begin());
  if (!guard || guard.getY() != product.getResult() || guard.getType() != product.getType())
    return false;
  auto zero = constants.splat(guard.getX());
  auto element = rowsOf(guard.getResult(), trace.space.symbol(valueFeatures));
  if (!zero || *zero != 0 || !element || !masks.setEmptyRowGuard(trace.origin(trace.operandOf(*element, 0))))
    return false;
  result = guard.getResult();
  inside.insert(guard);
  return true;
}

/// Whether other ops than those of `inside` read a part of the attention.
bool AttentionMatcher::hasOtherReaders() const {
  return llvm::any_of(inside, [&](Operation *op) { return op != result.getDefiningOp() && !isReadOnlyBy(op, inside); });
}

bool AttentionMatcher::match() {
  result = product.getResult();
  valueFeatures = cast<RankedTensorType>(product.getType()).getShape().back();
  LinearIndex n = trace.space.symbol(valueFeatures);
  auto element = rowsOf(result, n);
  if (!element || (supposed.isGuardedAfter && !matchGuardAfter()))
    return false;
  inside.insert(product);
  auto [probabilities, values] = factorsOf(product, *element, masks.t);
  return matchProbabilities(probabilities) && masks.finish() &&
         findSource(values, {masks.b, masks.g, masks.t, n}, {shape.batch, shape.kvHeads, shape.keys, valueFeatures},
                    {tokenMajor, headMajor, headMajorTransposed}, v) &&
         v.scale == 1 && !hasOtherReaders() && masks.fits(cast<RankedTensorType>(q.value.getType()).getElementType());
}

/// [B, T, G D] or [B, G, T, D].
Value AttentionMatcher::keysOrValues(OpBuilder &builder, Location loc, const Source &source, int64_t features) {
  auto [batch, kvHeads, repeats, tokens, keys] = shape;
  if (source.order == tokenMajor)
    return reshapeTo(builder, loc, source.value, {batch, keys, kvHeads * features});
  if (source.order == headMajor)
    return reshapeTo(builder, loc, source.value, {batch, kvHeads, keys, features});
  return transposeBy(builder, loc, reshapeTo(builder, loc, source.value, {batch, kvHeads, features, keys}),
                     {0, 1, 3, 2});
}

Value AttentionMatcher::build() {
  OpBuilder builder(result.getDefiningOp());
  for (const OpSet *ops : {&replaced, &masks.replaced})
    inside.insert_range(*ops);
  Location loc = fuseLocations(inside);
  auto [batch, kvHeads, repeats, tokens, keys] = shape;
  int64_t heads = kvHeads * repeats;
  Value query = q.value;
  if (q.order == headMajor)
    query = transposeBy(builder, loc, reshapeTo(builder, loc, query, {batch, heads, tokens, keyFeatures}),
                        {0, 2, 1, 3});
  query = reshapeTo(builder, loc, query, {batch, tokens, heads * keyFeatures});
  Value key = keysOrValues(builder, loc, k, keyFeatures), value = keysOrValues(builder, loc, v, valueFeatures);
  auto type = RankedTensorType::get({batch, tokens, heads * valueFeatures},
                                    cast<RankedTensorType>(query.getType()).getElementType());
  auto mask = masks.build(builder, loc, type.getElementType());
  if (!mask)
    return {};
  Value attention = glm::AttentionOp::create(builder, loc, type, query, key, value, *mask, Value(), heads, kvHeads,
                                             APFloat(scale * q.scale * k.scale), masks.isCausal(), masks.guarded);
  attention = reshapeTo(builder, loc, attention, {batch, tokens, heads, valueFeatures});
  attention = transposeBy(builder, loc, attention, {0, 2, 1, 3});
  return reshapeTo(builder, loc, attention, cast<RankedTensorType>(result.getType()).getShape());
}

/// All suppositions that a product's shape allows, the likeliest first.
std::vector<Supposition> supposeShapes(glm::MatmulOp product) {
  ArrayRef<int64_t> dims = cast<RankedTensorType>(product.getType()).getShape();
  int64_t keys = cast<RankedTensorType>(product.getLhs().getType()).getShape().back(), rank = dims.size();
  std::vector<Supposition> all;
  // More than any model has: dimensions of that size are something else.
  constexpr int64_t mostHeads = 4096;
  auto suppose = [&](int64_t batch, int64_t heads, int64_t tokens, bool isQueryHeadMajor, bool areRowsHeads) {
    for (int64_t kvHeads = 1; kvHeads <= heads && heads <= mostHeads; ++kvHeads)
      if (heads % kvHeads == 0)
        for (bool isGuardedAfter : {true, false})
          all.push_back({{batch, kvHeads, heads / kvHeads, tokens, keys}, isQueryHeadMajor, areRowsHeads,
                         isGuardedAfter});
  };
  auto supposeTokens = [&](bool isQueryHeadMajor) {
    if (rank == 2)
      suppose(1, 1, dims[0], isQueryHeadMajor, false);
    if (rank == 3) // Batches and heads are one dimension.
      for (int64_t batch = 1; batch <= std::min(dims[0], mostHeads); ++batch)
        if (dims[0] % batch == 0)
          suppose(batch, dims[0] / batch, dims[1], isQueryHeadMajor, false);
    if (rank == 4)
      suppose(dims[0], dims[1], dims[2], isQueryHeadMajor, false);
    if (rank == 5) // Repetitions have a dimension.
      suppose(dims[0], dims[1] * dims[2], dims[3], isQueryHeadMajor, false);
  };
  supposeTokens(false);
  // One token, whose heads take the place of tokens.
  if (rank == 3)
    suppose(1, dims[0] * dims[1], 1, false, true);
  if (rank == 4)
    suppose(dims[0], dims[1] * dims[2], 1, false, true);
  supposeTokens(true);
  // Fewest keys to read first: of heads that are repeated, or taken for batches,
  // that tells which are.
  llvm::stable_sort(all, [](const Supposition &a, const Supposition &b) {
    return a.shape.batch * a.shape.kvHeads < b.shape.batch * b.shape.kvHeads;
  });
  return all;
}

/// Whether a softmax is near enough above a product's left side that it may be
/// attention: keeps what follows away from ordinary products.
bool readsSoftmax(glm::MatmulOp product) {
  Value value = product.getLhs();
  for (int steps = 0; steps < 16; ++steps) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumOperands() == 0)
      return false;
    if (isa<glm::SoftmaxOp>(op))
      return true;
    value = op->getOperand(isa<glm::WhereOp>(op) ? 2 : 0);
  }
  return false;
}

struct RecoverAttentionPass : glmc::impl::RecoverAttentionBase<RecoverAttentionPass> {
  static bool recover(glm::MatmulOp product, ConstantReader &constants) {
    if (!isa<RankedTensorType>(product.getRhs().getType()) || !isFloatTensor(product.getResult()) ||
        cast<RankedTensorType>(product.getType()).getNumElements() == 0 ||
        cast<RankedTensorType>(product.getLhs().getType()).getNumElements() == 0 || !readsSoftmax(product))
      return false;
    for (const Supposition &supposed : supposeShapes(product)) {
      AttentionMatcher matcher(product, supposed, constants);
      if (!matcher.match())
        continue;
      if (Value attention = matcher.build()) {
        Value result = matcher.getResult();
        result.replaceAllUsesWith(attention);
        return true;
      }
    }
    return false;
  }

  void runOnOperation() override {
    ConstantReader constants(getOperation());
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      Block &block = graph.getBody().front();
      for (auto product : llvm::make_early_inc_range(block.getOps<glm::MatmulOp>()))
        if (!product->use_empty() && recover(product, constants))
          ++recovered;
      eraseDeadOps(block);
    }
  }
};

} // namespace
