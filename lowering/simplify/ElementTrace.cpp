//===- ElementTrace.cpp - Where an element comes from -----------------------===//
#include "lowering/simplify/ElementTrace.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace glmc {

//===----------------------------------------------------------------------===//
// Linear indices
//===----------------------------------------------------------------------===//

LinearIndex LinearIndex::operator+(const LinearIndex &other) const {
  LinearIndex sum(constant + other.constant);
  auto a = terms.begin(), b = other.terms.begin();
  while (a != terms.end() || b != other.terms.end()) {
    if (b == other.terms.end() || (a != terms.end() && a->first < b->first)) {
      sum.terms.push_back(*a++);
    } else if (a == terms.end() || b->first < a->first) {
      sum.terms.push_back(*b++);
    } else {
      if (int64_t coefficient = a->second + b->second)
        sum.terms.push_back({a->first, coefficient});
      ++a;
      ++b;
    }
  }
  return sum;
}

LinearIndex LinearIndex::operator*(int64_t factor) const {
  LinearIndex product(constant * factor);
  if (factor != 0)
    for (auto [symbol, coefficient] : terms)
      product.terms.push_back({symbol, coefficient * factor});
  return product;
}

LinearIndex IndexSpace::symbol(int64_t size) {
  if (size <= 1)
    return 0;
  LinearIndex index;
  index.terms.push_back({unsigned(symbols.size()), 1});
  symbols.push_back({size, std::nullopt});
  return index;
}

LinearIndex IndexSpace::resolve(const LinearIndex &index) const {
  LinearIndex resolved(index.constant);
  for (auto [symbol, coefficient] : index.terms) {
    if (symbols[symbol].parts) {
      resolved = resolved + resolve(*symbols[symbol].parts) * coefficient;
    } else {
      LinearIndex term;
      term.terms.push_back({symbol, coefficient});
      resolved = resolved + term;
    }
  }
  return resolved;
}

std::pair<int64_t, int64_t> IndexSpace::range(const LinearIndex &index) const {
  int64_t low = index.constant, high = index.constant;
  for (auto [symbol, coefficient] : index.terms)
    (coefficient < 0 ? low : high) += coefficient * (symbols[symbol].size - 1);
  return {low, high};
}

std::optional<std::pair<LinearIndex, LinearIndex>> IndexSpace::divide(const LinearIndex &index, int64_t divisor) {
  while (true) {
    // Multiples of the divisor go to the quotient; the rest has to stay within
    // one multiple for all values.
    LinearIndex whole = resolve(index), quotient, rest(whole.constant);
    for (auto [symbol, coefficient] : whole.terms) {
      LinearIndex term;
      bool isMultiple = coefficient % divisor == 0;
      term.terms.push_back({symbol, isMultiple ? coefficient / divisor : coefficient});
      (isMultiple ? quotient : rest) = (isMultiple ? quotient : rest) + term;
    }
    auto [low, high] = range(rest);
    int64_t multiple = llvm::divideFloorSigned(low, divisor);
    if (multiple == llvm::divideFloorSigned(high, divisor))
      return std::make_pair(quotient + multiple, rest - multiple * divisor);
    // A symbol that crosses multiples in whole numbers of steps is two.
    bool isSplit = false;
    for (auto [symbol, coefficient] : rest.terms) {
      int64_t steps = divisor / std::abs(coefficient), size = symbols[symbol].size;
      if (divisor % coefficient != 0 || steps <= 1 || steps >= size || size % steps != 0)
        continue;
      LinearIndex high = this->symbol(size / steps), low = this->symbol(steps);
      symbols[symbol].parts = high * steps + low;
      isSplit = true;
      break;
    }
    if (!isSplit)
      return std::nullopt;
  }
}

/// Gives a symbol, or what it was split into, its value.
void IndexSpace::assign(unsigned symbol, int64_t value, SmallVectorImpl<int64_t> &values) const {
  values[symbol] = value;
  if (!symbols[symbol].parts)
    return;
  // Parts are high * steps + low, of which high was made first.
  auto [high, steps] = symbols[symbol].parts->terms[0];
  assign(high, value / steps, values);
  assign(symbols[symbol].parts->terms[1].first, value % steps, values);
}

int64_t IndexSpace::valueAt(const LinearIndex &index, ArrayRef<std::pair<LinearIndex, int64_t>> values) const {
  SmallVector<int64_t, 16> bySymbol(symbols.size(), 0);
  for (auto &[symbol, value] : values)
    if (!symbol.isConstant())
      assign(symbol.terms[0].first, value, bySymbol);
  int64_t sum = index.constant;
  for (auto [symbol, coefficient] : index.terms)
    sum += coefficient * bySymbol[symbol];
  return sum;
}

