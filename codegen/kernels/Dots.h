//===- Dots.h - Integer dot products within lanes of 32 bits -----------------===//
//
// Private to codegen/kernels. Machines multiply and add neighbouring bytes or
// words in one instruction. Here a lane is 32 bits and holds four of the former
// or two of the latter, so that kernels vectorise as if these were operators of
// one lane. They are calls until a pipeline is lowered: PrintCxx prints them as
// pieces of runtime-min/dots.h, and lowerDots() makes of them what Halide
// finds the instructions for. All are exact.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_DOTS_H
#define GLMC_CODEGEN_KERNELS_DOTS_H

#include <Halide.h>

namespace glmc::kernels::dots {

using Halide::Expr;

// Of lanes of UInt(32), little end first.
/// a0 * b0 + a1 * b1 of signed words. Int(32).
Expr dotWords(const Expr &a, const Expr &b);
/// The two words a0 * b0 + a1 * b1 and a2 * b2 + a3 * b3 of unsigned bytes a and
/// signed bytes b; both sums must fit into signed words.
Expr dotBytesToWords(const Expr &a, const Expr &b);
/// Two sums of words, which must fit.
Expr addWords(const Expr &a, const Expr &b);
/// sum + a0 * b0 + ... + a3 * b3 of unsigned bytes a and signed bytes b. Int(32).
Expr dotBytes(const Expr &sum, const Expr &a, const Expr &b);

/// sum + a0 * b0 + a1 * b1 of signed words. Int(32).
Expr addDotWords(const Expr &sum, const Expr &a, const Expr &b);
/// Signed bytes 0 and 2 of a, or 1 and 3, as signed words.
Expr evenBytes(const Expr &a);
Expr oddBytes(const Expr &a);
/// sum + a0 * b0 + ... + a3 * b3 of signed bytes. Int(32).
Expr dotSigned(const Expr &sum, const Expr &a, const Expr &b);
/// The same of `runWords` lanes of a and b each, which lie one behind the other.
constexpr int runWords = 4;
Expr dotRun(const Expr &sum, const std::vector<Expr> &a, const std::vector<Expr> &b);

/// The name of the piece of runtime-min/dots.h that a call of the above is;
/// null for other calls.
const char *pieceOf(const Halide::Internal::Call *call);

/// What lowerDots() makes of scalars for processors with instructions for them:
/// functions whose calls codegen/object replaces.
constexpr const char *armSmlad = "glmc_arm_smlad", *armSxtb16 = "glmc_arm_sxtb16",
                     *armSxtb16High = "glmc_arm_sxtb16_high";

/// All calls as Halide's own expressions. Of scalars: where there are vectors, as those
/// of one lane; else as plain arithmetic, but for a target whose `dot` is "smlad" as
/// calls of the functions above.
Halide::Internal::Stmt lowerDots(const Halide::Internal::Stmt &body, const std::string &dot, bool hasVectors);

} // namespace glmc::kernels::dots

#endif // GLMC_CODEGEN_KERNELS_DOTS_H
