//===- RecoverRotary.cpp - Rotary position embedding from its pieces --------===//
//
// Whatever an exporter writes, element j of a rotated head is
//   x[a] cos[i] - x[b] sin[i]   or   x[b] cos[i] + x[a] sin[i]
// for a pair of features a, b. So, for a value of shape [B, H, S, D] (or
// [B, S, H, D]):
//
// 1. Parse each of the D elements of a head, for all b, h and s at once: a sum
//    of two products, or a copy. Signs are carried through glm.neg.
// 2. Find x: the value furthest from the result of which every element has a
//    factor, at a place that is dense token-major (or head-major, at the price
//    of a transpose) and at feature j itself for one of its two products. The
//    other factors are cosines and sines.
// 3. Pairs have to be all (2 i, 2 i + 1) or all (i, i + P), from feature 0 on,
//    with the signs above, copies after them, and both elements of a pair have
//    to have the same cosine and sine (tables come with their columns twice).
// 4. Cut the tables to [B or 1, S, P] and build glm.rotary.
//
// A result with pieces that others read stays as it is: they would be computed
// twice.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"
#include "lowering/simplify/ElementTrace.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {
#define GEN_PASS_DEF_RECOVERROTARY
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct SignedElement {
  Element element;
  int sign;
};
/// From an element back to where it comes from, through movement and negation.
using Path = std::vector<SignedElement>;

/// One element of a head: a copy by the first path, or the sum of two products
/// of two factors each.
struct Feature {
  bool isRotated = false;
  Path copy;
  Path factors[2][2];
};

/// What a rotated element was found to be: x[feature] * cosine + sign *
/// x[partner] * sine, the signs of the tables' origins included.
struct Rotation {
  int64_t partner = 0;
  const Path *cosine = nullptr, *sine = nullptr;
  int cosineSign = 0, sineSign = 0;
};

/// The result's dimensions.
struct Heads {
  int64_t batch, heads, tokens, features;
  bool isHeadMajor; ///< [B, H, S, D], else [B, S, H, D].
};

class RotaryMatcher {
public:
  RotaryMatcher(Value result, const Heads &shape, ConstantReader &constants)
      : result(result), shape(shape), trace(constants), b(trace.space.symbol(shape.batch)),
        h(trace.space.symbol(shape.heads)), s(trace.space.symbol(shape.tokens)) {}

  bool match();
  /// Builds glm.rotary before the result's op; the value to replace the result
  /// by, or null if the tables cannot be cut.
  Value build();

private:
  Path pathOf(Element element, int sign);
  void parse(int64_t j, Feature &feature);
  bool parseProduct(const Element &element, int sign, Path (&factors)[2]);
  std::optional<SignedElement> findX(const Path &path, int64_t &feature) const;
  bool explain(int64_t j, const Feature &feature, Rotation &rotation) const;
  bool chooseX();
  bool explainAll();
  bool havePairsOneTable();
  int64_t pairStart(int64_t i) const { return isInterleaved ? 2 * i : i; }
  bool dependsOnBatch(const Element &element) const;
  Value cutTable(OpBuilder &builder, Location loc, bool isCosine);
  Value denseTable(OpBuilder &builder, Location loc, Value value, ArrayRef<Element> columns, int64_t batch);
  Value slicedTable(OpBuilder &builder, Location loc, Value value, ArrayRef<Element> columns, int64_t batch);
  void collect(const Path &path, Value end);
  bool areArithmeticReadersInside();

  Value result;
  Heads shape;
  ElementTrace trace;
  LinearIndex b, h, s;
  std::vector<Feature> features;
  std::vector<Rotation> rotations;
  Value x;
  bool isXHeadMajor = false, isInterleaved = false;
  int64_t pairs = 0;
  OpSet replaced;
};

Path RotaryMatcher::pathOf(Element element, int sign) {
  Path path = {{std::move(element), sign}};
  while (true) {
    const Element last = path.back().element;
    if (last.value.getDefiningOp<glm::NegOp>()) {
      sign = -sign;
      path.push_back({trace.operandOf(last, 0), sign});
    } else if (auto next = trace.step(last)) {
      path.push_back({std::move(*next), sign});
    } else {
      return path;
    }
  }
}

bool RotaryMatcher::parseProduct(const Element &element, int sign, Path (&factors)[2]) {
  const SignedElement product = pathOf(element, sign).back();
  if (!product.element.value.getDefiningOp<glm::MulOp>())
    return false;
  factors[0] = pathOf(trace.operandOf(product.element, 0), product.sign);
  factors[1] = pathOf(trace.operandOf(product.element, 1), 1);
  for (const SignedElement &step : pathOf(element, sign))
    replaced.insert(step.element.value.getDefiningOp());
  return true;
}

