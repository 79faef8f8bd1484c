//===- Math.cpp - Arithmetic and math functions as Halide expressions -------===//
//
// Range reduction and polynomials. Coefficients for f32 are those that Stephen
// Moshier's Cephes library publishes for its single precision functions (expf,
// logf, tanhf, sinf, cosf, ndtrf); f64 uses Taylor series, the atanh series for
// log and continued fractions, which need no table.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Math.h"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

using namespace Halide;
using Halide::Internal::Call;

namespace glmc::kernels::math {

//===----------------------------------------------------------------------===//
// One operation
//===----------------------------------------------------------------------===//

namespace {
Expr strict(Call::IntrinsicOp op, const Expr &a, const Expr &b, Type type) {
  return Call::make(type, op, {a, b}, Call::PureIntrinsic);
}

Expr constant(const Expr &like, double value) { return Internal::make_const(like.type(), value); }
Expr infinity(const Expr &like) { return constant(like, std::numeric_limits<double>::infinity()); }
Expr quietNan(const Expr &like) {
  return like.type().bits() == 64 ? reinterpret<double>(Internal::make_const(UInt(64), uint64_t(0x7ff8000000000000)))
                                  : reinterpret<float>(Internal::make_const(UInt(32), uint64_t(0x7fc00000)));
}
Expr bitsOf(const Expr &x) { return reinterpret(UInt(x.type().bits()), x); }
Expr signMask(const Expr &x) { return Internal::make_const(UInt(x.type().bits()), uint64_t(1) << (x.type().bits() - 1)); }

/// Not to be chosen from beside `sign` itself: of select(c, copySign(m, x), x), LLVM
/// 22 makes a masked vpternlogd (AVX-512) whose operands it mixes up.
Expr copySign(const Expr &magnitude, const Expr &sign) {
  Expr mask = signMask(sign);
  return reinterpret(magnitude.type(), (bitsOf(magnitude) & ~mask) | (bitsOf(sign) & mask));
}

template <typename Operation> Expr wrapping(const Expr &a, const Expr &b, Operation operation) {
  if (!a.type().is_int() || a.type().bits() < 32)
    return operation(a, b);
  Type bits = UInt(a.type().bits());
  return cast(a.type(), operation(cast(bits, a), cast(bits, b)));
}

/// c[0] x^n + ... + c[n].
Expr polynomial(const Expr &x, std::initializer_list<double> coefficients) {
  Expr sum;
  for (double c : coefficients)
    sum = sum.defined() ? sum * x + constant(x, c) : constant(x, c);
  return sum;
}

/// 2^k for an integer k in the normal range of `type`.
Expr powerOfTwo(const Expr &k, Type type) {
  if (type.bits() == 64)
    return reinterpret<double>(cast<int64_t>(k + 1023) << 52);
  return reinterpret<float>((k + 127) << 23);
}

/// Nearest integer, halves to even, for |x| below 2^22 (f32) or 2^51 (f64). The
/// strict operations keep compilers from cancelling the two additions.
Expr nearest(const Expr &x) {
  Expr magic = constant(x, x.type().bits() == 64 ? 6755399441055744.0 : 12582912.0);
  return sub(add(x, magic), magic);
}
} // namespace

Expr add(const Expr &a, const Expr &b) {
  return a.type().is_float() ? strict(Call::strict_add, a, b, a.type())
                             : wrapping(a, b, [](Expr x, Expr y) { return x + y; });
}
Expr sub(const Expr &a, const Expr &b) {
  return a.type().is_float() ? strict(Call::strict_sub, a, b, a.type())
                             : wrapping(a, b, [](Expr x, Expr y) { return x - y; });
}
Expr mul(const Expr &a, const Expr &b) {
  return a.type().is_float() ? strict(Call::strict_mul, a, b, a.type())
                             : wrapping(a, b, [](Expr x, Expr y) { return x * y; });
}

Expr div(const Expr &a, const Expr &b) {
  if (a.type().is_float())
    return strict(Call::strict_div, a, b, a.type());
  Expr zero = Internal::make_zero(a.type()), one = Internal::make_one(a.type());
  if (a.type().is_uint())
    return select(b == zero, zero, a / select(b == zero, one, b));
  // Neither x / 0 nor min / -1 may reach the divider: both trap on x86.
  Expr special = b == zero || b == Internal::make_const(a.type(), -1);
  Expr quotient = Call::make(a.type(), Call::div_round_to_zero, {a, select(special, one, b)}, Call::PureIntrinsic);
  return select(b == zero, zero, select(special, neg(a), quotient));
}

Expr mod(const Expr &a, const Expr &b) {
  Type type = a.type();
  if (!type.is_float()) {
    Expr zero = Internal::make_zero(type);
    Expr rest = sub(a, mul(div(a, b), b));
    if (type.is_int())
      rest = select(rest != zero && ((rest < zero) != (b < zero)), add(rest, b), rest);
    return select(b == zero, zero, rest);
  }
  Expr x = convertFloat(a, Float(64)), y = math::abs(convertFloat(b, Float(64))), ax = math::abs(x);
  Expr rest = sub(ax, mul(math::trunc(div(ax, y)), y));
  // The quotient may have been rounded up, or down, to the next integer.
  rest = select(less(rest, Expr(0.0)), add(rest, y), select(lessEqual(y, rest), sub(rest, y), rest));
  rest = copySign(rest, x);
  Expr finite = less(ax, infinity(x));
  Expr result = select(equal(y, infinity(x)) && finite, x, rest);
  return convertFloat(select(finite && !equal(y, Expr(0.0)), result, quietNan(x)), type);
}

Expr equal(const Expr &a, const Expr &b) {
  return a.type().is_float() ? strict(Call::strict_eq, a, b, Bool()) : a == b;
}
Expr less(const Expr &a, const Expr &b) {
  return a.type().is_float() ? strict(Call::strict_lt, a, b, Bool()) : a < b;
}
Expr lessEqual(const Expr &a, const Expr &b) {
  // Not strict_le: Halide 21 makes that true of NaNs.
  return a.type().is_float() ? less(a, b) || equal(a, b) : a <= b;
}
Expr isNan(const Expr &x) { return x.type().is_float() ? !equal(x, x) : Internal::const_false(); }

namespace {
/// Whether it is a constant, and not NaN: the other one is what may be, and stays
/// where a comparison with it is false. One instruction on most CPUs.
bool isNumber(const Expr &x) {
  auto number = Internal::as_const_float(x);
  return number && !std::isnan(*number);
}
} // namespace

Expr max(const Expr &a, const Expr &b) {
  if (!a.type().is_float())
    return Halide::max(a, b);
  if (isNumber(b))
    return select(less(a, b), b, a);
  return isNumber(a) ? select(less(b, a), a, b) : select(less(b, a) || isNan(a), a, b);
}
Expr min(const Expr &a, const Expr &b) {
  if (!a.type().is_float())
    return Halide::min(a, b);
  if (isNumber(b))
    return select(less(b, a), b, a);
  return isNumber(a) ? select(less(a, b), a, b) : select(less(a, b) || isNan(a), a, b);
}

Expr neg(const Expr &x) {
  return x.type().is_float() ? reinterpret(x.type(), bitsOf(x) ^ signMask(x)) : sub(Internal::make_zero(x.type()), x);
}
Expr abs(const Expr &x) {
  if (x.type().is_float())
    return reinterpret(x.type(), bitsOf(x) & ~signMask(x));
  return x.type().is_uint() ? x : select(x < Internal::make_zero(x.type()), neg(x), x);
}
Expr sign(const Expr &x) {
  Expr zero = Internal::make_zero(x.type()), one = Internal::make_one(x.type());
  if (x.type().is_uint())
    return select(x == zero, zero, one);
  Expr rest = select(less(x, zero), Internal::make_const(x.type(), -1), x.type().is_float() ? x : zero);
  return select(less(zero, x), one, rest);
}

Expr convertFloat(const Expr &x, Type to) {
  if (x.type() == to)
    return x;
  // Below this, x is finite in both types (half an ulp past FLT_MAX rounds up).
  Expr limit = x.type().bits() == 64 ? Expr(3.4028235677973366e38) : infinity(x);
  Expr finite = less(math::abs(x), limit);
  Expr converted = cast(to, select(finite, x, constant(x, 0)));
  Expr like = converted, zero = constant(x, 0);
  Expr special = select(less(zero, x), infinity(like), select(less(x, zero), neg(infinity(like)), quietNan(like)));
  return select(finite, converted, special);
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

Expr roundEven(const Expr &x) {
  if (!x.type().is_float())
    return x;
  Expr limit = constant(x, x.type().bits() == 64 ? 4503599627370496.0 : 8388608.0);
  Expr magnitude = math::abs(x);
  return copySign(select(less(magnitude, limit), sub(add(magnitude, limit), limit), magnitude), x);
}
Expr floor(const Expr &x) {
  Expr near = roundEven(x);
  return select(less(x, near), sub(near, constant(x, 1)), near);
}
Expr ceil(const Expr &x) {
  Expr near = roundEven(x);
  return select(less(near, x), copySign(add(near, constant(x, 1)), x), near);
}
Expr trunc(const Expr &x) { return copySign(math::floor(math::abs(x)), x); }

//===----------------------------------------------------------------------===//
// Exponential family
//===----------------------------------------------------------------------===//

Expr sqrt(const Expr &x) { return Halide::sqrt(x); }

Expr exp(const Expr &x) {
  bool wide = x.type().bits() == 64;
  // Above `high` the result is infinite, below `low` zero. NaN goes to `low`.
  Expr low = constant(x, wide ? -746.0 : -105.0), high = constant(x, wide ? 710.0 : 89.0);
  Expr clamped = select(less(low, x), select(less(high, x), high, x), low);
  Expr k = nearest(clamped * constant(x, 1.4426950408889634));
  // Strict: reassociated, the two parts of ln 2 would become one again.
  Expr r = sub(sub(clamped, mul(k, constant(x, wide ? 6.93147180369123816490e-01 : 0.693359375))),
               mul(k, constant(x, wide ? 1.90821492927058770002e-10 : -2.12194440e-4)));
  Expr y;
  if (wide) { // Taylor: |r| <= 0.347, the first term left out is 4e-18.
    double factorial = 6227020800.0;
    y = constant(x, 1 / factorial);
    for (int n = 13; n > 0; --n) {
      factorial /= n;
      y = y * r + constant(x, 1 / factorial);
    }
  } else {
    Expr p = polynomial(r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
                            5.0000001201e-1});
    y = add(add(p * (r * r), r), constant(x, 1));
  }
  // In two steps, so that neither factor over- or underflows before the result.
  Expr n = cast<int>(k), half = n >> 1;
  Expr scaled = mul(mul(y, powerOfTwo(half, x.type())), powerOfTwo(n - half, x.type()));
  return select(isNan(x), x, scaled);
}

namespace {
/// x = m * 2^e with m in [sqrt(1/2), sqrt(2)), for positive finite x.
void splitExponent(const Expr &x, Expr &m, Expr &e) {
  bool wide = x.type().bits() == 64;
  int fraction = wide ? 52 : 23, bias = wide ? 1022 : 126;
  Type word = Int(x.type().bits());
  Expr tiny = less(x, constant(x, wide ? 2.2250738585072014e-308 : 1.1754943508222875e-38));
  Expr normal = select(tiny, mul(x, constant(x, wide ? 4503599627370496.0 : 8388608.0)), x);
  Expr bits = reinterpret(word, normal);
  Expr exponent = cast<int>(bits >> fraction) - bias - select(tiny, fraction, 0);
  Expr mask = Internal::make_const(word, (int64_t(1) << fraction) - 1);
  Expr halfBits = Internal::make_const(word, int64_t(bias) << fraction);
  Expr unit = reinterpret(x.type(), (bits & mask) | halfBits); // in [1/2, 1)
  Expr small = less(unit, constant(x, 0.70710678118654752440));
  m = select(small, add(unit, unit), unit);
  e = cast(x.type(), exponent - select(small, 1, 0));
}

/// log for positive finite x, in f64: 2 atanh((m - 1) / (m + 1)) + e ln 2.
Expr logWide(const Expr &x) {
  Expr m, e;
  splitExponent(x, m, e);
  Expr s = (m - Expr(1.0)) / (m + Expr(1.0)), z = s * s;
  Expr series = constant(x, 1.0 / 25);
  for (int n = 23; n >= 3; n -= 2)
    series = series * z + constant(x, 1.0 / n);
  Expr twice = add(s, s);
  Expr tail = add(mul(twice * z, series), mul(e, Expr(1.90821492927058770002e-10)));
  return add(mul(e, Expr(6.93147180369123816490e-01)), add(twice, tail));
}

Expr logNarrow(const Expr &x) {
  Expr m, e;
  splitExponent(x, m, e);
  Expr t = sub(m, constant(x, 1)), z = t * t;
  Expr y = t * z * polynomial(t, {7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1,
                                  1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
                                  3.3333331174e-1});
  y = sub(add(y, mul(e, constant(x, -2.12194440e-4))), mul(constant(x, 0.5), z));
  return add(add(t, y), mul(e, constant(x, 0.693359375)));
}
} // namespace

Expr log(const Expr &x) {
  Expr zero = constant(x, 0);
  // Anything special is replaced by 1 for the computation.
  Expr regular = less(zero, x) && less(x, infinity(x));
  Expr safe = select(regular, x, constant(x, 1));
  Expr result = x.type().bits() == 64 ? logWide(safe) : logNarrow(safe);
  Expr special = select(equal(x, zero), neg(infinity(x)), select(less(x, zero), quietNan(x), x));
  return select(regular, result, special);
}

Expr sigmoid(const Expr &x) {
  Expr one = constant(x, 1), e = math::exp(neg(math::abs(x)));
  Expr denominator = add(one, e);
  return div(select(less(x, constant(x, 0)), e, one), denominator);
}

Expr tanh(const Expr &x) {
  Expr magnitude = math::abs(x), z, near;
  // Only small magnitudes reach the series: the rest would overflow in it.
  Expr isNear = less(magnitude, constant(x, 0.625));
  Expr t = select(isNear, magnitude, constant(x, 0));
  z = t * t;
  if (x.type().bits() == 64) { // Lambert's continued fraction x/(1+z/(3+z/(5+...
    Expr fraction = constant(x, 19);
    for (int n = 17; n >= 1; n -= 2)
      fraction = constant(x, n) + z / fraction;
    near = t / fraction;
  } else {
    near = add(polynomial(z, {-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
                              -3.33332819422e-1}) * z * t, t);
  }
  Expr one = constant(x, 1);
  Expr far = sub(one, div(constant(x, 2), add(math::exp(add(magnitude, magnitude)), one)));
  return copySign(select(isNan(x), magnitude, select(isNear, near, far)), x);
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

namespace {
/// erf for 0 <= x, in f32: an odd polynomial below 1, 1 - erfc above.
Expr erfNarrow(const Expr &x) {
  Expr one = constant(x, 1), isNear = less(x, one);
  Expr t = select(isNear, x, constant(x, 0)), z = t * t;
  // Without the leading 1, so that the polynomial's rounding counts little.
  Expr near = add(t, t * polynomial(z, {7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3,
                                        -2.685381193529856e-2, 1.128358514861418e-1, -3.761262582423300e-1,
                                        0.128379165726710}));
  Expr u = select(isNear, one, select(less(x, constant(x, 10)), x, constant(x, 10)));
  Expr q = one / u, y = q * q;
  Expr p = polynomial(y, {2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
                          6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
                          5.638259427386472e-1});
  Expr r = polynomial(y, {-1.047766399936249e+1, 1.297719955372516e+1, -7.495518717768503e+0, 2.921019019210786e+0,
                          -1.015265279202700e+0, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1});
  Expr tail = math::exp(neg(mul(u, u))) * q * select(less(u, constant(x, 2)), p, r);
  return select(isNear, near, sub(one, tail));
}

/// erf for 0 <= x, in f64: below 3 the series 2/sqrt(pi) e^-z sum of
/// 2^n x^(2n+1) / (2n+1)!!, all of one sign; above, erfc's continued fraction.
Expr erfWide(const Expr &x) {
  const double twoOverRootPi = 1.12837916709551257390, oneOverRootPi = 0.56418958354775628695;
  Expr isNear = less(x, Expr(3.0));
  Expr t = select(isNear, x, Expr(0.0)), z = t * t;
  Expr series = Expr(1.0);
  for (int n = 60; n >= 1; --n)
    series = series * z * constant(x, 2.0 / (2 * n + 1)) + Expr(1.0);
  Expr near = math::exp(neg(z)) * t * series * Expr(twoOverRootPi);
  Expr u = select(isNear, Expr(3.0), select(less(x, Expr(8.0)), x, Expr(8.0)));
  Expr fraction = u;
  for (int n = 40; n >= 1; --n)
    fraction = u + constant(x, n * 0.5) / fraction;
  Expr far = sub(Expr(1.0), math::exp(neg(u * u)) * Expr(oneOverRootPi) / fraction);
  return select(isNear, near, far);
}
} // namespace

Expr erf(const Expr &x) {
  Expr magnitude = math::abs(x);
  Expr result = x.type().bits() == 64 ? erfWide(magnitude) : erfNarrow(magnitude);
  return copySign(select(isNan(x), magnitude, result), x);
}

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

namespace {
/// sin(x + shift * pi / 2). The reduction is done in f64 for both widths: three
/// parts of pi/2, the first of 33 bits, so its product with k is exact.
Expr sine(const Expr &x, int shift) {
  Expr regular = less(math::abs(x), infinity(x));
  Expr wide = cast<double>(select(regular, x, constant(x, 0)));
  // Beyond 2^30 no digit is promised; stay in the range of what follows.
  Expr limit = Expr(1073741824.0);
  wide = select(less(math::abs(wide), limit), wide, Expr(0.0));
  Expr k = nearest(wide * Expr(0.63661977236758134308));
  Expr r = sub(sub(sub(wide, mul(k, Expr(1.57079632673412561417e+00))), mul(k, Expr(6.07710050630396597660e-11))),
               mul(k, Expr(2.02226624879595063154e-21)));
  Expr quadrant = (cast<int>(k) + shift) & 3;
  Expr s, c;
  if (x.type().bits() == 64) { // Taylor up to r^17 and r^18, |r| <= 0.786
    Expr z = r * r;
    double term = 1;
    std::vector<double> factorials = {1};
    for (int n = 1; n <= 18; ++n)
      factorials.push_back(term *= n);
    s = Expr(0.0), c = Expr(0.0);
    for (int n = 8; n >= 1; --n)
      s = s * z + Expr((n % 2 ? -1 : 1) / factorials[2 * n + 1]);
    for (int n = 9; n >= 2; --n)
      c = c * z + Expr((n % 2 ? -1 : 1) / factorials[2 * n]);
    s = add(r, r * z * s);
    c = add(sub(Expr(1.0), Expr(0.5) * z), z * z * c);
  } else {
    r = cast<float>(r);
    Expr z = r * r;
    s = add(polynomial(z, {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}) * z * r, r);
    c = polynomial(z, {2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2}) * z * z;
    c = add(sub(c, constant(x, 0.5) * z), constant(x, 1));
  }
  Expr value = select((quadrant & 1) == 0, s, c);
  value = select(quadrant >= 2, neg(value), value);
  if (shift == 0) // sin(-0) = -0, and tiny arguments are their own sine.
    value = select(less(math::abs(x), constant(x, 1e-18)), x, value);
  return select(regular, value, quietNan(x));
}
} // namespace

Expr sin(const Expr &x) { return sine(x, 0); }
Expr cos(const Expr &x) { return sine(x, 1); }

//===----------------------------------------------------------------------===//
// Power
//===----------------------------------------------------------------------===//

namespace {
Expr integerPower(const Expr &x, const Expr &y) {
  Expr one = Internal::make_one(x.type()), zero = Internal::make_zero(x.type());
  Expr result = one, base = x, rest = y;
  for (int bit = 0; bit < 6; ++bit) { // Past 2^63 even 2 has wrapped to 0 ...
    result = select((rest & one) != zero, mul(result, base), result);
    base = mul(base, base);
    rest = rest >> one;
  }
  // ... so larger exponents matter for 0, 1, -1 (and wrap to 0 or odd powers
  // for others, where the value is meaningless).
  Expr minusOne = Internal::make_const(x.type(), -1);
  Expr unit = select(x == one, one, select((y & one) != zero, minusOne, one));
  Expr isUnit = x == one || (x.type().is_int() ? x == minusOne : Internal::const_false());
  Expr negative = x.type().is_int() ? y < zero : Internal::const_false();
  return select(isUnit, unit, select(negative, zero, result));
}

/// pow by special exponent; undefined where `exponent` is none of them.
Expr specialPower(const Expr &x, double exponent) {
  Expr one = constant(x, 1);
  if (exponent == 0)
    return one;
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return mul(x, x);
  if (exponent == 3)
    return mul(mul(x, x), x);
  if (exponent == -1)
    return div(one, x);
  if (exponent == -2)
    return div(one, mul(x, x));
  // x + 0 turns -0 into +0, as pow does; pow(-inf, 0.5) is +inf.
  Expr root = select(equal(x, neg(infinity(x))), infinity(x), math::sqrt(add(x, constant(x, 0))));
  if (exponent == 0.5)
    return root;
  if (exponent == -0.5)
    return div(one, root);
  return Expr();
}

std::optional<double> constantOf(const Expr &e) {
  if (const auto *imm = e.as<Internal::FloatImm>())
    return imm->value;
  return std::nullopt;
}
} // namespace

Expr pow(const Expr &x, const Expr &y) {
  if (!x.type().is_float())
    return integerPower(x, y);
  if (auto exponent = constantOf(y))
    if (Expr e = specialPower(x, *exponent); e.defined())
      return e;
  // f64 carries f32's power: its error stays far below f32's rounding.
  Expr wx = convertFloat(x, Float(64)), wy = convertFloat(y, Float(64)), ax = math::abs(wx);
  Expr zero = Expr(0.0), one = Expr(1.0);
  Expr result = math::exp(mul(wy, math::log(ax))); // log gives -inf for 0 and inf for inf
  Expr integral = equal(math::trunc(wy), wy);
  Expr halfY = mul(wy, Expr(0.5));
  Expr odd = integral && !equal(math::trunc(halfY), halfY) && less(math::abs(wy), infinity(wy));
  Expr negative = (bitsOf(wx) & signMask(wx)) != Internal::make_zero(UInt(64));
  result = select(negative && odd, neg(result), result);
  // A finite negative base has a power for integers only.
  result = select(less(wx, zero) && less(ax, infinity(wx)) && !integral, quietNan(wx), result);
  result = select(equal(ax, one) && equal(math::abs(wy), infinity(wy)), one, result);
  result = select(isNan(wx) || isNan(wy), quietNan(wx), result);
  return convertFloat(select(equal(wx, one) || equal(wy, zero), one, result), x.type());
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

Expr floatToInt(const Expr &x, Type to) {
  if (to.is_uint() && to.bits() == 64) {
    Expr half = constant(x, 9223372036854775808.0);
    Expr big = lessEqual(half, x);
    Expr rest = floatToInt(select(big, sub(x, half), x), Int(64));
    return cast(to, rest) + select(big, Internal::make_const(to, uint64_t(1) << 63), Internal::make_zero(to));
  }
  bool wide = to.bits() == 64 || (to.is_uint() && to.bits() == 32);
  Type signedType = Int(wide ? 64 : 32);
  // The largest value of x's type that the integer holds.
  double above = wide ? 9223372036854775808.0 : 2147483648.0;
  double largest = x.type().bits() == 64 ? (wide ? 9223372036854774784.0 : 2147483647.0)
                                         : (wide ? 9223371487098961920.0 : 2147483520.0);
  Expr inside = less(x, constant(x, above)) && lessEqual(constant(x, -above), x);
  Expr safe = select(inside, x, select(less(x, constant(x, 0)), constant(x, -above),
                                       select(isNan(x), constant(x, 0), constant(x, largest))));
  Expr integer = cast(signedType, safe);
  Expr saturated = select(lessEqual(constant(x, above), x), signedType.max(), integer);
  return cast(to, saturated);
}

// Exact, so it may be an instruction where there is one: Halide uses F16C's, and
// elsewhere integers.
Expr halfToFloat(const Expr &half) { return cast<float>(reinterpret(Float(16), half)); }

Expr floatToHalf(const Expr &x) {
  Expr bits = reinterpret<uint32_t>(x);
  Expr sign = (bits >> 16) & Expr(0x8000u), magnitude = bits & Expr(0x7fffffffu);
  // Below 2^-14: adding 1/2 aligns the fraction so that the float adder rounds.
  Expr aligned = add(reinterpret<float>(math::min(magnitude, Expr(0x38800000u))), Expr(0.5f));
  Expr subnormal = reinterpret<uint32_t>(aligned) - Expr(0x3f000000u);
  Expr rounded = (magnitude + Expr(0xfffu) + ((magnitude >> 13) & Expr(1u))) >> 13;
  Expr normal = math::min(rounded - Expr(uint32_t(112 << 10)), Expr(0x7c00u));
  Expr finite = select(magnitude < Expr(0x38800000u), subnormal, normal);
  Expr special = select(magnitude > Expr(0x7f800000u), Expr(0x7e00u), Expr(0x7c00u));
  return cast<uint16_t>(sign | select(magnitude >= Expr(0x47800000u), special, finite));
}

Expr bfloatToFloat(const Expr &bits) { return reinterpret<float>(cast<uint32_t>(bits) << 16); }

Expr floatToBfloat(const Expr &x) {
  Expr bits = reinterpret<uint32_t>(x);
  Expr rounded = (bits + Expr(0x7fffu) + ((bits >> 16) & Expr(1u))) >> 16;
  Expr quiet = (bits >> 16) | Expr(0x40u);
  return cast<uint16_t>(select((bits & Expr(0x7fffffffu)) > Expr(0x7f800000u), quiet, rounded));
}

} // namespace glmc::kernels::math
