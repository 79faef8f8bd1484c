//===- ObjectModel.h - A small program for the tests of objects --------------===//
//
// Kernels here are LLVM IR that takes its buffers as Halide's code does, so that
// the emitter is tested without Halide.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_OBJECTMODEL_H
#define GLMC_TEST_UNIT_OBJECTMODEL_H

#include "codegen/object/EmitObject.h"
#include "codegen/object/RunObject.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>

namespace glmc::object::testing {

constexpr int rows = 16, columns = 32;

/// IR of a kernel of `count` buffers: `body` uses %p0, %p1, ... as raw pointers
/// and ends in "ret i32 0".
inline std::string kernelText(const std::string &name, int count, const std::string &body,
                              const std::string &rest = "") {
  std::string text = "source_filename = \"/somewhere/else.cpp\"\n"
                     "target triple = \"x86_64--linux-gnu\"\n"
                     "@str = private constant [6 x i8] c\"f$123\\00\"\n"
                     "define i32 @" +
                     name + "(";
  for (int i = 0; i < count; i++)
    text += (i ? ", " : "") + std::string("ptr noalias %b") + std::to_string(i);
  text += ") #0 {\nentry:\n";
  for (int i = 0; i < count; i++) {
    std::string n = std::to_string(i);
    text += "  %h" + n + " = getelementptr i8, ptr %b" + n + ", i64 16\n  %p" + n + " = load ptr, ptr %h" + n + "\n";
  }
  return text + body + "}\n" + "define ptr @" + name + "_metadata() #0 {\n  ret ptr @str\n}\n" + rest +
         "attributes #0 = { uwtable \"target-cpu\"=\"haswell\" \"target-features\"=\"+fma\" "
         "\"reciprocal-estimates\"=\"none\" }\n"
         "!llvm.module.flags = !{!0}\n!llvm.ident = !{!1}\n"
         "!0 = !{i32 1, !\"some_flag\", i32 7}\n!1 = !{!\"a compiler that signs its work\"}\n";
}

inline kernels::CompiledKernel assemble(const std::string &text) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(text, diagnostic, context);
  kernels::CompiledKernel compiled;
  if (!module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << "\n" << diagnostic.getLineContents().str();
    return compiled;
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*module, stream);
  compiled.bitcode.assign(bytes.begin(), bytes.end());
  return compiled;
}

/// out[i] = a[i] + b[i] for i < rows
inline std::string addText(const std::string &name) {
  return kernelText(name, 3, R"(  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %n, %loop ]
  %pa = getelementptr float, ptr %p0, i64 %i
  %pb = getelementptr float, ptr %p1, i64 %i
  %po = getelementptr float, ptr %p2, i64 %i
  %a = load <4 x float>, ptr %pa, align 4
  %b = load <4 x float>, ptr %pb, align 4
  %s = fadd <4 x float> %a, %b
  store <4 x float> %s, ptr %po, align 4
  %n = add i64 %i, 4
  %done = icmp eq i64 %n, 16
  br i1 %done, label %exit, label %loop
exit:
  ret i32 0
)");
}

/// out[r] = sum over c of w[r][c] * x[c], as a chain of products
inline std::string matvecText(const std::string &name) {
  return kernelText(name, 3, R"(  br label %row
row:
  %r = phi i64 [ 0, %entry ], [ %rn, %rowend ]
  %base = mul i64 %r, 32
  br label %col
col:
  %c = phi i64 [ 0, %row ], [ %cn, %col ]
  %acc = phi float [ 0.0, %row ], [ %next, %col ]
  %wi = add i64 %base, %c
  %pw = getelementptr float, ptr %p0, i64 %wi
  %px = getelementptr float, ptr %p1, i64 %c
  %w = load float, ptr %pw, align 4
  %x = load float, ptr %px, align 4
  %m = fmul contract float %w, %x
  %next = fadd contract float %acc, %m
  %cn = add i64 %c, 1
  %cdone = icmp eq i64 %cn, 32
  br i1 %cdone, label %rowend, label %col
rowend:
  %po = getelementptr float, ptr %p2, i64 %r
  store float %next, ptr %po, align 4
  %rn = add i64 %r, 1
  %rdone = icmp eq i64 %rn, 16
  br i1 %rdone, label %exit, label %row
exit:
  ret i32 0
)");
}

inline kernels::TensorType f32(std::vector<int64_t> shape) {
  kernels::TensorType type;
  type.shape = std::move(shape);
  return type;
}