void RotaryMatcher::parse(int64_t j, Feature &feature) {
  Element element{result, {b, h, s, j}};
  if (!shape.isHeadMajor)
    std::swap(element.index[1], element.index[2]);
  element.index.erase(element.index.begin(), element.index.end() - cast<RankedTensorType>(result.getType()).getRank());
  feature.copy = pathOf(std::move(element), 1);
  const SignedElement sum = feature.copy.back();
  Operation *op = sum.element.value.getDefiningOp();
  if (!isa_and_nonnull<glm::AddOp, glm::SubOp>(op))
    return;
  int sign = isa<glm::SubOp>(op) ? -sum.sign : sum.sign;
  feature.isRotated = parseProduct(trace.operandOf(sum.element, 0), sum.sign, feature.factors[0]) &&
                      parseProduct(trace.operandOf(sum.element, 1), sign, feature.factors[1]);
}

/// Where on the path x is, and which feature of the head it is there.
std::optional<SignedElement> RotaryMatcher::findX(const Path &path, int64_t &feature) const {
  LinearIndex head = isXHeadMajor ? (b * shape.heads + h) * shape.tokens + s : (b * shape.tokens + s) * shape.heads + h;
  head = trace.space.resolve(head * shape.features);
  for (const SignedElement &step : llvm::reverse(path)) {
    if (step.element.value != x)
      continue;
    LinearIndex offset = trace.position(step.element) - head;
    feature = offset.constant;
    if (offset.isConstant() && feature >= 0 && feature < shape.features)
      return step;
  }
  return std::nullopt;
}

bool RotaryMatcher::explain(int64_t j, const Feature &feature, Rotation &rotation) const {
  int64_t at = -1;
  if (!feature.isRotated) {
    auto copy = findX(feature.copy, at);
    return copy && at == j && copy->sign == 1;
  }
  for (auto &factors : feature.factors) {
    // One of the two is x. If both are, the first will do: the other is refused
    // as a table.
    int side = 0;
    auto found = findX(factors[0], at);
    if (!found) {
      side = 1;
      found = findX(factors[1], at);
    }
    if (!found)
      return false;
    const Path &table = factors[1 - side];
    int sign = found->sign * table.back().sign;
    if (at == j) {
      rotation.cosine = &table;
      rotation.cosineSign = sign;
    } else {
      rotation.partner = at;
      rotation.sine = &table;
      rotation.sineSign = sign;
    }
  }
  return rotation.cosine && rotation.sine;
}

/// Explains every feature by the x at hand.
bool RotaryMatcher::explainAll() {
  rotations.assign(features.size(), Rotation());
  for (auto [j, feature] : llvm::enumerate(features))
    if (!explain(j, feature, rotations[j]))
      return false;
  return true;
}

bool RotaryMatcher::chooseX() {
  int64_t elements = shape.batch * shape.heads * shape.tokens * shape.features;
  for (bool headMajor : {false, true}) {
    isXHeadMajor = headMajor;
    for (int side : {0, 1})
      for (const SignedElement &step : llvm::reverse(features[0].factors[0][side])) {
        // A part of a head-major value is no rotation of its own: what is to be
        // found is the whole head, with the features that are copied.
        if (headMajor && step.element.value != features[0].factors[0][side].back().element.value)
          break;
        x = step.element.value;
        if (cast<RankedTensorType>(x.getType()).getNumElements() == elements && explainAll())
          return true;
      }
  }
  return false;
}

/// Whether the pairs are of one of the two kinds, and the two elements of each
/// have the same cosine and sine with the right signs.
bool RotaryMatcher::havePairsOneTable() {
  int64_t rotated = llvm::count_if(features, [](const Feature &feature) { return feature.isRotated; });
  for (int64_t j = 0; j < rotated; ++j)
    if (!features[j].isRotated)
      return false;
  pairs = rotated / 2;
  isInterleaved = rotations[0].partner == 1;
  if (rotated % 2 != 0 || pairs == 0)
    return false;
  for (int64_t i = 0; i < pairs; ++i) {
    int64_t first = pairStart(i), second = first + (isInterleaved ? 1 : pairs);
    const Rotation &a = rotations[first], &b = rotations[second];
    if (a.partner != second || b.partner != first || a.cosineSign != 1 || b.cosineSign != 1 || a.sineSign != -1 ||
        b.sineSign != 1)
      return false;
    if (!trace.areSame(a.cosine->back().element, b.cosine->back().element) ||
        !trace.areSame(a.sine->back().element, b.sine->back().element))
      return false;
  }
  return true;
}

