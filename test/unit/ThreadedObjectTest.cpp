//===- ThreadedObjectTest.cpp - Objects with a pool of threads ----------------===//
//
// The model of ObjectModel.h with its matvec's rows as tasks, as Halide lowers a
// parallel loop: a task function, a closure, a call of halide_do_par_for.
//
//===----------------------------------------------------------------------===//
#include "test/unit/ObjectModel.h"

#include "codegen/ContextLayout.h"
#include "codegen/Status.h"
#include "codegen/object/MachineCode.h"

#include <algorithm>

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

/// matvecText's arithmetic, a row a task.
std::string parallelMatvecText(const std::string &name) {
  return "source_filename = \"/somewhere/else.cpp\"\n"
         "target triple = \"x86_64--linux-gnu\"\n"
         "declare i32 @halide_do_par_for(ptr, ptr, i32, i32, ptr)\n"
         "define internal i32 @" +
         name + R"(_par_for_r(ptr %context, i32 %row, ptr %closure) #0 {
entry:
  %w = load ptr, ptr %closure
  %px1 = getelementptr i8, ptr %closure, i64 8
  %x = load ptr, ptr %px1
  %py1 = getelementptr i8, ptr %closure, i64 16
  %y = load ptr, ptr %py1
  %r = sext i32 %row to i64
  %base = mul i64 %r, 32
  br label %col
col:
  %c = phi i64 [ 0, %entry ], [ %cn, %col ]
  %acc = phi float [ 0.0, %entry ], [ %next, %col ]
  %wi = add i64 %base, %c
  %pw = getelementptr float, ptr %w, i64 %wi
  %px = getelementptr float, ptr %x, i64 %c
  %wv = load float, ptr %pw, align 4
  %xv = load float, ptr %px, align 4
  %m = fmul contract float %wv, %xv
  %next = fadd contract float %acc, %m
  %cn = add i64 %c, 1
  %done = icmp eq i64 %cn, 32
  br i1 %done, label %exit, label %col
exit:
  %po = getelementptr float, ptr %y, i64 %r
  store float %next, ptr %po, align 4
  ret i32 0
}
define i32 @)" +
         name + "(ptr %__user_context, ptr noalias %b0, ptr noalias %b1, ptr noalias %b2) #0 {\n" + R"(entry:
  %closure = alloca [3 x ptr], align 8
  %h0 = getelementptr i8, ptr %b0, i64 16
  %p0 = load ptr, ptr %h0
  %h1 = getelementptr i8, ptr %b1, i64 16
  %p1 = load ptr, ptr %h1
  %h2 = getelementptr i8, ptr %b2, i64 16
  %p2 = load ptr, ptr %h2
  store ptr %p0, ptr %closure
  %c1 = getelementptr i8, ptr %closure, i64 8
  store ptr %p1, ptr %c1
  %c2 = getelementptr i8, ptr %closure, i64 16
  store ptr %p2, ptr %c2
  %s = call i32 @halide_do_par_for(ptr %__user_context, ptr @)" +
         name + R"(_par_for_r, i32 0, i32 16, ptr %closure)
  ret i32 %s
}
attributes #0 = { uwtable "target-cpu"="haswell" "target-features"="+fma" }
)";
}

struct ThreadedModel : Model {
  explicit ThreadedModel(int64_t threads) {
    kernels[0] = assemble(parallelMatvecText("k00_matvec"));
    kernels[0].takesPool = true;
    program.threads = threads;
  }
};

bool isThreadFunction(const std::string &symbol) { return symbol.rfind("pthread_", 0) == 0; }

TEST(ThreadedObject, ComputesTheSameWithAnyNumberOfThreads) {
  for (const char *name : {"x86-64", "host"})
    for (int64_t threads : {2, 4, 64}) {
      ThreadedModel model(threads);
      ObjectResult object = emitObject(model.program, model.kernels, optionsFor(name));
      ASSERT_EQ(object.error, "");
      EXPECT_EQ(object.contextBytes, 128 + 896 + 64);
      for (bool whole : {true, false}) {
        RunRequest request = requestFor(object, whole ? "run" : "again");
        request.repeat = 20;
        request.release = true; // And once more without threads.
        RunResult run = runObject(request);
        ASSERT_EQ(run.error, "");
        EXPECT_EQ(floats(run.outputs[0]), Model::expected(whole));
      }
    }
}

