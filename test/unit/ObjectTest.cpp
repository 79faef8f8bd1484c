//===- ObjectTest.cpp - The object emitter -----------------------------------===//
//
// What comes out is run and compared with plain loops.
//
//===----------------------------------------------------------------------===//
#include "test/unit/ObjectModel.h"

#include "codegen/Status.h"

#include "llvm/Object/ELFObjectFile.h"

#include <cstdio>
#include <fstream>

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

/// Calls `visit` with name, flags, size of each section.
void forSections(const std::vector<char> &object, std::function<void(std::string, uint64_t, uint64_t)> visit) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(object.data(), object.size()), "o"));
  ASSERT_TRUE(bool(file));
  for (const auto &section : (*file)->sections())
    visit(llvm::cantFail(section.getName()).str(), llvm::object::ELFSectionRef(section).getFlags(), section.getSize());
}

class EveryTarget : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Object, EveryTarget, ::testing::Values("x86-64", "x86-64-v3", "x86-64-v3-vnni", "x86-64-v4",
                                           "x86-64-v4-vnni", "x86-64-v4-bf16", "x86-64-amx", "host"));

TEST_P(EveryTarget, ComputesOrSaysThatTheCpuLacksFeatures) {
  ObjectResult object = emitModel(GetParam());
  ASSERT_EQ(object.error, "");
  bool runs = targets::missingFeatures(target(GetParam())).empty();
  for (bool whole : {true, false}) {
    RunResult run = runObject(requestFor(object, whole ? "run" : "again"));
    if (!runs) {
      EXPECT_EQ(run.status, statusCpu);
      EXPECT_EQ(run.error,
                "tiny_init returned status 3: this CPU lacks instructions that the program was compiled for");
      continue;
    }
    ASSERT_EQ(run.error, "");
    EXPECT_EQ(run.status, 0);
    EXPECT_EQ(run.statusText, "ok");
    EXPECT_EQ(floats(run.outputs[0]), Model::expected(whole)); // Exact in float.
  }
}

TEST_P(EveryTarget, NeedsMemoryFunctionsAtMost) {
  ObjectResult object = emitModel(GetParam());
  ASSERT_EQ(object.error, "");
  for (const std::string &symbol : object.undefinedSymbols)
    EXPECT_TRUE(symbol == "memcpy" || symbol == "memset" || symbol == "memmove") << symbol;
}

TEST_P(EveryTarget, IsTheSameBytesTwice) {
  ObjectResult first = emitModel(GetParam()), second = emitModel(GetParam());
  ASSERT_EQ(first.error, "");
  EXPECT_TRUE(first.object == second.object);
}

TEST(Object, HoldsNothingThatIsNotNeeded) {
  ObjectResult object = emitModel("x86-64-v3");
  ASSERT_EQ(object.error, "");
  bool defaultContext = false, weights = false;
  forSections(object.object, [&](std::string name, uint64_t flags, uint64_t size) {
    EXPECT_NE(name, ".comment");
    EXPECT_NE(name, ".eh_frame");
    EXPECT_NE(name, ".stack_sizes");
    EXPECT_NE(name, ".init_array");
    if (name == ".bss.tiny_default") {
      defaultContext = true;
      EXPECT_EQ((int64_t)size, object.contextBytes);
    } else if (flags & llvm::ELF::SHF_WRITE) {
      EXPECT_EQ(size, 0u) << name; // All state is in the context.
    }
    if (name == ".rodata.tiny_weights") {
      weights = true;
      EXPECT_EQ((int64_t)size, object.weightBytes);
      EXPECT_EQ(flags & llvm::ELF::SHF_WRITE, 0u);
    }
  });
  EXPECT_TRUE(defaultContext);
  EXPECT_TRUE(weights);
  std::string bytes(object.object.begin(), object.object.end());
  for (const char *text : {"somewhere", "f$123", "signs its work", "metadata", "halide", "haswell"})
    EXPECT_EQ(bytes.find(text), std::string::npos) << text;
  EXPECT_NE(bytes.find("build-1"), std::string::npos);
}

TEST(Object, HalideBuffersVanish) {
  Model model;
  ObjectOptions options = optionsFor("x86-64");
  options.assembly = true;
  ObjectResult object = emitObject(model.program, model.kernels, options);
  ASSERT_EQ(object.error, "");
  // A thunk that still had a buffer would hold its 56 bytes in its frame.
  size_t begin = object.assembly.find("k01_add:"), end = object.assembly.find(".Lfunc_end", begin);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::string thunk = object.assembly.substr(begin, end - begin);
  EXPECT_EQ(thunk.find("rsp"), std::string::npos) << thunk;
  EXPECT_LE(object.codeBytes, 1200);
  EXPECT_LE(object.stackBytes, 200);
}

