//===- Embedded.cpp - Names for what runtime-min carries ---------------------===//
//
// The table of feature names; the embedded bytes are generated (Embed.cmake).
//
//===----------------------------------------------------------------------===//
#include "runtime-min/Embedded.h"

#include "runtime-min/cpu.h"
#include "runtime-min/pool.h"
#include "runtime-min/selftest.h"
#include "runtime-min/session.h"
#include "runtime-min/weights.h"

#include <cstddef>

namespace glmc {

static_assert(poolBytes == glmc_pool_bytes && largestThreads == glmc_pool_threads, "pool.h has the sizes");
static_assert(weightsHeaderBytes == glmc_weights_header_bytes, "weights.h has the size");

static_assert(largestStepCount == glmc_session_most_steps && snapshotHeaderBytes == sizeof(glmc_session_header) &&
                  sizeof(SessionTable) == sizeof(glmc_session) && sizeof(SessionCache) == sizeof(glmc_session_cache) &&
                  offsetof(SessionTable, readyMark) == offsetof(glmc_session, ready_mark) &&
                  offsetof(SessionTable, allLogits) == offsetof(glmc_session, all_logits) &&
                  offsetof(SessionTable, layout) == offsetof(glmc_session, layout) &&
                  offsetof(SessionTable, stepCount) == offsetof(glmc_session, step_count) &&
                  offsetof(SessionTable, pieces) == offsetof(glmc_session, pieces) &&
                  8 * sessionPieceWords == sizeof(glmc_session_pieces) &&
                  offsetof(SessionCache, rowBytes) == offsetof(glmc_session_cache, row_bytes),
              "session.h has the tables");

static_assert(sizeof(SelfTestOutput) == sizeof(glmc_selftest_output) &&
                  sizeof(SelfTestLaunch) == sizeof(glmc_selftest_launch) && glmc_selftest_f64 == 11,
              "selftest.h has the tables");

std::optional<uint64_t> cpuFeatureBit(std::string_view name) {
  static const struct {
    std::string_view name;
    GlmcCpuFeature bit;
  } names[] = {
      {"sse3", glmc_cpu_sse3},
      {"ssse3", glmc_cpu_ssse3},
      {"sse4.1", glmc_cpu_sse4_1},
      {"sse4.2", glmc_cpu_sse4_2},
      {"popcnt", glmc_cpu_popcnt},
      {"cx16", glmc_cpu_cx16},
      {"lahf", glmc_cpu_lahf},
      {"avx", glmc_cpu_avx},
      {"avx2", glmc_cpu_avx2},
      {"fma", glmc_cpu_fma},
      {"f16c", glmc_cpu_f16c},
      {"bmi", glmc_cpu_bmi},
      {"bmi2", glmc_cpu_bmi2},
      {"lzcnt", glmc_cpu_lzcnt},
      {"movbe", glmc_cpu_movbe},
      {"avx512f", glmc_cpu_avx512f},
      {"avx512bw", glmc_cpu_avx512bw},
      {"avx512dq", glmc_cpu_avx512dq},
      {"avx512vl", glmc_cpu_avx512vl},
      {"avx512cd", glmc_cpu_avx512cd},
      {"avx512vnni", glmc_cpu_avx512vnni},
      {"avx512bf16", glmc_cpu_avx512bf16},
      {"avx512fp16", glmc_cpu_avx512fp16},
      {"avxvnni", glmc_cpu_avxvnni},
      {"amx-tile", glmc_cpu_amx_tile},
      {"amx-int8", glmc_cpu_amx_int8},
      {"amx-bf16", glmc_cpu_amx_bf16},
      {"lse", glmc_cpu_lse},
      {"rdm", glmc_cpu_rdm},
      {"fullfp16", glmc_cpu_fullfp16},
      {"dotprod", glmc_cpu_dotprod},
      {"i8mm", glmc_cpu_i8mm},
      {"bf16", glmc_cpu_bf16},
  };
  for (const auto &known : names)
    if (known.name == name)
      return uint64_t(1) << known.bit;
  return std::nullopt;
}

} // namespace glmc
