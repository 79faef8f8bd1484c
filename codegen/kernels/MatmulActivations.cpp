//===- MatmulActivations.cpp - Matrix products: left sides for integers ------===//
//
// What MatmulGroups.cpp reads of the left side. A left side that is computed is
// stored as floats first, row by row. Then, where the kernel's dots are integer,
// each piece of k of a row (lhs_group) becomes integers of at most 127:
//
//   lengths   the largest |x| / 127 of each piece
//   words     the integers x / length, rounded to nearest even, in words of 32
//             bits, in the order that the dots take them in (below)
//   sums      of a piece's integers, times the bias where there are no zeros; of
//             its floats with Dots::floats, where there are zeros
//
// Dots::words of 8-bit integers multiply words of 16 bits: the even steps of k
// of a word of the right side with the even steps here. So the words of a piece
// are first those of steps 4i and 4i + 2, then those of steps 4i + 1 and 4i + 3.
// Else a word is four steps of k, a byte each.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Dots.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels::matmul {

namespace {
bool holdsWords(Dots dots, int bits) { return dots == Dots::words && bits == 8; }
} // namespace

bool MatmulKernel::needsSums() const {
  const Integers &integers = products[0].integers;
  return integers.zeros >= 0 || (dots != Dots::floats && integers.bias());
}

Expr MatmulKernel::leftAt(const Expr &row, const Expr &depth) {
  if (staged.defined())
    return staged(row * asInt(k) + depth);
  Index index = indexIn(products[0].node->type.shape, builder.zero, row, depth);
  return builder.computeAt(lhs, broadcastIndex(index, kernel.typeOf(lhs).shape));
}

/// What part `part` of step `step` of a piece is multiplied with.
Expr MatmulKernel::activationAt(const Expr &row, const Piece &piece, const Expr &step, int part) const {
  const int bits = products[0].integers.bits, steps = wordsOf(piece.size) / partsOfStep();
  Expr first = row * wordsOfRow() + piece.number * wordsOf(asInt(this->piece));
  return words(holdsWords(dots, bits) ? first + part * steps + step : first + step * partsOfStep() + part);
}

/// The left side as floats, row by row: norms and all that comes before.
void MatmulKernel::stageLeft() {
  Func output = builder.makeOutput("left", stagedType(), {0});
  const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), k);
  const int whole = asInt(k) / lanes * lanes;
  auto stage = [&](int begin, int size, int used, const std::string &name) {
    RDom domain(Region{{0, size}, {0, asInt(rows)}}, name);
    RVar column = domain[0], row = domain[1];
    builder.known(column.name(), size);
    builder.known(row.name(), rows);
    defineNorms(builder, LoopLevel(output, row), name, 1);
    Index index = indexIn(products[0].node->type.shape, builder.zero, row, column + begin);
    Expr value = builder.computeAt(lhs, broadcastIndex(index, kernel.typeOf(lhs).shape));
    builder.forget();
    Loops loops;
    loops.arguments = {row * asInt(k) + column + begin};
    Stage store = builder.store(output, loops, value, stagedType().element);
    store.allow_race_conditions();
    if (used > 1)
      store.vectorize(column, used);
    if (flag("parallel") && rows > 1)
      store.parallel(row);
  };
  stage(0, whole, lanes, "left_w");
  if (whole < k)
    stage(whole, asInt(k) - whole, 1, "left_r");
  staged = output;
}

void MatmulKernel::stageLengths(int first, int count, int size) {
  const std::string name = "length_" + std::to_string(first);
  RDom domain(Region{{0, count}, {0, asInt(rows)}}, name);
  Var number("piece"), row("line");
  builder.known(row.name(), rows);
  RowReduction largest = {name + "_max", combinerOf("max", Float(32)), {number, row}, size, builder.schedule("vector", 1),
                          LoopLevel(lengths, domain[0]), 1};
  Func max = reduceRow(largest, [&](const Expr &j) {
    return math::abs(leftAt(row, (number + first) * asInt(piece) + j));
  });
  builder.forget();
  Loops loops;
  loops.arguments = {domain[1] * pieces() + domain[0] + first};
  Stage store = builder.store(lengths, loops, math::div(max(domain[0], domain[1]), Expr(127.f)), Element::f32);
  store.allow_race_conditions();
  if (flag("parallel") && rows > 1)
    store.parallel(domain[1]);
}

