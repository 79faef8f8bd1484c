//===- SessionModel.h - A small stateful program for tests --------------------===//
//
// A "language model" whose logits are whole numbers that depend on every token, on
// its position and on the rows that steps left in a cache, so that a token which is
// lost, padded into the length or put in a wrong row shows. A second cache holds,
// for each row, the step that wrote it: that is how tests see how prompts are cut.
//
// Kernels are given as LLVM IR and as C++, as ObjectModel.h does.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_SESSIONMODEL_H
#define GLMC_TEST_UNIT_SESSIONMODEL_H

#include "test/unit/ObjectModel.h"

#include "codegen/SessionLayout.h"

namespace glmc::object::testing {

/// Positions, rows of each cache's heads, tokens, heads and features.
constexpr int64_t sessionContext = 40, sessionRoom = 48, sessionVocabulary = 11, sessionHeads = 2, sessionFeatures = 3;

/// What step kernels leave of `token` in head h and feature d, and the logit of v
/// once the last `positions` tokens are these.
inline float sessionRow(int64_t token, int64_t h, int64_t d) { return float(token + 1 + 20 * h + 100 * d); }
inline float sessionLogit(const std::vector<int64_t> &tokens, int64_t v) {
  float sum = float(v);
  for (size_t q = 0; q < tokens.size(); q++)
    sum += float(q + 1) * (sessionRow(tokens[q], 0, 2) + sessionRow(tokens[q], 1, 0));
  return sum;
}
inline std::vector<float> sessionLogits(const std::vector<int64_t> &tokens) {
  std::vector<float> logits;
  for (int64_t v = 0; v < sessionVocabulary; v++)
    logits.push_back(sessionLogit(tokens, v));
  return logits;
}

struct SessionModel {
  Program program;
  std::vector<kernels::CompiledKernel> kernels;

  /// `stackBytes` of the kernels' frames are wasted.
  explicit SessionModel(std::vector<int64_t> steps = {1, 4, 16}, bool allLogits = false, int stackBytes = 0)
      : stackBytes(stackBytes) {
    program.arenaBytes = 128;
    program.states = {{"length", type(kernels::Element::i64, {1}), 0, 8},
                      {"layer.0 key", cacheType(sessionHeads, sessionFeatures), 64, 0},
                      {"steps", cacheType(1, 1), 0, 0}};
    for (size_t i = 1; i < program.states.size(); i++) {
      program.states[i].bytes = program.states[i].type.storageBytes();
      program.states[i].offset = (program.states[i - 1].offset + program.states[i - 1].bytes + 63) / 64 * 64;
    }
    program.stateBytes = program.states[2].offset + program.states[2].bytes;
    Session session;
    session.context = sessionContext;
    session.vocabulary = sessionVocabulary;
    session.allLogits = allLogits;
    session.caches = {1, 2};
    for (int64_t tokens : steps) {
      session.steps.push_back({int(program.entryPoints.size()), tokens});
      addStep(tokens, allLogits);
    }
    program.session = session;
  }

private:
  static kernels::TensorType type(kernels::Element element, std::vector<int64_t> shape) {
    kernels::TensorType made;
    made.element = element;
    made.shape = std::move(shape);
    return made;
  }
  static kernels::TensorType cacheType(int64_t heads, int64_t features) {
    return type(kernels::Element::f32, {1, heads, sessionRoom, features});
  }
  Place state(int index) const { return {Memory::state, 0, program.states[index].offset, program.states[index].bytes}; }