TEST(Object, AssemblyDoesNotChangeTheObject) {
  Model model;
  ObjectOptions options = optionsFor("x86-64-v3");
  ObjectResult without = emitObject(model.program, model.kernels, options);
  options.assembly = true;
  ObjectResult with = emitObject(model.program, model.kernels, options);
  EXPECT_EQ(without.assembly, "");
  EXPECT_TRUE(with.object == without.object);
}

TEST(Object, StackBoundFollowsCalls) {
  ObjectResult object = emitModel("x86-64");
  ASSERT_EQ(object.error, "");
  ASSERT_EQ(object.stack.size(), 3u);
  EXPECT_EQ(object.stack[0].function, "init");
  EXPECT_EQ(object.stack[1].function, "run");
  for (const StackUse &use : object.stack) {
    EXPECT_GE(use.bytes, 16); // Its own return address and a callee's.
    EXPECT_LE(use.bytes, object.stackBytes);
  }
  // 1000 bytes on a kernel's stack must show in the bound.
  Model model;
  model.kernels[0] = assemble(kernelText(
      "k00_matvec", 3, R"(  %t = alloca [1000 x i8], align 16
  call void @llvm.memset.p0.i64(ptr %t, i8 1, i64 1000, i1 true)
  call void @llvm.memcpy.p0.p0.i64(ptr %p2, ptr %t, i64 64, i1 true)
  ret i32 0
)",
      "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\ndeclare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"));
  ObjectResult larger = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(larger.error, "");
  EXPECT_GE(larger.stack[1].bytes, 1000 + 16);
  EXPECT_LE(larger.stack[1].bytes, 1000 + 200);
  EXPECT_GE(larger.stack[2].bytes, 1000 + 16);
  EXPECT_LT(larger.stack[0].bytes, 200);
}

TEST(Object, ResumableFunctionsNeedTheirNames) {
  Model model;
  model.program.resumable = true;
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  ASSERT_EQ(object.stack.size(), 6u); // init, run, again, run_start, again_start, step
  EXPECT_EQ(object.stack[5].function, "step");
  EXPECT_EQ(object.contextBytes, 192); // The pointers lie behind the arena's 128 bytes.
  for (const char *name : {"step", "run_start"}) {
    model.program.entryPoints[1].name = name;
    object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
    EXPECT_NE(object.error.find("cannot be resumable beside a function of its name"), std::string::npos)
        << object.error;
  }
}

TEST(Object, StatusesInTheirOrder) {
  ObjectResult object = emitModel("x86-64");
  ASSERT_EQ(object.error, "");
  RunRequest request = requestFor(object, "run");
  request.initialise = false;
  RunResult run = runObject(request);
  EXPECT_EQ(run.status, statusNotInitialised);
  EXPECT_EQ(run.error, "tiny_run returned status 2: the context was not initialised: call init first");
  for (int i = 0; i < 3; i++) { // Null comes first, initialised or not.
    request.nullPointer = i;
    run = runObject(request);
    EXPECT_EQ(run.status, statusNull) << i;
    EXPECT_EQ(run.statusText, "a pointer argument is null");
  }
}

TEST(Object, WeightsMayFollowApart) {
  Model model;
  ObjectOptions options = optionsFor("x86-64");
  ObjectResult whole = emitObject(model.program, model.kernels, options);
  options.weightsApart = true;
  ObjectResult apart = emitObject(model.program, model.kernels, options);
  ASSERT_EQ(apart.error, "");
  EXPECT_EQ(apart.weightBytes, model.program.weightBytes);
  std::string path = ::testing::TempDir() + "glmc_object_test.o";
  std::ofstream file(path, std::ios::binary);
  file.write(apart.object.data(), apart.object.size());
  model.program.writeWeights(
      [&](const uint8_t *bytes, size_t count) { file.write(reinterpret_cast<const char *>(bytes), count); });
  file.close();
  RunRequest request = requestFor(whole, "run");
  request.object.clear();
  request.path = path;
  RunResult run = runObject(request);
  std::remove(path.c_str());
  ASSERT_EQ(run.error, "");
  EXPECT_EQ(floats(run.outputs[0]), Model::expected(true));
}

