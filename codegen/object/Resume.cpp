//===- Resume.cpp - Runs that are taken in pieces ------------------------------===//
//
// start writes down the pointers that it is given and the position of the entry
// point's first step. step is a loop around a switch over all positions; a case runs
// one launch or copy. Of a session's steps the same, as a function that runtime-min
// calls, which counts positions itself.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/DriverParts.h"

#include "codegen/SessionLayout.h"
#include "codegen/Status.h"

namespace glmc::object {
namespace {

class ResumeBuilder {
public:
  ResumeBuilder(DriverParts &parts, const SessionCode &session)
      : parts(parts), session(session), builder(parts.builder), program(parts.program), resume(resumeLayout(program)) {}

  void build() {
    const std::vector<bool> steps = sessionSteps(program);
    for (size_t i = 0; i < steps.size(); i++)
      if (!steps[i])
        defineStart(program.entryPoints[i], resume.first[i]);
    if (program.session) {
      llvm::Function *advance = defineSessionAdvance(parts);
      llvm::Type *status = builder.getInt32Ty(), *number = builder.getInt64Ty(), *pointer = parts.pointer;
      parts.defineForwarder("prefill_start", status, {pointer, pointer, number, pointer}, session.startPrefill,
                            {parts.sessionData});
      parts.defineForwarder("decode_start", status, {pointer, number, pointer}, session.startDecode,
                            {parts.sessionData});
      defineStep(advance);
    } else {
      defineStep(nullptr);
    }
  }

private:
  llvm::Value *word(int64_t index) { return parts.at(parts.context, parts.layout.run + 8 * index); }

  void defineStart(const EntryPoint &entry, int64_t first) {
    llvm::Function *function =
        parts.defineWorking(entry.name + "_start", builder.getInt32Ty(), parts.entryTypes(entry));
    parts.startEntry(entry, function);
    for (unsigned i = 1; i < function->arg_size(); i++)
      builder.CreateStore(function->getArg(i), word(i - 1));
    parts.store32(parts.context, parts.layout.position, builder.getInt32(first));
    builder.CreateRet(builder.getInt32(statusOk));
  }

  /// Steps of an entry point as cases; the last leaves with statusOk, others go to
  /// `next`.
  void emitCases(const EntryPoint &entry, int64_t first, llvm::SwitchInst *choice, llvm::BasicBlock *next) {
    llvm::Function *function = next->getParent();
    for (int64_t i = 0; i < positionsOf(entry); i++) {
      llvm::BasicBlock *block = parts.newBlock(function);
      choice->addCase(builder.getInt32(first + i), block);
      builder.SetInsertPoint(block);
      int64_t used = 0;
      parts.inputs.assign(entry.inputs.size(), nullptr);
      parts.outputs.assign(entry.outputs.size(), nullptr);
      for (size_t p = 0; p < entry.inputs.size(); p++)
        if (DriverParts::isPointer(entry.inputs[p]))
          parts.inputs[p] = builder.CreateLoad(parts.pointer, word(used++));
      for (size_t p = 0; p < entry.outputs.size(); p++)
        if (DriverParts::isPointer(entry.outputs[p]))
          parts.outputs[p] = builder.CreateLoad(parts.pointer, word(used++));
      if (size_t(i) < entry.steps.size())
        parts.emitStep(entry.steps[i]);
      if (i + 1 < positionsOf(entry)) {
        builder.CreateBr(next);
        continue;
      }
      parts.store32(parts.context, parts.layout.position, builder.getInt32(0));
      builder.CreateRet(builder.getInt32(statusOk));
    }
  }

