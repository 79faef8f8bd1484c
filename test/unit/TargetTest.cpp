//===- TargetTest.cpp - Target files, and what this machine can run ---------===//
#include "targets/Target.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>

using namespace glmc::targets;

namespace {

/// A data file that is right, with one piece of it replaced.
std::string targetText(const std::string &what = "", const std::string &with = "") {
  std::string text =
      R"({"name": "t", "description": "d", "triple": "x86_64-unknown-linux-gnu", "baseline_cpu": "", "cpu": "x86-64",
    "features": "", "halide": "x86-64-linux", "vector_bytes": 16, "vector_registers": 16, "dot": "none",
    "dot_bf16": "none", "tiles": [], "l1_bytes": 1, "l2_bytes": 2,
    "requires": ["ssse3"], "cxx_target": "", "stack_limit": 4096})";
  if (!what.empty())
    text.replace(text.find(what), what.size(), with);
  return text;
}

std::string errorOf(const std::string &text) {
  std::string error;
  EXPECT_FALSE(parseTarget("f.json", text, error)) << text;
  return error;
}

TEST(Target, ListsBuiltInTargetsInOrder) {
  EXPECT_EQ(targetNames(), (std::vector<std::string>{"x86-64", "x86-64-v3", "x86-64-v3-vnni", "x86-64-v4",
                                                     "x86-64-v4-vnni", "x86-64-v4-bf16", "x86-64-amx"}));
}

TEST(Target, EveryBuiltInTargetIsWhole) {
  for (const std::string &name : targetNames()) {
    std::string error;
    auto target = findTarget(name, error);
    ASSERT_TRUE(target) << error;
    EXPECT_EQ(target->name, name);
    EXPECT_EQ(target->stackLimit, 4096);
    EXPECT_GE(target->vectorBytes, 16);
    EXPECT_EQ(target->requirements.front(), "sse3");
  }
}

TEST(Target, RicherTargetsRequireMore) {
  std::string error;
  auto v2 = findTarget("x86-64", error), v3 = findTarget("x86-64-v3", error), v4 = findTarget("x86-64-v4", error);
  ASSERT_TRUE(v2 && v3 && v4) << error;
  EXPECT_LT(v2->requirements.size(), v3->requirements.size());
  EXPECT_LT(v3->requirements.size(), v4->requirements.size());
  EXPECT_EQ(v4->vectorBytes, 64);
  EXPECT_EQ(v4->vectorRegisters, 32);
}

TEST(Target, SayWhichDotProductsThereAre) {
  std::string error, all;
  for (const std::string &name : targetNames()) {
    auto target = findTarget(name, error);
    ASSERT_TRUE(target) << error;
    all += name + ": " + target->dot + " " + target->dotBf16 + (hasTiles(*target, "i8") ? " i8" : "") +
           (hasTiles(*target, "bf16") ? " bf16" : "") + "\n";
  }
  EXPECT_EQ(all, "x86-64: pmaddwd none\nx86-64-v3: pmaddwd none\nx86-64-v3-vnni: vnni none\nx86-64-v4: pmaddwd none\n"
                 "x86-64-v4-vnni: vnni none\nx86-64-v4-bf16: vnni avx512\nx86-64-amx: vnni avx512 i8 bf16\n");
}

TEST(Target, ListsAreVersionsPlainestFirst) {
  std::string error;
  auto names = [&](const std::string &list) {
    auto targets = findTargets(list, error);
    std::string text = targets ? "" : error;
    for (size_t i = 0; targets && i < targets->size(); i++)
      text += (i ? " " : "") + (*targets)[i].name;
    return text;
  };
  EXPECT_EQ(names("x86-64-v3"), "x86-64-v3");
  EXPECT_EQ(names("x86-64-v4-vnni, x86-64,x86-64-v4"), "x86-64 x86-64-v4 x86-64-v4-vnni");
  EXPECT_EQ(names("x86-64,z80").rfind("target 'z80' is not known", 0), 0u);
  EXPECT_EQ(names("x86-64,").rfind("target '' is not known", 0), 0u);
  EXPECT_EQ(names("x86-64-v3,x86-64-v3"), "'x86-64-v3,x86-64-v3' names target 'x86-64-v3' twice");
  std::string path = testing::TempDir() + "glmc_arm_test.json";
  std::ofstream(path) << targetText("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu");
  EXPECT_EQ(names("x86-64," + path), "'x86-64," + path + "' names targets of x86_64-unknown-linux-gnu and "
                                     "aarch64-unknown-linux-gnu, expected versions for one triple");
  std::remove(path.c_str());
  // "host" in a list is called what it stands for, and no program has that twice.
  auto host = findTarget("host", error);
  ASSERT_TRUE(host) << error;
  const std::string best = host->name.substr(6, host->name.size() - 7);
  EXPECT_EQ(names("host"), host->name);
  EXPECT_EQ(names("host," + best), "'host," + best + "' names target '" + best + "' twice");
}

TEST(Target, CodeIsSharedWhereVectorsAreEqual) {
  std::string error;
  auto v3 = findTarget("x86-64-v3", error), vnni3 = findTarget("x86-64-v3-vnni", error),
       v4 = findTarget("x86-64-v4", error), vnni4 = findTarget("x86-64-v4-vnni", error);
  ASSERT_TRUE(v3 && vnni3 && v4 && vnni4) << error;
  EXPECT_TRUE(runsCodeOf(*vnni3, *v3));
  EXPECT_TRUE(runsCodeOf(*vnni4, *v4));
  EXPECT_FALSE(runsCodeOf(*v3, *vnni3)); // Requires more.
  EXPECT_FALSE(runsCodeOf(*v4, *v3));    // Wider vectors.
}

