//===- cpu.cpp - Asks the processor for its features -------------------------===//
//
// CPUID for the features, XGETBV for what the operating system saves; on AArch64
// what Linux says of the processor. Compiled for the plainest of each, since it
// runs before anything is known; no header of the system's, since generated code
// has none.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/cpu.h"

// Generated C++ has it static.
#define GLMC_CPU_LINKAGE extern "C"

//# piece cpu
#if defined(__x86_64__)
static void glmc_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
  __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(subleaf));
}

// The features of this processor, as bits of GlmcCpuFeature.
static uint64_t glmc_cpu_features(void) {
  // Where CPUID has a feature: leaf, subleaf, register (a, b, c, d), bit; and
  // the state that the operating system must keep for it (XCR0).
  static const struct {
    uint32_t leaf;
    uint8_t subleaf, reg, bit;
    uint32_t state;
  } where[] = {
      {1, 0, 2, 0, 0},         // sse3
      {1, 0, 2, 9, 0},         // ssse3
      {1, 0, 2, 19, 0},        // sse4.1
      {1, 0, 2, 20, 0},        // sse4.2
      {1, 0, 2, 23, 0},        // popcnt
      {1, 0, 2, 13, 0},        // cx16
      {0x80000001u, 0, 2, 0, 0}, // lahf
      {1, 0, 2, 28, 6},        // avx
      {7, 0, 1, 5, 6},         // avx2
      {1, 0, 2, 12, 6},        // fma
      {1, 0, 2, 29, 6},        // f16c
      {7, 0, 1, 3, 0},         // bmi
      {7, 0, 1, 8, 0},         // bmi2
      {0x80000001u, 0, 2, 5, 0}, // lzcnt
      {1, 0, 2, 22, 0},        // movbe
      {7, 0, 1, 16, 0xe6},     // avx512f
      {7, 0, 1, 30, 0xe6},     // avx512bw
      {7, 0, 1, 17, 0xe6},     // avx512dq
      {7, 0, 1, 31, 0xe6},     // avx512vl
      {7, 0, 1, 28, 0xe6},     // avx512cd
      {7, 0, 2, 11, 0xe6},     // avx512vnni
      {7, 1, 0, 5, 0xe6},      // avx512bf16
      {7, 0, 3, 23, 0xe6},     // avx512fp16
      {7, 1, 0, 4, 6},         // avxvnni
      {7, 0, 3, 24, 0x60000},  // amx_tile
      {7, 0, 3, 25, 0x60000},  // amx_int8
      {7, 0, 3, 22, 0x60000},  // amx_bf16
  };
  uint32_t r[4];
  glmc_cpuid(0, 0, r);
  const uint32_t lastLeaf = r[0];
  glmc_cpuid(0x80000000u, 0, r);
  const uint32_t lastExtended = r[0];
  glmc_cpuid(1, 0, r);
  uint32_t kept = 0;
  if (r[2] >> 27 & 1) { // OSXSAVE: XGETBV may be asked.
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(kept), "=d"(high) : "c"(0));
  }
  uint64_t features = 0;
  for (unsigned i = 0; i < sizeof where / sizeof where[0]; ++i) {
    if (where[i].leaf > (where[i].leaf & 0x80000000u ? lastExtended : lastLeaf))
      continue;
    if (where[i].subleaf) {
      glmc_cpuid(where[i].leaf, 0, r);
      if (r[0] < where[i].subleaf)
        continue;
    }
    glmc_cpuid(where[i].leaf, where[i].subleaf, r);
    if ((r[where[i].reg] >> where[i].bit & 1) && (kept & where[i].state) == where[i].state)
      features |= (uint64_t)1 << i;
  }
  return features;
}
#define GLMC_CPU_ASKS 1
#elif defined(__aarch64__) && defined(__linux__)
extern "C" unsigned long getauxval(unsigned long type);

// The features of this processor, as bits of GlmcCpuFeature.
static uint64_t glmc_cpu_features(void) {
  // Bit of GlmcCpuFeature; which word of the system's, 16 (AT_HWCAP) or 26
  // (AT_HWCAP2), and which bit of that.
  static const struct {
    uint8_t feature, word, bit;
  } where[] = {
      {32, 16, 8},  // lse
      {33, 16, 12}, // rdm
      {34, 16, 10}, // fullfp16: of vectors, which have it with scalars
      {35, 16, 20}, // dotprod
      {36, 26, 13}, // i8mm
      {37, 26, 14}, // bf16
  };
  uint64_t features = 0;
  for (unsigned i = 0; i < sizeof where / sizeof where[0]; ++i)
    if (getauxval(where[i].word) >> where[i].bit & 1)
      features |= (uint64_t)1 << where[i].feature;
  return features;
}
#define GLMC_CPU_ASKS 1
#endif

// 1 when the processor has all that `required` says.
GLMC_CPU_LINKAGE int glmc_cpu_supports(uint64_t required) {
#if defined(GLMC_CPU_ASKS)
  return required == 0 || (required & ~glmc_cpu_features()) == 0;
#else
  (void)required;
  return 1;
#endif
}
//# piece cpu_choose : cpu
// 1 when the system lets this process use the tile registers of AMX, which Linux
// wants to be asked for. `call` is the number of arch_prctl.
static int glmc_cpu_tiles(int64_t call) {
#if defined(__x86_64__) && defined(__linux__)
  const int64_t request = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM
  int64_t result = call;
  __asm__ volatile("syscall" : "+a"(result) : "D"(request), "S"(tileData) : "rcx", "r11", "memory");
  return result == 0;
#else
  (void)call;
  return 0;
#endif
}

// The last of `count` versions whose needs `features` meets; -1 if there is none.
// Tiles are asked for only when such a version would be it.
static int glmc_cpu_choose_of(const uint64_t *required, int count, uint64_t features, int64_t call) {
  const uint64_t tiles = (uint64_t)1 << 24; // amx_tile
  int refused = 0;
  for (int i = count; i-- > 0;) {
    if ((required[i] & ~features) != 0 || (refused && (required[i] & tiles)))
      continue;
    if (!(required[i] & tiles) || glmc_cpu_tiles(call))
      return i;
    refused = 1;
  }
  return -1;
}

// The version that runs on this machine; processors that are not asked run the
// plainest, which is code for any machine there.
GLMC_CPU_LINKAGE int glmc_cpu_choose(const uint64_t *required, int count) {
#if defined(GLMC_CPU_ASKS)
  return glmc_cpu_choose_of(required, count, glmc_cpu_features(), 158); // arch_prctl
#else
  (void)required;
  (void)glmc_cpu_choose_of;
  return count > 0 ? 0 : -1;
#endif
}
//# end
