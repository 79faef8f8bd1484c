//===- vector.h - Vector pieces that generated C++ pastes --------------------===//
//
// Generated kernels use the GNU vector extensions that g++ and clang++ share.
// What those lack, or what one of the two compiles badly, is here: loads and
// stores of any alignment, gathers, masked access, conversions, reductions.
// The source emitter pastes the pieces that a file needs and no other: a piece
// runs from its marker line `//# piece NAME : PIECES IT NEEDS` to the next.
//
// Macros that the emitter defines before the pieces:
//   GLM_INLINE   static, always inlined, compiled for the kernels' target;
//   GLM_X86, GLM_SSE4, GLM_AVX, GLM_AVX2, GLM_F16C, GLM_AVX512, GLM_VNNI,
//   GLM_AVXVNNI, GLM_A64, GLM_DOTPROD   instructions that the kernels' target has.
// Vectors go in by reference, so that no compiler asks how a vector wider than
// the machine's would be passed. A vector whose lane count is no power of two
// is kept in the next power of two; `N` is then the count of lanes that count.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_VECTOR_H
#define GLMC_RUNTIME_MIN_VECTOR_H

//# piece element
// The element type of a vector, and a vector of given element and lanes.
template <class T> struct Plain { typedef T type; };
template <class T> struct Plain<T &> { typedef T type; };
template <class T> struct Plain<T &&> { typedef T type; };
template <class V> using ElementOf = typename Plain<decltype(V{}[0])>::type;
template <class T, int N> struct VectorOf { typedef T type __attribute__((vector_size(N * sizeof(T)))); };
template <class V> constexpr int lanes_of = sizeof(V) / sizeof(ElementOf<V>);

//# piece lanes : element
// Lane numbers as a pack: Lanes<0, 1, ..., N - 1>.
template <int... I> struct Lanes {};
#if defined(__clang__)
template <class T, T... I> struct LaneSequence { typedef Lanes<I...> type; };
template <int N> using FirstLanes = typename __make_integer_seq<LaneSequence, int, N>::type;
#else
template <int N> using FirstLanes = Lanes<__integer_pack(N)...>;
#endif

//# piece load
template <class V> GLM_INLINE V load(const void *from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

//# piece load_first : element
// The first N lanes from memory, the rest zero.
template <class V, int N> GLM_INLINE V load_first(const void *from) {
  V v = {};
  __builtin_memcpy(&v, from, N * sizeof(ElementOf<V>));
  return v;
}

//# piece store
template <class V> GLM_INLINE void store(void *to, const V &v) { __builtin_memcpy(to, &v, sizeof v); }

//# piece store_first : element
template <int N, class V> GLM_INLINE void store_first(void *to, const V &v) {
  __builtin_memcpy(to, &v, N * sizeof(ElementOf<V>));
}

//# piece splat
// All lanes x. (Subtracting zero keeps the sign of a zero.)
template <class V, class T> GLM_INLINE V splat(T x) { return x - V{}; }

//# piece ramp : lanes
// Lanes base, base + step, base + 2 * step, ...
template <class V, class T, int... I> GLM_INLINE V ramp_lanes(T base, T step, Lanes<I...>) {
  return base + V{ElementOf<V>(I)...} * step;
}
template <class V> GLM_INLINE V ramp(ElementOf<V> base, ElementOf<V> step) {
  return ramp_lanes<V>(base, step, FirstLanes<lanes_of<V>>());
}

//# piece strided : lanes
// Lanes from[0], from[step], from[2 * step], ...
template <class V, class P, class S, int... I> GLM_INLINE V strided_lanes(P from, S step, Lanes<I...>) {
  return V{from[I * step]...};
}
template <class V, int N = lanes_of<V>, class P, class S> GLM_INLINE V load_strided(P from, S step) {
  return strided_lanes<V>(from, step, FirstLanes<N>());
}

//# piece gather : lanes
// Lanes from[at[0]], from[at[1]], ...
template <class V, class P, class X, int... I> GLM_INLINE V gather_lanes(P from, const X &at, Lanes<I...>) {
  return V{from[at[I]]...};
}
template <class V, int N = lanes_of<V>, class P, class X> GLM_INLINE V gather(P from, const X &at) {
  return gather_lanes<V>(from, at, FirstLanes<N>());
}

//# piece lookup : lanes
// Lanes of a vector, in the order that another vector says.
template <class R, int N = lanes_of<R>, class V, class X> GLM_INLINE R lookup(const V &v, const X &at) {
  R r = {};
  for (int i = 0; i < N; ++i)
    r[i] = v[at[i]];
  return r;
}

//# piece scatter : element
template <int N, class P, class X, class V> GLM_INLINE void scatter(P to, const X &at, const V &v) {
  for (int i = 0; i < N; ++i)
    to[at[i]] = v[i];
}

//# piece store_strided : element
template <int N, class P, class S, class V> GLM_INLINE void store_strided(P to, S step, const V &v) {
  for (int i = 0; i < N; ++i)
    to[i * step] = v[i];
}

//# piece load_masked : element
// Lanes whose mask is set; the others are zero and their memory is not read.
template <class V, int N = lanes_of<V>, class P, class M> GLM_INLINE V load_masked(P from, const M &mask) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(V) == 64 && sizeof(ElementOf<V>) == 4)
    return (V)_mm512_maskz_loadu_epi32(_mm512_movepi32_mask((__m512i)mask), (const void *)from);
