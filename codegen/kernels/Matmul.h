//===- Matmul.h - What the files of the matmul family share -----------------===//
//
// Private to Matmul*.cpp. A kernel of the family has one or more matmuls that
// share their left side, and results that are index functions of their sums:
//
//   Matmul.cpp        reads the region, cuts results into boxes, drives the rest
//   MatmulTiles.cpp   the loops of one box: tiles of sums, blocks of k, storing
//   MatmulDots.cpp    plain transposed right sides: vectors along k
//   MatmulStage.cpp   the left side computed into scratch, norms included
//   MatmulGroups.cpp  right sides of integers with scales: sums by groups of k
//   MatmulActivations.cpp  the left side as these read it: rounded, and its sums
//   MatmulRotary.cpp  the rotary stage of a result
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_MATMUL_H
#define GLMC_CODEGEN_KERNELS_MATMUL_H

#include "codegen/kernels/Builder.h"

namespace glmc::kernels::matmul {

/// Columns of a result: `tiles` tiles of `group` units of `width` columns each,
/// of which `used` are stored. Column q of unit g of tile t is
/// begin + (t * group + g) * width + q.
struct Columns {
  int64_t begin, width, used, group, tiles;
  int lanes;
  int64_t block = 1; ///< Tiles in a group of the outermost loop; divides tiles.
};

/// Rows: `tiles` tiles of `tile` rows from `begin` on.
struct Rows {
  int64_t begin, tile, tiles;
  int64_t block = 1; ///< Tiles that share accumulators in memory; divides tiles.
};

/// How right sides of integers are multiplied: the schedule parameter `dots`.
enum class Dots { none, floats, words, bytes, signedBytes, halves, runs };

/// The integers that a right side is made of: a glm.dequantize along k.
struct Integers {
  int values = -1; ///< An argument in panels of words.
  int scales = -1, zeros = -1; ///< Values of the kernel; zeros may be missing.
  int64_t group = 0; ///< Steps of k that share a scale.
  int bits = 8;
  bool isSigned = true;
  int step() const { return 32 / bits; } ///< Steps of k in a word.
  /// What is added to each before it is multiplied: bytes are multiplied as the dots
  /// want them, and halves of bytes are split off with a mask, as unsigned ones.
  int bias(Dots dots) const {
    if (bits == 4)
      return isSigned ? 8 : 0;
    if (dots == Dots::signedBytes || dots == Dots::runs)
      return isSigned ? 0 : -128;
    return isSigned && dots != Dots::halves ? 128 : 0;
  }
};

/// Some of k that has one scale on the right and, rounded, one on the left.
struct Piece {
  Expr number;
  int size; ///< Steps of k in it, maybe fewer than in those before.
};

/// One matmul of the kernel.
struct Product {
  int value;
  const Node *node;
  bool transposed;
  int64_t n;
  int64_t panelWidth = 0; ///< Not 0: the right side is a packed weight, or casts of one.
  Halide::Type accumulator;
  Integers integers; ///< Where the kernel has `dots`.
};

/// A sum that an element of a result needs: the element of a product in the
/// same row and `offset` columns further.
struct Sum {
  size_t product;
  int64_t offset;
};

/// What one pass of tiles stores: a result, or the operand of its rotary.
struct Pass {
  int value;
  TensorType type;
  int64_t n;
  std::vector<Sum> sums;
  Func output; ///< By column, row and batch.
};

class MatmulKernel {
public:
  explicit MatmulKernel(Builder &builder);
  std::vector<Func> build();

private:
  // Matmul.cpp: reading the region.
  void readProducts();
  void checkPrologue() const;
  Pass makePass(int value, const std::string &name);
  int rotaryOf(int result) const; ///< Value of the rotary that it needs, or -1.
  void checkScratch(const std::vector<TensorType> &expected) const;
  std::vector<int> operandsOf(int value) const;
  bool flag(const char *name) const;

  // Matmul.cpp: boxes.
  int lanesOf(const Pass &pass) const;
  std::vector<Columns> columnsOf(const Pass &pass) const;
  std::vector<Columns> panelColumns(const Pass &pass, int64_t width, int lanes) const;
  std::vector<Columns> plainColumns(const Pass &pass, int lanes) const;
  void readRows();

  // Matmul.cpp: values.
  Index indexIn(const Shape &shape, const Expr &batch, const Expr &row, const Expr &column) const;
  /// The left side at step first + group * steps + step of a row of a tile.
  Expr lhsAt(const Rows &segment, const Expr &batch, const Expr &tile, const Expr &row, const Expr &group,
             const Expr &step, const Expr &first, int steps);
  Expr rhsAt(const Product &product, const Expr &batch, const Expr &depth, const Expr &column);
  static Expr multiply(Halide::Type accumulator, const Expr &a, const Expr &b);
  static Expr plus(const Expr &a, const Expr &b);
  /// The element of a result (or of a rotary's operand), with sum i of the pass
  /// being `sums[i]`.
  Expr epilogue(const Pass &pass, const Expr &batch, const Expr &row, const Expr &column, const std::vector<Expr> &sums);

