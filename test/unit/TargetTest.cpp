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
      R"({"name": "t", "description": "d", "triple": "x86_64-unknown-linux-gnu", "system": "linux",
    "baseline_cpu": "", "cpu": "x86-64", "features": "", "float_abi": "default", "halide": "x86-64-linux", "vector_bytes": 16, "vector_registers": 16, "dot": "none",
    "dot_bf16": "none", "tiles": [], "l1_bytes": 1, "l2_bytes": 2,
    "requires": ["ssse3"], "cxx_target": "", "stack_limit": 4096, "optimize": "speed", "memories": [],
    "compiler": [], "emulator": [], "board": ""})";
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
  EXPECT_EQ(targetNames(),
            (std::vector<std::string>{"x86-64",        "x86-64-v3",   "x86-64-v3-vnni", "x86-64-v4",  "x86-64-v4-vnni",
                                      "x86-64-v4-bf16", "x86-64-amx",  "aarch64",        "cortex-a53", "cortex-a72",
                                      "cortex-a76",    "neoverse-n1", "neoverse-v1",    "cortex-m0plus", "cortex-m33",
                                      "cortex-m4",     "cortex-m55",  "cortex-m7",      "microbit",   "mps2-an386",
                                      "mps2-an500",    "mps2-an505",  "mps3-an547",     "stm32f407",  "stm32h743"}));
}

TEST(Target, EveryBuiltInTargetIsWhole) {
  for (const std::string &name : targetNames()) {
    std::string error;
    auto target = findTarget(name, error);
    ASSERT_TRUE(target) << error;
    EXPECT_EQ(target->name, name);
    EXPECT_EQ(target->stackLimit, isFreestanding(*target) ? 512 : 4096);
    EXPECT_EQ(target->memories.empty(), target->base.empty()) << name;
    EXPECT_FALSE(target->compiler.empty()) << name;
    if (target->triple.rfind("x86_64", 0) == 0) {
      EXPECT_EQ(target->requirements.front(), "sse3");
      continue;
    }
    // Each runs somewhere: on an emulator of its own, or else that of a board.
    EXPECT_EQ(target->emulator.empty(), !target->board.empty()) << name;
    if (target->board.empty())
      continue;
    auto board = findTarget(target->board, error);
    ASSERT_TRUE(board) << error;
    EXPECT_EQ(board->cpu, target->cpu);
    EXPECT_FALSE(board->memories.empty());
    EXPECT_FALSE(board->emulator.empty());
  }
}

TEST(Target, BoardsHaveAProcessorAndMemories) {
  std::string error;
  auto board = findTarget("stm32f407", error), core = findTarget("cortex-m4", error);
  ASSERT_TRUE(board && core) << error;
  EXPECT_EQ(board->base, "cortex-m4");
  EXPECT_EQ(board->triple, core->triple);
  EXPECT_EQ(board->dot, core->dot);
  ASSERT_EQ(board->memories.size(), 3u);
  EXPECT_EQ(board->memories[0].kind, "flash");
  EXPECT_EQ(board->memories[0].base, 0x08000000);
  EXPECT_EQ(board->memories[0].bytes, 1 << 20);
  EXPECT_EQ(board->memories[2].name, "CCM");
  EXPECT_EQ(board->memories[2].kind, "fast_ram");
  EXPECT_TRUE(core->memories.empty());
  // A file of one's own says what differs.
  auto own = parseTarget("b.json", R"({"name": "b", "base": "cortex-m7", "memories": [
    {"name": "F", "kind": "flash", "base": "0x1000", "bytes": 4096}, {"name": "R", "kind": "ram", "base": "8192", "bytes": 1}]})",
                         error);
  ASSERT_TRUE(own) << error;
  EXPECT_EQ(own->cpu, "cortex-m7");
  EXPECT_EQ(own->memories[1].base, 8192);
}

TEST(Target, BadBoardsAreExplained) {
  auto board = [](const std::string &bank) {
    return errorOf(R"({"name": "b", "base": "cortex-m7", "memories": [{"name": "F", "kind": "flash", "base": "0x1000", "bytes": 64}, )" +
                   bank + "]}");
  };
  EXPECT_EQ(board(R"({"name": "R", "kind": "ram", "base": "0x1020", "bytes": 64})"),
            "f.json: key 'memories': found 'F' and 'R', expected banks with names and addresses of their own");
  EXPECT_EQ(board(R"({"name": "F", "kind": "ram", "base": "0x2000", "bytes": 64})"),
            "f.json: key 'memories': found 'F' and 'F', expected banks with names and addresses of their own");
  EXPECT_EQ(board(R"({"name": "R", "kind": "rom", "base": "0x2000", "bytes": 64})"),
            "f.json: key 'kind': found \"rom\", expected one of \"flash\", \"fast_ram\", \"ram\", \"external\"");
  EXPECT_EQ(board(R"({"name": "R", "kind": "ram", "base": "there", "bytes": 64})"),
            "f.json: key 'base': found \"there\", expected an address such as \"0x20000000\"");
  EXPECT_EQ(board(R"({"name": "R 1", "kind": "ram", "base": "0", "bytes": 64})"),
            "f.json: key 'name': found \"R 1\", expected letters, digits and _");
  EXPECT_EQ(board(R"({"name": "R", "kind": "ram", "base": "0", "bytes": 0})"),
            "f.json: key 'bytes': found 0, expected an integer of at least 1");
  EXPECT_EQ(board("1"), "f.json: key 'memories': found 1, expected objects with the keys name, kind, base, bytes");
  EXPECT_EQ(errorOf(R"({"name": "b", "base": "z80"})"),
            "f.json: key 'base': found \"z80\", expected the name of a built-in target that is no board");
  EXPECT_EQ(errorOf(R"({"name": "b", "base": "stm32f407"})"),
            "f.json: key 'base': found \"stm32f407\", expected the name of a built-in target that is no board");
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
  EXPECT_EQ(all.substr(0, all.find("aarch64")),
            "x86-64: pmaddwd none\nx86-64-v3: pmaddwd none\nx86-64-v3-vnni: vnni none\nx86-64-v4: pmaddwd none\n"
                 "x86-64-v4-vnni: vnni none\nx86-64-v4-bf16: vnni avx512\nx86-64-amx: vnni avx512 i8 bf16\n");
  EXPECT_EQ(all.substr(all.find("aarch64"), all.find("microbit") - all.find("aarch64")),
            "aarch64: smull none\ncortex-a53: smull none\ncortex-a72: smull none\ncortex-a76: sdot none\n"
            "neoverse-n1: sdot none\nneoverse-v1: smmla none\ncortex-m0plus: none none\ncortex-m33: smlad none\n"
            "cortex-m4: smlad none\ncortex-m55: mve none\ncortex-m7: smlad none\n");
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
            "x86-64-v4-bf16, x86-64-amx, aarch64, cortex-a53, cortex-a72, cortex-a76, neoverse-n1, neoverse-v1, "
            "cortex-m0plus, cortex-m33, cortex-m4, cortex-m55, cortex-m7, microbit, mps2-an386, mps2-an500, "
            "mps2-an505, mps3-an547, stm32f407, stm32h743, host, or the path of a .json file");
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
            "f.json: key 'dot': found \"mmx\", expected one of \"none\", \"pmaddwd\", \"vnni\", \"smull\", "
            "\"sdot\", "
            "\"smmla\", \"smlad\", \"mve\"");
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
