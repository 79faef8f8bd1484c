//===- Conv.cpp - Convolutions ----------------------------------------------===//
//
// Vectors lie along the channels of the result. What a tap adds are products of
// one element of x, or of a vector of them where each channel is a group, and a
// row of a panel of the weights.
//
// With dot products of bytes, x and the weights are read as words of four
// channels. Machines that multiply unsigned bytes with signed ones get 128 more of
// each signed x, those that multiply signed ones 128 less of each unsigned x; that
// times the sum of all weights is taken off in the end. It counts taps outside of x,
// too, so they are added as well.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Dots.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Windows.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {

/// Channels in a word.
constexpr int step = 4;

class ConvKernel {
public:
  explicit ConvKernel(Builder &builder);
  std::vector<Func> build();

private:
  enum class Dots { none, floats, words, bytes, signedBytes, halves, runs }; // As in matmul.

  void useElements();
  void useWords();
  using ColumnAdder = std::function<Expr(const Expr &sum, const Expr &step, const Expr &column)>;
  void sumColumns(int steps, const ColumnAdder &add);
  /// sum + the products of four channels of x and of weights, times `run`.
  Expr addDot(const Expr &sum, const std::vector<Expr> &x, const std::vector<Expr> &weights) const;
  std::vector<Expr> weightWords(const Expr &tap, const Expr &step, const Expr &column) const;
  Expr weightWord(const Expr &tap, const Expr &at, const Expr &column) const;
  /// (a - zero) * b
  Expr product(const Expr &a, const Expr &b, int zero) const;
  bool isByte(int value) const {
    const Element element = builder.kernel.typeOf(value).element;
    return element == Element::i8 || element == Element::u8;
  }

  Builder &builder;
  const int value;
  const Node &node;
  const int x, w;
  const TensorType &xType, &wType;
  WindowLoops loops;
  Dots dots = Dots::none;
  int groups, channels, depth, columns; ///< Channels of x, of a group; columns of the weights.
  int padValue = 0;
  bool isSigned = true; ///< Bytes of x.
  int run = 1;          ///< Words of a step.
};

ConvKernel::ConvKernel(Builder &builder)
    : builder(builder), value(onlyNode(builder.kernel, "conv")),
      node(builder.kernel.nodes[value - builder.kernel.arguments.size()]), x(node.operands.at(0)),
      w(node.operands.at(1)), xType(builder.kernel.typeOf(x)), wType(builder.kernel.typeOf(w)),
      loops(builder, node, value), groups(static_cast<int>(integer(node, "groups"))),
      channels(static_cast<int>(xType.shape.back())) {
  if (groups < 1 || channels % groups || wType.shape.size() != 2 || wType.shape[0] != node.type.shape.back() ||
      wType.shape[0] % groups)
    throw BuildError("groups of a conv do not fit its operands");
  depth = channels / groups, columns = static_cast<int>(wType.shape[1]);
  if (columns != depth * kernels::product(integers(node, "kernel")))
    throw BuildError("weights of a conv do not fit its kernel");
  if (node.attributes.count("pad_value"))
    padValue = static_cast<int>(integer(node, "pad_value"));
  const Type type = computeType(node.type.element);
  loops.accumulator = type.is_float() ? type : Int(32);
  loops.start = Internal::make_zero(loops.accumulator);
  if (wType.layout.kind == Layout::panels) {
    if (wType.layout.dim != 0)
      throw BuildError("the panels of a conv's weights are not along its rows");
    loops.width = wType.layout.width;
  } else {
    loops.width = int64_t(builder.schedule("vector", 1)) * builder.schedule("panels", 1);
  }
  loops.finish = [](const Expr &sum, const Index &) { return sum; };
  if (builder.kernel.schedule.count("dots"))
    dots = static_cast<Dots>(builder.schedule("dots", 2, 6));
  if (dots == Dots::none)
    useElements();
  else
    useWords();
}

/// Plain float operations: fast math may contract. Integers wrap; bytes cannot.
Expr ConvKernel::product(const Expr &a, const Expr &b, int zero) const {
  Expr left = cast(loops.accumulator, a), right = cast(loops.accumulator, b);
  if (loops.accumulator.is_float())
    return left * right;
  if (isByte(x) && isByte(w))
    return (zero ? left - zero : left) * right;
  return math::mul(zero ? math::sub(left, Expr(zero)) : left, right);
}

/// Taps outside of x are left out: what they add is what all taps add with the value
/// that is there, but for those inside, where it is taken off x.
void ConvKernel::useElements() {
  loops.steps = depth;
  const bool fits = loops.accumulator.is_float() || (isByte(x) && isByte(w) && columns < (1 << 15));
  auto plus = [fits](const Expr &a, const Expr &b) { return fits ? a + b : math::add(a, b); };
  const int rows = static_cast<int>(wType.shape[0]) / groups; // Of a group.
  const Shape &pads = integers(node, "pads");
  const bool isPadded = std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad > 0; });
  const int zero = isPadded ? padValue : 0;
  loops.add = [this, plus, rows, zero](const Expr &sum, const Tap &tap) {
    Index index = tap.pixel;
    Expr group = groups == 1 ? Expr(0) : rows == 1 ? tap.column : tap.column / rows;
    index.push_back(Internal::simplify(group * depth + tap.step));
    Expr weight = builder.computeAt(w, {tap.column, Internal::simplify(tap.number * depth + tap.step)});
    return plus(sum, product(builder.computeAt(x, index), weight, zero));
  };
  if (zero)
    sumColumns(columns, [this, zero, plus](const Expr &sum, const Expr &step, const Expr &column) {
      Expr weight = cast<int>(builder.computeAt(w, {column, step}));
      return plus(sum, math::mul(weight, Expr(zero)));
    });
}

