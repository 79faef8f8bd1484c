//===- cpu.h - Does this processor have what the code needs? -----------------===//
//
// The questions that `init` asks before any kernel may run. Used three
// times: pasted into generated C++, as bitcode in generated objects, and by
// glmc itself, which turns the names in target files into bits.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_CPU_H
#define GLMC_RUNTIME_MIN_CPU_H

#include <stdint.h>

/// Features by bit number. The name in a target file's "requires" is the
/// enumerator without `glmc_cpu_`, with '.' for '_' in sse4_1 and sse4_2
/// and '-' in those of AMX.
enum GlmcCpuFeature {
  glmc_cpu_sse3 = 0,
  glmc_cpu_ssse3 = 1,
  glmc_cpu_sse4_1 = 2,
  glmc_cpu_sse4_2 = 3,
  glmc_cpu_popcnt = 4,
  glmc_cpu_cx16 = 5,
  glmc_cpu_lahf = 6,
  glmc_cpu_avx = 7,
  glmc_cpu_avx2 = 8,
  glmc_cpu_fma = 9,
  glmc_cpu_f16c = 10,
  glmc_cpu_bmi = 11,
  glmc_cpu_bmi2 = 12,
  glmc_cpu_lzcnt = 13,
  glmc_cpu_movbe = 14,
  glmc_cpu_avx512f = 15,
  glmc_cpu_avx512bw = 16,
  glmc_cpu_avx512dq = 17,
  glmc_cpu_avx512vl = 18,
  glmc_cpu_avx512cd = 19,
  glmc_cpu_avx512vnni = 20,
  glmc_cpu_avx512bf16 = 21,
  glmc_cpu_avx512fp16 = 22,
  glmc_cpu_avxvnni = 23,
  glmc_cpu_amx_tile = 24,
  glmc_cpu_amx_int8 = 25,
  glmc_cpu_amx_bf16 = 26,
  // AArch64.
  glmc_cpu_lse = 32,
  glmc_cpu_rdm = 33,
  glmc_cpu_fullfp16 = 34,
  glmc_cpu_dotprod = 35,
  glmc_cpu_i8mm = 36,
  glmc_cpu_bf16 = 37,
};

#ifdef __cplusplus
extern "C" {
#endif
/// 1 when this processor has every feature whose bit is set in `required` and
/// the operating system keeps the registers that they use; else 0. x86-64 is asked
/// itself, of AArch64 Linux knows (getauxval); others are not asked: always 1.
int glmc_cpu_supports(uint64_t required);

/// Of `count` versions of a program, given by what they require, the last one that
/// runs here; -1 if none does. Where that needs tile registers (AMX), Linux is
/// asked for their state, for the whole process and all that it starts; where it
/// refuses, the versions before are what is left.
int glmc_cpu_choose(const uint64_t *required, int count);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_CPU_H
