//===- KernelCompileTest.cpp - The interface of codegen/kernels -------------===//
//
// Determinism, undefined symbols, exact bits on every target, and errors.
//
//===----------------------------------------------------------------------===//
#include "test/unit/KernelRunner.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include <unistd.h>

using namespace glmc::kernels;
using namespace glmc::kernels::test;

namespace {

using Shape = std::vector<int64_t>;
constexpr Element f32 = Element::f32;

/// One kernel of each family, with the functions that are easiest to get wrong.
std::vector<Kernel> samples(Math math) {
  std::vector<Kernel> kernels;
  {
    KernelMaker maker("sample_elementwise", "elementwise");
    TensorType type = tensor(f32, {5, 29}), half = tensor(Element::f16, {5, 29});
    int x = maker.argument(type), h = maker.argument(half), value = x;
    for (const char *op : {"exp", "log", "sin", "cos", "tanh", "sigmoid", "erf", "sqrt", "floor", "round"})
      value = maker.node("add", {maker.node(op, {value}, type), x}, type);
    int narrow = maker.node("cast", {h}, type), power = maker.node("pow", {narrow, value}, type);
    int rest = maker.node("mod", {power, x}, type), back = maker.node("cast", {rest}, half);
    kernels.push_back(maker.yield({value, back}, {{"vector", 8}}));
  }
  {
    KernelMaker maker("sample_matmul", "matmul");
    TensorType weight = tensor(f32, {24, 37});
    weight.layout = {Layout::panels, 1, 16};
    int x = maker.argument(tensor(f32, {7, 24})), w = maker.argument(weight);
    kernels.push_back(maker.yield({maker.node("matmul", {x, w}, tensor(f32, {7, 37}))}, {{"vector", 8}, {"rows", 4}}));
  }
  {
    KernelMaker maker("sample_dots", "matmul");
    int q = maker.argument(tensor(f32, {2, 5, 32})), k = maker.argument(tensor(f32, {2, 9, 32}));
    kernels.push_back(maker.yield({maker.node("matmul", {q, k}, tensor(f32, {2, 5, 9}), {{"transpose_rhs", int64_t(1)}})},
                                  {{"vector", 8}, {"rows", 2}, {"panels", 2}}));
  }
  for (int64_t axis : {0, 1}) {
    KernelMaker maker("sample_reduce" + std::to_string(axis), "reduce");
    int x = maker.argument(tensor(f32, {21, 75}));
    Shape shape = {21, 75};
    shape[axis] = 1;
    kernels.push_back(maker.yield({maker.node("reduce", {x}, tensor(f32, shape), {{"kind", std::string("sum")}, {"axes", Shape{axis}}})},
                                  {{"vector", 8}}));
  }
  {
    KernelMaker maker("sample_softmax", "softmax");
    TensorType type = tensor(f32, {6, 45});
    int x = maker.argument(type);
    kernels.push_back(maker.yield({maker.node("softmax", {x}, type, {{"axis", int64_t(1)}})}, {{"vector", 8}}));
  }
  {
    KernelMaker maker("sample_scatter", "scatter");
    int x = maker.argument(tensor(f32, {6, 20})), i = maker.argument(tensor(Element::i64, {2, 1}));
    int u = maker.argument(tensor(f32, {2, 20}));
    kernels.push_back(maker.yield({maker.node("scatter_nd", {x, i, u}, tensor(f32, {6, 20}))}, {{"vector", 8}}));
  }
  for (Kernel &kernel : kernels)
    kernel.math = math;
  return kernels;
}

std::vector<Array> inputsOf(const Kernel &kernel) {
  std::vector<Array> inputs;
  for (const TensorType &type : kernel.arguments)
    inputs.push_back(randomArray(type, 0.1, 3, static_cast<unsigned>(inputs.size() + 1)));
  return inputs;
}

TEST(KernelCompile, NeedsNoLibraryOnAnyTarget) {
  for (Math math : {Math::fast, Math::exact})
    for (const TestTarget &target : targets()) {
      std::vector<Kernel> kernels = samples(math);
      for (Kernel &kernel : kernels)
        kernel.schedule["vector"] = target.lanes;
      EXPECT_EQ(undefinedSymbols(kernels, target), std::vector<std::string>()) << target.name;
    }
}

TEST(KernelCompile, ExactBitsAreEqualOnEveryTargetAndThroughCxx) {
  for (const Kernel &kernel : samples(Math::exact)) {
    std::vector<Array> inputs = inputsOf(kernel);
    std::vector<std::vector<Array>> results;
    for (const TestTarget &target : targets())
      for (int64_t lanes : {1, target.lanes}) {
        if (!target.runs)
          continue;
        Kernel sized = kernel;
        sized.schedule["vector"] = lanes;
        results.push_back(run(sized, inputs, target));
      }
    results.push_back(runCxx(kernel, inputs));
    for (const auto &result : results) {
      ASSERT_EQ(result.size(), results[0].size());
      for (size_t i = 0; i < result.size(); ++i)
        EXPECT_EQ(result[i].bytes, results[0][i].bytes) << kernel.name;
    }
  }
}

/// Bitcode as text: all that it says, and not in which order its tables list
/// the names of values, which in LLVM depends on addresses.
std::string disassembled(const CompiledKernel &kernel) {
  const std::string stem = ::testing::TempDir() + "glmc-disassembled-" + std::to_string(getpid());
  std::ofstream(stem + ".bc", std::ios::binary)
      .write(reinterpret_cast<const char *>(kernel.bitcode.data()), static_cast<std::streamsize>(kernel.bitcode.size()));
  const std::string command = "/usr/lib/llvm-22/bin/llvm-dis " + stem + ".bc -o " + stem + ".ll";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream stream(stem + ".ll");
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_NE(text.find("define "), std::string::npos);
  unlink((stem + ".bc").c_str());
  unlink((stem + ".ll").c_str());
  return text;
}

TEST(KernelCompile, SameResultEveryTimeAndOnEveryThread) {
  const Wanted all = {true, true, true, true};
  std::vector<Kernel> kernels = samples(Math::fast);
  std::vector<CompiledKernel> once, again(kernels.size());
  for (const Kernel &kernel : kernels)
    once.push_back(compileKernel(kernel, bestTarget().halide, all));
  auto work = [&](size_t first) {
    for (size_t i = first; i < kernels.size(); i += 2)
      again[kernels.size() - 1 - i] = compileKernel(kernels[kernels.size() - 1 - i], bestTarget().halide, all);
  };
  std::thread other(work, 0);
  work(1);
  other.join();
  for (size_t i = 0; i < kernels.size(); ++i) {
    ASSERT_EQ(once[i].error, "");
    ASSERT_EQ(again[i].error, "");
    EXPECT_FALSE(once[i].bitcode.empty());
    EXPECT_FALSE(once[i].cxx.empty());
    EXPECT_FALSE(once[i].lowered.empty());
    EXPECT_FALSE(once[i].assembly.empty());
    EXPECT_EQ(disassembled(once[i]), disassembled(again[i])) << kernels[i].name;
    EXPECT_EQ(once[i].cxx, again[i].cxx) << kernels[i].name;
    EXPECT_EQ(once[i].lowered, again[i].lowered) << kernels[i].name;
    EXPECT_EQ(once[i].assembly, again[i].assembly) << kernels[i].name;
  }
}

void expectError(Kernel kernel, const std::string &part) {
  CompiledKernel compiled = compileKernel(kernel, bestTarget().halide, {true, false, false, false});
  EXPECT_NE(compiled.error.find(part), std::string::npos) << "got: " << compiled.error;
  EXPECT_NE(compiled.error.find("kernel '" + kernel.name + "'"), std::string::npos) << "got: " << compiled.error;
  EXPECT_TRUE(compiled.bitcode.empty());
}

TEST(KernelCompile, ErrorsNameTheKernelAndTheReason) {
  Kernel good = samples(Math::fast)[1];
  Kernel kernel = good;
  kernel.family = "magic";
  expectError(kernel, "there is no family 'magic'");
  kernel = good;
  kernel.schedule["vector"] = 3;
  expectError(kernel, "expected a power of two");
  kernel = good;
  kernel.schedule["speed"] = 3;
  expectError(kernel, "no schedule parameter 'speed'");
  kernel = good;
  kernel.schedule["rows"] = 512;
  kernel.arguments[0].shape = {1024, 24};
  kernel.nodes[0].type.shape = {1024, 37};
  expectError(kernel, "bytes of accumulators");
  kernel = good;
  kernel.nodes[0].op = "frobnicate";
  expectError(kernel, "needs a 'matmul'");
  kernel = good;
  kernel.arguments[0].shape = {7, 25};
  expectError(kernel, "do not fit");
  kernel = good;
  kernel.arguments[0].shape = {int64_t(1) << 20, int64_t(1) << 20};
  expectError(kernel, "more than 2^31 elements");
  kernel = good;
  kernel.nodes[0].operands = {0, 2};
  expectError(kernel, "does not come before it");
  kernel = good;
  kernel.results = {9};
  expectError(kernel, "no value of the kernel");

  KernelMaker table("big_constant", "elementwise");
  TensorType type = tensor(f32, {100});
  std::vector<double> values;
  for (int i = 0; i < 100; ++i)
    values.push_back(i);
  int c = table.constant(type, values);
  expectError(table.yield({table.node("neg", {c}, type)}), "too large for code");

  KernelMaker shared("shared_in_place", "elementwise");
  int x = shared.argument(type);
  shared.kernel.inPlace = {{0, 0}};
  int negated = shared.node("neg", {x}, type);
  expectError(shared.yield({negated, shared.node("abs", {x}, type)}), "read for another one too");

  CompiledKernel compiled = compileKernel(good, {"z80-cpm", 1}, {true, false, false, false});
  EXPECT_NE(compiled.error, "");
}

} // namespace
