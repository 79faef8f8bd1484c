//===- math.h - Arithmetic pieces that generated C++ pastes ------------------===//
//
// Square roots, rounding and half precision without libm: instructions where
// the kernels' target has them, else exact integer arithmetic, so that every
// machine computes the same bits. Markers and macros as in vector.h.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_MATH_H
#define GLMC_RUNTIME_MIN_MATH_H

//# piece square_root_digits : bit_cast
// Correctly rounded square root, a digit at a time. `Bits` is an unsigned
// integer as wide as the float, P the float's precision, B its exponent bias.
template <class Float, class Bits, int P, int B> GLM_INLINE Float square_root_digits(Float x) {
  constexpr Bits hidden = Bits(1) << (P - 1);
  Bits bits = bit_cast<Bits>(x);
  if (!(x > 0))
    return x == 0 ? x : (x - x) / (x - x); // -0 stays, negative and NaN give NaN.
  if (x - x != 0)
    return x;
  int exponent = int(bits >> (P - 1));
  Bits digits = bits & (hidden - 1);
  if (exponent)
    digits |= hidden;
  else
    for (exponent = 1; !(digits & hidden); digits <<= 1)
      --exponent;
  exponent -= B;
  // Radicand in [1, 4): its top two digits before the point.
  int place = P - 1;
  Bits root = 0, rest = 0;
  if (exponent & 1) {
    digits <<= 1;
    --exponent;
  }
  // The first pair of digits is digits >> place, then two digits a step.
  for (int step = 0; step <= P; ++step, place -= 2) {
    const Bits pair = place >= 0 ? (digits >> place) & 3 : place == -1 ? (digits << 1) & 3 : 0;
    rest = rest << 2 | pair;
    const Bits trial = root << 2 | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  root = (root + 1) >> 1; // One digit more than needed; a tie cannot happen.
  return bit_cast<Float>(Bits(root + (Bits(exponent / 2 + B - 1) << (P - 1))));
}

//# piece square_root_f32 : square_root_digits
GLM_INLINE float square_root_f32(float x) {
#if defined(GLM_X86)
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
#elif defined(GLM_A64)
  return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0);
#elif defined(__ARM_FP) && (__ARM_FP & 4)
  __asm__("vsqrt.f32 %0, %0" : "+t"(x));
  return x;
#else
  return square_root_digits<float, uint32_t, 24, 127>(x);
#endif
}

//# piece square_root_f64 : square_root_digits
GLM_INLINE double square_root_f64(double x) {
#if defined(GLM_X86)
  return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(x), _mm_set_sd(x)));
#elif defined(GLM_A64)
  return vget_lane_f64(vsqrt_f64(vdup_n_f64(x)), 0);
#elif defined(__ARM_FP) && (__ARM_FP & 8)
  __asm__("vsqrt.f64 %P0, %P0" : "+w"(x));
  return x;
#else
  return square_root_digits<double, uint64_t, 53, 1023>(x);
#endif
}

//# piece square_root_lanes : element square_root_f32 square_root_f64
template <class V> GLM_INLINE V square_root_lanes(const V &x) {
  [[maybe_unused]] constexpr bool single = sizeof(ElementOf<V>) == 4;
#if defined(GLM_AVX512)
  if constexpr (single && sizeof(V) == 64)
    return (V)_mm512_sqrt_ps((__m512)x);
  if constexpr (!single && sizeof(V) == 64)
    return (V)_mm512_sqrt_pd((__m512d)x);
#endif
#if defined(GLM_AVX)
  if constexpr (single && sizeof(V) == 32)
    return (V)_mm256_sqrt_ps((__m256)x);
  if constexpr (!single && sizeof(V) == 32)
    return (V)_mm256_sqrt_pd((__m256d)x);
#endif
#if defined(GLM_X86)
  if constexpr (single && sizeof(V) == 16)
    return (V)_mm_sqrt_ps((__m128)x);
  if constexpr (!single && sizeof(V) == 16)
    return (V)_mm_sqrt_pd((__m128d)x);
#elif defined(GLM_A64)
  if constexpr (single && sizeof(V) == 16)
    return (V)vsqrtq_f32((float32x4_t)x);
  if constexpr (!single && sizeof(V) == 16)
    return (V)vsqrtq_f64((float64x2_t)x);
#endif
  if constexpr (sizeof(V) > 16) {
    typedef typename VectorOf<ElementOf<V>, lanes_of<V> / 2>::type Half;
    Half half[2];
    __builtin_memcpy(half, &x, sizeof x);
    half[0] = square_root_lanes(half[0]);
    half[1] = square_root_lanes(half[1]);
    V r;
    __builtin_memcpy(&r, half, sizeof r);
    return r;
  } else {
    V r = {};
    for (int i = 0; i < lanes_of<V>; ++i)
      if constexpr (single)
        r[i] = square_root_f32(x[i]);
      else
        r[i] = square_root_f64(x[i]);
    return r;
  }
}

