//===- EmitSourceTest.cpp - The header and the C++ file, compiled and run ----===//
//
// A program built by hand, of two kernels given as text, goes through both
// emitters; both compilers must take the results under strict flags, and the
// program must compute, refuse bad calls and keep its memory as planned.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/EmitSource.h"
#include "codegen/ContextLayout.h"
#include "codegen/source/RuntimePieces.h"
#include "runtime-min/Embedded.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace glmc;
using kernels::CompiledKernel;
using kernels::Element;
using kernels::Kernel;
using kernels::TensorType;

namespace {

TensorType tensor(Element element, std::vector<int64_t> shape) {
  TensorType type;
  type.element = element;
  type.shape = std::move(shape);
  return type;
}

constexpr int64_t weightBytes = 128;

/// The weights image: 16 floats 0.5 * i, then every kind of byte.
std::vector<uint8_t> weightImage() {
  std::vector<uint8_t> image(weightBytes);
  for (int i = 0; i < 16; ++i) {
    const float v = 0.5f * i;
    std::memcpy(&image[4 * i], &v, 4);
  }
  for (int i = 0; i < 64; ++i)
    image[64 + i] = (uint8_t)(i * 37);
  return image;
}

/// y = x * w + state-less sum of bytes: two kernels with an arena value between.
Program program(bool ioInArena) {
  const TensorType row = tensor(Element::f32, {16}), bytes = tensor(Element::u8, {64});
  Program p;
  Kernel scale;
  scale.name = "k00_mul";
  scale.arguments = {row, row};
  scale.nodes.resize(1);
  scale.nodes[0].type = row;
  scale.results = {2};
  Kernel add = scale;
  add.name = "k01_add_bytes";
  add.arguments = {row, bytes};
  p.kernels = {scale, add};
  p.kernelNodes = {"/layer/Mul */ \\", "/layer/Add, /layer/Add_1"};
  p.weights = {{"w", row, 0, 64}, {"b", bytes, 64, 64}};
  p.weightBytes = weightBytes;
  p.writeWeights = [](std::function<void(const uint8_t *, size_t)> take) {
    const std::vector<uint8_t> image = weightImage();
    take(image.data(), 50); // Pieces need not respect weights.
    take(image.data() + 50, image.size() - 50);
    return true;
  };
  p.arenaBytes = 192;
  EntryPoint run;
  run.name = "run";
  const Memory in = ioInArena ? Memory::arena : Memory::input, out = ioInArena ? Memory::arena : Memory::output;
  run.inputs = {{"x:0", "int", row, {in, 0, 64 * ioInArena, 64}}};
  run.outputs = {{"y */ \"", "y", row, {out, 0, 128 * ioInArena, 64}},
                 {"copy", "context", row, {Memory::output, 1, 0, 64}}};
  run.arenaBytes = 192;
  run.boundBytes = 128;
  const Place between = {Memory::arena, 0, 0, 64};
  run.steps = {Launch{0, "cpu", {run.inputs[0].place, {Memory::weights, 0, 0, 64}}, {between}, {}, {"Mul"}},
               Launch{1, "cpu", {between, {Memory::weights, 0, 64, 64}}, {run.outputs[0].place}, {}, {"Add"}},
               Copy{between, {Memory::output, 1, 0, 64}}};
  p.entryPoints = {run};
  return p;
}

std::vector<CompiledKernel> compiled() {
  std::vector<CompiledKernel> kernels(2);
  kernels[0].cxx = "GLM_KERNEL void k00_mul(const f32 *__restrict a0, const f32 *__restrict a1, f32 *__restrict r0) {\n"
                   "  for (int i = 0; i < 2; ++i) {\n"
                   "    store(&r0[i * 8], load<f32x8>(&a0[i * 8]) * load<f32x8>(&a1[i * 8]));\n  }\n}\n";
  kernels[0].cxxNeeds = {"f32x8", "load", "store"};
  kernels[1].cxx =
      "GLM_KERNEL void k01_add_bytes(const f32 *__restrict a0, const u8 *__restrict a1, f32 *__restrict r0) {\n"
      "  for (int i = 0; i < 16; ++i) {\n"
      "    r0[i] = a0[i] + (float)reduce<reduce_add, 4>(convert<i32x4>(load<u8x4>(&a1[i * 4])));\n  }\n}\n";
  kernels[1].cxxNeeds = {"i32x4", "u8x4", "load", "convert", "reduce", "reduce_add"};
  return kernels;
}

source::EmitOptions options() {
  source::EmitOptions o;
  o.prefix = "tiny";
  o.headerName = "tiny.h";
  o.buildId = "b1";
  o.weightHash = "h1";
  o.targetName = "x86-64-v3";
  o.cxxTarget = "avx2,fma,f16c";
  o.cpuRequires = {"avx", "avx2", "fma", "f16c"};
  return o;
}

std::string source(const Program &p, const source::EmitOptions &o, std::string &error) {
  std::string text;
  source::emitSource(
      p, compiled(), o, [&](std::string_view piece) { text += piece; }, error);
  return text;
}

const char *const mainText = R"(
#include "tiny.h"
#include <stdio.h>
#include <string.h>
static tiny_context garbage;
int main(void) {
  float x[16], y[16], copy[16];
  for (int i = 0; i < 16; ++i)
    x[i] = (float)i - 4;
  if (tiny_init(NULL) != TINY_ERROR_NULL || tiny_run(NULL, x, y, copy) != TINY_ERROR_NULL)
    return 2;
  memset(&garbage, 0x5a, sizeof garbage);
  if (tiny_run(&garbage, x, y, copy) != TINY_ERROR_NOT_INITIALISED || tiny_run(&tiny_default, x, NULL, copy) != TINY_ERROR_NULL)
    return 3;
  const int status = tiny_init(&tiny_default);
  if (status == TINY_ERROR_CPU) {
    if (tiny_run(&tiny_default, x, y, copy) != TINY_ERROR_NOT_INITIALISED)
      return 4;
    return 77;
  }
  if (status != TINY_OK || tiny_run(&tiny_default, x, y, copy) != TINY_OK)
    return 5;
  for (int i = 0; i < 16; ++i) {
    int sum = 0;
    for (int k = 0; k < 4; ++k)
      sum += (i * 4 + k) * 37 & 255;
    if (copy[i] != x[i] * (0.5f * i) || y[i] != copy[i] + (float)sum)
      return 6;
  }
  if (strcmp(tiny_build_id(), TINY_BUILD_ID) || strcmp(tiny_status_text(TINY_OK), "ok") || !*tiny_status_text(99))
    return 7;
  return TINY_RUN_INPUT_INT_BYTES == 64 && TINY_RUN_OUTPUT_Y_ELEMENTS == 16 && TINY_ARENA_BYTES == 192 ? 0 : 8;
}
)";

