//===- MatmulGroups.cpp - Matrix products: right sides of integers -----------===//
//
// The right side is (q - zero) * scale with a scale for each group of k. What a
// tile adds up are pieces of k, upwards, each in f32:
//
//   Dots::floats   a piece is a group: total += scale * (sum of x * q - zero *
//                  sum of x), the first sum upwards in k from 0
//   all others     a piece is what the left side was rounded by (lhs_group):
//                  total += (length * scale) * (dot - zero * sum), in which dot
//                  and sum are exact integers
//
// so that the order is the same on every target. Panels hold words of 32 bits,
// 4 or 8 steps of k of a column, and lanes are columns. Integers of the other kind
// than the dots multiply (Dots.h) are shifted into it, which is one more zero.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Dots.h"
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels::matmul {

namespace {
/// What names a sum, as in MatmulTiles.cpp; and a piece of k.
const Var vq("q"), vu("u"), vi("i"), vt("t"), vb("b"), vp("p");

/// Products of 4 bits and 8 that fit into a signed word together: 8 * 15 * 127.
constexpr int wordsThatFit = 8 / 2;

/// A word of which each byte is `value`.
Expr bytesOf(uint32_t value) { return Expr(value * 0x01010101u); }
} // namespace

//===----------------------------------------------------------------------===//
// The region
//===----------------------------------------------------------------------===//

void MatmulKernel::readIntegers(Product &product, const Node &dequantize) {
  Integers &integers = product.integers;
  integers.values = dequantize.operands.at(0);
  integers.scales = dequantize.operands.at(1);
  integers.zeros = dequantize.operands.size() > 2 ? dequantize.operands[2] : -1;
  const TensorType &type = kernel.typeOf(integers.values);
  const bool isNarrow = type.element == Element::i4 || type.element == Element::u4;
  integers.bits = isNarrow ? 4 : 8;
  integers.isSigned = type.element == Element::i4 || type.element == Element::i8;
  if (!kernel.schedule.count("dots"))
    return; // Read by elements, of any kind and any layout.
  const int arguments = static_cast<int>(kernel.arguments.size());
  if (integers.values >= arguments || !isReadAsWords(kernel, integers.values) ||
      (!isNarrow && type.element != Element::i8 && type.element != Element::u8))
    throw BuildError("with 'dots', the integers of a right side are an argument in panels of words of 32 bits");
  const size_t axis = product.transposed ? 1 : 0;
  const int64_t depth = type.shape.at(axis);
  if (type.shape.size() != 2 || integer(dequantize, "axis") != static_cast<int64_t>(axis))
    throw BuildError("with 'dots', the groups of a right side are along k");
  integers.group = std::min(integer(dequantize, "group"), depth);
  if (kernel.typeOf(integers.scales).shape.at(axis) == 1)
    integers.group = depth;
  const int64_t groups = integers.group > 0 ? (depth + integers.group - 1) / integers.group : 0;
  for (int value : {integers.scales, integers.zeros}) {
    if (value < 0)
      continue;
    const Shape &shape = kernel.typeOf(value).shape;
    if (shape.size() != 2 || (shape[axis] != groups && shape[axis] != 1) ||
        (shape[1 - axis] != product.n && shape[1 - axis] != 1))
      throw BuildError("scales or zeros of a right side do not fit it");
  }
}

void MatmulKernel::checkIntegers() {
  auto groupOf = [](const Product &product) {
    auto group = product.node->attributes.find("lhs_group");
    return group == product.node->attributes.end() ? int64_t(0) : std::get<int64_t>(group->second);
  };
  const int64_t lhsGroup = groupOf(products[0]);
  if (dots == Dots::none) {
    if (lhsGroup)
      throw BuildError("a matmul with 'lhs_group' needs schedule parameter 'dots'");
    return;
  }
  if (k == 0 || (lhsGroup == 0) != (dots == Dots::floats))
    throw BuildError("schedule parameter 'dots' does not fit the kernel's matmuls");
  const Integers &first = products[0].integers;
  piece = std::min(lhsGroup ? lhsGroup : first.group, k);
  for (const Product &product : products) {
    const Integers &integers = product.integers;
    if (integers.values < 0 || integers.bits != first.bits || integers.isSigned != first.isSigned ||
        integers.group != first.group || (integers.zeros < 0) != (first.zeros < 0) || groupOf(product) != lhsGroup ||
        product.accumulator != Float(32))
      throw BuildError("with 'dots', the matmuls of a kernel have right sides of the same integers, groups and zeros");
  }
  if ((piece < k && piece % first.step()) || (first.group < k && first.group % piece) || piece > 1 << 16)
    throw BuildError("pieces of " + std::to_string(piece) + " steps of k do not fit groups of " +
                     std::to_string(first.group) + " and words of " + std::to_string(first.step()));
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Expr MatmulKernel::wordAt(const Product &product, const Expr &step, const Expr &column) const {
  const Integers &integers = product.integers;
  const int width = asInt(product.panelWidth), steps = asInt((k + integers.step() - 1) / integers.step());
  return builder.parameters[integers.values](((column / width) * steps + step) * width + column % width);
}

Expr MatmulKernel::ofGroup(const Product &product, int value, const Piece &piece, const Expr &column) {
  const int pieces = asInt(product.integers.group / this->piece);
  Expr group = pieces <= 1 ? piece.number : piece.number / pieces;
  Index index = {group, column};
  if (product.transposed)
    std::swap(index[0], index[1]);
  return builder.computeAt(value, index);
}

/// `start` plus the products of `steps` steps of a piece, from step `from` on.
Expr MatmulKernel::pieceSum(const Product &product, const Expr &row, const Expr &column, const Piece &piece,
                            const Expr &from, int steps, const Expr &start) {
  const Integers &integers = product.integers;
  const int step = integers.step(), bits = integers.bits;
  Expr first = piece.number * (asInt(this->piece) / step), sum = start, narrow;
  int narrowSums = 0;
  auto widen = [&] {
    sum = sum + dots::dotWords(narrow, Expr(0x00010001u));
    narrow = Expr();
    narrowSums = 0;
  };
  // Of Dots::runs, by part of a step.
  std::vector<Expr> rights[2], lefts[2];
  auto endRun = [&](int part) {
    if (rights[part].empty())
      return;
    rights[part].resize(dots::runWords, Expr(0u));
    lefts[part].resize(dots::runWords, Expr(0u));
    sum = dots::dotRun(sum, rights[part], lefts[part]);
    rights[part].clear();
    lefts[part].clear();
  };
  auto addToRun = [&](int part, const Expr &right, const Expr &left) {
    rights[part].push_back(right);
    lefts[part].push_back(left);
    if (rights[part].size() == dots::runWords)
      endRun(part);
  };
  for (int s = 0; s < steps; ++s) {
    Expr word = wordAt(product, first + from + s, column);
    if (dots == Dots::floats) {
      for (int j = 0; j < step; ++j) {
        // Nothing lies behind the last step of k on the left.
        if (auto at = Internal::as_const_int(Internal::simplify(from + s)); at && *at * step + j >= piece.size)
          break;
        // In a byte of nibbles the later half of the step's elements is high.
        const int bit = bits == 8 ? 8 * j : 8 * (j % 4) + 4 * (j / 4), up = 32 - bits - bit;
        Expr top = up ? word << Expr(uint32_t(up)) : word;
        Expr q = integers.isSigned ? reinterpret<int>(top) >> Expr(32 - bits) : reinterpret<int>(top >> Expr(uint32_t(32 - bits)));
        sum = sum + leftAt(row, (piece.number * asInt(this->piece) + (from + s) * step + j)) * cast<float>(q);
      }
      continue;
    }
    if (integers.bias(dots))
      word = word ^ bytesOf(bits == 8 ? 0x80 : 0x88);
    for (int part = 0; part < partsOfStep(); ++part) {
      Expr x = activationAt(row, piece, from + s, part), half = partOf(word, part);
      if (dots == Dots::bytes) {
        sum = dots::dotBytes(sum, half, x);
      } else if (dots == Dots::signedBytes) {
        sum = dots::dotSigned(sum, half, x);
      } else if (dots == Dots::halves) {
        sum = dots::addDotWords(sum, half, x);
      } else if (dots == Dots::runs) {
        addToRun(part, half, x);
      } else if (bits == 8) {
        sum = sum + dots::dotWords(half, x);
      } else {
        Expr two = dots::dotBytesToWords(half, x);
        narrow = narrow.defined() ? dots::addWords(narrow, two) : two;
        if (++narrowSums == 2 * wordsThatFit)
          widen();
      }
    }
  }
  if (narrow.defined())
    widen();
  for (int part = 0; dots == Dots::runs && part < partsOfStep(); ++part)
    endRun(part);
  return sum;
}

/// What part `part` of a word of the right side is: all of it, or some of its
/// integers with room between them.
Expr MatmulKernel::partOf(const Expr &word, int part) const {
  const Integers &integers = products[0].integers;
  if (partsOfStep() == 1)
    return word;
  if (dots == Dots::halves && integers.bits == 8 && integers.isSigned)
    return part ? dots::oddBytes(word) : dots::evenBytes(word);
  // Words: the even steps of the lower and the higher half, then the odd ones.
  const bool isQuarter = dots == Dots::halves && integers.bits == 4;
  const uint32_t shift = isQuarter ? 8 * (part / 2) + 4 * (part % 2) : integers.bits * part;
  return (shift ? word >> Expr(shift) : word) &
         (isQuarter ? Expr(0x000f000fu) : integers.bits == 8 ? Expr(0x00ff00ffu) : bytesOf(0x0f));
}

/// What a piece with this sum adds to the total.
Expr MatmulKernel::scaled(const Product &product, const Expr &row, const Expr &column, const Piece &piece,
                          const Expr &sum) {
  const Integers &integers = product.integers;
  Expr at = row * pieces() + piece.number, scale = ofGroup(product, integers.scales, piece, column);
  if (dots == Dots::floats) {
    if (integers.zeros < 0)
      return scale * sum;
    return scale * (sum - cast<float>(ofGroup(product, integers.zeros, piece, column)) * sums(at));
  }
  Expr dot = sum;
  if (integers.zeros >= 0)
    dot = dot - (cast<int>(ofGroup(product, integers.zeros, piece, column)) + integers.bias(dots)) * sums(at);
  else if (integers.bias(dots))
    dot = dot - sums(at); // Which are those times the bias.
  return (lengths(at) * scale) * cast<float>(dot);
}

//===----------------------------------------------------------------------===//
// The loops
//===----------------------------------------------------------------------===//

/// Adds `count` pieces of `size` steps of k, from piece `first` on.
void MatmulKernel::addPieces(Func f, const Box &box, const Sum &sum, const std::string &name, const Expr &first,
                             int count, int size) {
  const Product &product = products[sum.product];
  const int step = product.integers.step(), steps = (size + step - 1) / step;
  const int unrolled = std::max(1, unrollK / step);
  const Expr column = vu * asInt(box.columns.width) + vq + asInt(box.columns.begin + sum.offset);
  const Expr row = vt * asInt(box.rows.tile) + vi + asInt(box.rows.begin);
  const Type type = dots == Dots::floats ? Float(32) : Int(32);
  RDom domain = count > 1 ? RDom(0, count, name + "_piece") : RDom();
  const Piece here = {Internal::simplify(first + (count > 1 ? Expr(domain[0]) : Expr(0))), size};
  const std::vector<Var> vars = {vq, vu, vi, vt, vb};
  // Rows innermost: they share what is made of the right side.
  auto schedule = [&](Stage stage, const std::vector<RVar> &loops, Var q, Var u, Var i) {
    Var inner("qi");
    stage.split(q, q, inner, box.columns.lanes, TailStrategy::RoundUp);
    std::vector<VarOrRVar> order = {inner, i, q, u};
    order.insert(order.end(), loops.begin(), loops.end());
    stage.reorder(order).vectorize(inner).unroll(i).unroll(q).unroll(u);
  };

  Expr whole;
  Func part;
  if (steps <= unrolled) {
    whole = pieceSum(product, row, column, here, 0, steps, Internal::make_zero(type));
  } else {
    // A loop over the steps of the piece, its sums in registers too.
    part = Func(name + "_part");
    std::vector<Var> all = vars;
    all.push_back(vp);
    const Piece any = {vp, size};
    part(all) = Internal::make_zero(type);
    const int chunks = steps / unrolled, rest = steps % unrolled;
    // Of floats, the last step may be short, and is known by its number.
    const bool isShort = dots == Dots::floats && size % step;
    const int looped = chunks - (isShort && rest == 0 ? 1 : 0);
    if (looped > 0) {
      RDom chunk(0, looped, name + "_chunk");
      Expr from = looped > 1 ? Expr(chunk * unrolled) : Expr(0);
      part(all) = withLets(pieceSum(product, row, column, any, from, unrolled, part(all)));
      Stage update = part.update(part.num_update_definitions() - 1);
      schedule(update, looped > 1 ? std::vector<RVar>{chunk} : std::vector<RVar>(), vq, vu, vi);
    }
    if (looped * unrolled < steps) {
      part(all) = withLets(pieceSum(product, row, column, any, looped * unrolled, steps - looped * unrolled, part(all)));
      schedule(part.update(part.num_update_definitions() - 1), {}, vq, vu, vi);
    }
    box.scheduleTile(part);
    part.store_in(MemoryType::Register);
    std::vector<Expr> arguments(vars.begin(), vars.end());
    arguments.push_back(here.number);
    whole = part(arguments);
  }
  f(vars) = withLets(f(vars) + scaled(product, row, column, here, whole));
  Stage update = f.update(f.num_update_definitions() - 1);
  schedule(update, count > 1 ? std::vector<RVar>{domain[0]} : std::vector<RVar>(), vq, vu, vi);
  if (part.defined())
    part.compute_at(count > 1 ? LoopLevel(f, domain[0]) : LoopLevel(f, vt));
}

/// The sums of a tile over all of k, in registers.
Func MatmulKernel::makeGroups(const Box &box, const Sum &sum, const std::string &name) {
  Func f(name);
  f(std::vector<Var>{vq, vu, vi, vt, vb}) = 0.f;
  const int whole = asInt(k / piece), rest = asInt(k % piece);
  if (whole)
    addPieces(f, box, sum, name + "_w", 0, whole, asInt(piece));
  if (rest)
    addPieces(f, box, sum, name + "_r", whole, 1, rest);
  box.scheduleTile(f);
  f.store_in(MemoryType::Register);
  return f;
}

} // namespace glmc::kernels::matmul