//# piece round_number : bit_cast
// Rounds to an integer: Mode 0 to nearest, ties to even; 1 down; 2 up; 3 to
// zero. The sign of a zero and what is not a number stay.
template <int Mode, class T> GLM_INLINE T round_number(T x) {
#if defined(GLM_SSE4)
  if constexpr (sizeof(T) == 4)
    return _mm_cvtss_f32(_mm_round_ss(_mm_set_ss(x), _mm_set_ss(x), Mode | 8));
  else
    return _mm_cvtsd_f64(_mm_round_sd(_mm_set_sd(x), _mm_set_sd(x), Mode | 8));
#else
  constexpr T whole = sizeof(T) == 4 ? T(8388608.0) : T(4503599627370496.0);
  const T size = x < 0 ? -x : x;
  if (!(size < whole) || x == 0)
    return x;
  T r = Mode == 0 ? (size + whole) - whole : sizeof(T) == 4 ? T(int32_t(size)) : T(int64_t(size));
  r = x < 0 ? -r : r;
  if (Mode == 1 && r > x)
    r -= 1;
  if (Mode == 2 && r < x)
    r += 1;
  if constexpr (sizeof(T) == 4)
    return bit_cast<T>((bit_cast<uint32_t>(r) & 0x7fffffffu) | (bit_cast<uint32_t>(x) & 0x80000000u));
  else
    return bit_cast<T>((bit_cast<uint64_t>(r) & ~(1ull << 63)) | (bit_cast<uint64_t>(x) & (1ull << 63)));
#endif
}

//# piece round_lanes : element round_number
template <int Mode, class V> GLM_INLINE V round_lanes(const V &x) {
  [[maybe_unused]] constexpr bool single = sizeof(ElementOf<V>) == 4;
#if defined(GLM_AVX512)
  if constexpr (single && sizeof(V) == 64)
    return (V)_mm512_roundscale_ps((__m512)x, Mode | 8);
  if constexpr (!single && sizeof(V) == 64)
    return (V)_mm512_roundscale_pd((__m512d)x, Mode | 8);
#endif
#if defined(GLM_AVX)
  if constexpr (single && sizeof(V) == 32)
    return (V)_mm256_round_ps((__m256)x, Mode | 8);
  if constexpr (!single && sizeof(V) == 32)
    return (V)_mm256_round_pd((__m256d)x, Mode | 8);
#endif
#if defined(GLM_SSE4)
  if constexpr (single && sizeof(V) == 16)
    return (V)_mm_round_ps((__m128)x, Mode | 8);
  if constexpr (!single && sizeof(V) == 16)
    return (V)_mm_round_pd((__m128d)x, Mode | 8);
#elif defined(GLM_A64)
  if constexpr (single && sizeof(V) == 16)
    return (V)(Mode == 0   ? vrndnq_f32((float32x4_t)x)
               : Mode == 1 ? vrndmq_f32((float32x4_t)x)
               : Mode == 2 ? vrndpq_f32((float32x4_t)x)
                           : vrndq_f32((float32x4_t)x));
#endif
  if constexpr (sizeof(V) > 16) {
    typedef typename VectorOf<ElementOf<V>, lanes_of<V> / 2>::type Half;
    Half half[2];
    __builtin_memcpy(half, &x, sizeof x);
    half[0] = round_lanes<Mode>(half[0]);
    half[1] = round_lanes<Mode>(half[1]);
    V r;
    __builtin_memcpy(&r, half, sizeof r);
    return r;
  } else {
    V r = {};
    for (int i = 0; i < lanes_of<V>; ++i)
      r[i] = round_number<Mode, ElementOf<V>>(x[i]);
    return r;
  }
}