TEST(Object, ArenaHoldsInputsAndOutputs) {
  Model model;
  model.program.arenaBytes = 512;
  EntryPoint &run = model.program.entryPoints[0];
  Place x = place(Memory::arena, 128, columns), y = place(Memory::arena, 256, rows);
  run.inputs[0].place = x;
  run.outputs[0].place = y;
  std::get<Launch>(run.steps[0]).reads[1] = x;
  std::get<Copy>(run.steps.back()).to = y;
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  RunRequest request = requestFor(object, "run");
  request.inputOffsets = {128};
  request.outputOffsets = {256};
  RunResult result = runObject(request);
  ASSERT_EQ(result.error, "");
  EXPECT_EQ(floats(result.outputs[0]), Model::expected(true));
}

TEST(Object, StateStartsAtZeroAndStays) {
  Model model;
  model.program.stateBytes = 4 * rows;
  Place s = place(Memory::state, 0, rows), y = place(Memory::output, 0, rows);
  EntryPoint &run = model.program.entryPoints[0];
  run.steps.insert(run.steps.end() - 1, launch(1, {s, place(Memory::arena, 0, rows)}, {s}));
  run.steps.back() = Copy{s, y};
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  EXPECT_EQ(object.contextBytes, 128 + 64 + 64);
  RunRequest request = requestFor(object, "run");
  request.repeat = 3;
  RunResult result = runObject(request);
  ASSERT_EQ(result.error, "");
  std::vector<float> expected = Model::expected(true);
  for (float &value : expected)
    value = value + value + value;
  EXPECT_EQ(floats(result.outputs[0]), expected);
}

TEST(Object, ExactMathDoesNotContract) {
  for (auto math : {kernels::Math::fast, kernels::Math::exact}) {
    Model model;
    model.program.math = math;
    ObjectOptions options = optionsFor("x86-64-v3");
    options.assembly = true;
    ObjectResult object = emitObject(model.program, model.kernels, options);
    ASSERT_EQ(object.error, "");
    EXPECT_EQ(object.assembly.find("vfmadd") != std::string::npos, math == kernels::Math::fast);
  }
}

TEST(Object, HalfNeedsTheCompilersRoutinesWhereTheCpuLacksThem) {
  auto text = kernelText("k00_matvec", 3, R"(  %h = load half, ptr %p0
  %f = fpext half %h to float
  store float %f, ptr %p2
  ret i32 0
)");
  Model model;
  model.kernels[0] = assemble(text);
  ObjectResult v2 = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(v2.error, "");
  EXPECT_EQ(v2.undefinedSymbols, std::vector<std::string>{"__extendhfsf2"});
  ObjectResult v3 = emitObject(model.program, model.kernels, optionsFor("x86-64-v3"));
  EXPECT_EQ(v3.error, "");
  EXPECT_TRUE(v3.undefinedSymbols.empty());
}

TEST(Object, RefusesOtherSymbolsByName) {
  for (const char *body : {"  %f = load float, ptr %p0\n  %e = call float @expf(float %f)\n",
                           "  %f = load float, ptr %p0\n  %e = call float @llvm.exp.f32(float %f)\n"}) {
    Model model;
    model.kernels[0] =
        assemble(kernelText("k00_matvec", 3, body + std::string("  store float %e, ptr %p2\n  ret i32 0\n"),
                            "declare float @expf(float)\ndeclare float @llvm.exp.f32(float)\n"));
    ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
    EXPECT_EQ(object.error,
              "generated code needs the symbol 'expf', used by 'k00_matvec'; expected nothing but memcpy, "
              "memset, memmove and compiler support routines");
    EXPECT_TRUE(object.object.empty());
  }
}

std::string errorOf(const std::function<void(Model &, ObjectOptions &)> &change) {
  Model model;
  ObjectOptions options = optionsFor("x86-64");
  change(model, options);
  ObjectResult object = emitObject(model.program, model.kernels, options);
  EXPECT_TRUE(object.error.empty() || object.object.empty());
  return object.error;
}

TEST(Object, RefusesKernelsThatAreNotHalides) {
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.kernels.pop_back(); }), "found 1 compiled kernels, expected 2");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.kernels[0].bitcode.clear(); }),
            "kernel 'k00_matvec': it has no bitcode");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.kernels[0].error = "no schedule"; }),
            "kernel 'k00_matvec': no schedule");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) {
              m.kernels[0].bitcode.assign(100, 1);
            }).rfind("kernel 'k00_matvec': its bitcode cannot be read: ", 0),
            0u);
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.kernels[0] = m.kernels[1]; }),
            "kernel 'k00_matvec': its bitcode does not define a function of that name");
  EXPECT_EQ(
      errorOf([](Model &m, ObjectOptions &) { m.kernels[0] = assemble(kernelText("k00_matvec", 2, "ret i32 0\n")); }),
      "kernel 'k00_matvec': its bitcode takes 2 parameters, expected 3 pointers");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) {
              m.kernels[0] = assemble(kernelText("k00_matvec", 3,
                                                 "store i32 1, ptr @x\n%v = load volatile i32, ptr @x\nret i32 0\n",
                                                 "@x = global i32 0\n"));
            }),
            "generated code has writable data 'k00_matvec.2', expected none");
}