  /// The step copies its logits through the arena, as if they were computed there.
  void addStep(int64_t tokens, bool allLogits) {
    const bool choosesRow = tokens > 1 && !allLogits;
    const std::string name = "k0" + std::to_string(program.kernels.size()) + "_step";
    auto logits = type(kernels::Element::f32, {1, allLogits ? tokens : 1, sessionVocabulary});
    kernels::Kernel made;
    made.name = name;
    made.arguments = {type(kernels::Element::i64, {1, tokens}), program.states[0].type, program.states[1].type,
                      program.states[2].type};
    if (choosesRow)
      made.arguments.push_back(type(kernels::Element::i64, {1}));
    for (const kernels::TensorType &result : {logits, program.states[1].type, program.states[2].type}) {
      made.results.push_back(int(made.arguments.size() + made.nodes.size()));
      made.nodes.push_back({});
      made.nodes.back().op = "any";
      made.nodes.back().type = result;
    }
    made.inPlace = {{2, 1}, {3, 2}};
    program.kernels.push_back(made);
    program.kernelNodes.push_back("");

    EntryPoint entry;
    entry.name = "step_" + std::to_string(tokens);
    entry.inputs = {parameter("input_ids", made.arguments[0], Memory::input, 0)};
    if (choosesRow)
      entry.inputs.push_back(parameter("last", made.arguments[4], Memory::input, 1));
    entry.outputs = {parameter("logits", logits, Memory::output, 0)};
    entry.arenaBytes = entry.boundBytes = 128;
    Launch step =
        launch(int(program.kernels.size()) - 1, {entry.inputs[0].place, {Memory::state, 0, 0, 8}, state(1), state(2)},
               {entry.outputs[0].place, state(1), state(2)});
    if (choosesRow)
      step.reads.push_back(entry.inputs[1].place);
    step.nodes = {"/model/step"};
    entry.steps = {step};
    program.entryPoints.push_back(entry);

    kernels.push_back(assemble(irOf(name, tokens, allLogits)));
    kernels.back().cxx = cxxOf(name, tokens, allLogits);
  }

  /// %p0 tokens, %p1 length, %p2 cache, %p3 steps, [%p4 last], logits, cache, steps
  std::string irOf(const std::string &name, int64_t tokens, bool allLogits) const {
    const bool choosesRow = tokens > 1 && !allLogits;
    std::string body = "  %at = load i64, ptr %p1\n";
    if (stackBytes)
      body += "  %waste = alloca [" + std::to_string(stackBytes) +
              " x i8], align 16\n  call void @llvm.memset.p0.i64(ptr "
              "%waste, i8 1, i64 " +
              std::to_string(stackBytes) + ", i1 true)\n";
    for (int64_t r = 0; r < tokens; r++) {
      const std::string n = std::to_string(r);
      body += "  %t" + n + " = getelementptr i64, ptr %p0, i64 " + n + "\n  %v" + n + " = load i64, ptr %t" + n +
              "\n  %a" + n + " = add i64 %at, " + n + "\n  call void @" + name + "_put(ptr %p2, ptr %p3, i64 %a" + n +
              ", i64 %v" + n + ", i64 " + n + ")\n";
    }
    const std::string logits = choosesRow ? "%p5" : "%p4";
    if (choosesRow)
      body += "  %last = load i64, ptr %p4\n  %row = add i64 %at, %last\n  call void @" + name +
              "_logits(ptr %p5, ptr %p2, i64 %row)\n";
    for (int64_t r = 0; !choosesRow && r < tokens; r++) {
      const std::string n = std::to_string(r);
      body += "  %l" + n + " = getelementptr float, ptr " + logits + ", i64 " + std::to_string(r * sessionVocabulary) +
              "\n  call void @" + name + "_logits(ptr %l" + n + ", ptr %p2, i64 %a" + n + ")\n";
    }
    return kernelText(name, choosesRow ? 8 : 7, body + "  ret i32 0\n",
                      putIr(name, tokens) + logitsIr(name) + "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n");
  }