bool IndexSpace::usesOnly(const LinearIndex &index, ArrayRef<LinearIndex> allowed) const {
  return llvm::all_of(resolve(index).terms, [&](auto term) {
    return llvm::any_of(allowed, [&](const LinearIndex &symbol) {
      return llvm::any_of(resolve(symbol).terms, [&](auto part) { return part.first == term.first; });
    });
  });
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

LinearIndex ElementTrace::position(const Element &element) const {
  LinearIndex position;
  for (auto [index, size] : llvm::zip(element.index, shapeOf(element.value)))
    position = position * size + index;
  return space.resolve(position);
}

std::optional<SmallVector<LinearIndex, 6>> ElementTrace::indexAt(LinearIndex position, ArrayRef<int64_t> shape) {
  SmallVector<LinearIndex, 6> index(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 1)
      continue;
    auto parts = space.divide(position, shape[d]);
    if (!parts)
      return std::nullopt;
    std::tie(position, index[d]) = *parts;
  }
  return index;
}

/// The element of a value that broadcasts, where the result's is at `index`.
static Element broadcastFrom(ArrayRef<LinearIndex> index, Value value) {
  ArrayRef<int64_t> shape = shapeOf(value);
  Element element{value, {}};
  for (auto [at, size] : llvm::zip(index.take_back(shape.size()), shape))
    element.index.push_back(size == 1 ? LinearIndex() : at);
  return element;
}

Element ElementTrace::operandOf(const Element &element, unsigned number) const {
  return broadcastFrom(element.index, element.value.getDefiningOp()->getOperand(number));
}

std::optional<Element> ElementTrace::stepConcat(Operation *op, const Element &element) {
  auto concat = cast<glm::ConcatOp>(op);
  int64_t axis = concat.getAxis(), start = 0;
  LinearIndex at = space.resolve(element.index[axis]);
  auto [low, high] = space.range(at);
  for (Value input : concat.getInputs()) {
    int64_t end = start + shapeOf(input)[axis];
    if (low >= start && high < end) {
      Element from{input, element.index};
      from.index[axis] = at - start;
      return from;
    }
    start = end;
  }
  // Copies of one value are that value repeated.
  Value first = concat.getInputs().front();
  auto parts = llvm::all_equal(concat.getInputs()) ? space.divide(at, shapeOf(first)[axis]) : std::nullopt;
  if (!parts)
    return std::nullopt;
  Element from{first, element.index};
  from.index[axis] = parts->second;
  return from;
}

std::optional<Element> ElementTrace::stepSlice(Operation *op, const Element &element) {
  auto slice = cast<glm::SliceOp>(op);
  Element from{slice.getX(), {}};
  for (auto [at, start, step] : llvm::zip(element.index, slice.getStarts(), slice.getSteps()))
    from.index.push_back(at == LinearIndex(0) ? LinearIndex(start) : at * step + start);
  return from;
}

std::optional<Element> ElementTrace::stepTile(Operation *op, const Element &element) {
  auto tile = cast<glm::TileOp>(op);
  Element from{tile.getX(), {}};
  for (auto [at, size] : llvm::zip(element.index, shapeOf(tile.getX()))) {
    auto parts = space.divide(at, size);
    if (!parts)
      return std::nullopt;
    from.index.push_back(parts->second);
  }
  return from;
}

std::optional<LinearIndex> ElementTrace::lookUp(Value indices, const LinearIndex &at, int64_t dimension) {
  const reference::Tensor *tensor = constants.read(indices);
  if (!tensor)
    return std::nullopt;
  LinearIndex position = space.resolve(at);
  // Of the positions that occur, indices that grow evenly are linear.
  int64_t period = 0;
  for (auto [symbol, coefficient] : position.terms)
    period = std::gcd(period, coefficient);
  auto [low, high] = space.range(position);
  auto indexOf = [&](int64_t i) {
    int64_t index = tensor->getInt(i);
    return index < 0 ? index + dimension : index;
  };
  int64_t first = indexOf(low);
  int64_t step = position.isConstant() ? 0 : indexOf(low + period) - first;
  for (int64_t i = low, index = first; i <= high; i += period ? period : 1, index += step)
    if (indexOf(i) != index || index < 0 || index >= dimension)
      return std::nullopt;
  if (position.isConstant())
    return first;
  // All parts of the way from `low` are multiples of the period.
  LinearIndex way = position - low;
  way.constant /= period;
  for (auto &[symbol, coefficient] : way.terms)
    coefficient /= period;
  return way * step + first;
}