  void defineStep(llvm::Function *advance) {
    llvm::Type *word32 = builder.getInt32Ty();
    llvm::Function *function = parts.defineWorking("step", word32, {parts.pointer, word32});
    llvm::Value *budget = function->getArg(1);
    parts.context = function->getArg(0);
    parts.returnIf(builder.CreateIsNull(parts.context), statusNull);
    parts.returnUnlessReady(parts.context);
    parts.returnIf(builder.CreateICmpSLT(budget, builder.getInt32(1)), statusCount);
    llvm::Value *start = parts.load32(parts.context, parts.layout.position);
    parts.returnIf(builder.CreateICmpEQ(start, builder.getInt32(0)), statusIdle);
    if (advance)
      forwardSession(function, advance, start);
    parts.startSteps();
    llvm::BasicBlock *before = builder.GetInsertBlock(), *loop = parts.newBlock(function),
                     *next = parts.newBlock(function), *unknown = parts.newBlock(function);
    builder.CreateBr(loop);
    builder.SetInsertPoint(loop);
    llvm::PHINode *position = builder.CreatePHI(word32, 2), *left = builder.CreatePHI(word32, 2);
    llvm::SwitchInst *choice = builder.CreateSwitch(position, unknown);
    for (size_t i = 0; i < program.entryPoints.size(); i++)
      if (resume.first[i])
        emitCases(program.entryPoints[i], resume.first[i], choice, next);
    builder.SetInsertPoint(next);
    llvm::Value *following = builder.CreateAdd(position, builder.getInt32(1));
    llvm::Value *remaining = builder.CreateSub(left, builder.getInt32(1));
    position->addIncoming(start, before);
    position->addIncoming(following, next);
    left->addIncoming(budget, before);
    left->addIncoming(remaining, next);
    llvm::BasicBlock *spent = parts.newBlock(function);
    builder.CreateCondBr(builder.CreateICmpEQ(remaining, builder.getInt32(0)), spent, loop);
    builder.SetInsertPoint(spent);
    parts.store32(parts.context, parts.layout.position, following);
    builder.CreateRet(builder.getInt32(statusMore));
    builder.SetInsertPoint(unknown);
    builder.CreateRet(builder.getInt32(statusIdle));
  }

  /// Leaves what is under way to the session's code, if it is the session's.
  void forwardSession(llvm::Function *function, llvm::Function *advance, llvm::Value *position) {
    llvm::BasicBlock *ours = parts.newBlock(function), *other = parts.newBlock(function);
    builder.CreateCondBr(builder.CreateICmpULE(position, builder.getInt32(resume.sessionPositions)), ours, other);
    builder.SetInsertPoint(ours);
    builder.CreateRet(
        builder.CreateCall(session.step, {parts.sessionData, advance, function->getArg(0), function->getArg(1)}));
    builder.SetInsertPoint(other);
  }

  DriverParts &parts;
  const SessionCode &session;
  llvm::IRBuilder<> &builder;
  const Program &program;
  const ResumeLayout resume;
};

/// One step of a session: runs its launch or copy number `at`; 1 if that was the last.
llvm::Function *defineStepAdvance(DriverParts &parts, const EntryPoint &entry) {
  llvm::IRBuilder<> &builder = parts.builder;
  llvm::Type *pointer = parts.pointer, *word32 = builder.getInt32Ty();
  llvm::Function *function =
      parts.defineInternal(entry.name + "_advance", word32, {pointer, word32, pointer, pointer, pointer});
  parts.context = function->getArg(0);
  parts.inputs = {function->getArg(2), function->getArg(3)};
  parts.outputs = {function->getArg(4)};
  parts.startSteps();
  llvm::BasicBlock *unknown = parts.newBlock(function);
  llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(1), unknown, entry.steps.size());
  for (size_t i = 0; i < entry.steps.size(); i++) {
    llvm::BasicBlock *block = parts.newBlock(function);
    choice->addCase(builder.getInt32(i), block);
    builder.SetInsertPoint(block);
    parts.emitStep(entry.steps[i]);
    builder.CreateRet(builder.getInt32(i + 1 == entry.steps.size()));
  }
  builder.SetInsertPoint(unknown);
  builder.CreateRet(builder.getInt32(1));
  return function;
}

} // namespace

llvm::Function *defineSessionAdvance(DriverParts &parts) {
  llvm::IRBuilder<> &builder = parts.builder;
  llvm::Type *pointer = parts.pointer, *word32 = builder.getInt32Ty();
  std::vector<llvm::Function *> steps;
  for (const SessionStep &step : parts.program.session->steps)
    steps.push_back(defineStepAdvance(parts, parts.program.entryPoints[step.entry]));
  llvm::Function *function =
      parts.defineInternal("session_advance", word32, {pointer, word32, word32, pointer, pointer, pointer});
  llvm::BasicBlock *none = parts.newBlock(function);
  llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(1), none, steps.size());
  for (size_t i = 0; i < steps.size(); i++) {
    llvm::BasicBlock *block = parts.newBlock(function);
    choice->addCase(builder.getInt32(i), block);
    builder.SetInsertPoint(block);
    std::vector<llvm::Value *> arguments = {function->getArg(0)};
    for (unsigned argument = 2; argument < function->arg_size(); argument++)
      arguments.push_back(function->getArg(argument));
    builder.CreateRet(builder.CreateCall(steps[i], arguments));
  }
  builder.SetInsertPoint(none);
  builder.CreateUnreachable();
  return function;
}

void defineResume(DriverParts &parts, const SessionCode &session) { ResumeBuilder(parts, session).build(); }

} // namespace glmc::object
