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
// Dots::halves, and Dots::words of 8-bit integers, multiply words of 16 bits: the
// even steps of k of a word of the right side with the even steps here. So the words
// of a piece are first those of steps 4i and 4i + 2, then those of steps 4i + 1 and
// 4i + 3. Else a word is four steps of k, a byte each; with Dots::runs of 4 bits
// first the words of steps 8i, then those of steps 8i + 4.
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
bool holdsWords(Dots dots, int bits) { return dots == Dots::halves || (dots == Dots::words && bits == 8); }
bool holdsRuns(Dots dots, int bits) { return dots == Dots::runs && bits == 4; }
} // namespace

/// `count` words of a piece from word `at` on; word i is of the steps of k
/// stride * i + an offset each, of which the piece has `available`.
struct MatmulKernel::WordPlace {
  int at, count, available, stride;
};

bool MatmulKernel::needsSums() const {
  const Integers &integers = products[0].integers;
  return integers.zeros >= 0 || (dots != Dots::floats && integers.bias(dots));
}

Expr MatmulKernel::leftAt(const Expr &row, const Expr &depth) {
  if (staged.defined())
    return staged(row * asInt(k) + depth);
  Index index = indexIn(products[0].node->type.shape, builder.zero, row, depth);
  return builder.computeAt(lhs, broadcastIndex(index, kernel.typeOf(lhs).shape));
}

/// What part `part` of step `step` of a piece is multiplied with.
Expr MatmulKernel::activationAt(const Expr &row, const Piece &piece, const Expr &step, int part) const {
  const int bits = products[0].integers.bits, parts = partsOfStep(), all = wordsOf(piece.size);
  Expr first = row * wordsOfRow() + piece.number * wordsOf(asInt(this->piece));
  if (!holdsWords(dots, bits) && !holdsRuns(dots, bits))
    return words(first + step * parts + part);
  // Two runs of words, of parts / 2 words a step each.
  return words(first + (part / (parts / 2)) * (all / 2) + step * (parts / 2) + part % (parts / 2));
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

/// Stores such words of each of `pieceCount` pieces from piece `first` on.
void MatmulKernel::storeWord(const std::string &name, const std::vector<int> &offsets, const WordPlace &place,
                             int first, int pieceCount) {
  const int count = place.count;
  RDom domain(Region{{0, count}, {0, pieceCount}, {0, asInt(rows)}}, name);
  RVar word = domain[0], row = domain[2];
  builder.known(word.name(), count);
  builder.known(row.name(), rows);
  Expr number = domain[1] + first, length = lengths(row * pieces() + number), packed = Expr(0u);
  const int bits = 32 / static_cast<int>(offsets.size());
  for (int i = 0; i < static_cast<int>(offsets.size()); ++i) {
    if (offsets[i] >= place.available)
      continue;
    Expr x = math::div(leftAt(row, number * asInt(piece) + word * place.stride + offsets[i]), length);
    Expr rounded = clamp(math::floatToInt(math::roundEven(x), Int(32)), -127, 127);
    Expr field = reinterpret<uint32_t>(rounded) & Expr(uint32_t((uint64_t(1) << bits) - 1));
    packed = packed | (field << Expr(uint32_t(bits * i)));
  }
  builder.forget();
  Loops loops;
  loops.arguments = {row * wordsOfRow() + number * wordsOf(asInt(piece)) + place.at + word};
  Stage store = builder.store(words, loops, packed, Element::u32);
  store.allow_race_conditions();
  const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), count);
  if (lanes > 1 && count % lanes == 0)
    store.vectorize(word, lanes);
  if (flag("parallel") && rows > 1)
    store.parallel(row);
}

/// The integers of `count` pieces of `size` steps of k.
void MatmulKernel::stageWords(int first, int pieceCount, int size) {
  const std::string name = "word_" + std::to_string(first);
  const int bits = products[0].integers.bits, all = wordsOf(size);
  // `runs` runs of words: word i of run r is of the steps stride * i + r * next +
  // each of `steps`.
  auto storeRuns = [&](int runs, int stride, int next, const std::vector<int> &steps) {
    const int whole = size / stride;
    for (int run = 0; run < runs; ++run) {
      const std::string suffix = name + "_" + std::to_string(run) + "_";
      auto store = [&](int word, int count) {
        std::vector<int> offsets;
        for (int step : steps)
          offsets.push_back(stride * word + run * next + step);
        storeWord(suffix + std::to_string(word), offsets, {run * (all / runs) + word, count, size, stride}, first, pieceCount);
      };
      if (whole)
        store(0, whole);
      for (int word = whole; word < all / runs; ++word)
        store(word, 1);
    }
  };
  if (holdsWords(dots, bits))
    storeRuns(2, 4, 1, {0, 2});
  else if (holdsRuns(dots, bits))
    storeRuns(2, 8, 4, {0, 1, 2, 3});
  else
    storeRuns(1, 4, 0, {0, 1, 2, 3});
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
    total(number, row) = 0;
    if (dots == Dots::signedBytes || dots == Dots::runs)
      total(number, row) += dots::dotSigned(0, packed, Expr(0x01010101u));
    else
      total(number, row) += dots::dotWords(
          holdsWords(dots, integers.bits) ? packed : dots::dotBytesToWords(Expr(0x01010101u), packed),
          Expr(0x00010001u));
    total.compute_at(LoopLevel(sums, domain[0])).store_in(MemoryType::Register);
    const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), count);
    if (lanes > 1 && count % lanes == 0)
      total.update().atomic(true).vectorize(word, lanes);
    value = total(domain[0], domain[1]) * (integers.zeros < 0 ? integers.bias(dots) : 1);
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