inline kernels::Kernel kernel(const std::string &name, std::vector<kernels::TensorType> arguments,
                              const kernels::TensorType &result) {
  kernels::Kernel made;
  made.name = name;
  made.arguments = std::move(arguments);
  kernels::Node node;
  node.op = "any";
  node.type = result;
  made.nodes.push_back(node);
  made.results = {(int)made.arguments.size()};
  return made;
}

inline Place place(Memory memory, int64_t offset, int64_t floats, int index = 0) {
  return {memory, index, offset, 4 * floats};
}

inline Launch launch(int kernel, std::vector<Place> reads, std::vector<Place> writes) {
  Launch made;
  made.kernel = kernel;
  made.reads = std::move(reads);
  made.writes = std::move(writes);
  return made;
}

inline Parameter parameter(const std::string &name, const kernels::TensorType &type, Memory memory, int index) {
  return {name, name, type, {memory, index, 0, type.storageBytes()}};
}

inline float weight(int i) { return (i % 13 - 6) * 0.25f; }
inline float input(int i) { return (i % 7 - 3) * 0.5f; }

/// y = 2 * (W x) + W x + bias, as five launches and a copy; entry "again" is y = W x.
struct Model {
  Program program;
  std::vector<kernels::CompiledKernel> kernels;

  Model() {
    auto vector = f32({columns}), result = f32({rows}), matrix = f32({rows, columns});
    program.kernels = {kernel("k00_matvec", {matrix, vector}, result), kernel("k01_add", {result, result}, result)};
    program.kernels[1].inPlace = {{0, 0}};
    kernels = {assemble(matvecText("k00_matvec")), assemble(addText("k01_add"))};
    program.arenaBytes = 128;
    program.weightBytes = 4 * rows * columns + 4 * rows;
    program.writeWeights = [](std::function<void(const uint8_t *, size_t)> write) {
      for (int i = 0; i < rows * columns + rows; i++) {
        float value = weight(i);
        write(reinterpret_cast<const uint8_t *>(&value), 4);
      }
      return true;
    };
    Place w = place(Memory::weights, 0, rows * columns), bias = place(Memory::weights, 4 * rows * columns, rows);
    Place x = place(Memory::input, 0, columns), y = place(Memory::output, 0, rows);
    Place a = place(Memory::arena, 0, rows), b = place(Memory::arena, 64, rows);
    EntryPoint run, again;
    run.name = "run";
    run.inputs = {parameter("x", vector, Memory::input, 0)};
    run.outputs = {parameter("y", result, Memory::output, 0)};
    again = run;
    again.name = "again";
    run.steps = {launch(0, {w, x}, {a}),    Copy{a, b}, launch(1, {a, b}, {a}), launch(1, {a, b}, {a}),
                 launch(1, {a, bias}, {a}), Copy{a, y}};
    again.steps = {launch(0, {w, x}, {y})};
    program.entryPoints = {run, again};
  }

  static std::vector<float> expected(bool whole) {
    std::vector<float> y;
    for (int r = 0; r < rows; r++) {
      float sum = 0;
      for (int c = 0; c < columns; c++)
        sum += weight(r * columns + c) * input(c);
      y.push_back(whole ? 3 * sum + weight(rows * columns + r) : sum);
    }
    return y;
  }
};

inline targets::Target target(const std::string &name) {
  std::string error;
  auto found = targets::findTarget(name, error);
  EXPECT_TRUE(found) << error;
  return found.value_or(targets::Target());
}

inline ObjectOptions optionsFor(const std::string &name) {
  ObjectOptions options;
  options.prefix = "tiny";
  options.buildId = "build-1";
  options.target = target(name);
  return options;
}

inline ObjectResult emitModel(const std::string &name) {
  Model model;
  return emitObject(model.program, model.kernels, optionsFor(name));
}

inline RunRequest requestFor(const ObjectResult &object, const std::string &entry) {
  RunRequest request;
  request.object = object.object;
  request.prefix = "tiny";
  request.entry = entry;
  request.contextBytes = object.contextBytes;
  std::vector<uint8_t> x(4 * columns);
  for (int i = 0; i < columns; i++) {
    float value = input(i);
    std::memcpy(&x[4 * i], &value, 4);
  }
  request.inputs = {x};
  request.outputBytes = {4 * rows};
  request.timeoutSeconds = 30;
  return request;
}

inline std::vector<float> floats(const std::vector<uint8_t> &bytes) {
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

} // namespace glmc::object::testing

#endif // GLMC_TEST_UNIT_OBJECTMODEL_H
