//===- selftest.cpp - Does the program compute here what it should? ------------===//
#include "runtime-min/selftest.h"

// Generated C++ has them static.
#define GLMC_SELFTEST_LINKAGE extern "C"

//# piece selftest : selftest_types
static inline float glmc_selftest_bits(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static inline int64_t glmc_selftest_bytes(int32_t element) {
  return element <= glmc_selftest_u8                                                                       ? 1
         : element <= glmc_selftest_u16 || (element >= glmc_selftest_f16 && element <= glmc_selftest_bf16) ? 2
         : element <= glmc_selftest_u32 || element == glmc_selftest_f32                                    ? 4
                                                                                                           : 8;
}

// Element i, which lies anywhere in memory.
static float glmc_selftest_read(const uint8_t *data, int32_t element, int32_t i) {
  const int64_t bytes = glmc_selftest_bytes(element);
  uint64_t word = 0;
  for (int64_t b = 0; b < bytes; ++b)
    word |= (uint64_t)data[i * bytes + b] << 8 * b;
  switch (element) {
  case glmc_selftest_i8:
    return (float)(int8_t)word;
  case glmc_selftest_i16:
    return (float)(int16_t)word;
  case glmc_selftest_i32:
    return (float)(int32_t)word;
  case glmc_selftest_i64:
    return (float)(int64_t)word;
  case glmc_selftest_f16: {
    const uint32_t sign = (uint32_t)(word & 0x8000) << 16, rest = (uint32_t)word & 0x7fff;
    // Above 0x7c00 are infinities and NaNs; what is below becomes normal.
    const float size = rest >= 0x7c00 ? glmc_selftest_bits(0x7f800000u | (rest & 0x3ff) << 13)
                                      : glmc_selftest_bits(rest << 13) * glmc_selftest_bits((127 + 112) << 23);
    return sign ? -size : size;
  }
  case glmc_selftest_bf16:
    return glmc_selftest_bits((uint32_t)word << 16);
  case glmc_selftest_f32:
    return glmc_selftest_bits((uint32_t)word);
  case glmc_selftest_f64: {
    double value;
    __builtin_memcpy(&value, &word, sizeof value);
    return (float)value;
  }
  default:
    return (float)word;
  }
}

// Equal NaNs and infinities are near.
static inline int glmc_selftest_near(float got, float expected, float tolerance) {
  const float difference = got > expected ? got - expected : expected - got;
  return got == expected || (got != got && expected != expected) || difference <= tolerance;
}

static inline const uint8_t *glmc_selftest_at(const struct glmc_selftest_place *place, const void *arena,
                                              const void *outputs) {
  return (const uint8_t *)(place->in_arena ? arena : outputs) + place->at;
}

GLMC_SELFTEST_LINKAGE int glmc_selftest_outputs(const struct glmc_selftest_output *golden, int32_t count,
                                                const void *arena, const void *outputs, const void *data) {
  for (int32_t o = 0; o < count; ++o) {
    const struct glmc_selftest_place *const place = &golden[o].place;
    const uint8_t *const got = glmc_selftest_at(place, arena, outputs);
    const uint8_t *const expected = (const uint8_t *)data + golden[o].expected;
    const int64_t bytes = golden[o].is_exact ? place->count * glmc_selftest_bytes(place->element) : 0;
    for (int64_t i = 0; i < bytes; ++i)
      if (got[i] != expected[i])
        return 0;
    for (int32_t i = 0; i < (golden[o].is_exact ? 0 : place->count); ++i)
      if (!glmc_selftest_near(glmc_selftest_read(got, place->element, i),
                              glmc_selftest_read(expected, place->element, i), golden[o].tolerance))
        return 0;
  }
  return 1;
}

//# piece selftest_launches : selftest
// Whether a launch left what it should. Sums carry what they lose to rounding.
static int glmc_selftest_left(const struct glmc_selftest_launch *golden, const uint8_t *data) {
  float sum = 0, lost = 0, sizes = 0, lost_sizes = 0, least = 0, most = 0, count = 0;
  for (int32_t i = 0; i < golden->place.count; ++i) {
    const float value = glmc_selftest_read(data, golden->place.element, i);
    if (value - value != 0)
      continue; // Not finite.
    const float size = value < 0 ? -value : value;
    const float more = value - lost, next = sum + more;
    lost = (next - sum) - more;
    sum = next;
    const float more_size = size - lost_sizes, next_sizes = sizes + more_size;
    lost_sizes = (next_sizes - sizes) - more_size;
    sizes = next_sizes;
    least = count == 0 || value < least ? value : least;
    most = count == 0 || value > most ? value : most;
    count += 1;
  }
  count = count == 0 ? 1 : count;
  return glmc_selftest_near(sum / count, golden->mean, golden->tolerance) &&
         glmc_selftest_near(sizes / count, golden->magnitude, golden->tolerance) &&
         glmc_selftest_near(least, golden->least, golden->tolerance) &&
         glmc_selftest_near(most, golden->most, golden->tolerance);
}

GLMC_SELFTEST_LINKAGE int32_t glmc_selftest_launches(const struct glmc_selftest_launch *golden, int32_t count,
                                                     int32_t first, glmc_selftest_step step, void *context,
                                                     const void *arena, const void *outputs) {
  int32_t next = 0;
  for (int32_t launch = first;; ++launch) {
    const int status = step(context, 1);
    if (status != 0 && status != 11)
      return launch;
    for (; next < count && golden[next].launch == launch; ++next)
      if (!glmc_selftest_left(&golden[next], glmc_selftest_at(&golden[next].place, arena, outputs)))
        return launch;
    if (status == 0)
      return -1;
  }
}
//# end

static_assert(sizeof(glmc_selftest_output) == 28 && sizeof(glmc_selftest_launch) == 40, "tables have no gaps");
