//===- VersionObjectTest.cpp - Objects of several versions -------------------===//
//
// Each version's kernel writes another number, so that outputs show which ran.
//
//===----------------------------------------------------------------------===//
#include "test/unit/ObjectModel.h"

#include "codegen/ContextLayout.h"
#include "codegen/Status.h"
#include "codegen/object/CheckProgram.h"

#include "llvm/Object/ELFObjectFile.h"

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

/// Every element of the result becomes `value`, by way of the scratch if there is
/// any.
std::string fillText(const std::string &name, int value, bool scratch = false) {
  const std::string number = std::to_string(value) + ".0";
  return kernelText(name, scratch ? 4 : 3, R"(  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %n, %loop ]
)" + std::string(scratch ? "  %s = getelementptr float, ptr %p3, i64 %i\n  store volatile float " + number +
                               ", ptr %s\n  %v = load volatile float, ptr %s\n"
                         : "  %v = fadd float 0.0, " + number + "\n") +
                                               R"(  %po = getelementptr float, ptr %p2, i64 %i
  store float %v, ptr %po, align 4
  %n = add i64 %i, 1
  %done = icmp eq i64 %n, 16
  br i1 %done, label %exit, label %loop
exit:
  ret i32 0
)");
}

/// The model with versions for `names`, of which version v has y = v + 1 in `again`;
/// all of them share the other kernel.
struct VersionModel : Model {
  ObjectOptions options;

  explicit VersionModel(const std::vector<std::string> &names) {
    options = optionsFor(names.front());
    program.versions = names;
    program.kernelVersions = {0, 0};
    program.choices = {{0}, std::vector<int>(names.size(), 1)};
    kernels[0] = assemble(fillText("k00_matvec", 1));
    for (size_t v = 0; v < names.size(); v++) {
      options.versions.push_back(target(names[v]));
      if (v == 0)
        continue;
      kernels::Kernel copy = program.kernels[0];
      copy.name += "_v" + std::to_string(v);
      program.choices[0].push_back(int(program.kernels.size()));
      program.kernelVersions.push_back(int(v));
      kernels.push_back(assemble(fillText(copy.name, int(v) + 1)));
      program.kernels.push_back(copy);
    }
  }

  ObjectResult emit() { return emitObject(program, kernels, options); }

  RunResult run(const ObjectResult &object, int version = -1) {
    RunRequest request = requestFor(object, "again");
    request.hasVersions = true;
    request.version = version;
    return runObject(request);
  }

  bool runsHere(size_t version) { return targets::missingFeatures(options.versions[version]).empty(); }

  /// The version that init takes; -1 if none runs.
  int best() {
    for (size_t v = options.versions.size(); v-- > 0;)
      if (runsHere(v))
        return int(v);
    return -1;
  }
};

std::vector<float> filled(int value) { return std::vector<float>(rows, float(value)); }

class EveryList : public ::testing::TestWithParam<std::vector<std::string>> {};
INSTANTIATE_TEST_SUITE_P(Versions, EveryList,
                         ::testing::Values(std::vector<std::string>{"x86-64", "x86-64-v3", "x86-64-v4"},
                                           std::vector<std::string>{"x86-64-v3", "x86-64-v3-vnni"},
                                           std::vector<std::string>{"x86-64", "x86-64-v4-bf16", "x86-64-amx"},
                                           std::vector<std::string>{"x86-64-v4-bf16", "x86-64-amx"}));

TEST_P(EveryList, InitTakesTheBestThatRuns) {
  VersionModel model(GetParam());
  ObjectResult object = model.emit();
  ASSERT_EQ(object.error, "");
  EXPECT_EQ(object.contextBytes, contextLayout(model.program).bytes);
  RunResult run = model.run(object);
  if (model.best() < 0) {
    EXPECT_EQ(run.status, statusCpu);
    EXPECT_EQ(run.version, "");
    return;
  }
  ASSERT_EQ(run.error, "");
  EXPECT_EQ(run.version, GetParam()[model.best()]);
  EXPECT_EQ(floats(run.outputs[0]), filled(model.best() + 1));
}

TEST_P(EveryList, AnyVersionThatRunsCanBeHad) {
  VersionModel model(GetParam());
  ObjectResult object = model.emit();
  ASSERT_EQ(object.error, "");
  for (size_t v = 0; v < GetParam().size(); v++) {
    RunResult run = model.run(object, int(v));
    if (!model.runsHere(v)) {
      EXPECT_EQ(run.status, statusCpu);
      continue;
    }
    ASSERT_EQ(run.error, "");
    EXPECT_EQ(run.version, GetParam()[v]);
    EXPECT_EQ(floats(run.outputs[0]), filled(int(v) + 1));
  }
  EXPECT_EQ(model.run(object, int(GetParam().size())).status, statusCount);
}

TEST_P(EveryList, IsTheSameBytesTwice) {
  ObjectResult first = VersionModel(GetParam()).emit(), second = VersionModel(GetParam()).emit();
  ASSERT_EQ(first.error, "");
  EXPECT_TRUE(first.object == second.object);
  for (const std::string &symbol : first.undefinedSymbols)
    EXPECT_TRUE(symbol == "memcpy" || symbol == "memset" || symbol == "memmove") << symbol;
}