/// Stores `count` words of each of `pieceCount` pieces from piece `first` on, from
/// word `at` of a piece: of the steps of k 4 * i + offsets[.], `available` of them.
void MatmulKernel::storeWord(const std::string &name, const std::vector<int> &offsets, int available, int at, int count,
                             int first, int pieceCount) {
  RDom domain(Region{{0, count}, {0, pieceCount}, {0, asInt(rows)}}, name);
  RVar word = domain[0], row = domain[2];
  builder.known(word.name(), count);
  builder.known(row.name(), rows);
  Expr number = domain[1] + first, length = lengths(row * pieces() + number), packed = Expr(0u);
  const int bits = 32 / static_cast<int>(offsets.size());
  for (int i = 0; i < static_cast<int>(offsets.size()); ++i) {
    if (offsets[i] >= available)
      continue;
    Expr x = math::div(leftAt(row, number * asInt(piece) + word * 4 + offsets[i]), length);
    Expr rounded = clamp(math::floatToInt(math::roundEven(x), Int(32)), -127, 127);
    Expr field = reinterpret<uint32_t>(rounded) & Expr(uint32_t((uint64_t(1) << bits) - 1));
    packed = packed | (field << Expr(uint32_t(bits * i)));
  }
  builder.forget();
  Loops loops;
  loops.arguments = {row * wordsOfRow() + number * wordsOf(asInt(piece)) + at + word};
  Stage store = builder.store(words, loops, packed, Element::u32);
  store.allow_race_conditions();
  const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), count);
  if (lanes > 1 && count % lanes == 0)
    store.vectorize(word, lanes);
  if (flag("parallel") && rows > 1)
    store.parallel(row);
}

/// The integers of `count` pieces of `size` steps of k.
void MatmulKernel::stageWords(int first, int count, int size) {
  const std::string name = "word_" + std::to_string(first);
  const int whole = size / 4, rest = size % 4, all = wordsOf(size);
  if (holdsWords(dots, products[0].integers.bits)) {
    for (int part = 0; part < 2; ++part) {
      const std::string suffix = name + "_" + std::to_string(part);
      const std::vector<int> offsets = {part, part + 2};
      if (whole)
        storeWord(suffix, offsets, 4, part * all / 2, whole, first, count);
      if (rest)
        storeWord(suffix + "_r", {offsets[0] + 4 * whole, offsets[1] + 4 * whole}, 4 * whole + rest,
                  part * all / 2 + whole, 1, first, count);
    }
    return;
  }
  if (whole)
    storeWord(name, {0, 1, 2, 3}, 4, 0, whole, first, count);
  for (int word = whole; word < all; ++word)
    storeWord(name + "_" + std::to_string(word), {4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3}, size, word, 1,
              first, count);
}

/// Sums of `count` pieces of `size` steps of k.
void MatmulKernel::stageSums(int first, int count, int size) {
  const std::string name = "total_" + std::to_string(first);
  RDom domain(Region{{0, count}, {0, asInt(rows)}}, name);
  Var number("piece"), row("line");
  builder.known(row.name(), rows);
  Func total;
  Expr value;
  if (dots == Dots::floats) {
    RowReduction reduction = {name + "_sum", combinerOf("sum", Float(32)), {number, row}, size,
                              builder.schedule("vector", 1), LoopLevel(sums, domain[0]), 1};
    total = reduceRow(reduction, [&](const Expr &j) { return leftAt(row, (number + first) * asInt(piece) + j); });
    value = total(domain[0], domain[1]);
  } else {
    const Integers &integers = products[0].integers;
    const int count = wordsOf(size);
    total = Func(name + "_sum");
    RDom word(0, count, name + "_word");
    Expr packed = words(row * wordsOfRow() + (number + first) * wordsOf(asInt(piece)) + word);
    if (!holdsWords(dots, integers.bits))
      packed = dots::dotBytesToWords(Expr(0x01010101u), packed);
    total(number, row) = 0;
    total(number, row) += dots::dotWords(packed, Expr(0x00010001u));
    total.compute_at(LoopLevel(sums, domain[0])).store_in(MemoryType::Register);
    const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), count);
    if (lanes > 1 && count % lanes == 0)
      total.update().atomic(true).vectorize(word, lanes);
    value = total(domain[0], domain[1]) * (integers.zeros < 0 ? integers.bias() : 1);
  }
  builder.forget();
  Loops loops;
  loops.arguments = {domain[1] * pieces() + domain[0] + first};
  Stage store = builder.store(sums, loops, value, dots == Dots::floats ? Element::f32 : Element::i32);
  store.allow_race_conditions();
  if (flag("parallel") && rows > 1)
    store.parallel(domain[1]);
}

/// Defines what is scratch: [left], [words, lengths], [sums].
void MatmulKernel::stageActivations(std::vector<Func> &scratch, std::vector<TensorType> &types) {
  const int64_t whole = k / piece, rest = k % piece;
  auto add = [&](const char *name, Element element, int64_t size) {
    types.push_back({element, {size}, {}});
    scratch.push_back(builder.makeOutput(name, types.back(), {0}));
    return scratch.back();
  };
  auto stage = [&](void (MatmulKernel::*make)(int, int, int)) {
    if (whole)
      (this->*make)(0, asInt(whole), asInt(piece));
    if (rest)
      (this->*make)(asInt(whole), 1, asInt(rest));
  };
  if (flag("stage_lhs")) {
    stageLeft();
    types.push_back(stagedType());
    scratch.push_back(staged);
  }
  if (dots != Dots::floats) {
    words = add("words", Element::u32, rows * wordsOfRow());
    lengths = add("lengths", Element::f32, rows * pieces());
    stage(&MatmulKernel::stageLengths);
    stage(&MatmulKernel::stageWords);
  }
  if (needsSums()) {
    sums = add("sums", dots == Dots::floats ? Element::f32 : Element::i32, rows * pieces());
    stage(&MatmulKernel::stageSums);
  }
}

} // namespace glmc::kernels::matmul