  static std::string putIr(const std::string &name, int64_t tokens) {
    std::string text = "define void @" + name +
                       "_put(ptr %cache, ptr %steps, i64 %at, i64 %token, i64 %row) #0 {\n"
                       "  %base = mul i64 %at, 3\n  %one = add i64 %token, 1\n";
    int count = 0;
    for (int64_t h = 0; h < sessionHeads; h++)
      for (int64_t d = 0; d < sessionFeatures; d++) {
        const std::string n = std::to_string(count++);
        text += "  %o" + n + " = add i64 %base, " + std::to_string(h * sessionRoom * sessionFeatures + d) + "\n  %p" +
                n + " = getelementptr float, ptr %cache, i64 %o" + n + "\n  %i" + n + " = add i64 %one, " +
                std::to_string(20 * h + 100 * d) + "\n  %f" + n + " = sitofp i64 %i" + n +
                " to float\n  store float %f" + n + ", ptr %p" + n + "\n";
      }
    return text + "  %s = getelementptr float, ptr %steps, i64 %at\n  %m = add i64 %row, " +
           std::to_string(1000 * tokens) +
           "\n  %mf = sitofp i64 %m to float\n  store float %mf, ptr %s\n  ret void\n}\n";
  }

  static std::string logitsIr(const std::string &name) {
    return "define void @" + name + R"(_logits(ptr %logits, ptr %cache, i64 %at) #0 {
entry:
  br label %sum
sum:
  %q = phi i64 [ 0, %entry ], [ %q1, %sum ]
  %acc = phi float [ 0.0, %entry ], [ %acc1, %sum ]
  %base = mul i64 %q, 3
  %i0 = add i64 %base, 2
  %i1 = add i64 %base, )" +
           std::to_string(sessionRoom * sessionFeatures) + R"(
  %p0 = getelementptr float, ptr %cache, i64 %i0
  %p1 = getelementptr float, ptr %cache, i64 %i1
  %x0 = load float, ptr %p0
  %x1 = load float, ptr %p1
  %x = fadd float %x0, %x1
  %q1 = add i64 %q, 1
  %qf = sitofp i64 %q1 to float
  %term = fmul float %qf, %x
  %acc1 = fadd float %acc, %term
  %done = icmp sgt i64 %q1, %at
  br i1 %done, label %fill, label %sum
fill:
  %v = phi i64 [ 0, %sum ], [ %v1, %fill ]
  %vf = sitofp i64 %v to float
  %y = fadd float %acc1, %vf
  %pl = getelementptr float, ptr %logits, i64 %v
  store float %y, ptr %pl
  %v1 = add i64 %v, 1
  %end = icmp eq i64 %v1, )" +
           std::to_string(sessionVocabulary) + R"(
  br i1 %end, label %exit, label %fill
exit:
  ret void
}
)";
  }

  static std::string cxxOf(const std::string &name, int64_t tokens, bool allLogits) {
    const bool choosesRow = tokens > 1 && !allLogits;
    const std::string n = std::to_string(tokens), room = std::to_string(sessionRoom);
    return "GLM_KERNEL void " + name + "(const i64 *tokens, const i64 *length, const f32 *, const f32 *, " +
           (choosesRow ? "const i64 *last, " : "") + "f32 *logits, f32 *cache, f32 *steps) {\n  for (int r = 0; r < " +
           n +
           "; ++r) {\n    const i64 at = length[0] + r;\n    for (int h = 0; h < 2; ++h)\n"
           "      for (int d = 0; d < 3; ++d)\n        cache[(h * " +
           room + " + at) * 3 + d] = (float)(tokens[r] + 1 + 20 * h + 100 * d);\n    steps[at] = (float)(" + n +
           " * 1000 + r);\n  }\n" +
           (choosesRow ? "  const i64 first = *last, end = first + 1;\n"
                       : "  const i64 first = 0, end = " + n + ";\n") +
           "  for (i64 r = first; r < end; ++r) {\n    float sum = 0;\n    for (i64 q = 0; q <= length[0] + r; ++q)\n"
           "      sum += (float)(q + 1) * (cache[q * 3 + 2] + cache[(" +
           room +
           " + q) * 3]);\n"
           "    for (int v = 0; v < " +
           std::to_string(sessionVocabulary) + "; ++v)\n      *logits++ = sum + (float)v;\n  }\n}\n";
  }

  int stackBytes;
};

} // namespace glmc::object::testing

#endif // GLMC_TEST_UNIT_SESSIONMODEL_H