#endif
#if defined(GLM_AVX2)
  if constexpr (sizeof(V) == 32 && sizeof(ElementOf<V>) == 4)
    return (V)_mm256_maskload_epi32((const int *)from, (__m256i)mask);
  if constexpr (sizeof(V) == 16 && sizeof(ElementOf<V>) == 4)
    return (V)_mm_maskload_epi32((const int *)from, (__m128i)mask);
#endif
  V v = {};
  for (int i = 0; i < N; ++i)
    if (mask[i])
      v[i] = from[i];
  return v;
}

//# piece store_masked : element
template <int N, class P, class M, class V> GLM_INLINE void store_masked(P to, const M &mask, const V &v) {
#if defined(GLM_AVX512)
  if constexpr (sizeof(V) == 64 && sizeof(ElementOf<V>) == 4 && N == 16)
    return _mm512_mask_storeu_epi32((void *)to, _mm512_movepi32_mask((__m512i)mask), (__m512i)v);
#endif
#if defined(GLM_AVX2)
  if constexpr (sizeof(V) == 32 && sizeof(ElementOf<V>) == 4 && N == 8)
    return _mm256_maskstore_epi32((int *)to, (__m256i)mask, (__m256i)v);
  if constexpr (sizeof(V) == 16 && sizeof(ElementOf<V>) == 4 && N == 4)
    return _mm_maskstore_epi32((int *)to, (__m128i)mask, (__m128i)v);
#endif
  for (int i = 0; i < N; ++i)
    if (mask[i])
      to[i] = v[i];
}

//# piece gather_masked : element
template <class V, int N = lanes_of<V>, class P, class X, class M>
GLM_INLINE V gather_masked(P from, const X &at, const M &mask) {
  V v = {};
  for (int i = 0; i < N; ++i)
    if (mask[i])
      v[i] = from[at[i]];
  return v;
}

//# piece scatter_masked : element
template <int N, class P, class X, class M, class V>
GLM_INLINE void scatter_masked(P to, const X &at, const M &mask, const V &v) {
  for (int i = 0; i < N; ++i)
    if (mask[i])
      to[at[i]] = v[i];
}

//# piece bit_cast
// The same bits as another type.
template <class To, class From> GLM_INLINE To bit_cast(const From &x) {
  static_assert(sizeof(To) == sizeof(From), "bit_cast keeps the size");
  To r;
  __builtin_memcpy(&r, &x, sizeof r);
  return r;
}

//# piece convert : element
// Lane by lane conversion. g++ 12 compiles conversions that change the width
// by more than two lane by lane, so these go in steps that it has
// instructions for; integers narrower than 32 bits meet floats as int.
template <class To, class From> GLM_INLINE To convert(const From &x) {
  typedef ElementOf<From> F;
  typedef ElementOf<To> T;
  [[maybe_unused]] constexpr int n = lanes_of<From>;
  [[maybe_unused]] constexpr bool fromFloat = F(0.5) != 0, toFloat = T(0.5) != 0, isSigned = F(-1) < F(0);
  [[maybe_unused]] constexpr int from = sizeof(F), to = sizeof(T);
#if defined(GLM_SSE4) && !defined(__clang__)
  if constexpr (from == 1 && to == 4 && !toFloat && n == 4) {
    int bits;
    __builtin_memcpy(&bits, &x, 4);
    if constexpr (isSigned)
      return (To)_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bits));
    else
      return (To)_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bits));
  }