/// Takes the ops on a path before `end` as replaced.
void RotaryMatcher::collect(const Path &path, Value end) {
  for (const SignedElement &step : path) {
    if (step.element.value == end)
      return;
    if (Operation *op = step.element.value.getDefiningOp())
      replaced.insert(op);
  }
}

/// Whether the sums and products are read by ops of the rotation only.
bool RotaryMatcher::areArithmeticReadersInside() {
  Operation *root = result.getDefiningOp();
  replaced.insert(root);
  for (const Feature &feature : features) {
    // The sum is the end of its path; x is not, where an element is a copy.
    collect(feature.copy, feature.isRotated ? Value() : x);
    for (auto &factors : feature.factors)
      for (const Path &path : factors) {
        bool isX = llvm::any_of(path, [&](const SignedElement &step) { return step.element.value == x; });
        if (feature.isRotated)
          collect(path, isX ? x : path.back().element.value);
      }
  }
  return llvm::all_of(replaced, [&](Operation *op) {
    return op == root || !isa<glm::AddOp, glm::SubOp, glm::MulOp>(op) || isReadOnlyBy(op, replaced);
  });
}

bool RotaryMatcher::match() {
  features.resize(shape.features);
  for (auto [j, feature] : llvm::enumerate(features)) {
    parse(j, feature);
    if (j == 0 && !feature.isRotated)
      return false;
  }
  return chooseX() && havePairsOneTable() && areArithmeticReadersInside();
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

bool RotaryMatcher::dependsOnBatch(const Element &element) const {
  LinearIndex batch = trace.space.resolve(b);
  return llvm::any_of(trace.position(element).terms, [&](auto term) {
    return llvm::any_of(batch.terms, [&](auto other) { return other.first == term.first; });
  });
}

/// The element of `value` on a path, if no negation follows.
static std::optional<Element> elementOn(const Path &path, Value value) {
  for (const SignedElement &step : llvm::reverse(path))
    if (step.element.value == value && step.sign == path.back().sign)
      return step.element;
  return std::nullopt;
}

/// The table as a value on all paths by another shape; null if it is not that.
Value RotaryMatcher::denseTable(OpBuilder &builder, Location loc, Value value, ArrayRef<Element> columns,
                                int64_t batch) {
  LinearIndex row = batch == 1 ? s : b * shape.tokens + s;
  row = trace.space.resolve(row * pairs);
  if (cast<RankedTensorType>(value.getType()).getNumElements() != batch * shape.tokens * pairs)
    return {};
  for (auto [i, column] : llvm::enumerate(columns))
    if (!(trace.position(column) == row + i))
      return {};
  return reshapeTo(builder, loc, value, {batch, shape.tokens, pairs});
}

/// What a dimension of a table's value is for; sorting puts tables in order.
enum Role { batchRole, tokenRole, pairRole, fixedRole };

/// The table as a slice of a value on all paths: columns that grow evenly in one
/// dimension, batch and tokens whole in others; null if it is not that.
Value RotaryMatcher::slicedTable(OpBuilder &builder, Location loc, Value value, ArrayRef<Element> columns,
                                 int64_t batch) {
  const LinearIndex batchIndex = trace.space.resolve(b), tokenIndex = trace.space.resolve(s);
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> starts, steps, sizes;
  SmallVector<Role> roles;
  int64_t elements = 1;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    auto at = [&](int64_t i) { return trace.space.resolve(columns[i].index[d]); };
    LinearIndex first = at(0), growth = pairs > 1 ? at(1) - first : LinearIndex();
    for (int64_t i = 0; i < pairs; ++i)
      if (!growth.isConstant() || !(at(i) == first + i * growth.constant))
        return {};
    Role role = growth.constant != 0 ? pairRole
                : first.isConstant() ? fixedRole
                : first == tokenIndex ? tokenRole
                                      : batchRole;
    int64_t size = role == pairRole ? pairs : role == fixedRole ? 1 : type.getDimSize(d);
    bool fits = role == batchRole   ? first == batchIndex && size == batch
                : role == tokenRole ? size == shape.tokens
                                    : first.isConstant();
    if (!fits || (role != fixedRole && llvm::is_contained(roles, role)))
      return {};
    starts.push_back(first.isConstant() ? first.constant : 0);
    steps.push_back(role == pairRole ? growth.constant : 1);
    sizes.push_back(size);
    roles.push_back(role);
    elements *= size;
  }
  if (elements != batch * shape.tokens * pairs)
    return {};
  Value slice = glm::SliceOp::create(builder, loc, RankedTensorType::get(sizes, type.getElementType()), value, starts,
                                     steps);
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  llvm::stable_sort(order, [&](int64_t a, int64_t b) { return roles[a] < roles[b]; });
  return reshapeTo(builder, loc, transposeBy(builder, loc, slice, order), {batch, shape.tokens, pairs});
}

