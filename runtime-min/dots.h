//===- dots.h - Integer dot products that generated C++ pastes ---------------===//
//
// Products of neighbouring bytes and words, and their sums: instructions where the
// kernels' target has them, else loops. All are exact. Markers and macros as in
// vector.h, whose pieces these need.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_DOTS_H
#define GLMC_RUNTIME_MIN_DOTS_H

//# piece dot4 : element
// Lane i: the sum over four neighbouring 8-bit lanes of a times those of b,
// b being signed. Exact, nothing saturates.
template <class R, int N = lanes_of<R>, class A, class B> GLM_INLINE R dot4(const A &a, const B &b) {
  [[maybe_unused]] constexpr bool isSigned = ElementOf<A>(-1) < ElementOf<A>(0);
#if defined(GLM_VNNI)
  if constexpr (!isSigned && sizeof(R) == 64)
    return (R)_mm512_dpbusd_epi32(_mm512_setzero_si512(), (__m512i)a, (__m512i)b);
  if constexpr (!isSigned && sizeof(R) == 32)
    return (R)_mm256_dpbusd_epi32(_mm256_setzero_si256(), (__m256i)a, (__m256i)b);
  if constexpr (!isSigned && sizeof(R) == 16)
    return (R)_mm_dpbusd_epi32(_mm_setzero_si128(), (__m128i)a, (__m128i)b);
#elif defined(GLM_AVXVNNI)
  if constexpr (!isSigned && sizeof(R) == 32)
    return (R)_mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), (__m256i)a, (__m256i)b);
  if constexpr (!isSigned && sizeof(R) == 16)
    return (R)_mm_dpbusd_avx_epi32(_mm_setzero_si128(), (__m128i)a, (__m128i)b);
#endif
#if defined(GLM_AVX2)
  if constexpr (sizeof(R) == 32) {
    const __m128i aLow = _mm256_castsi256_si128((__m256i)a), aHigh = _mm256_extracti128_si256((__m256i)a, 1);
    const __m256i bLow = _mm256_cvtepi8_epi16(_mm256_castsi256_si128((__m256i)b));
    const __m256i bHigh = _mm256_cvtepi8_epi16(_mm256_extracti128_si256((__m256i)b, 1));
    const __m256i low = _mm256_madd_epi16(isSigned ? _mm256_cvtepi8_epi16(aLow) : _mm256_cvtepu8_epi16(aLow), bLow);
    const __m256i high = _mm256_madd_epi16(isSigned ? _mm256_cvtepi8_epi16(aHigh) : _mm256_cvtepu8_epi16(aHigh), bHigh);
    return (R)_mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
  }
#endif
#if defined(GLM_DOTPROD)
  if constexpr (isSigned && sizeof(R) == 16)
    return (R)vdotq_s32(vdupq_n_s32(0), (int8x16_t)a, (int8x16_t)b);
#endif
  R r = {};
  for (int i = 0; i < N; ++i)
    for (int k = 0; k < 4; ++k)
      r[i] += a[i * 4 + k] * b[i * 4 + k];
  return r;
}

//# piece lane_parts : element
// Lanes of 32 bits hold two words or four bytes, little end first: a scalar or
// each lane of a vector.
template <class V> constexpr bool is_lane = sizeof(V) == 4;
GLM_INLINE int word_of(unsigned lane, int i) { return (short)(unsigned short)(lane >> (16 * i)); }
GLM_INLINE int unsigned_byte_of(unsigned lane, int i) { return (int)(lane >> (8 * i) & 255); }
GLM_INLINE int signed_byte_of(unsigned lane, int i) { return (signed char)(unsigned char)(lane >> (8 * i)); }
GLM_INLINE unsigned join_words(int low, int high) { return ((unsigned)low & 65535u) | (unsigned)high << 16; }
template <int From, int To> GLM_INLINE int sum_of_bytes(unsigned a, unsigned b) {
  int sum = 0;
  for (int i = From; i < To; ++i)
    sum += unsigned_byte_of(a, i) * signed_byte_of(b, i);
  return sum;
}

//# piece dot_words : lane_parts
// a0 * b0 + a1 * b1 of the signed words of each lane.
template <class R, class A, class B> GLM_INLINE R dot_words(const A &a, const B &b) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(R) == 64)
    return (R)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#endif