TEST(Target, HostIsTheBestThatRunsHere) {
  std::string error;
  auto host = findTarget("host", error);
  ASSERT_TRUE(host) << error;
  EXPECT_TRUE(missingFeatures(*host).empty());
  for (const std::string &name : targetNames()) {
    auto target = findTarget(name, error);
    ASSERT_TRUE(target) << error;
    if (missingFeatures(*target).empty()) {
      EXPECT_LE(target->requirements.size(), host->requirements.size()) << name;
    }
  }
  EXPECT_EQ(host->name.rfind("host (", 0), 0u) << host->name;
  auto again = findTarget(host->name, error);
  ASSERT_TRUE(again) << error;
  EXPECT_EQ(again->name, host->name);
  EXPECT_EQ(again->cpu, host->cpu);
}

TEST(Target, UnknownNameListsTheKnownOnes) {
  std::string error;
  EXPECT_FALSE(findTarget("z80", error));
  EXPECT_EQ(error,
            "target 'z80' is not known, expected x86-64, x86-64-v3, x86-64-v3-vnni, x86-64-v4, x86-64-v4-vnni, "
            "x86-64-v4-bf16, x86-64-amx, host, or the path of a .json file");
  EXPECT_FALSE(findTarget("", error));
  EXPECT_FALSE(findTarget("host (z80)", error));
}

TEST(Target, ReadsAFileByPath) {
  std::string path = testing::TempDir() + "glmc_target_test.json", error;
  std::ofstream(path) << targetText();
  auto target = findTarget(path, error);
  ASSERT_TRUE(target) << error;
  EXPECT_EQ(target->name, "t");
  EXPECT_EQ(target->l2Bytes, 2);
  std::remove(path.c_str());
  EXPECT_FALSE(findTarget(path, error));
  EXPECT_EQ(error, path + ": the target file cannot be read: No such file or directory");
}

TEST(Target, BadFilesAreExplained) {
  EXPECT_EQ(errorOf("{").rfind("f.json: not JSON: ", 0), 0u);
  EXPECT_EQ(errorOf("[]"), "f.json: found an array, expected a JSON object with the keys of a target");
  EXPECT_EQ(errorOf(targetText("\"vector_bytes\": 16", "\"vector_bytes\": \"16\"")),
            "f.json: key 'vector_bytes': found \"16\", expected an integer of at least 1");
  EXPECT_EQ(errorOf(targetText("\"vector_bytes\": 16", "\"vector_bytes\": 17")),
            "f.json: key 'vector_bytes': found 17, expected a power of two");
  EXPECT_EQ(errorOf(targetText("\"vector_registers\": 16", "\"vector_registers\": 1e30")),
            "f.json: key 'vector_registers': found 1e+30, expected an integer of at least 1");
  EXPECT_EQ(errorOf(targetText("\"l2_bytes\": 2,", "")), "f.json: key 'l2_bytes': found nothing, expected an integer");
  EXPECT_EQ(errorOf(targetText("\"name\": \"t\"", "\"name\": \"\"")),
            "f.json: key 'name': found \"\", expected a string that is not empty");
  EXPECT_EQ(errorOf(targetText("\"dot\": \"none\"", "\"dot\": \"mmx\"")),
            "f.json: key 'dot': found \"mmx\", expected one of \"none\", \"pmaddwd\", \"vnni\"");
  EXPECT_EQ(errorOf(targetText("\"dot_bf16\": \"none\"", "\"dot_bf16\": true")),
            "f.json: key 'dot_bf16': found true, expected one of \"none\", \"avx512\"");
  EXPECT_EQ(errorOf(targetText("\"tiles\": []", "\"tiles\": [\"i8\", \"f32\"]")),
            "f.json: key 'tiles': found \"f32\", expected \"i8\" and \"bf16\" at most");
  EXPECT_EQ(errorOf(targetText("[\"ssse3\"]", "[1]")),
            "f.json: key 'requires': found 1, expected strings that are not empty");
  EXPECT_EQ(errorOf(targetText("x86_64-unknown-linux-gnu", "pdp11-dec-unix")),
            "f.json: key 'triple': found \"pdp11-dec-unix\", expected a triple whose processor LLVM knows");
  EXPECT_EQ(errorOf(targetText("\"stack_limit\"", "\"stack_limits\": 1, \"stack_limit\""))
                .rfind("f.json: key 'stack_limits': found a key that is not known, expected only name, ", 0),
            0u);
}

TEST(Target, ForeignProcessorIsMissing) {
  std::string error;
  auto target = parseTarget("f.json", targetText("x86_64-unknown-linux-gnu", "riscv32-unknown-elf"), error);
  ASSERT_TRUE(target) << error;
  ASSERT_EQ(missingFeatures(*target).size(), 1u);
  EXPECT_EQ(missingFeatures(*target)[0].rfind("a riscv32 processor (this machine is ", 0), 0u);
}

TEST(Target, MissingFeaturesAreNamed) {
  std::string error;
  auto target = findTarget("host", error);
  ASSERT_TRUE(target) << error;
  target->requirements.push_back("no-such-feature");
  EXPECT_EQ(missingFeatures(*target), std::vector<std::string>{"no-such-feature"});
}

} // namespace