TEST(VersionObject, OnlyKernelsThatDifferAreThereTwice) {
  VersionModel model({"x86-64", "x86-64-v3", "x86-64-v4"});
  ObjectResult object = model.emit();
  ASSERT_EQ(object.error, "");
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(object.object.data(), object.object.size()), "o"));
  ASSERT_TRUE(bool(file));
  std::string kernelSections;
  std::vector<int64_t> bytes;
  for (const auto &section : (*file)->sections()) {
    llvm::StringRef name = llvm::cantFail(section.getName());
    if (name.starts_with(".text.k"))
      kernelSections += name.str() + " ";
    // No table of functions is written when the program starts.
    EXPECT_FALSE(name.starts_with(".init_array") || name.starts_with(".data")) << name.str();
  }
  EXPECT_EQ(kernelSections, ".text.k00_matvec .text.k01_add .text.k00_matvec_v1 .text.k00_matvec_v2 "
                            ".text.k00_matvec.choose ");
  ASSERT_EQ(object.versionBytes.size(), 3u);
  EXPECT_GT(object.versionBytes[0], object.versionBytes[1]); // It has the shared kernel.
  EXPECT_GT(object.versionBytes[1], 0);
  EXPECT_LT(object.versionBytes[0] + object.versionBytes[1] + object.versionBytes[2], object.codeBytes);
  EXPECT_EQ(VersionModel({"x86-64", "x86-64-v3"}).emit().error, "");
}

TEST(VersionObject, AVersionMayTakeLessScratch) {
  VersionModel model({"x86-64", "x86-64-v3"});
  model.program.kernels[2].scratch = {f32({rows})};
  model.kernels[2] = assemble(fillText("k00_matvec_v1", 2, /*scratch=*/true));
  for (EntryPoint &entry : model.program.entryPoints)
    for (Step &step : entry.steps)
      if (auto *launch = std::get_if<Launch>(&step); launch && launch->kernel == 0)
        launch->scratch = {place(Memory::arena, 64, rows)};
  ObjectResult object = model.emit();
  ASSERT_EQ(object.error, "");
  for (int v = 0; v < 2; v++) {
    if (!model.runsHere(v))
      continue;
    RunResult run = model.run(object, v);
    ASSERT_EQ(run.error, "");
    EXPECT_EQ(floats(run.outputs[0]), filled(v + 1));
  }
  auto errorWith = [&](Place place) {
    std::get<Launch>(model.program.entryPoints[1].steps[0]).scratch = {place};
    return model.emit().error;
  };
  EXPECT_EQ(errorWith(place(Memory::arena, 64, rows - 1)),
            "entry point 'again': step 0: launch of 'k00_matvec': scratch 0 is arena[64:124], which is no room for the "
            "64 bytes of 'k00_matvec_v1'");
  EXPECT_EQ(errorWith(place(Memory::arena, 128, rows)),
            "entry point 'again': step 0: launch of 'k00_matvec': scratch is arena[128:192], which is outside that memory");
  std::get<Launch>(model.program.entryPoints[1].steps[0]).scratch.clear();
  EXPECT_EQ(model.emit().error,
            "entry point 'again': step 0: launch of 'k00_matvec': found 0 scratch, expected 1 for 'k00_matvec_v1'");
}

TEST(VersionObject, WhatDoesNotFitIsRefused) {
  auto errorOf = [](std::function<void(VersionModel &)> change) {
    VersionModel model({"x86-64", "x86-64-v3"});
    change(model);
    return model.emit().error;
  };
  EXPECT_EQ(errorOf([](VersionModel &m) { m.options.versions.pop_back(); }),
            "found 1 targets, expected one for each of 2 versions");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.program.kernelVersions[2] = 2; }), "found version 2, expected one of 2");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.program.choices[0].pop_back(); }),
            "kernel 'k00_matvec' has 1 versions, expected 2");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.program.choices[0][1] = 1; }),
            "kernel 'k00_matvec' has a version that takes other arguments and results");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.program.choices[0][1] = 7; }),
            "kernel 'k00_matvec' has a version that takes other arguments and results");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.options.versions[1].features = "+mmx9"; }),
            "target 'x86-64-v3': LLVM does not know the feature '+mmx9' of x86_64-unknown-linux-gnu");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.options.versions[1].requirements = {"tardis"}; }),
            "target 'x86-64-v3': it requires the CPU feature 'tardis', which runtime-min cannot check");
  EXPECT_EQ(errorOf([](VersionModel &m) { m.options.versions[1].triple = "aarch64-unknown-linux-gnu"; }),
            "found versions for x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu, expected one triple");
}