/// A folder for one test's files.
class EmitSource : public ::testing::Test {
protected:
  void SetUp() override {
    folder = ::testing::TempDir() + "glmc-emitsource-" + std::to_string(getpid());
    mkdir(folder.c_str(), 0700);
  }
  void TearDown() override {
    for (const std::string &name : written)
      unlink((folder + "/" + name).c_str());
    rmdir(folder.c_str());
  }
  void put(const std::string &name, const std::string &text) {
    std::ofstream(folder + "/" + name) << text;
    written.insert(name);
  }
  int shell(const std::string &command, const std::string &made = "") {
    if (!made.empty())
      written.insert(made);
    const int status = std::system(("cd " + folder + " && " + command).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string folder;
  std::set<std::string> written;
};

const std::string strict = " -O3 -Wall -Wextra -Werror ", cxx = " -std=c++17 -fno-exceptions -fno-rtti" + strict;

TEST_F(EmitSource, CompilesStrictlyAndComputes) {
  const Program p = program(false);
  for (const bool exact : {false, true})
    for (const bool plain : {false, true}) {
      Program q = p;
      q.math = exact ? kernels::Math::exact : kernels::Math::fast;
      source::EmitOptions o = options();
      if (plain)
        o.cxxTarget.clear(), o.cpuRequires.clear();
      std::string error;
      put("tiny.cpp", source(q, o, error));
      ASSERT_EQ(error, "");
      put("tiny.h", source::emitHeader(q, o));
      put("main.c", mainText);
      for (const char *compiler : {"g++", "clang++-14"}) {
        ASSERT_EQ(shell(compiler + cxx + "-c tiny.cpp -o tiny.o", "tiny.o"), 0) << compiler;
        ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -o main", "main"), 0);
        const int result = shell("./main");
        EXPECT_TRUE(result == 0 || (result == 77 && !plain)) << compiler << " program answers " << result;
        EXPECT_NE(shell("nm -u tiny.o | grep -vE ' (mem(cpy|set|move)|_GLOBAL_OFFSET_TABLE_)$'"), 0)
            << "undefined symbols";
        EXPECT_EQ(shell("objdump -h tiny.o | grep -qE '\\.bss\\.tiny_default +00000100'"), 0)
            << "the default has no section";
        EXPECT_NE(shell("objdump -h tiny.o | grep -E 'init_array|eh_frame_hdr|gcc_except'"), 0);
      }
    }
}

/// The same program, its first kernel's halves as tasks.
std::vector<CompiledKernel> compiledWithThreads() {
  std::vector<CompiledKernel> kernels = compiled();
  kernels[0].takesPool = true;
  kernels[0].cxx =
      "GLM_KERNEL void k00_mul_task0(int i, const f32 *__restrict a0, const f32 *__restrict a1, f32 *__restrict r0) {\n"
      "  store(&r0[i * 8], load<f32x8>(&a0[i * 8]) * load<f32x8>(&a1[i * 8]));\n}\n\n"
      "GLM_KERNEL void k00_mul(void *pool, const f32 *__restrict a0, const f32 *__restrict a1, f32 *__restrict r0) {\n"
      "  parallel(pool, 0, 2, [=](int task) { k00_mul_task0(task, a0, a1, r0); });\n}\n";
  kernels[0].cxxNeeds.insert("parallel");
  return kernels;
}

const char *const threadsText = R"(
#include "tiny.h"
#include <string.h>
static int right(tiny_context *context) {
  float x[16], y[16], copy[16];
  for (int i = 0; i < 16; ++i)
    x[i] = (float)i - 4;
  if (tiny_run(context, x, y, copy) != TINY_OK)
    return 0;
  for (int i = 0; i < 16; ++i)
    if (copy[i] != x[i] * (0.5f * i))
      return 0;
  return 1;
}
int main(void) {
  static tiny_context second;
  memset(&second, 0x5a, sizeof second);
  if (tiny_release(NULL) != TINY_ERROR_NULL || tiny_release(&second) != TINY_OK)
    return 2;
  const int status = tiny_init(&tiny_default);
  if (status == TINY_ERROR_CPU)
    return 77;
  if (status != TINY_OK || tiny_init(&second) != TINY_OK || tiny_init(&second) != TINY_OK)
    return 3;
  for (int i = 0; i < 1000; ++i)
    if (!right(i & 1 ? &second : &tiny_default))
      return 4;
  if (tiny_release(&second) != TINY_OK || !right(&second) || tiny_init(&second) != TINY_OK || !right(&second))
    return 5;
  return tiny_release(&second) != TINY_OK || tiny_release(&tiny_default) != TINY_OK || !right(&tiny_default);
}
)";

TEST_F(EmitSource, ThreadsComputeTheSame) {
  Program p = program(false);
  p.threads = 3;
  p.stateBytes = 100;
  std::string error, text;
  const auto write = [&](std::string_view piece) { text += piece; };
  ASSERT_TRUE(source::emitSource(p, compiledWithThreads(), options(), write, error)) << error;
  put("tiny.cpp", text);
  put("tiny.h", source::emitHeader(p, options()));
  put("main.c", threadsText);
  // Two programs in one file.
  source::EmitOptions other = options();
  other.prefix = "other";
  other.headerName = "other.h";
  text.clear();
  ASSERT_TRUE(source::emitSource(p, compiledWithThreads(), other, write, error)) << error;
  put("other.cpp", text);
  put("other.h", source::emitHeader(p, other));
  put("both.cpp", "#include \"tiny.cpp\"\n#include \"other.cpp\"\n");
  for (const char *compiler : {"g++", "clang++-14"}) {
    ASSERT_EQ(shell(compiler + cxx + "-c tiny.cpp -o tiny.o", "tiny.o"), 0) << compiler;
    EXPECT_EQ(shell(compiler + cxx + "-c both.cpp -o both.o", "both.o"), 0) << compiler;
    ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -pthread -o main", "main"), 0);
    const int result = shell("./main");
    EXPECT_TRUE(result == 0 || result == 77) << compiler << " program answers " << result;
    EXPECT_NE(shell("nm -u tiny.o | grep -vE ' (mem(cpy|set|move)|pthread_[a-z_]+|_GLOBAL_OFFSET_TABLE_)$'"), 0)
        << "undefined symbols";
    EXPECT_NE(shell("objdump -h tiny.o | grep -E 'init_array|eh_frame_hdr|gcc_except'"), 0);
  }
  p.threads = 1;
  EXPECT_FALSE(source::emitSource(p, compiledWithThreads(), options(), write, error));
  EXPECT_EQ(error, "kernel 'k00_mul' takes a pool of threads, which the program does not have");
}

/// The same program in three versions: the second shares the first's kernels, the
/// third has one of its own, which takes scratch and, alone, the pool.
Program programWithVersions(source::EmitOptions &o) {
  Program p = program(false);
  p.threads = 2;
  p.versions = {"x86-64", "x86-64-v3-vnni", "x86-64-v3"};
  p.kernels.push_back(p.kernels[0]);
  p.kernels[2].name = "k00_mul_x86_64_v3";
  p.kernels[2].scratch = {p.kernels[0].arguments[0]};
  p.kernelNodes.push_back("");
  p.kernelVersions = {0, 0, 2};
  p.choices = {{0, 0, 2}, {1, 1, 1}};
  std::get<Launch>(p.entryPoints[0].steps[0]).scratch = {{Memory::arena, 0, 64, 64}};
  o.versions = {{{"sse4.1"}, "sse4.1"}, {{"avxvnni"}, "avxvnni,avx2"}, {{"avx2", "fma", "f16c"}, "avx2,fma,f16c"}};
  return p;
}

std::vector<CompiledKernel> compiledVersions() {
  std::vector<CompiledKernel> kernels = compiled();
  kernels.push_back(kernels[0]);
  kernels[2].takesPool = true;
  kernels[2].cxx =
      "GLM_KERNEL void k00_mul_task0(int i, const f32 *__restrict a0, const f32 *__restrict a1, "
      "f32 *__restrict r0, f32 *__restrict s0) {\n"
      "  store(&s0[i * 8], load<f32x8>(&a0[i * 8]) * load<f32x8>(&a1[i * 8]));\n"
      "  store(&r0[i * 8], load<f32x8>(&s0[i * 8]));\n}\n\n"
      "GLM_KERNEL void k00_mul_x86_64_v3(void *pool, const f32 *__restrict a0, const f32 *__restrict a1, "
      "f32 *__restrict r0, f32 *__restrict s0) {\n"
      "  parallel(pool, 0, 2, [=](int task) { k00_mul_task0(task, a0, a1, r0, s0); });\n}\n";
  kernels[2].cxxNeeds.insert("parallel");
  return kernels;
}

const char *const versionsText = R"(
#include "tiny.h"
#include <stdio.h>
#include <string.h>
static int right(tiny_context *context) {
  float x[16], y[16], copy[16];
  for (int i = 0; i < 16; ++i)
    x[i] = (float)i - 4;
  if (tiny_run(context, x, y, copy) != TINY_OK)
    return 0;
  for (int i = 0; i < 16; ++i)
    if (copy[i] != x[i] * (0.5f * i))
      return 0;
  return 1;
}
int main(void) {
  static tiny_context context;
  if (strcmp(tiny_version(NULL), "") || strcmp(tiny_version(&context), ""))
    return 2;
  for (int version = 0; version < 3; ++version) {
    const int status = tiny_init_version(&context, version);
    if (status != TINY_OK && status != TINY_ERROR_CPU)
      return 3;
    printf("%s ", status == TINY_OK ? right(&context) ? tiny_version(&context) : "wrong" : "lacks");
    tiny_release(&context);
  }
  if (tiny_init_version(&context, 3) != TINY_ERROR_COUNT || tiny_init_version(NULL, 0) != TINY_ERROR_NULL)
    return 4;
  const int status = tiny_init(&context);
  printf("%s\n", status == TINY_OK ? right(&context) ? tiny_version(&context) : "wrong" : "lacks");
  return tiny_release(&context);
}
)";

