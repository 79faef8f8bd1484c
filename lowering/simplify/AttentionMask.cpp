//===- AttentionMask.cpp - What attention may attend to ---------------------===//
#include "lowering/simplify/AttentionMask.h"

#include <cmath>

using namespace mlir;

namespace glmc {

/// Scores of a working model are far from these.
constexpr double lowestScore = -1e30, lowestHalfScore = -65504;

bool hidesScore(double number, Type element) { return number <= (element.isF16() ? lowestHalfScore : lowestScore); }

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

MaskCollector::MaskCollector(ElementTrace &trace, ConstantReader &constants, const AttentionShape &shape)
    : b(trace.space.symbol(shape.batch)), g(trace.space.symbol(shape.kvHeads)), r(trace.space.symbol(shape.repeats)),
      s(trace.space.symbol(shape.tokens)), t(trace.space.symbol(shape.keys)), trace(&trace), constants(&constants),
      shape(shape) {}

/// Counts the ops that lead to an element, movement and its last op, among those
/// that go.
void MaskCollector::take(const Element &element) {
  for (const Element &step : trace->chain(element))
    if (Operation *op = step.value.getDefiningOp())
      if (op->getNumOperands() > 0)
        replaced.insert(op);
}

/// What a constant lets through for tokens s and keys t. Nothing if it is no
/// constant, differs for other symbols, or, of numbers, has other ones than 0
/// and those that let nothing through.
std::optional<MaskCollector::Pattern> MaskCollector::classify(const Element &element, bool isNegated,
                                                              bool mayLeaveRowsEmpty) {
  Element origin = trace->origin(element);
  const reference::Tensor *tensor = constants->read(origin.value);
  LinearIndex position = trace->position(origin);
  if (!tensor || !trace->space.usesOnly(position, {s, t}))
    return std::nullopt;
  // A position is linear: what the token adds to it and what the key adds.
  std::vector<int64_t> byKey;
  for (int64_t key = 0; key < shape.keys; ++key)
    byKey.push_back(trace->space.valueAt(position, {{t, key}}) - position.constant);
  bool isFloat = isa<FloatType>(tensor->type.getElementType()), isEverything = true, isBottomRight = true;
  for (int64_t row = 0; row < shape.tokens; ++row) {
    bool isEmpty = true, hasFinite = false;
    const int64_t byToken = trace->space.valueAt(position, {{s, row}});
    for (int64_t key = 0; key < shape.keys; ++key) {
      int64_t at = byToken + byKey[key];
      bool attended = isFloat ? tensor->getFloat(at) == 0 : (tensor->getInt(at) != 0) != isNegated;
      if (isFloat && !attended && !hidesScore(tensor->getFloat(at), tensor->type.getElementType()))
        return std::nullopt;
      hasFinite |= !attended && (!isFloat || !std::isinf(tensor->getFloat(at)));
      isEmpty &= !attended;
      isEverything &= attended;
      isBottomRight &= attended == (key <= row + shape.keys - shape.tokens);
    }
    // A row of nothing but one finite number is as good as a row of zeros.
    if (isEmpty && hasFinite && !mayLeaveRowsEmpty)
      return std::nullopt;
  }
  return isEverything ? Pattern::everything : isBottomRight ? Pattern::causal : Pattern::other;
}

/// Of `a and b` (or `not (a or b)`) one of which is a constant that is causal or
/// lets everything through, takes the other. `result` is whether it was taken.
bool MaskCollector::dropConstantSide(const Element &element, bool isNegated, bool &result) {
  for (unsigned side : {0, 1}) {
    auto pattern = classify(trace->operandOf(element, side), isNegated, /*mayLeaveRowsEmpty=*/true);
    if (!pattern || *pattern == Pattern::other)
      continue;
    causal |= *pattern == Pattern::causal;
    result = addBoolean(trace->operandOf(element, 1 - side), isNegated);
    return true;
  }
  return false;
}

bool MaskCollector::addBoolean(const Element &element, bool isNegated) {
  take(element);
  if (auto pattern = classify(element, isNegated, /*mayLeaveRowsEmpty=*/true); pattern && *pattern != Pattern::other) {
    causal |= *pattern == Pattern::causal;
    return true;
  }
  Element origin = trace->origin(element);
  Operation *op = origin.value.getDefiningOp();
  if (isa_and_nonnull<glm::NotOp>(op))
    return addBoolean(trace->operandOf(origin, 0), !isNegated);
  bool result = false;
  if ((isNegated ? isa_and_nonnull<glm::OrOp>(op) : isa_and_nonnull<glm::AndOp>(op)) &&
      dropConstantSide(origin, isNegated, result))
    return result;
  parts.push_back({element, isNegated});
  return true;
}

bool MaskCollector::isGuarded(const Element &attended) {
  bool isSame = emptyRowMask && trace->areSame(attended, *emptyRowMask);
  isEmptyRowMaskMet |= isSame;
  return isSame;
}

/// Whether an element is 0 where the guarded boolean is true and the lowest
/// number elsewhere: the cast of its negation, times that number.
bool MaskCollector::isLowestWhereNotAttended(const Element &element) {
  for (unsigned side : {0, 1}) {
    const Value number = element.value.getDefiningOp()->getOperand(side);
    auto factor = constants->splat(number);
    Element cast = trace->origin(trace->operandOf(element, 1 - side));
    if (!factor || !hidesScore(*factor, typeOf(number).getElementType()) || std::isinf(*factor) ||
        !cast.value.getDefiningOp<glm::CastOp>())
      continue;
    Element negated = trace->origin(trace->operandOf(cast, 0));
    if (negated.value.getDefiningOp<glm::NotOp>() && isGuarded(trace->operandOf(negated, 0)))
      return true;
  }
  return false;
}

bool MaskCollector::add(const Element &element, double scale) {
  added.push_back(element);
  if (!(scale > 0))
    return false;
  if (auto pattern = classify(element, false, /*mayLeaveRowsEmpty=*/false); pattern && *pattern != Pattern::other) {
    take(element);
    causal |= *pattern == Pattern::causal;
    return true;
  }
  Element origin = trace->origin(element);
  if (auto where = origin.value.getDefiningOp<glm::WhereOp>()) {
    // No constant is like a number that does not occur in masks.
    double x = constants->splat(where.getX()).value_or(1), y = constants->splat(where.getY()).value_or(1);
    const Element condition = trace->operandOf(origin, 0);
    for (bool isNegated : {false, true}) {
      // 0 where attended, something low elsewhere; a finite low only with a
      // guard, which makes the difference between the two.
      bool isLow = x == 0 && hidesScore(y, where.getType().getElementType()), hasGuard = isLow && !isNegated && isGuarded(condition);
      if (isLow && (std::isinf(y) || hasGuard)) {
        take(element);
        return addBoolean(condition, isNegated);
      }
      std::swap(x, y);
    }
  }
  if (origin.value.getDefiningOp<glm::MulOp>() && isLowestWhereNotAttended(origin)) {
    take(element);
    return addBoolean(*emptyRowMask, false);
  }
  parts.push_back({element, false});
  return scale == 1;
}

bool MaskCollector::fill(const Element &condition, bool attended, double filling) {
  if (!(filling <= lowestScore))
    return false;
  ++filled;
  if (std::isinf(filling))
    return addBoolean(condition, !attended);
  // The lowest number instead of -inf is the same but for empty rows.
  return classify(condition, !attended, /*mayLeaveRowsEmpty=*/false) && addBoolean(condition, !attended);
}

/// The elements, for all keys, of which a reduction over keys makes `reduced`.
std::optional<Element> MaskCollector::guardedRow(const Element &reduced, ArrayRef<StringRef> kinds) {
  Element origin = trace->origin(reduced);
  auto reduce = origin.value.getDefiningOp<glm::ReduceOp>();
  if (!reduce || !llvm::is_contained(kinds, reduce.getKind()))
    return std::nullopt;
  RankedTensorType type = typeOf(reduce.getX());
  if (reduce.getAxes() != ArrayRef<int64_t>({type.getRank() - 1}) || type.getShape().back() != shape.keys)
    return std::nullopt;
  Element row{reduce.getX(), origin.index};
  row.index.back() = t;
  return row;
}

bool MaskCollector::setRowGuard(const Element &condition) {
  auto equal = condition.value.getDefiningOp<glm::EqualOp>();
  if (!equal)
    return false;
  for (unsigned side : {0, 1}) {
    auto infinity = constants->splat(equal->getOperand(side));
    auto row = guardedRow(trace->operandOf(condition, 1 - side), {"max"});
    if (!infinity || !std::isinf(*infinity) || *infinity > 0 || !row)
      continue;
    take(condition);
    take(trace->operandOf(condition, 1 - side));
    rowGuardMask = row;
    return true;
  }
  return false;
}

bool MaskCollector::setEmptyRowGuard(const Element &condition) {
  Operation *op = condition.value.getDefiningOp();
  if (!isa_and_nonnull<glm::LessOp, glm::EqualOp>(op))
    return false;
  // Less than one true, or none.
  auto bound = constants->splat(op->getOperand(1));
  bool isBound = bound && (isa<glm::LessOp>(op) ? *bound > 0 && *bound <= 1 : *bound == 0);
  auto row = isBound ? guardedRow(trace->operandOf(condition, 0), {"sum", "max"}) : std::nullopt;
  if (!row)
    return false;
  Element cast = trace->origin(*row);
  auto op1 = cast.value.getDefiningOp<glm::CastOp>();
  if (!op1 || !typeOf(op1.getX()).getElementType().isInteger(1))
    return false;
  take(condition);
  take(trace->operandOf(condition, 0));
  take(*row);
  emptyRowMask = trace->operandOf(cast, 0);
  return true;
}

bool MaskCollector::finish() {
  bool isOnly = added.size() == 1 && filled == 0;
  if (rowGuardMask) {
    if (!isOnly || !trace->areSame(added.front(), *rowGuardMask))
      return false;
    guarded = true;
  }
  if (emptyRowMask) {
    if (!isOnly || !isEmptyRowMaskMet)
      return false;
    guarded = true;
  }
  return true;
}

bool MaskCollector::fits(Type element) const {
  return llvm::all_of(parts, [&](const Part &part) {
    Type type = typeOf(part.element.value).getElementType();
    return type.isInteger(1) || type == element;
  });
}

/// A value of rank 4 that broadcasts to [B, H, S, T] and has `element`: the
/// furthest on its way that has just the dimensions that it depends on.
Value MaskCollector::broadcastable(OpBuilder &builder, Location loc, const Element &element) {
  const LinearIndex symbols[] = {b, head(), s, t};
  const int64_t sizes[] = {shape.batch, shape.kvHeads * shape.repeats, shape.tokens, shape.keys};
  const std::vector<Element> chain = trace->chain(element);
  for (const Element &step : llvm::reverse(chain)) {
    for (unsigned present = 0; present < 16; ++present) {
      LinearIndex position;
      SmallVector<int64_t> dims;
      int64_t elements = 1;
      for (unsigned d = 0; d < 4; ++d) {
        bool isPresent = present >> d & 1;
        dims.push_back(isPresent ? sizes[d] : 1);
        position = isPresent ? position * sizes[d] + symbols[d] : position;
        elements *= dims.back();
      }
      if (typeOf(step.value).getNumElements() == elements &&
          trace->position(step) == trace->space.resolve(position))
        return reshapeTo(builder, loc, step.value, dims);
    }
  }
  return {};
}

std::optional<Value> MaskCollector::build(OpBuilder &builder, Location loc, Type element) {
  Value booleans, numbers;
  for (const Part &part : parts) {
    Value value = broadcastable(builder, loc, part.element);
    if (!value)
      return std::nullopt;
    if (part.isNegated)
      value = glm::NotOp::create(builder, loc, value.getType(), value);
    bool isBoolean = typeOf(value).getElementType().isInteger(1);
    Value &all = isBoolean ? booleans : numbers;
    if (!all)
      all = value;
    else if (isBoolean)
      all = glm::AndOp::create(builder, loc, all, value);
    else
      all = glm::AddOp::create(builder, loc, all, value);
  }
  if (!booleans || !numbers)
    return booleans ? booleans : numbers;
  auto scalar = RankedTensorType::get({}, element);
  const llvm::fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
  Value infinity = glm::ConstantOp::create(
      builder, loc, scalar, DenseElementsAttr::get(scalar, APFloat::getInf(semantics, /*Negative=*/true)));
  return glm::WhereOp::create(builder, loc, booleans, numbers, infinity).getResult();
}

} // namespace glmc
