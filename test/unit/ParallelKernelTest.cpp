//===- ParallelKernelTest.cpp - Kernels whose outermost loop is parallel ------===//
//
// A kernel with `parallel` must compute the same bits as without, in whatever
// order its tasks run: the runner's loop goes backwards (bitcode) or is that of
// a pool without threads (C++).
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

constexpr Element f32 = Element::f32;

/// sigmoid(x w + bias) of two row blocks, w in panels or plain.
Kernel matmulKernel(int64_t rows, bool panels) {
  KernelMaker maker("matmul_parallel", "matmul");
  TensorType weight = tensor(f32, {40, 96});
  if (panels)
    weight.layout = {Layout::panels, 1, 16};
  const TensorType type = tensor(f32, {rows, 96});
  int x = maker.argument(tensor(f32, {rows, 40})), w = maker.argument(weight), b = maker.argument(tensor(f32, {96}));
  int y = maker.node("matmul", {x, w}, type, {{"transpose_rhs", int64_t(0)}});
  y = maker.node("sigmoid", {maker.node("add", {y, b}, type)}, type);
  return maker.yield({y}, {{"vector", 8}, {"rows", std::min<int64_t>(rows, 4)}, {"panels", panels ? 1 : 2}});
}

Kernel normKernel(int64_t rows) {
  KernelMaker maker("norm_parallel", "norm");
  const TensorType type = tensor(f32, {1, rows, 48});
  int x = maker.argument(type), scale = maker.argument(tensor(f32, {48}));
  int y = maker.node("rms_norm", {x, scale}, type, {{"epsilon", 1e-5}});
  return maker.yield({y}, {{"vector", 8}});
}

void expectSameBits(const std::vector<Array> &got, const std::vector<Array> &expected, const std::string &what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(got[i].bytes, expected[i].bytes) << what << ", output " << i;
}

void check(Kernel kernel, Math math) {
  kernel.math = math;
  std::vector<Array> inputs;
  for (const TensorType &type : kernel.arguments)
    inputs.push_back(randomArray(type, -1, 1, static_cast<unsigned>(inputs.size() + 1)));
  const std::vector<Array> expected = run(kernel, inputs);
  kernel.schedule["parallel"] = 1;
  const CompiledKernel compiled = compileKernel(kernel, bestTarget().halide, {false, true, true, false});
  ASSERT_EQ(compiled.error, "");
  EXPECT_TRUE(compiled.takesPool);
  EXPECT_NE(compiled.lowered.find("halide_do_par_for"), std::string::npos) << compiled.lowered;
  EXPECT_NE(compiled.cxx.find("parallel(pool, "), std::string::npos) << compiled.cxx;
  expectSameBits(run(kernel, inputs), expected, kernel.name);
  if (math == Math::exact)
    expectSameBits(runCxx(kernel, inputs), expected, kernel.name + " as C++");
  EXPECT_EQ(undefinedSymbols({kernel}, bestTarget()), std::vector<std::string>());
}

TEST(ParallelKernel, MatmulsComputeTheSameBits) {
  for (bool panels : {true, false})
    for (int64_t rows : {1, 13}) {
      Kernel kernel = matmulKernel(rows, panels);
      kernel.schedule["column_block"] = 1; // As many tasks as there can be.
      check(kernel, rows == 1 ? Math::fast : Math::exact);
    }
}

TEST(ParallelKernel, NormsComputeTheSameBits) {
  check(normKernel(13), Math::fast);
  check(normKernel(13), Math::exact);
}

TEST(ParallelKernel, TakesThePoolAndNothingElse) {
  // One row is one task: the pool is a parameter all the same.
  Kernel kernel = normKernel(1);
  kernel.schedule["parallel"] = 1;
  const CompiledKernel compiled = compileKernel(kernel, bestTarget().halide, {true, true, false, false});
  ASSERT_EQ(compiled.error, "");
  EXPECT_TRUE(compiled.takesPool);
  EXPECT_NE(compiled.cxx.find("(void * /*pool*/, const f32 *__restrict a0"), std::string::npos) << compiled.cxx;
  kernel.schedule.erase("parallel");
  EXPECT_FALSE(compileKernel(kernel, bestTarget().halide, {true, false, false, false}).takesPool);
}

} // namespace