/// y[i] = sum of w[2i + k] * x[2i + k] of words, as Halide writes it with AVX-512.
std::string wideText(const std::string &intrinsic, const std::string &type) {
  return kernelText("k00_matvec", 3, R"(  %a = load <16 x i32>, ptr %p0, align 4
  %b = load <16 x i32>, ptr %p1, align 4
  %ta = bitcast <16 x i32> %a to )" + type + "\n  %tb = bitcast <16 x i32> %b to " + type + "\n" +
                                         (intrinsic == "pmaddw.d.512"
                                              ? "  %d = call <16 x i32> @llvm.x86.avx512.pmaddw.d.512(<32 x i16> %ta, "
                                                "<32 x i16> %tb)\n"
                                              : "  %d = call <16 x i32> @llvm.x86.avx512." + intrinsic +
                                                    "(<16 x i32> zeroinitializer, <16 x i32> %ta, <16 x i32> %tb)\n") +
                                         "  store <16 x i32> %d, ptr %p2, align 4\n  ret i32 0\n",
                    intrinsic == "pmaddw.d.512"
                        ? "declare <16 x i32> @llvm.x86.avx512.pmaddw.d.512(<32 x i16>, <32 x i16>)\n"
                        : "declare <16 x i32> @llvm.x86.avx512." + intrinsic +
                              "(<16 x i32>, <16 x i32>, <16 x i32>)\n");
}

TEST(VersionObject, WideInstructionsBecomeTwo) {
  Model model;
  model.program.entryPoints.erase(model.program.entryPoints.begin());
  model.kernels[0] = assemble(wideText("pmaddw.d.512", "<32 x i16>"));
  ObjectOptions options = optionsFor("x86-64-v3");
  ObjectResult object = emitObject(model.program, model.kernels, options);
  ASSERT_EQ(object.error, "");
  if (targets::missingFeatures(options.target).empty()) {
    RunResult run = runObject(requestFor(object, "again"));
    ASSERT_EQ(run.error, "");
    std::vector<int32_t> expected;
    for (int i = 0; i < rows; i++) {
      float w = weight(i), x = input(i);
      int16_t ws[2], xs[2];
      std::memcpy(ws, &w, 4);
      std::memcpy(xs, &x, 4);
      expected.push_back(ws[0] * xs[0] + ws[1] * xs[1]);
    }
    std::vector<int32_t> found(rows);
    std::memcpy(found.data(), run.outputs[0].data(), 4 * rows);
    EXPECT_EQ(found, expected);
  }
  EXPECT_EQ(emitObject(model.program, model.kernels, optionsFor("x86-64")).error,
            "kernel 'k00_matvec': Halide chose 'llvm.x86.avx2.pmadd.wd', for which target 'x86-64' does not require "
            "'avx2'");
}

/// Which of `words` the assembly of the model's kernel has for a target.
std::string found(const std::string &name, const std::vector<std::string> &words) {
  Model model;
  model.kernels[0] = assemble(wideText("vpdpbusd.512", "<16 x i32>"));
  ObjectOptions options = optionsFor(name);
  options.assembly = true;
  ObjectResult object = emitObject(model.program, model.kernels, options);
  std::string text = object.error;
  for (const std::string &word : words)
    if (object.assembly.find(word) != std::string::npos)
      text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST(VersionObject, DotProductsAreTheTargetsOwn) {
  const std::vector<std::string> words = {"{vex}", "vpdpbusd", "%zmm"};
  EXPECT_EQ(found("x86-64-v3-vnni", words), "{vex} vpdpbusd");
  EXPECT_EQ(found("x86-64-v4-vnni", words), "vpdpbusd %zmm");
  EXPECT_EQ(found("x86-64-v4-bf16", words), "vpdpbusd %zmm");
  EXPECT_EQ(found("x86-64-amx", words), "vpdpbusd %zmm");
  EXPECT_EQ(found("x86-64-v4", words),
            "kernel 'k00_matvec': Halide chose 'llvm.x86.avx512.vpdpbusd.512', for which target 'x86-64-v4' does not "
            "require 'avx512vnni'");
  EXPECT_EQ(found("x86-64-v3", words),
            "kernel 'k00_matvec': Halide chose 'llvm.x86.avx512.vpdpbusd.256', for which target 'x86-64-v3' does not "
            "require 'avx512vnni'");
}

TEST(VersionObject, TileRegistersAreAskedOfLinuxOnly) {
  Model model;
  ObjectOptions options = optionsFor("x86-64-amx");
  options.assembly = true;
  ObjectResult object = emitObject(model.program, model.kernels, options);
  ASSERT_EQ(object.error, "");
  EXPECT_NE(object.assembly.find("syscall"), std::string::npos);
  RunResult run = runObject(requestFor(object, "run"));
  if (targets::missingFeatures(options.target).empty())
    EXPECT_EQ(run.error, "");
  else
    EXPECT_EQ(run.status, statusCpu);
  options = optionsFor("x86-64-v4");
  options.assembly = true;
  EXPECT_EQ(emitObject(model.program, model.kernels, options).assembly.find("syscall"), std::string::npos);
  options = optionsFor("x86-64-amx");
  options.target.triple = "x86_64-unknown-none-elf";
  EXPECT_EQ(emitObject(model.program, model.kernels, options).error,
            "target 'x86-64-amx': tile registers are asked of Linux, found triple x86_64-unknown-none-elf");
}

} // namespace