#endif
#if defined(GLM_AVX2) && !defined(__clang__)
  if constexpr (from == 1 && to == 4 && !toFloat && n == 8) {
    const __m128i bits = _mm_loadl_epi64((const __m128i *)&x);
    if constexpr (isSigned)
      return (To)_mm256_cvtepi8_epi32(bits);
    else
      return (To)_mm256_cvtepu8_epi32(bits);
  }
#endif
#if defined(GLM_AVX512) && !defined(__clang__)
  if constexpr (from == 1 && to == 4 && !toFloat && n == 16) {
    if constexpr (isSigned)
      return (To)_mm512_cvtepi8_epi32((__m128i)x);
    else
      return (To)_mm512_cvtepu8_epi32((__m128i)x);
  }
#endif
  if constexpr (!fromFloat && !toFloat && to > 2 * from) {
    if constexpr (isSigned && from == 1)
      return convert<To>(__builtin_convertvector(x, typename VectorOf<short, n>::type));
    else if constexpr (isSigned)
      return convert<To>(__builtin_convertvector(x, typename VectorOf<int, n>::type));
    else if constexpr (from == 1)
      return convert<To>(__builtin_convertvector(x, typename VectorOf<unsigned short, n>::type));
    else
      return convert<To>(__builtin_convertvector(x, typename VectorOf<unsigned, n>::type));
  } else if constexpr (!fromFloat && !toFloat && from > 2 * to) {
    if constexpr (from == 8)
      return convert<To>(__builtin_convertvector(x, typename VectorOf<int, n>::type));
    else
      return convert<To>(__builtin_convertvector(x, typename VectorOf<short, n>::type));
  } else if constexpr ((from < 4 && toFloat) || (fromFloat && to < 4)) {
    return convert<To>(convert<typename VectorOf<int, n>::type>(x));
  } else {
    return __builtin_convertvector(x, To);
  }
}

//# piece floor_division : element
// Division that rounds so that the remainder is never negative; by zero: zero.
template <class T> GLM_INLINE T divide(T a, T b) {
  if constexpr (T(-1) > T(0))
    return b ? T(a / b) : T(0);
  else {
    if (b == 0)
      return 0;
    if (b == -1)
      return T(sizeof(T) < 8 ? 0u - (unsigned)a : 0ull - (unsigned long long)a);
    const T q = T(a / b);
    return T(a % b >= 0 ? q : b > 0 ? q - 1 : q + 1);
  }
}
template <class T> GLM_INLINE T remainder_of(T a, T b) {
  if constexpr (T(-1) > T(0))
    return b ? T(a % b) : T(0);
  else {
    if (b == 0 || b == -1)
      return 0;
    const T r = T(a % b);
    return T(r >= 0 ? r : b > 0 ? r + b : r - b);
  }
}

//# piece divide_lanes : floor_division
template <int N, class V> GLM_INLINE V divide_lanes(const V &a, const V &b) {
  V r = {};
  for (int i = 0; i < N; ++i)
    r[i] = divide<ElementOf<V>>(a[i], b[i]);
  return r;
}

//# piece remainder_lanes : floor_division
template <int N, class V> GLM_INLINE V remainder_lanes(const V &a, const V &b) {
  V r = {};
  for (int i = 0; i < N; ++i)
    r[i] = remainder_of<ElementOf<V>>(a[i], b[i]);
  return r;
}

//# piece quotient_lanes : element
// Division as C does it, on the lanes that count.
template <int N, class V> GLM_INLINE V quotient_lanes(const V &a, const V &b) {
  V r = {};
  for (int i = 0; i < N; ++i)
    r[i] = ElementOf<V>(a[i] / b[i]);
  return r;
}

//# piece modulo_lanes : element
template <int N, class V> GLM_INLINE V modulo_lanes(const V &a, const V &b) {
  V r = {};
  for (int i = 0; i < N; ++i)
    r[i] = ElementOf<V>(a[i] % b[i]);
  return r;
}

//# piece minimum
// The second one where one of both is not a number, as Halide's and SSE's.
template <class V> GLM_INLINE V minimum(const V &a, const V &b) { return a < b ? a : b; }

//# piece maximum
template <class V> GLM_INLINE V maximum(const V &a, const V &b) { return a > b ? a : b; }