TEST_F(EmitSource, VersionsComputeTheSame) {
  source::EmitOptions o = options();
  const Program p = programWithVersions(o);
  std::string error, text;
  const auto write = [&](std::string_view piece) { text += piece; };
  ASSERT_TRUE(source::emitSource(p, compiledVersions(), o, write, error)) << error;
  // What two versions share is there once.
  EXPECT_EQ(text.find("void k00_mul("), text.rfind("void k00_mul("));
  put("tiny.cpp", text);
  put("tiny.h", source::emitHeader(p, o));
  put("main.c", versionsText);
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  for (const char *compiler : {"g++", "clang++-14"}) {
    ASSERT_EQ(shell(compiler + cxx + "-c tiny.cpp -o tiny.o", "tiny.o"), 0) << compiler;
    ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -pthread -o main", "main"), 0);
    ASSERT_EQ(shell("./main > out.txt", "out.txt"), 0) << compiler;
    std::ifstream file(folder + "/out.txt");
    std::string first, second, third, chosen;
    file >> first >> second >> third >> chosen;
    EXPECT_EQ(first, "x86-64");
    EXPECT_TRUE(second == "lacks" || second == "x86-64-v3-vnni") << second;
    EXPECT_EQ(third, avx2 ? "x86-64-v3" : "lacks");
    EXPECT_EQ(chosen, avx2 ? "x86-64-v3" : "x86-64");
    EXPECT_NE(shell("objdump -h tiny.o | grep -E 'init_array|\\.data +0*[1-9a-f]'"), 0) << "nothing is set up at start";
  }
  Program q = p;
  std::get<Launch>(q.entryPoints[0].steps[0]).scratch.clear();
  EXPECT_FALSE(source::emitSource(q, compiledVersions(), o, write, error));
  EXPECT_EQ(error, "a launch of kernel 'k00_mul_x86_64_v3' has another number of buffers than the kernel");
  o.versions.pop_back();
  EXPECT_FALSE(source::emitSource(p, compiledVersions(), o, write, error));
  EXPECT_EQ(error, "there are 3 versions and targets of 2");
}

