//===- Attention.h - What the files of the attention family share -----------===//
//
// Private to Attention*.cpp.
//
//   Attention.cpp        drives the rest: tiles of tokens, softmax, storing
//   AttentionScores.cpp  queries times keys
//   AttentionValues.cpp  probabilities times values
//   AttentionSizes.cpp   reads and checks the node
//
// A task is one key-value head of one batch; a tile is `rows` tokens of all
// query heads that share it. For each tile: the scores of all keys, softmax of
// each row in their place, then the products with the values. Keys and values
// are thus read once for the heads that share them.
//
// Keys come in whole blocks and a padded rest, whose padding scores -inf. With
// `causal`, blocks that no token of a tile may see are not visited. With `past`
// loops over keys end with the block of the last key that there is; that block
// scores -inf beyond it and reads no value there.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_ATTENTION_H
#define GLMC_CODEGEN_KERNELS_ATTENTION_H

#include "codegen/kernels/AttentionSizes.h"
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Schedules.h"

namespace glmc::kernels::attention {

/// Keys between additions to the sums of values; also what keys are padded to.
constexpr int valueBlock = reductionLanes;
/// Vectors of a register tile, and rows of one that has several columns.
constexpr int mostAccumulators = 12, mostRows = 6;
/// The same where few rows pass over many keys: wide vectors come with more registers.
inline int mostVectors(int lanes) { return lanes >= 16 ? 16 : mostAccumulators; }

/// i >= 0, such that Halide does not see through it: where a select tells it that
/// a value is not needed, it makes less of that value, at places that differ.
Expr notNegative(const Expr &i);
/// The largest divisor of `of` that is at most `limit`.
int largestDivisor(int64_t of, int64_t limit);

/// Tokens [begin, begin + tile * tiles).
struct Tokens {
  int begin, tile, tiles;
};

class AttentionBuilder {
public:
  explicit AttentionBuilder(Builder &builder);
  std::vector<Func> build();

private:
  /// Where an element of a tile is: the variables that temporaries end in.
  struct Place {
    Expr head, token, tile, task;
    std::vector<Expr> with(std::vector<Expr> first) const {
      first.insert(first.end(), {head, token, tile, task});
      return first;
    }
  };
  static std::vector<Var> with(std::vector<Var> first, const Place &place);

  // Attention.cpp
  void storeTokens(const Tokens &tokens);
  void makeProbabilities();
  void scheduleKeys(Func func, const RDom &domain);
  void makeWeights();
  Func reduceScores(const std::string &role, const std::string &kind, Func of);
  void scheduleRows(Halide::Stage stage, const std::vector<Func> &made, int rowsAtOnce,
                    std::vector<Halide::VarOrRVar> inner, std::vector<Halide::VarOrRVar> outer);
  /// A temporary of a tile: on the stack, or in scratch if it is too large.
  void keep(Func func, int64_t elements, int64_t *shared = nullptr);
  std::string name(const std::string &role) const { return role + "_" + std::to_string(number); }

  // Attention.cpp: operands.
  Expr queryAt(const Expr &feature, const Place &place);
  Expr keyAt(const Expr &key, const Expr &feature, const Expr &task);
  Expr valueAt(const Expr &key, const Expr &feature, const Expr &task);
  /// The factor of a row of keys or values that has one.
  Expr scaleAt(const ScaledRows &rows, const Expr &key, const Expr &task);
  Index headIndex(bool headMajor, const Expr &key, const Expr &feature, const Expr &task, int64_t features) const;
  Expr tokenAt(const Place &place) const { return place.tile * tokens.tile + place.token + tokens.begin; }
  /// Keys before those of the queries: read where they are counted.
  Expr before() const;
  Expr beforeFrom(const Expr &past) const;
  /// Leaves out iterations that begin with a key no token of the tile sees.
  void skipUnseen(RDom &domain, const Expr &firstKey);
  /// Ends a loop, each iteration of which is `keys` keys (a divisor of
  /// valueBlock), with the last block that has a key.
  void endWithKeys(const RVar &loop, int keys);

  // AttentionScores.cpp
  void makeScores();
  void transposedScores(int block, int first, int count, bool padded);
  void dotScores(int first, int count, bool padded);
  Expr finish(const Expr &dot, const Expr &key, const Place &place, bool padded);

  // AttentionValues.cpp
  void makeValues();
  void addBlocks();
  void addRest();
  void scheduleSums(Halide::Stage stage, const std::vector<Func> &made, std::vector<Halide::VarOrRVar> around);

  Builder &builder;
  const Kernel &kernel;
  const int value;
  const Node &node;
  const AttentionSizes sizes;
  const ScaledRows keyRows, valueRows;
  const Halide::Type type;
  const bool causal, guarded;
  const int lanes;
  const int paddedKeys, keyStride;
  Func output;

  // Of the tokens that are being stored.
  Tokens tokens{};
  int number = 0;
  bool skips = false;
  Halide::LoopLevel level; ///< Where temporaries of a tile are made.
  Place place;
  Func scores, largest, probabilities, factor, sums;
  Func weights;                     ///< What values are multiplied by: probabilities, or with scales.
  int sumLanes = 1, sumVectors = 1, sumRows = 1; ///< Of a register tile of values.
  int64_t scratchUsed = 0, scratchMost = 0;
};

} // namespace glmc::kernels::attention

#endif // GLMC_CODEGEN_KERNELS_ATTENTION_H