#if defined(GLM_AVX2)
  if constexpr (sizeof(R) == 32)
    return (R)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#endif
#if defined(GLM_X86)
  if constexpr (sizeof(R) == 16)
    return (R)_mm_madd_epi16((__m128i)a, (__m128i)b);
#endif
  if constexpr (is_lane<R>)
    return (R)(word_of(a, 0) * word_of(b, 0) + word_of(a, 1) * word_of(b, 1));
  else {
    R r = {};
    for (int i = 0; i < lanes_of<R>; ++i)
      r[i] = word_of(a[i], 0) * word_of(b[i], 0) + word_of(a[i], 1) * word_of(b[i], 1);
    return r;
  }
}

//# piece add_words : lane_parts
// Sums of the words of each lane, which fit.
template <class R, class A, class B> GLM_INLINE R add_words(const A &a, const B &b) {
  if constexpr (is_lane<R>)
    return (R)join_words(word_of(a, 0) + word_of(b, 0), word_of(a, 1) + word_of(b, 1));
  else {
    typedef typename VectorOf<short, 2 * lanes_of<R>>::type Words;
    return (R)((Words)a + (Words)b);
  }
}

//# piece dot_bytes_to_words : lane_parts
// The words a0 * b0 + a1 * b1 and a2 * b2 + a3 * b3 of each lane, of unsigned
// bytes a and signed bytes b; they fit.
template <class R, class A, class B> GLM_INLINE R dot_bytes_to_words(const A &a, const B &b) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(R) == 64)
    return (R)_mm512_maddubs_epi16((__m512i)a, (__m512i)b);
#endif
#if defined(GLM_AVX2)
  if constexpr (sizeof(R) == 32)
    return (R)_mm256_maddubs_epi16((__m256i)a, (__m256i)b);
#endif
#if defined(GLM_SSE4)
  if constexpr (sizeof(R) == 16)
    return (R)_mm_maddubs_epi16((__m128i)a, (__m128i)b);
#endif
  if constexpr (is_lane<R>)
    return (R)join_words(sum_of_bytes<0, 2>(a, b), sum_of_bytes<2, 4>(a, b));
  else {
    R r = {};
    for (int i = 0; i < lanes_of<R>; ++i)
      r[i] = join_words(sum_of_bytes<0, 2>(a[i], b[i]), sum_of_bytes<2, 4>(a[i], b[i]));
    return r;
  }
}

//# piece dot_bytes : lane_parts
// sum + a0 * b0 + ... + a3 * b3 of each lane, of unsigned bytes a and signed
// bytes b. Exact, nothing saturates.
template <class R, class S, class A, class B> GLM_INLINE R dot_bytes(const S &sum, const A &a, const B &b) {
#if defined(GLM_VNNI)
  if constexpr (sizeof(R) == 64)
    return (R)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
  if constexpr (sizeof(R) == 32)
    return (R)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
  if constexpr (sizeof(R) == 16)
    return (R)_mm_dpbusd_epi32((__m128i)sum, (__m128i)a, (__m128i)b);
#elif defined(GLM_AVXVNNI)
  if constexpr (sizeof(R) == 32)
    return (R)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
  if constexpr (sizeof(R) == 16)
    return (R)_mm_dpbusd_avx_epi32((__m128i)sum, (__m128i)a, (__m128i)b);
#endif
  if constexpr (is_lane<R>)
    return (R)(sum + sum_of_bytes<0, 4>(a, b));
  else {
    R r = sum;
    for (int i = 0; i < lanes_of<R>; ++i)
      r[i] += sum_of_bytes<0, 4>(a[i], b[i]);
    return r;
  }
}

//# piece add_dot_words : lane_parts
// sum + a0 * b0 + a1 * b1 of the signed words of each lane.
template <class R, class S, class A, class B> GLM_INLINE R add_dot_words(const S &sum, const A &a, const B &b) {
  if constexpr (is_lane<R>) {
#if defined(__ARM_FEATURE_DSP) && !defined(__aarch64__)
    R r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(sum));
    return r;
#else
    return (R)(sum + word_of(a, 0) * word_of(b, 0) + word_of(a, 1) * word_of(b, 1));
#endif
  } else {
    R r = sum;
    for (int i = 0; i < lanes_of<R>; ++i)
      r[i] += word_of(a[i], 0) * word_of(b[i], 0) + word_of(a[i], 1) * word_of(b[i], 1);
    return r;
  }
}