  // MatmulTiles.cpp
  struct Box {
    const Columns &columns;
    const Rows &rows;
    int computed; ///< Columns of a unit that are computed: whole vectors.
    void scheduleTile(Func f) const;
    void scheduleUpdate(Halide::Stage stage) const;
  };
  void storeTiles(const Pass &pass, const Columns &columns, const Rows &segment, int number);
  Func makeSum(const Box &box, const Sum &sum, const std::string &name, int begin, int size);
  Func makeTotal(const Box &box, const Sum &sum, const std::string &name);

  // MatmulGroups.cpp
  void readIntegers(Product &product, const Node &dequantize);
  void checkIntegers();
  Func makeGroups(const Box &box, const Sum &sum, const std::string &name);
  void addPieces(Func f, const Box &box, const Sum &sum, const std::string &name, const Expr &first, int count, int size);
  Expr pieceSum(const Product &product, const Expr &row, const Expr &column, const Piece &piece, const Expr &from,
                int steps, const Expr &start);
  Expr scaled(const Product &product, const Expr &row, const Expr &column, const Piece &piece, const Expr &sum);
  Expr partOf(const Expr &word, int part) const;
  Expr wordAt(const Product &product, const Expr &step, const Expr &column) const;
  /// An element of scales or zeros.
  Expr ofGroup(const Product &product, int value, const Piece &piece, const Expr &column);

  // MatmulActivations.cpp
  void stageActivations(std::vector<Func> &scratch, std::vector<TensorType> &types);
  void stageLeft();
  void stageLengths(int first, int count, int size);
  void stageSums(int first, int count, int size);
  void stageWords(int first, int count, int size);
  struct WordPlace;
  void storeWord(const std::string &name, const std::vector<int> &offsets, const WordPlace &place, int first,
                 int pieceCount);
  Expr leftAt(const Expr &row, const Expr &depth);
  Expr activationAt(const Expr &row, const Piece &piece, const Expr &step, int part) const;
  bool needsSums() const; ///< Of the left side by pieces: zeros, or integers made unsigned.
  /// Words of the rounded left side that a word of the right side is multiplied with.
  int partsOfStep() const {
    const int parts = products[0].integers.bits == 8 ? 1 : 2; // of bytes
    return dots == Dots::halves || (dots == Dots::words && parts == 1) ? 2 * parts : parts;
  }
  int wordsOf(int size) const { // of a piece of the rounded left side
    const int step = products[0].integers.step();
    return (size + step - 1) / step * partsOfStep();
  }
  int wordsOfRow() const { return wordsOf(asInt(piece)) * asInt(k / piece) + wordsOf(asInt(k % piece)); }
  int pieces() const { return asInt((k + piece - 1) / piece); }
  static int asInt(int64_t value) { return static_cast<int>(value); }

  // MatmulDots.cpp
  bool usesDots() const;
  void storeDots(const Pass &pass, const Columns &columns, const Rows &segment, int number);

  // MatmulStage.cpp
  TensorType stageLhs(); ///< Defines `staged`; its type.
  TensorType stagedType() const;
  void stageSteps(const Rows &segment, const std::string &name, int first, int steps, int groups);
  /// Where that step lies in the staged left side.
  Expr stagedAt(const Rows &segment, const Expr &tile, const Expr &row, const Expr &group, const Expr &step,
                const Expr &first, int steps) const;

  // MatmulRotary.cpp
  Func storeRotary(int result, int rotary, const Pass &pass, const std::string &name);

  Builder &builder;
  const Kernel &kernel;
  std::vector<Product> products;
  std::vector<bool> dependent; ///< By value: computed from a product.
  int lhs = -1;  ///< Value of the left side.
  Shape leading; ///< Of the products, without their last two dimensions.
  int64_t m = 0, k = 0, batch = 1, rows = 0;
  bool batched = false;
  std::vector<Rows> segments;
  int unrollK = 1;
  Func staged; ///< Defined if the left side is staged.

  Dots dots = Dots::none;
  int64_t piece = 0; ///< Steps of k of a piece.
  Func words;   ///< The left side rounded, by row, piece and word.
  Func lengths; ///< What its integers are multiplied with, by row and piece.
  Func sums;    ///< Sums of it (Dots::floats) or its integers, by row and piece.
};

} // namespace glmc::kernels::matmul

#endif // GLMC_CODEGEN_KERNELS_MATMUL_H