//# piece count_bits
template <class T> GLM_INLINE T count_bits(T x) {
  int n = 0;
  for (; x; x = T(x & (x - 1)))
    ++n;
  return T(n);
}

//# piece leading_zeros
template <class T> GLM_INLINE T leading_zeros(T x) {
  int n = 8 * sizeof(T);
  for (unsigned long long rest = (unsigned long long)x & (~0ull >> (64 - 8 * sizeof(T))); rest; rest >>= 1)
    --n;
  return T(n);
}

//# piece trailing_zeros
template <class T> GLM_INLINE T trailing_zeros(T x) {
  int n = 0;
  for (; n < int(8 * sizeof(T)) && !((unsigned long long)x >> n & 1); ++n)
    ;
  return T(n);
}

//# piece count_bits_lanes : element count_bits
template <class V> GLM_INLINE V count_bits_lanes(const V &x) {
  V r = {};
  for (int i = 0; i < lanes_of<V>; ++i)
    r[i] = count_bits<ElementOf<V>>(x[i]);
  return r;
}

//# piece leading_zeros_lanes : element leading_zeros
template <class V> GLM_INLINE V leading_zeros_lanes(const V &x) {
  V r = {};
  for (int i = 0; i < lanes_of<V>; ++i)
    r[i] = leading_zeros<ElementOf<V>>(x[i]);
  return r;
}

//# piece trailing_zeros_lanes : element trailing_zeros
template <class V> GLM_INLINE V trailing_zeros_lanes(const V &x) {
  V r = {};
  for (int i = 0; i < lanes_of<V>; ++i)
    r[i] = trailing_zeros<ElementOf<V>>(x[i]);
  return r;
}

//# piece reduce_add
struct reduce_add {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return V(a + b); }
};

//# piece reduce_mul
struct reduce_mul {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return V(a * b); }
};

//# piece reduce_min
struct reduce_min {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return a < b ? a : b; }
};

//# piece reduce_max
struct reduce_max {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return a > b ? a : b; }
};

//# piece reduce_and
struct reduce_and {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return V(a & b); }
};

//# piece reduce_or
struct reduce_or {
  template <class V> static GLM_METHOD V of(const V &a, const V &b) { return V(a | b); }
};

//# piece reduce : lanes
// All N lanes into one: halves onto each other while N is a power of two.
template <class Op, int N, class V> GLM_INLINE ElementOf<V> reduce(const V &v) {
  typedef ElementOf<V> T;
  if constexpr (N == lanes_of<V> && N > 2) {
    typedef typename VectorOf<T, N / 2>::type Half;
    Half low, high;
    __builtin_memcpy(&low, &v, sizeof low);
    __builtin_memcpy(&high, (const char *)&v + sizeof low, sizeof high);
    return reduce<Op, N / 2>(Op::of(low, high));
  } else {
    T r = v[0];
    for (int i = 1; i < N; ++i)
      r = Op::of(r, T(v[i]));
    return r;
  }
}

//# piece reduce_groups : lanes
// Each run of K neighbouring lanes into one lane; N lanes come out.
template <class V, class R, int Step, int First, int... I> GLM_INLINE R every_lane(const V &v, Lanes<I...>) {
  return R{v[First + I * Step]...};
}
template <class R, class Op, int N, int K, class V> GLM_INLINE R reduce_groups(const V &v) {
  if constexpr (K == 1) {
    R r;
    __builtin_memcpy(&r, &v, sizeof r);
    return r;
  } else if constexpr (K % 2 == 0 && N * K == lanes_of<V>) {
    typedef typename VectorOf<ElementOf<V>, N * K / 2>::type Half;
    const Half even = every_lane<V, Half, 2, 0>(v, FirstLanes<N * K / 2>());
    const Half odd = every_lane<V, Half, 2, 1>(v, FirstLanes<N * K / 2>());
    return reduce_groups<R, Op, N, K / 2>(Op::of(even, odd));
  } else {
    R r = {};
    for (int i = 0; i < N; ++i) {
      ElementOf<V> x = v[i * K];
      for (int k = 1; k < K; ++k)
        x = Op::of(x, ElementOf<V>(v[i * K + k]));
      r[i] = x;
    }
    return r;
  }
}

//# end
#endif // GLMC_RUNTIME_MIN_VECTOR_H