//# piece round_even : round_number
template <class T> GLM_INLINE T round_even(T x) { return round_number<0, T>(x); }

//# piece round_down : round_number
template <class T> GLM_INLINE T round_down(T x) { return round_number<1, T>(x); }

//# piece round_up : round_number
template <class T> GLM_INLINE T round_up(T x) { return round_number<2, T>(x); }

//# piece round_to_zero : round_number
template <class T> GLM_INLINE T round_to_zero(T x) { return round_number<3, T>(x); }

//# piece from_f16 : bit_cast
// IEEE half precision, kept in 16-bit integers.
GLM_INLINE float from_f16(uint16_t half) {
#if defined(GLM_F16C)
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
#else
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = half & 0x7fff;
  if (size >= 0x7c00)
    return bit_cast<float>(sign | size << 13 | 0x7f800000u | (size > 0x7c00 ? 0x00400000u : 0u));
  // As a float, the bits are the number over 2^112; exact for subnormals too.
  const float scaled = bit_cast<float>(size << 13) * 0x1p112f;
  return bit_cast<float>(sign | bit_cast<uint32_t>(scaled));
#endif
}

//# piece to_f16 : bit_cast
// Rounds to nearest, ties to even.
GLM_INLINE uint16_t to_f16(float x) {
#if defined(GLM_F16C)
  return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), 0));
#else
  const uint32_t bits = bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000u;
  uint32_t size = bits & 0x7fffffffu;
  if (size > 0x7f800000u)
    return (uint16_t)(sign | 0x7e00u | (size >> 13 & 0x3ffu));
  if (size >= 0x477ff000u)
    return (uint16_t)(sign | 0x7c00u); // 65520 and above round to infinity.
  if (size < 0x38800000u) // Subnormal: 0.5 has the last digit where it is needed.
    return (uint16_t)(sign | (bit_cast<uint32_t>(bit_cast<float>(size) + 0.5f) - 0x3f000000u));
  size += 0xfffu + (size >> 13 & 1u);
  return (uint16_t)(sign | ((size - 0x38000000u) >> 13));
#endif
}

//# piece from_bf16 : bit_cast
// The upper half of a float.
GLM_INLINE float from_bf16(uint16_t half) { return bit_cast<float>((uint32_t)half << 16); }

//# piece to_bf16 : bit_cast
GLM_INLINE uint16_t to_bf16(float x) {
  const uint32_t bits = bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

//# piece from_f16_lanes : element from_f16
template <class R, class V> GLM_INLINE R from_f16_lanes(const V &x) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(R) == 64)
    return (R)_mm512_cvtph_ps((__m256i)x);
#endif
#if defined(GLM_F16C)
  if constexpr (sizeof(R) == 32)
    return (R)_mm256_cvtph_ps((__m128i)x);
#endif
  R r = {};
  for (int i = 0; i < lanes_of<R>; ++i)
    r[i] = from_f16(x[i]);
  return r;
}

//# piece to_f16_lanes : element to_f16
template <class R, class V> GLM_INLINE R to_f16_lanes(const V &x) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(V) == 64)
    return (R)_mm512_cvtps_ph((__m512)x, 0);
#endif
#if defined(GLM_F16C)
  if constexpr (sizeof(V) == 32)
    return (R)_mm256_cvtps_ph((__m256)x, 0);
#endif
  R r = {};
  for (int i = 0; i < lanes_of<R>; ++i)
    r[i] = to_f16(x[i]);
  return r;
}

//# piece from_bf16_lanes : convert
template <class R, class V> GLM_INLINE R from_bf16_lanes(const V &x) {
  typedef typename VectorOf<unsigned, lanes_of<V>>::type Bits;
  return (R)(convert<Bits>(x) << 16);
}

//# piece to_bf16_lanes : convert
template <class R, class V> GLM_INLINE R to_bf16_lanes(const V &x) {
  typedef typename VectorOf<unsigned, lanes_of<V>>::type Bits;
  const Bits bits = (Bits)x;
  const Bits rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16, quiet = bits >> 16 | 0x40u;
  const Bits isNan = (Bits)((bits & 0x7fffffffu) > 0x7f800000u);
  return convert<R>((isNan & quiet) | (~isNan & rounded));
}

//# end
#endif // GLMC_RUNTIME_MIN_MATH_H