TEST_F(EmitSource, TilesAreAskedFor) {
  source::EmitOptions o = options();
  o.cpuRequires = {"amx-tile", "amx-int8"};
  o.cxxTarget = "amx-tile,amx-int8,avx2,fma,f16c";
  std::string error;
  const std::string text = source(program(false), o, error);
  EXPECT_EQ(error, "");
  EXPECT_NE(text.find("if (glmc_cpu_choose(requiredFeatures, 1) < 0)\n    return TINY_ERROR_CPU;"), std::string::npos);
  put("tiny.cpp", text);
  put("tiny.h", source::emitHeader(program(false), o));
  for (const char *compiler : {"g++", "clang++-14"})
    EXPECT_EQ(shell(compiler + cxx + "-c tiny.cpp -o tiny.o", "tiny.o"), 0) << compiler;
}

TEST_F(EmitSource, HeaderIsC11AndCxx17) {
  Program p = program(true);
  p.stateBytes = 100;
  put("tiny.h", source::emitHeader(p, options()));
  const ContextLayout layout = contextLayout(p);
  put("use.c", "#include \"tiny.h\"\nextern char size[sizeof(tiny_context) == " + std::to_string(layout.bytes) +
                   " && offsetof(tiny_context, state) == " + std::to_string(layout.state) + " ? 1 : -1];\n" +
                   "float *f(tiny_context *c) { return tiny_run_y(c); }\n");
  EXPECT_EQ(shell("gcc -std=c11 -pedantic" + strict + "-c use.c -o use.o", "use.o"), 0);
  EXPECT_EQ(shell("g++ -std=c++17 -pedantic" + strict + "-x c++ -c use.c -o use.o", "use.o"), 0);
  std::string error;
  put("tiny.cpp", source(p, options(), error));
  EXPECT_EQ(error, "");
  EXPECT_EQ(shell("g++" + cxx + "-c tiny.cpp -o tiny.o", "tiny.o"), 0);
}