Value RotaryMatcher::cutTable(OpBuilder &builder, Location loc, bool isCosine) {
  SmallVector<const Path *> paths;
  for (int64_t i = 0; i < pairs; ++i) {
    const Rotation &rotation = rotations[pairStart(i)];
    paths.push_back(isCosine ? rotation.cosine : rotation.sine);
  }
  bool dependsOn = dependsOnBatch(rotations[0].cosine->back().element) ||
                   dependsOnBatch(rotations[0].sine->back().element);
  int64_t batch = dependsOn ? shape.batch : 1;
  // The furthest value, so that it is the same for all layers.
  for (const SignedElement &step : llvm::reverse(*paths[0])) {
    std::vector<Element> columns;
    for (const Path *path : paths)
      if (auto element = elementOn(*path, step.element.value))
        columns.push_back(*element);
    if (int64_t(columns.size()) != pairs)
      continue;
    if (Value table = denseTable(builder, loc, step.element.value, columns, batch))
      return table;
    if (Value table = slicedTable(builder, loc, step.element.value, columns, batch))
      return table;
  }
  return {};
}

Value RotaryMatcher::build() {
  OpBuilder builder(result.getDefiningOp());
  Location loc = fuseLocations(replaced);
  Value cosine = cutTable(builder, loc, true), sine = cutTable(builder, loc, false);
  if (!cosine || !sine || cosine.getType() != sine.getType())
    return {};
  auto [batch, heads, tokens, size, isHeadMajor] = shape;
  Value source = x;
  if (isXHeadMajor)
    source = transposeBy(builder, loc, reshapeTo(builder, loc, x, {batch, heads, tokens, size}), {0, 2, 1, 3});
  source = reshapeTo(builder, loc, source, {batch, tokens, heads * size});
  Value rotary = glm::RotaryOp::create(builder, loc, source.getType(), source, cosine, sine, heads, isInterleaved);
  rotary = reshapeTo(builder, loc, rotary, {batch, tokens, heads, size});
  if (isHeadMajor)
    rotary = transposeBy(builder, loc, rotary, {0, 2, 1, 3});
  return reshapeTo(builder, loc, rotary, cast<RankedTensorType>(result.getType()).getShape());
}

struct RecoverRotaryPass : glmc::impl::RecoverRotaryBase<RecoverRotaryPass> {
  /// Whether a head's features are put together here, so that this may be the
  /// whole of a rotation.
  static bool mayBeResult(Operation &op) {
    if (isa<glm::AddOp, glm::SubOp, glm::ConcatOp>(op))
      return true;
    auto reshape = dyn_cast<glm::ReshapeOp>(op);
    if (!reshape)
      return false;
    auto from = cast<RankedTensorType>(reshape.getX().getType()), to = cast<RankedTensorType>(reshape.getType());
    return from.getRank() > 0 && to.getRank() > 0 && from.getShape().back() != to.getShape().back();
  }

  static bool recover(Operation &op, ConstantReader &constants) {
    auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
    if (!type || (type.getRank() != 3 && type.getRank() != 4) || !isa<FloatType>(type.getElementType()) ||
        type.getNumElements() == 0)
      return false;
    SmallVector<int64_t> dims(type.getShape());
    if (dims.size() == 3)
      dims.insert(dims.begin(), 1);
    for (bool isHeadMajor : {true, false}) {
      Heads shape{dims[0], dims[isHeadMajor ? 1 : 2], dims[isHeadMajor ? 2 : 1], dims[3], isHeadMajor};
      RotaryMatcher matcher(op.getResult(0), shape, constants);
      if (!matcher.match())
        continue;
      if (Value rotary = matcher.build()) {
        op.getResult(0).replaceAllUsesWith(rotary);
        return true;
      }
    }
    return false;
  }

  void runOnOperation() override {
    ConstantReader constants(getOperation());
    for (auto graph : getOperation().getOps<glm::GraphOp>()) {
      Block &block = graph.getBody().front();
      // Last op first: the whole head before the part of it that is rotated.
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
        if (mayBeResult(op) && !op.use_empty() && recover(op, constants))
          ++recovered;
      eraseDeadOps(block);
    }
  }
};

} // namespace
