//===- AttentionMask.h - What attention may attend to -----------------------===//
//
// Exporters say the same thing in many ways: numbers added to the scores, 0 or
// -inf or the lowest float; scores replaced by -inf; constants; booleans made
// of a padding mask and a causal one; and guards against rows that attend to
// nothing. This collects what is met between the probabilities and the scores
// and makes one mask of it, or `causal`, or neither.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_SIMPLIFY_ATTENTIONMASK_H
#define GLMC_LOWERING_SIMPLIFY_ATTENTIONMASK_H

#include "lowering/simplify/ElementTrace.h"
#include "lowering/simplify/IdiomRewrite.h"

namespace glmc {

/// Whether `number`, of type `element`, lets nothing of a score that it is added to
/// through the softmax: -inf, -FLT_MAX, -1e38 and the like, the lowest of f16.
bool hidesScore(double number, mlir::Type element);

struct AttentionShape {
  int64_t batch, kvHeads, repeats, tokens, keys;
};

class MaskCollector {
public:
  MaskCollector(ElementTrace &trace, ConstantReader &constants, const AttentionShape &shape);

  /// Symbols for all batches, key-value heads, repetitions of each, tokens, keys.
  LinearIndex b, g, r, s, t;
  LinearIndex head() const { return g * shape.repeats + r; }
  /// All rows of scores: [B, G, R, S] in row-major order.
  LinearIndex row() const { return ((b * shape.kvHeads + g) * shape.repeats + r) * shape.tokens + s; }

  // Each takes what was met, from the probabilities towards the scores; false if
  // it is nothing that glm.attention can do.

  /// `element` is added to the scores, the sum is multiplied by `scale`.
  bool add(const Element &element, double scale);
  /// Scores are replaced by `filling` where `condition` is not `attended`.
  bool fill(const Element &condition, bool attended, double filling);
  /// Rows for which `condition` is true become 0: the largest element of the
  /// mask's row is -inf.
  bool setRowGuard(const Element &condition);
  /// Rows for which `condition` is true become 0: nothing in the row of a
  /// boolean mask is true.
  bool setEmptyRowGuard(const Element &condition);
  /// To call when all is met: whether guards and masks go together.
  bool finish();

  /// Whether the mask of numbers, if there is one, is of this type.
  bool fits(mlir::Type element) const;
  bool isCausal() const { return causal; }
  /// The mask as an operand of glm.attention, null if none is left; nothing if
  /// it does not broadcast to scores.
  std::optional<mlir::Value> build(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type element);

  /// A row that attends to nothing gives 0.
  bool guarded = false;
  /// Ops that masks were made of.
  OpSet replaced;

private:
  enum class Pattern { everything, causal, other };
  struct Part {
    Element element;
    bool isNegated = false; ///< Of booleans: true means not attended.
  };

  std::optional<Pattern> classify(const Element &element, bool isNegated, bool mayLeaveRowsEmpty);
  bool addBoolean(const Element &element, bool isNegated);
  bool dropConstantSide(const Element &element, bool isNegated, bool &result);
  std::optional<Element> guardedRow(const Element &reduced, llvm::ArrayRef<llvm::StringRef> kinds);
  bool isGuarded(const Element &attended);
  bool isLowestWhereNotAttended(const Element &element);
  mlir::Value broadcastable(mlir::OpBuilder &builder, mlir::Location loc, const Element &element);
  void take(const Element &element);

  ElementTrace *trace;
  ConstantReader *constants;
  AttentionShape shape;
  std::vector<Part> parts;
  bool causal = false;
  std::vector<Element> added;           ///< All masks that were added.
  int64_t filled = 0;                   ///< Masks that replaced scores.
  std::optional<Element> rowGuardMask;  ///< The mask whose rows setRowGuard looks at.
  std::optional<Element> emptyRowMask;  ///< The boolean that setEmptyRowGuard looks at.
  bool isEmptyRowMaskMet = false;
};

} // namespace glmc

#endif // GLMC_LOWERING_SIMPLIFY_ATTENTIONMASK_H
