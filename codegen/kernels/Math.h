//===- Math.h - Arithmetic and math functions as Halide expressions ---------===//
//
// Why not Halide's own: its scalar exp, log, sin, ... call libm (generated code
// may have no undefined symbols), its vector ones differ from the scalar ones,
// and outside strict_float LLVM may assume that no value is NaN or infinite. So
// everything here that an infinity or a NaN can reach uses Halide's strict
// intrinsics in both modes; only the insides of polynomials and the products of
// a matmul, whose values are finite, are plain expressions. In Math::exact the
// whole kernel is compiled for Halide's strict_float target, which makes those
// strict too: same operations in the same order on every target.
//
// Stated bounds against the correctly rounded value, tested in KernelTest:
//   f32: exp, log, sin, cos, tanh, erf 2 ulp, sigmoid 3 ulp (sin, cos: |x| <= 1e6,
//        absolute 1e-7 near their zeros), pow 1 ulp, floor ... round exact.
//   f64: exp, log, tanh, sigmoid 8 ulp, erf 16 ulp, sin and cos absolute 1e-15 for
//        |x| <= 1e6, pow relative 1e-13.
// Special values follow IEEE 754 and C's annex F in both modes.
//
// f16 and bf16 are computed in f32 by their users.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_MATH_H
#define GLMC_CODEGEN_KERNELS_MATH_H

#include <Halide.h>

namespace glmc::kernels::math {

using Halide::Expr;

// One IEEE operation on floats; modular arithmetic on integers (Halide leaves
// the overflow of 32 and 64-bit signed integers undefined, ONNX wraps).
Expr add(const Expr &a, const Expr &b);
Expr sub(const Expr &a, const Expr &b);
Expr mul(const Expr &a, const Expr &b);
/// Integers truncate towards zero; x / 0 is 0 and never traps.
Expr div(const Expr &a, const Expr &b);
/// Integers: sign of b, x mod 0 is 0. Floats: C's fmod, exact where |a / b| < 2^29
/// (f32) or where a / b is below 2^22 in few bits (f64).
Expr mod(const Expr &a, const Expr &b);

Expr equal(const Expr &a, const Expr &b);
Expr less(const Expr &a, const Expr &b);
Expr lessEqual(const Expr &a, const Expr &b);
/// True for a NaN; false for any integer.
Expr isNan(const Expr &x);
/// NaN if either operand is.
Expr max(const Expr &a, const Expr &b);
Expr min(const Expr &a, const Expr &b);

Expr neg(const Expr &x);
Expr abs(const Expr &x);
Expr sign(const Expr &x);
Expr floor(const Expr &x);
Expr ceil(const Expr &x);
Expr roundEven(const Expr &x);
Expr trunc(const Expr &x);

// Floats of 32 or 64 bits only.
Expr sqrt(const Expr &x);
Expr exp(const Expr &x);
Expr log(const Expr &x);
Expr sin(const Expr &x);
Expr cos(const Expr &x);
Expr tanh(const Expr &x);
Expr sigmoid(const Expr &x);
Expr erf(const Expr &x);

/// Constant exponents 2, 3, 1, 0.5, -0.5, -1 and -2 become products and roots.
/// Integers: by squaring; a negative exponent gives 0 unless x is 1 or -1.
Expr pow(const Expr &x, const Expr &y);

/// Between f32 and f64, infinities and NaN included: a plain cast has LLVM's fast
/// flags, after which comparisons with infinity fold away.
Expr convertFloat(const Expr &x, Halide::Type to);

/// Float to integer: truncates, wraps into narrow types, saturates at the ends
/// of 32 and 64-bit ones; NaN gives 0. Never undefined.
Expr floatToInt(const Expr &x, Halide::Type to);

// Storage of half floats: bits in a 16-bit integer.
Expr halfToFloat(const Expr &bits);
Expr floatToHalf(const Expr &x); ///< Rounds to nearest even.
Expr bfloatToFloat(const Expr &bits);
Expr floatToBfloat(const Expr &x); ///< Rounds to nearest even.

} // namespace glmc::kernels::math

#endif // GLMC_CODEGEN_KERNELS_MATH_H
