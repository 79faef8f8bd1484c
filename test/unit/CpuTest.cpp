//===- CpuTest.cpp - Which version of a program a processor runs -------------===//
//
// The code is what generated programs carry. A system call that this process may
// make freely stands in for the one that asks for tile registers: umask gives back
// the mask before, which the test sets to 0 ("granted") or not, and leaves another,
// so that it shows whether anything was asked.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/cpu.cpp"

#include <gtest/gtest.h>
#include <vector>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/stat.h>
#include <sys/syscall.h>

namespace {

uint64_t bits(std::vector<int> features) {
  uint64_t mask = 0;
  for (int feature : features)
    mask |= uint64_t(1) << feature;
  return mask;
}

const uint64_t plain = bits({glmc_cpu_sse4_2}), avx2 = bits({glmc_cpu_sse4_2, glmc_cpu_avx2}),
               avx512 = avx2 | bits({glmc_cpu_avx512f}),
               amx = avx512 | bits({glmc_cpu_amx_tile, glmc_cpu_amx_int8});

/// What is chosen of `versions`, and whether the system was asked for tiles.
struct Choice {
  int version;
  bool asked;
};
Choice choose(const std::vector<uint64_t> &versions, uint64_t features, bool granted) {
  const mode_t before = umask(granted ? 0 : 022);
  Choice choice;
  choice.version = glmc_cpu_choose_of(versions.data(), int(versions.size()), features, SYS_umask);
  choice.asked = umask(before) == (0x1023 & 0777);
  return choice;
}

TEST(Cpu, TakesTheLastVersionThatRuns) {
  const std::vector<uint64_t> versions = {plain, avx2, avx512};
  EXPECT_EQ(choose(versions, plain, true).version, 0);
  EXPECT_EQ(choose(versions, avx2, true).version, 1);
  EXPECT_EQ(choose(versions, avx512, true).version, 2);
  EXPECT_EQ(choose(versions, amx, true).version, 2);
  // A list of what has little in common: the last whose needs are met.
  EXPECT_EQ(choose({avx2, bits({glmc_cpu_avxvnni}), avx512}, avx2 | bits({glmc_cpu_avxvnni}), true).version, 1);
}

TEST(Cpu, NoneRunsOnLess) {
  EXPECT_EQ(choose({plain, avx2}, 0, true).version, -1);
  EXPECT_EQ(choose({avx512, amx}, avx2, true).version, -1);
  EXPECT_EQ(choose({}, avx2, true).version, -1);
}

TEST(Cpu, AsksForTilesOnlyWhereTheyWouldBeUsed) {
  const Choice granted = choose({plain, avx2, amx}, amx, true);
  EXPECT_EQ(granted.version, 2);
  EXPECT_TRUE(granted.asked);
  const Choice lacking = choose({plain, avx2, amx}, avx512, true);
  EXPECT_EQ(lacking.version, 1);
  EXPECT_FALSE(lacking.asked);
  const Choice unused = choose({plain, avx2}, amx, true);
  EXPECT_EQ(unused.version, 1);
  EXPECT_FALSE(unused.asked);
  // What is more capable yet, and runs, is taken without asking.
  EXPECT_FALSE(choose({plain, amx, avx512}, amx, true).asked);
}

TEST(Cpu, FallsBackWhereTilesAreRefused) {
  const Choice refused = choose({plain, avx2, amx, amx | bits({glmc_cpu_amx_bf16})},
                                amx | bits({glmc_cpu_amx_bf16}), false);
  EXPECT_EQ(refused.version, 1);
  EXPECT_TRUE(refused.asked);
  EXPECT_EQ(choose({amx}, amx, false).version, -1);
  // As a kernel answers that does not know the call.
  EXPECT_EQ(glmc_cpu_choose_of(&amx, 1, amx, -1), -1);
}

TEST(Cpu, KnowsThisProcessor) {
  const struct {
    int bit;
    bool has;
  } known[] = {
      {glmc_cpu_sse4_2, bool(__builtin_cpu_supports("sse4.2"))},
      {glmc_cpu_avx2, bool(__builtin_cpu_supports("avx2"))},
      {glmc_cpu_fma, bool(__builtin_cpu_supports("fma"))},
      {glmc_cpu_avx512f, bool(__builtin_cpu_supports("avx512f"))},
      {glmc_cpu_avx512bw, bool(__builtin_cpu_supports("avx512bw"))},
      {glmc_cpu_avx512vnni, bool(__builtin_cpu_supports("avx512vnni"))},
      {glmc_cpu_avx512bf16, bool(__builtin_cpu_supports("avx512bf16"))},
  };
  for (const auto &feature : known) {
    const uint64_t versions[] = {0, uint64_t(1) << feature.bit};
    EXPECT_EQ(glmc_cpu_choose(versions, 2), int(feature.has)) << feature.bit;
    EXPECT_EQ(glmc_cpu_supports(versions[1]), int(feature.has)) << feature.bit;
  }
}

} // namespace
#endif
