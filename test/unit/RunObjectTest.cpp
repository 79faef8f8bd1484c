//===- RunObjectTest.cpp - The runner of objects ------------------------------===//
#include "test/unit/ObjectModel.h"

using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

/// A model whose first kernel has this body.
ObjectResult emitBody(const std::string &body) {
  Model model;
  model.kernels[0] = assemble(kernelText("k00_matvec", 3, body));
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  EXPECT_EQ(object.error, "");
  return object;
}

TEST(Runner, ReportsACrash) {
  RunResult run =
      runObject(requestFor(emitBody("  store volatile i32 1, ptr inttoptr (i64 8 to ptr)\n  ret i32 0\n"), "run"));
  EXPECT_EQ(run.error, "tiny_run crashed: Segmentation fault");
  run = runObject(requestFor(emitBody("  call void @llvm.trap()\n  ret i32 0\n"), "run"));
  EXPECT_EQ(run.error, "tiny_run crashed: Illegal instruction");
}

TEST(Runner, ReportsWritesOutsideOutputs) {
  auto store = [](const char *pointer, int offset) {
    return std::string("  %q = getelementptr i8, ptr ") + pointer + ", i64 " + std::to_string(offset) +
           "\n  store volatile i8 1, ptr %q\n  ret i32 0\n";
  };
  RunResult run = runObject(requestFor(emitBody(store("%p2", 64 + 5)), "again"));
  EXPECT_EQ(run.error, "tiny_again crashed: Segmentation fault, 5 bytes past output 0");
  run = runObject(requestFor(emitBody(store("%p2", -1)), "again"));
  EXPECT_EQ(run.error, "tiny_again wrote outside output 0");
  run = runObject(requestFor(emitBody(store("%p1", 3)), "again"));
  EXPECT_EQ(run.error, "tiny_again changed input 0");
}

TEST(Runner, EndsALoopThatDoesNotEnd) {
  RunRequest request =
      requestFor(emitBody("  br label %again\nagain:\n  %v = load volatile i8, ptr %p0\n  br label %again\n"), "run");
  request.timeoutSeconds = 0.5;
  EXPECT_EQ(runObject(request).error, "tiny_run did not end within 0.5 seconds");
}

TEST(Runner, ReportsWhatTheObjectLacks) {
  RunRequest request = requestFor(emitModel("x86-64"), "walk");
  EXPECT_NE(runObject(request).error.find("tiny_walk"), std::string::npos);
  request.object = {'n', 'o'};
  EXPECT_EQ(runObject(request).error.rfind("the object cannot be read: ", 0), 0u);
  request.path = "/no/such/file.o";
  EXPECT_EQ(runObject(request).error, "/no/such/file.o: the object cannot be read: No such file or directory");
}

TEST(Runner, RefusesOffsetsOutsideTheContext) {
  RunRequest request = requestFor(emitModel("x86-64"), "run");
  request.inputOffsets = {request.contextBytes - 64};
  EXPECT_EQ(runObject(request).error, "input 0 does not fit in the context");
}

TEST(Runner, MeasuresTime) {
  RunRequest request = requestFor(emitModel("x86-64"), "run");
  request.repeat = 10;
  RunResult run = runObject(request);
  ASSERT_EQ(run.error, "");
  EXPECT_GT(run.seconds, 0);
  EXPECT_LT(run.seconds, 1);
}

} // namespace