TEST_F(EmitSource, SameBytesEveryTimeAndNoBytesOfWeightsAreLost) {
  std::string error;
  const std::string first = source(program(false), options(), error), second = source(program(false), options(), error);
  EXPECT_EQ(first, second);
  EXPECT_EQ(source::emitHeader(program(false), options()), source::emitHeader(program(false), options()));
  Program broken = program(false);
  broken.weightBytes += 64;
  source(broken, options(), error);
  EXPECT_EQ(error, "the weights are not as many bytes as was planned");
  broken.writeWeights = [](auto) { return false; };
  source(broken, options(), error);
  EXPECT_EQ(error, "the weights could not be read");
}

TEST_F(EmitSource, RefusesWhatDoesNotFit) {
  std::string error;
  source::EmitOptions o = options();
  o.cpuRequires = {"avx9"};
  source(program(false), o, error);
  EXPECT_EQ(error, "the CPU feature 'avx9' is not one that generated code can check");
  Program p = program(false);
  std::get<Launch>(p.entryPoints[0].steps[0]).kernel = 2;
  source(p, options(), error);
  EXPECT_EQ(error, "entry point 'run' launches a kernel that does not exist");
  p = program(false);
  std::get<Launch>(p.entryPoints[0].steps[0]).reads.pop_back();
  source(p, options(), error);
  EXPECT_EQ(error, "a launch of kernel 'k00_mul' has another number of buffers than the kernel");
}