std::optional<Element> ElementTrace::stepGather(Operation *op, const Element &element) {
  auto gather = cast<glm::GatherOp>(op);
  if (!isa<RankedTensorType>(gather.getX().getType()))
    return std::nullopt;
  size_t axis = gather.getAxis(), rank = shapeOf(gather.getIndices()).size();
  ArrayRef<LinearIndex> index = element.index;
  LinearIndex at = position({gather.getIndices(), llvm::to_vector<6>(index.slice(axis, rank))});
  auto found = lookUp(gather.getIndices(), at, shapeOf(gather.getX())[axis]);
  if (!found)
    return std::nullopt;
  Element from{gather.getX(), llvm::to_vector<6>(index.take_front(axis))};
  from.index.push_back(*found);
  llvm::append_range(from.index, index.drop_front(axis + rank));
  return from;
}

std::optional<Element> ElementTrace::stepGatherNd(Operation *op, const Element &element) {
  auto gather = cast<glm::GatherNdOp>(op);
  ArrayRef<int64_t> shape = shapeOf(gather.getX()), indices = shapeOf(gather.getIndices());
  size_t batch = gather.getBatchDims(), tuple = indices.back();
  ArrayRef<LinearIndex> index = element.index;
  Element from{gather.getX(), llvm::to_vector<6>(index.take_front(batch))};
  for (size_t i = 0; i < tuple; ++i) {
    Element part{gather.getIndices(), llvm::to_vector<6>(index.take_front(indices.size() - 1))};
    part.index.push_back(LinearIndex(i));
    auto found = lookUp(gather.getIndices(), position(part), shape[batch + i]);
    if (!found)
      return std::nullopt;
    from.index.push_back(*found);
  }
  llvm::append_range(from.index, index.drop_front(indices.size() - 1));
  return from;
}

std::optional<Element> ElementTrace::step(const Element &element) {
  Operation *op = element.value.getDefiningOp();
  if (!op || op->getNumOperands() == 0 || cast<RankedTensorType>(element.value.getType()).getNumElements() == 0)
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<Element>>(op)
      .Case([&](glm::ReshapeOp reshape) -> std::optional<Element> {
        auto type = dyn_cast<RankedTensorType>(reshape.getX().getType());
        auto index = type ? indexAt(position(element), type.getShape()) : std::nullopt;
        if (!index)
          return std::nullopt;
        return Element{reshape.getX(), *index};
      })
      .Case([&](glm::TransposeOp transpose) {
        Element from{transpose.getX(), {}};
        from.index.resize(element.index.size());
        for (auto [at, dimension] : llvm::zip(element.index, transpose.getPermutation()))
          from.index[dimension] = at;
        return from;
      })
      .Case([&](glm::ExpandOp expand) { return broadcastFrom(element.index, expand.getX()); })
      .Case([&](glm::SliceOp) { return stepSlice(op, element); })
      .Case([&](glm::ConcatOp) { return stepConcat(op, element); })
      .Case([&](glm::TileOp) { return stepTile(op, element); })
      .Case([&](glm::GatherOp) { return stepGather(op, element); })
      .Case([&](glm::GatherNdOp) { return stepGatherNd(op, element); })
      .Default([](Operation *) { return std::nullopt; });
}

std::vector<Element> ElementTrace::chain(Element element) {
  std::vector<Element> elements = {std::move(element)};
  while (auto next = step(elements.back()))
    elements.push_back(std::move(*next));
  return elements;
}

bool ElementTrace::areSame(const Element &a, const Element &b) {
  // Deep enough for angles, scales and casts under a cosine.
  constexpr unsigned levels = 8;
  return areSame(a, b, levels);
}

bool ElementTrace::areSame(const Element &a, const Element &b, unsigned depth) {
  if (a.value == b.value && position(a) == position(b))
    return true;
  if (depth == 0)
    return false;
  Element x = origin(a), y = origin(b);
  if (x.value == y.value && position(x) == position(y))
    return true;
  Operation *left = x.value.getDefiningOp(), *right = y.value.getDefiningOp();
  if (!left || !right || !left->hasTrait<glm::Pointwise>() || left->getName() != right->getName() ||
      left->getAttrDictionary() != right->getAttrDictionary())
    return false;
  for (unsigned i = 0; i < left->getNumOperands(); ++i)
    if (!areSame(operandOf(x, i), operandOf(y, i), depth - 1))
      return false;
  return true;
}

} // namespace glmc