Expr ConvKernel::weightWord(const Expr &tap, const Expr &at, const Expr &column) const {
  const int width = static_cast<int>(wType.layout.width), steps = (columns + step - 1) / step;
  Expr word = Internal::simplify(tap * (depth / step) + at);
  return builder.parameters[w](((column / width) * steps + word) * width + column % width);
}

std::vector<Expr> ConvKernel::weightWords(const Expr &tap, const Expr &step, const Expr &column) const {
  std::vector<Expr> words;
  for (int i = 0; i < run; ++i)
    words.push_back(weightWord(tap, Internal::simplify(step * run + i), column));
  return words;
}

Expr ConvKernel::addDot(const Expr &sum, const std::vector<Expr> &x, const std::vector<Expr> &weights) const {
  if (run > 1)
    return dots::dotRun(sum, x, weights);
  const Expr word = x.front(), weight = weights.front();
  if (dots == Dots::bytes)
    return dots::dotBytes(sum, word, weight);
  if (dots == Dots::signedBytes || dots == Dots::runs)
    return dots::dotSigned(sum, word, weight);
  // Pairs of 16 bits: bytes 0 and 2, then 1 and 3.
  const Expr low = Expr(0x00ff00ffu);
  if (dots == Dots::halves) {
    Expr even = isSigned ? dots::evenBytes(word) : word & low;
    Expr odd = isSigned ? dots::oddBytes(word) : (word >> Expr(8u)) & low;
    return dots::addDotWords(dots::addDotWords(sum, even, dots::evenBytes(weight)), odd, dots::oddBytes(weight));
  }
  // Weights get their sign by way of unsigned ones.
  const Expr bias = Expr(0xff80ff80u);
  Expr biased = weight ^ Expr(0x80808080u);
  Expr even = dots::dotWords(word & low, dots::addWords(biased & low, bias));
  Expr odd = dots::dotWords((word >> Expr(8u)) & low, dots::addWords((biased >> Expr(8u)) & low, bias));
  return sum + even + odd;
}

void ConvKernel::useWords() {
  const int arguments = static_cast<int>(builder.kernel.arguments.size());
  if (x >= arguments || w >= arguments || x == w || groups != 1 || depth % step || !isByte(x) ||
      wType.element != Element::i8 || xType.layout.kind != Layout::plain || wType.layout.kind != Layout::panels ||
      wType.layout.step != step || columns >= (1 << 15))
    throw BuildError("with 'dots', a conv has one group of arguments of bytes, a multiple of 4 channels, and weights in "
                     "panels of words");
  for (const Node &other : builder.kernel.nodes)
    if (&other != &node && std::count(other.operands.begin(), other.operands.end(), x))
      throw BuildError("with 'dots', nothing else reads what a conv does");
  isSigned = xType.element == Element::i8;
  const int words = depth / step;
  if (dots == Dots::runs && words % dots::runWords == 0)
    run = dots::runWords;
  loops.steps = words / run;
  const bool wantsOther = dots == Dots::signedBytes || dots == Dots::runs ? !isSigned : dots != Dots::halves && isSigned;
  const uint32_t flip = wantsOther ? 0x80808080u : 0u;
  loops.add = [this, words, flip](const Expr &sum, const Tap &tap) {
    std::vector<Expr> xs;
    for (int i = 0; i < run; ++i) {
      Expr word = builder.parameters[x](Internal::simplify(loops.positionOf(tap.pixel) * words + tap.step * run + i));
      xs.push_back(flip ? word ^ Expr(flip) : word);
    }
    return addDot(sum, xs, weightWords(tap.number, tap.step, tap.column));
  };
  const uint32_t padWord = (uint32_t(padValue & 0xff) * 0x01010101u) ^ flip;
  if (padWord != 0)
    loops.addPad = [this, padWord](const Expr &sum, const Tap &tap) {
      return addDot(sum, std::vector<Expr>(run, Expr(padWord)), weightWords(tap.number, tap.step, tap.column));
    };
  if (!flip)
    return;
  // What the other sign of x adds to each channel, taken off.
  sumColumns(columns / step / run, [this, flip](const Expr &sum, const Expr &number, const Expr &column) {
    const std::vector<Expr> other(run, Expr(flip));
    return sum - addDot(Expr(0), other, weightWords(0, number, column));
  });
}

/// Adds to each sum what `add` gives for its channel in `steps` steps from 0 on: once a
/// tile of channels.
void ConvKernel::sumColumns(int steps, const ColumnAdder &add) {
  auto whole = std::make_shared<Func>();
  auto count = std::make_shared<int>(0);
  loops.finish = [whole, count, steps, add](const Expr &sum, const Index &at) {
    const std::string name = "whole_" + std::to_string((*count)++);
    const Var column("column");
    *whole = Func(name);
    (*whole)(column) = 0;
    RDom all(0, steps, name + "_step");
    (*whole)(column) = withLets(add((*whole)(column), steps > 1 ? Expr(all) : Expr(0), column));
    return math::add(sum, (*whole)(at.back()));
  };
  loops.atColumns = [whole](const LoopLevel &level, int64_t width, int lanes) {
    const Var column = whole->args()[0];
    whole->compute_at(level).store_in(MemoryType::Stack).bound_extent(column, static_cast<int>(width));
    if (lanes > 1) {
      whole->vectorize(column, lanes);
      whole->update().vectorize(column, lanes);
    }
  };
}

std::vector<Func> ConvKernel::build() { return {loops.build()}; }

} // namespace

std::vector<Func> buildConv(Builder &builder) { return ConvKernel(builder).build(); }

} // namespace glmc::kernels