TEST(RuntimePieces, EveryPieceStandsAloneWithWhatItNeeds) {
  // All pieces, each alone: names resolve and the compilers accept them.
  for (const char *target : {"avx2,fma,f16c", "avxvnni,avx2,fma,f16c",
                             "avx512vnni,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c"}) {
    std::string all = "#include <stddef.h>\n#include <stdint.h>\n" + source::runtimePreamble(target, false, true), error;
    int count = 0;
    for (const char *file : {"vector.h", "dots.h", "math.h", "pool.cpp", "parallel.h"}) {
      const std::string text{runtimeText(file)};
      for (size_t at = text.find("\n//# piece "); at != std::string::npos; at = text.find("\n//# piece ", at + 1)) {
        const size_t start = at + 11, end = text.find_first_of(" \n", start);
        all += "namespace piece" + std::to_string(count++) + " {\n" +
               source::runtimePieces({text.substr(start, end - start)}, error) + "}\n";
        EXPECT_EQ(error, "");
      }
    }
    EXPECT_GT(count, 40);
    const std::string path = ::testing::TempDir() + "glmc-pieces-" + std::to_string(getpid()) + ".cpp";
    std::ofstream(path) << all;
    for (const char *compiler : {"g++", "clang++-14"})
      EXPECT_EQ(std::system((compiler + cxx + "-fsyntax-only " + path).c_str()), 0) << compiler;
    unlink(path.c_str());
  }
  std::string error;
  source::runtimePieces({"no_such_piece"}, error);
  EXPECT_EQ(error, "runtime-min has no piece 'no_such_piece'");
}

TEST(RuntimePieces, CpuFeaturesHaveTheirNames) {
  EXPECT_EQ(cpuFeatureBit("sse4.2"), uint64_t(1) << 3);
  EXPECT_EQ(cpuFeatureBit("avx512vnni"), uint64_t(1) << 20);
  EXPECT_FALSE(cpuFeatureBit("altivec"));
  EXPECT_EQ(runtimeBitcode("cpu", "x86_64").substr(0, 2), "BC");
}

} // namespace
