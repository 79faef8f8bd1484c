//===- TuningTest.cpp - Schedules that were found by timing -------------------===//
#include "lowering/kernels/Tuning.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

namespace glmc {
namespace {

const Schedule chosen = {{"vector", 8},       {"rows", 4},      {"tail_rows", 2}, {"tail_tiles", 1}, {"row_block", 2},
                         {"panels", 2},       {"unroll_k", 4},  {"stage_lhs", 1}, {"column_block", 100}};

/// A file with this text, while the object lives.
class File {
public:
  explicit File(const std::string &text) {
    int descriptor = -1;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("tuning", "json", descriptor, path));
    llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << text;
  }
  ~File() { llvm::sys::fs::remove(path); }
  llvm::SmallString<128> path;
};

std::string errorOf(const std::string &text) {
  File file(text);
  std::string error;
  EXPECT_FALSE(Tuning::read(file.path.str().str(), error)) << text;
  return error;
}

bool holds(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

TEST(Tuning, ReadsWhatItWrites) {
  Tuning tuning;
  tuning.target = "x86-64-v3";
  tuning.schedules[{"matmul", "matmul add", "(tensor<1x8xf32>) -> (tensor<1x16xf32>)", false}] = {{"panels", 4}};
  tuning.schedules[{"elementwise", "add", "(tensor<8xf32>) -> (tensor<8xf32>)", true}] = {{"unroll", 2}};
  File file(tuning.text());
  std::string error;
  auto read = Tuning::read(file.path.str().str(), error);
  ASSERT_TRUE(read) << error;
  EXPECT_EQ(read->target, "x86-64-v3");
  EXPECT_EQ(read->schedules.size(), 2u);
  EXPECT_EQ(read->text(), tuning.text());
  // Of one thread or of several is not the same.
  EXPECT_TRUE(read->find({"elementwise", "add", "(tensor<8xf32>) -> (tensor<8xf32>)", true}));
  EXPECT_FALSE(read->find({"elementwise", "add", "(tensor<8xf32>) -> (tensor<8xf32>)", false}));
}

TEST(Tuning, GoesOverWhatTheFamilyChose) {
  Schedule schedule = chosen;
  std::string error;
  ASSERT_TRUE(applyTuning("matmul", {{"unroll_k", 8}, {"panels", 1}}, schedule, error)) << error;
  Schedule expected = chosen;
  expected["unroll_k"] = 8;
  expected["panels"] = 1;
  EXPECT_EQ(schedule, expected);
}

TEST(Tuning, OtherRowsHaveNoTailOfTheFamilys) {
  Schedule schedule = chosen;
  std::string error;
  ASSERT_TRUE(applyTuning("matmul", {{"rows", 3}}, schedule, error)) << error;
  EXPECT_EQ(schedule["rows"], 3);
  EXPECT_FALSE(schedule.count("tail_rows") || schedule.count("tail_tiles"));
  schedule = chosen;
  ASSERT_TRUE(applyTuning("matmul", {{"rows", 4}}, schedule, error)) << error;
  EXPECT_EQ(schedule, chosen);
}

TEST(Tuning, RefusesWhatAKernelDoesNotHave) {
  auto refusal = [](const std::string &family, const Schedule &tuned, Schedule schedule) {
    const Schedule before = schedule;
    std::string error;
    EXPECT_FALSE(applyTuning(family, tuned, schedule, error));
    EXPECT_EQ(schedule, before);
    return error;
  };
  EXPECT_TRUE(holds(refusal("matmul", {{"stage_lhs", 0}}, chosen), "'stage_lhs' cannot be tuned of matmul, expected rows"));
  EXPECT_TRUE(holds(refusal("softmax", {{"vector", 4}}, {{"vector", 8}}), "of which nothing can"));
  EXPECT_TRUE(holds(refusal("matmul", {{"column_block", 3}}, {{"rows", 1}}), "'column_block' is no parameter of this kernel"));
  EXPECT_TRUE(holds(refusal("matmul", {{"rows", 0}}, chosen), "'rows' is 0, expected 1 to 16"));
  EXPECT_TRUE(holds(refusal("matmul", {{"panels", 3}}, chosen), "expected a power of two of 1 to 16"));
  EXPECT_TRUE(holds(refusal("matmul", {{"rows", 16}, {"row_block", 64}}, chosen), "rows * panels * row_block is 2048, expected 256"));
}

TEST(Tuning, TriesLegalNeighboursOnly) {
  const auto found = tunableParameters("matmul", chosen);
  EXPECT_EQ(found.size(), 5u); // Neither vector, stage_lhs nor tails.
  EXPECT_EQ(found.at("unroll_k"), (std::vector<int64_t>{1, 2, 8, 16}));
  EXPECT_EQ(found.at("rows"), (std::vector<int64_t>{1, 2, 3, 5, 8}));
  EXPECT_EQ(found.at("column_block"), (std::vector<int64_t>{25, 50, 99, 101, 200, 400}));
  EXPECT_TRUE(tunableParameters("matmul", {{"rows", 1}}).at("rows").empty());
  EXPECT_TRUE(tunableParameters("norm", {{"vector", 8}}).empty());
}

TEST(Tuning, SaysWhatIsWrongWithAFile) {
  const std::string begin = R"({"glmc_tuning": 1, "target": "x86-64", "kernels": [)";
  const std::string kernel = R"json({"family": "matmul", "ops": "matmul", "types": "() -> ()", "parallel": false, "schedule": )json";
  EXPECT_TRUE(holds(errorOf(""), "is not JSON"));
  EXPECT_TRUE(holds(errorOf("[1]"), "is not a file that `glmc tune` writes"));
  EXPECT_TRUE(holds(errorOf(R"({"glmc_tuning": 2, "target": "x", "kernels": []})"), "glmc_tuning: 1"));
  EXPECT_TRUE(holds(errorOf(begin + "7]}"), "kernel 0: expected an object with family"));
  EXPECT_TRUE(holds(errorOf(begin + R"({"family": "matmul"}]})"), "kernel 0: expected an object with family"));
  EXPECT_TRUE(holds(errorOf(begin + kernel + R"({"rows": "many"}}]})"), "kernel 0, matmul () -> (): 'rows' is no integer"));
  EXPECT_TRUE(holds(errorOf(begin + kernel + R"({"rows": 99}}]})"), "'rows' is 99, expected 1 to 16"));
  EXPECT_TRUE(holds(errorOf(begin + kernel + R"({"colour": 1}}]})"), "'colour' cannot be tuned of matmul"));
  EXPECT_TRUE(holds(errorOf(begin + kernel + "{}}, " + kernel + "{}}]}"), "kernel 1 is there twice"));
  std::string error;
  EXPECT_FALSE(Tuning::read("/nonexistent/tuning.json", error));
  EXPECT_TRUE(holds(error, "cannot be read"));
}

} // namespace
} // namespace glmc
