//===- Windows.h - Loops of what slides over space ---------------------------===//
//
// Private to codegen/kernels: what convolutions and pools share. x is [n,
// space..., c] and y is [n, outputs..., m]; a pixel is an element of y but for m.
//
// A tile is some pixels that follow each other along the last dimension of space,
// times some channels; what is added up of their windows stays in registers. Where
// all windows are one element, all pixels follow each other. Tiles along a row
// are cut so that each knows which taps of the last dimension are inside of x:
// those of the middle have all of them, those of the ends stages for the taps that
// some pixels lack. In the other dimensions taps outside are left out of the loops.
//
// The order of an element's sum: taps of the last dimension from the outside, then
// those of the others, then what a tap adds. It does not depend on the target.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_WINDOWS_H
#define GLMC_CODEGEN_KERNELS_WINDOWS_H

#include "codegen/kernels/Builder.h"

namespace glmc::kernels {

/// One step of a window's sum.
struct Tap {
  Index pixel;    ///< Of x: n and space.
  Expr number;    ///< Of the tap in the window, row-major.
  Expr step;      ///< Of the tap, below `steps`.
  Expr column;    ///< Of y: m.
};

class WindowLoops {
public:
  /// `node` is a glm.conv or glm.pool with channels last, `value` its number.
  WindowLoops(Builder &builder, const Node &node, int value);

  // What the family says.
  Halide::Type accumulator;
  Expr start;       ///< What a sum begins with.
  int64_t steps = 1; ///< Of each tap.
  using Adder = std::function<Expr(const Expr &sum, const Tap &tap)>;
  Adder add;     ///< A tap inside of x.
  Adder addPad;  ///< A tap outside; none if it adds nothing.
  /// The element of y at an index, of its sum.
  std::function<Expr(const Expr &sum, const Index &at)> finish;
  int64_t width = 1; ///< Channels of a tile, at most.
  /// Called for each stage after `finish` with its loop over tiles of channels, how
  /// many these are and its vectors, to schedule what is computed there.
  std::function<void(const Halide::LoopLevel &, int64_t width, int lanes)> atColumns;

  /// The kernel's result; all of it is stored.
  Func build();

  const Shape &space() const { return spaceSizes; }
  /// Row-major position of a pixel of x.
  Expr positionOf(const Index &pixel) const;

private:
  /// Channels [begin, begin + width * tiles), in vectors.
  struct Columns {
    int64_t begin, width, tiles;
    int lanes;
  };
  /// Pixels of a row: `tiles` tiles of `size` from `begin` on.
  struct Pixels {
    int64_t begin, size, tiles;
  };
  /// Taps [first, end) of the last dimension, which pixels [low, high) of a tile have.
  struct Reach {
    int64_t first, end, low, high;
  };

  std::vector<Columns> cutColumns() const;
  std::vector<Pixels> cutPixels() const;
  bool hasAllTaps(int64_t pixel) const;
  std::vector<Reach> reachOf(const Pixels &pixels) const;
  void storeTiles(Func output, const Columns &columns, const Pixels &pixels, int number);
  Func makeSum(const Columns &columns, const Pixels &pixels, const std::string &name);
  /// Which pixels of a tile, and which taps, an update is for.
  struct Update {
    int64_t low, high, first, end;
    enum { inside, outside } rows; ///< Of the other dimensions.
    bool isPad;
  };
  void addUpdate(Func f, const Columns &columns, const Pixels &pixels, const Update &update, const std::string &name);
  Expr areInside(const std::vector<Expr> &taps) const;
  Index outputIndex(const std::vector<Expr> &outer, const Expr &pixel, const Expr &column) const;
  static int asInt(int64_t value) { return static_cast<int>(value); }

  Builder &builder;
  const Node &node;
  const int value;
  Shape kernel, strides, dilations, pads, spaceSizes, outputs;
  int64_t batch = 1, channels = 1; ///< Of y.
  bool isFlat = false;             ///< Windows of one element: pixels are one row.
  Shape outer;                     ///< Sizes of loops around rows: n and all outputs but the last.
  int64_t rowPixels = 1;
  std::vector<Var> outerVars;
};

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_WINDOWS_H