TEST(Object, RefusesProgramsThatWouldCorruptMemory) {
  auto first = [](Model &m) -> Launch & { return std::get<Launch>(m.program.entryPoints[0].steps[0]); };
  const std::string step = "entry point 'run': step 0: launch of 'k00_matvec': ";
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).kernel = 7; }),
            "entry point 'run': step 0: found kernel 7, expected one of 2");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).writes[0].offset = 128; }),
            step + "writes 0 is arena[128:192], which is outside that memory");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).writes[0].offset = INT64_MAX - 3; }).substr(0, 60),
            (step + "writes 0 is arena[").substr(0, 60));
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).reads.pop_back(); }), step + "found 1 reads, expected 2");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).reads[1].bytes = 4; }),
            step + "reads 1 is input 0[0:4], expected 128 bytes");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).reads[1].index = 1; }),
            step + "reads 1 is input 1[0:128], which is outside that memory");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).writes[0].offset = 2; }),
            step + "writes 0 is arena[2:66], which is not aligned to its element");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).writes[0].memory = Memory::weights; }),
            step + "writes weights[0:64], which is read-only");
  EXPECT_EQ(errorOf([&](Model &m, ObjectOptions &) { first(m).processor = "npu"; }),
            step + "found processor 'npu', expected 'cpu'");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.program.kernels[1].inPlace.clear(); }),
            "entry point 'run': step 2: launch of 'k01_add': reads arena[0:64] and writes arena[0:64], which overlap, "
            "but the kernel is not in-place there");
  EXPECT_EQ(
      errorOf([](Model &m, ObjectOptions &) { std::get<Copy>(m.program.entryPoints[0].steps[1]).to.offset = 32; }),
      "entry point 'run': step 1: copy from arena[0:64] to arena[32:96]: they overlap");
}

TEST(Object, RefusesTargetsThatLlvmDoesNotKnow) {
  EXPECT_EQ(errorOf([](Model &, ObjectOptions &o) { o.target.cpu = "i486dx9"; }),
            "target 'x86-64': LLVM does not know the CPU 'i486dx9' of x86_64-unknown-linux-gnu");
  EXPECT_EQ(errorOf([](Model &, ObjectOptions &o) { o.target.features = "+avx,+mmx9"; }),
            "target 'x86-64': LLVM does not know the feature '+mmx9' of x86_64-unknown-linux-gnu");
  EXPECT_EQ(errorOf([](Model &, ObjectOptions &o) { o.target.requirements = {"tardis"}; }),
            "target 'x86-64': it requires the CPU feature 'tardis', which runtime-min cannot check");
  EXPECT_EQ(errorOf([](Model &, ObjectOptions &o) { o.target.triple = "x86_64-pc-windows-msvc"; }),
            "target 'x86-64': found triple x86_64-pc-windows-msvc, expected one whose objects are ELF files");
}

TEST(Object, RefusesDataBeyondReach) {
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.program.weightBytes = int64_t(1) << 31; }),
            "found a weights image of 2147483648 bytes, expected at most 2130706432 in an object file");
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) { m.program.stateBytes = int64_t(1) << 31; }),
            "found a context image of 2147483840 bytes, expected at most 2130706432 in an object file");
}

TEST(Object, WeightsThatCannotBeReadAreAnError) {
  EXPECT_EQ(errorOf([](Model &m, ObjectOptions &) {
              m.program.writeWeights = [](std::function<void(const uint8_t *, size_t)>) { return false; };
            }),
            "the weights could not be read whole");
}

TEST(Object, EmitsForAnotherProcessor) {
  Model model;
  ObjectOptions options = optionsFor("x86-64");
  options.target.triple = "aarch64-unknown-linux-gnu";
  options.target.cpu = options.target.baselineCpu = "cortex-a72";
  options.target.requirements.clear();
  ObjectResult object = emitObject(model.program, model.kernels, options);
  ASSERT_EQ(object.error, "");
  EXPECT_LE(object.codeBytes, 1200);
  RunResult run = runObject(requestFor(object, "run"));
  EXPECT_EQ(run.error.rfind("found an object of format elf64-littleaarch64, expected a relocatable one for ", 0), 0u);
}

} // namespace