TEST(ThreadedObject, NeedsPthreadOnlyWithThreads) {
  ThreadedModel model(2);
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  size_t functions = 0;
  for (const std::string &symbol : object.undefinedSymbols) {
    functions += isThreadFunction(symbol);
    EXPECT_TRUE(isThreadFunction(symbol) || symbol == "memset" || symbol == "memcpy") << symbol;
  }
  EXPECT_EQ(functions, 11u);
  std::string bytes(object.object.begin(), object.object.end());
  EXPECT_EQ(bytes.find("halide"), std::string::npos);
  EXPECT_EQ(object.object, emitObject(model.program, model.kernels, optionsFor("x86-64")).object);

  ObjectResult serial = emitModel("x86-64");
  EXPECT_TRUE(std::none_of(serial.undefinedSymbols.begin(), serial.undefinedSymbols.end(), isThreadFunction));
  RunRequest request = requestFor(serial, "run");
  request.release = true;
  EXPECT_NE(runObject(request).error.find("tiny_release"), std::string::npos);
}

TEST(ThreadedObject, StackBoundFollowsTasks) {
  ThreadedModel model(2);
  std::string text = parallelMatvecText("k00_matvec");
  const std::string entry = "entry:\n  %w = load";
  text.replace(text.find(entry), entry.size(), R"(entry:
  %t = alloca [3000 x i8], align 16
  call void @llvm.memset.p0.i64(ptr %t, i8 1, i64 3000, i1 true)
  %w = load)");
  text.insert(text.find("declare"), "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n");
  ObjectResult small = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  model.kernels[0] = assemble(text);
  model.kernels[0].takesPool = true;
  ObjectResult large = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(large.error, "");
  ASSERT_EQ(large.stack.size(), 4u);
  EXPECT_EQ(large.stack[1].function, "release");
  EXPECT_GE(large.stack[2].bytes, small.stack[2].bytes + 2900);
  EXPECT_LT(large.stack[0].bytes, 600);
}

/// An object of this text.
std::vector<char> objectOf(const char *text) {
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(optionsFor("x86-64"), error);
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(text, diagnostic, context);
  EXPECT_TRUE(machine && module) << error << diagnostic.getMessage().str();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  llvm::SmallVector<char, 0> bytes;
  Frames frames;
  EXPECT_TRUE(emitCode(*module, *machine, llvm::CodeGenFileType::ObjectFile, bytes, frames, error)) << error;
  return {bytes.begin(), bytes.end()};
}

TEST(ThreadedObject, SaysWhenTheSystemHasNoThreads) {
  ThreadedModel model(4);
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  RunRequest request = requestFor(object, "run");
  // A system that has none to give (EAGAIN).
  request.moreObjects = {objectOf("define i32 @pthread_create(ptr %t, ptr %a, ptr %f, ptr %x) {\n  ret i32 11\n}\n")};
  RunResult run = runObject(request);
  EXPECT_EQ(run.status, statusThreads);
  EXPECT_EQ(run.error, "tiny_init returned status 4: the system did not give the threads that the program was "
                       "compiled for");
}

TEST(ThreadedObject, RefusesKernelsWithoutAPool) {
  ThreadedModel model(1);
  EXPECT_EQ(emitObject(model.program, model.kernels, optionsFor("x86-64")).error,
            "kernel 'k00_matvec': it takes a pool of threads, which the program does not have");
  ThreadedModel lies(2);
  lies.kernels[0].takesPool = false;
  EXPECT_EQ(emitObject(lies.program, lies.kernels, optionsFor("x86-64")).error,
            "kernel 'k00_matvec': its bitcode takes 4 parameters, expected 3 pointers");
}

TEST(ThreadedObject, OtherSystemsAndProcessors) {
  ThreadedModel model(2);
  ObjectOptions options = optionsFor("x86-64");
  options.target.triple = "x86_64-unknown-none-elf";
  EXPECT_EQ(emitObject(model.program, model.kernels, options).error,
            "target 'x86-64': threads need the pthread of a 64-bit Linux, found triple x86_64-unknown-none-elf");
  // The pool's bitcode was made on x86, and serves others.
  options.target.triple = "aarch64-unknown-linux-gnu";
  options.target.cpu = options.target.baselineCpu = "generic";
  options.target.features.clear();
  options.target.requirements.clear();
  ObjectResult object = emitObject(model.program, model.kernels, options);
  EXPECT_EQ(object.error, "");
  EXPECT_EQ(std::count_if(object.undefinedSymbols.begin(), object.undefinedSymbols.end(), isThreadFunction), 11);
}

} // namespace