//# piece even_bytes : lane_parts
// Signed bytes 0 and 2 of each lane as words.
template <class R, class A> GLM_INLINE R even_bytes(const A &a) {
  if constexpr (is_lane<R>) {
#if defined(__ARM_FEATURE_DSP) && !defined(__aarch64__)
    R r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(a));
    return r;
#else
    return (R)join_words(signed_byte_of(a, 0), signed_byte_of(a, 2));
#endif
  } else {
    typedef typename VectorOf<short, 2 * lanes_of<R>>::type Words;
    return (R)((Words)((typename VectorOf<unsigned short, 2 * lanes_of<R>>::type)a << 8) >> 8);
  }
}

//# piece odd_bytes : lane_parts
// Signed bytes 1 and 3 of each lane as words.
template <class R, class A> GLM_INLINE R odd_bytes(const A &a) {
  if constexpr (is_lane<R>) {
#if defined(__ARM_FEATURE_DSP) && !defined(__aarch64__)
    R r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(a));
    return r;
#else
    return (R)join_words(signed_byte_of(a, 1), signed_byte_of(a, 3));
#endif
  } else {
    typedef typename VectorOf<short, 2 * lanes_of<R>>::type Words;
    return (R)((Words)a >> 8);
  }
}

//# piece dot_signed : lane_parts
// sum + a0 * b0 + ... + a3 * b3 of the signed bytes of each lane.
GLM_INLINE int sum_of_signed_bytes(unsigned a, unsigned b) {
  int sum = 0;
  for (int i = 0; i < 4; ++i)
    sum += signed_byte_of(a, i) * signed_byte_of(b, i);
  return sum;
}
template <class R, class S, class A, class B> GLM_INLINE R dot_signed(const S &sum, const A &a, const B &b) {
#if defined(GLM_DOTPROD)
  if constexpr (sizeof(R) == 16)
    return (R)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)b);
#elif defined(GLM_A64)
  if constexpr (sizeof(R) == 16) {
    const int16x8_t low = vmull_s8(vget_low_s8((int8x16_t)a), vget_low_s8((int8x16_t)b));
    const int16x8_t high = vmull_high_s8((int8x16_t)a, (int8x16_t)b);
    return (R)vaddq_s32((int32x4_t)sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
  }
#endif
  if constexpr (is_lane<R>)
    return (R)(sum + sum_of_signed_bytes(a, b));
  else {
    R r = sum;
    for (int i = 0; i < lanes_of<R>; ++i)
      r[i] += sum_of_signed_bytes(a[i], b[i]);
    return r;
  }
}

//# piece dot_run : dot_signed add_dot_words even_bytes odd_bytes
// The same of one, two or four lanes: those of a, then those of b.
template <class R, class S, class A, class B> GLM_INLINE R dot_run(const S &sum, const A &a, const B &b) {
#if defined(__ARM_FEATURE_DSP) && !defined(__aarch64__)
  if constexpr (is_lane<R>) {
    const R evens = add_dot_words<R>(R(sum), even_bytes<unsigned>((unsigned)a), even_bytes<unsigned>((unsigned)b));
    return add_dot_words<R>(evens, odd_bytes<unsigned>((unsigned)a), odd_bytes<unsigned>((unsigned)b));
  }
#endif
  return dot_signed<R>(sum, a, b);
}
template <class R, class S, class A0, class A1, class B0, class B1>
GLM_INLINE R dot_run(const S &sum, const A0 &a0, const A1 &a1, const B0 &b0, const B1 &b1) {
  return dot_run<R>(dot_run<R>(sum, a0, b0), a1, b1);
}
template <class R, class S, class A0, class A1, class A2, class A3, class B0, class B1, class B2, class B3>
GLM_INLINE R dot_run(const S &sum, const A0 &a0, const A1 &a1, const A2 &a2, const A3 &a3, const B0 &b0, const B1 &b1,
                     const B2 &b2, const B3 &b3) {
  return dot_run<R>(dot_run<R>(sum, a0, a1, b0, b1), a2, a3, b2, b3);
}

//# end
#endif // GLMC_RUNTIME_MIN_DOTS_H
