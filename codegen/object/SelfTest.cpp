//===- SelfTest.cpp - A function that tests the program where it runs ----------===//
//
// selftest runs each entry point on golden inputs and has runtime-min compare what
// comes out. With golden numbers of single launches it takes the run in pieces of one
// launch. Its data are constants with sections of their own, and the outputs' buffer
// is a variable: the linker drops all of it where nothing calls selftest.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/DriverParts.h"

#include "codegen/SelfTestLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/Status.h"

namespace glmc::object {
namespace {

class SelfTestBuilder {
public:
  SelfTestBuilder(DriverParts &parts, const SelfTestCode &code)
      : parts(parts), code(code), builder(parts.builder), program(parts.program), layout(selfTestLayout(program)) {}

  void build() {
    data = constant("selftest_data", layout.data.data(), layout.data.size(), selfTestAlignment);
    outputs =
        constant("selftest_outputs_table", layout.outputs.data(), layout.outputs.size() * sizeof layout.outputs[0], 4);
    buffer = layout.bufferBytes ? defineBuffer() : nullptr;
    if (program.selfTest->launches) {
      launches =
          constant("selftest_launches", layout.launches.data(), layout.launches.size() * sizeof layout.launches[0], 4);
      step = defineStepForwarder();
      defineLaunchNodes();
    }
    defineSelfTest();
  }

private:
  llvm::GlobalVariable *constant(const char *name, const void *bytes, size_t count, int64_t alignment) {
    llvm::Constant *value = llvm::ConstantDataArray::getString(
        parts.module.getContext(), llvm::StringRef(static_cast<const char *>(bytes), count), /*AddNull=*/false);
    auto *variable =
        new llvm::GlobalVariable(parts.module, value->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::InternalLinkage, value, parts.options.prefix + "_" + name);
    variable->setAlignment(llvm::Align(alignment));
    return variable;
  }

  llvm::GlobalVariable *defineBuffer() {
    auto *type = llvm::ArrayType::get(builder.getInt8Ty(), layout.bufferBytes);
    auto *variable =
        new llvm::GlobalVariable(parts.module, type, /*isConstant=*/false, llvm::GlobalValue::ExternalLinkage,
                                 llvm::Constant::getNullValue(type), parts.options.prefix + "_selftest_outputs");
    variable->setAlignment(llvm::Align(selfTestAlignment));
    variable->setVisibility(llvm::GlobalValue::HiddenVisibility);
    parts.driver.exported.push_back(variable);
    return variable;
  }

  llvm::CallInst *call(const std::string &name, std::vector<llvm::Value *> arguments) {
    llvm::CallInst *made = builder.CreateCall(parts.module.getFunction(parts.options.prefix + "_" + name), arguments);
    made->setIsNoInline(); // One copy of what it calls is enough.
    return made;
  }

  /// What runtime-min calls, which takes any pointer for the context.
  llvm::Function *defineStepForwarder() {
    llvm::Type *word = builder.getInt32Ty();
    llvm::Function *function = parts.defineInternal("selftest_step", word, {parts.pointer, word});
    builder.CreateRet(call("step", {function->getArg(0), function->getArg(1)}));
    return function;
  }

  void defineLaunchNodes() {
    llvm::Function *function = parts.define("launch_nodes", parts.pointer, {builder.getInt32Ty()});
    llvm::BasicBlock *unknown = parts.newBlock(function);
    llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(0), unknown, layout.nodes.size());
    for (size_t i = 0; i < layout.nodes.size(); i++) {
      llvm::BasicBlock *block = parts.newBlock(function);
      choice->addCase(builder.getInt32(i), block);
      builder.SetInsertPoint(block);
      builder.CreateRet(builder.CreateGlobalString(layout.nodes[i]));
    }
    builder.SetInsertPoint(unknown);
    builder.CreateRet(builder.CreateGlobalString(""));
  }

  llvm::Value *inData(int64_t offset) { return parts.at(data, offset); }

  /// What the entry point's function takes. Inputs in the arena are copied there.
  std::vector<llvm::Value *> argumentsOf(const EntryPoint &entry, const SelfTestCaseLayout &one) {
    std::vector<llvm::Value *> arguments = {parts.context};
    for (size_t i = 0; i < entry.inputs.size(); i++) {
      const Parameter &input = entry.inputs[i];
      if (DriverParts::isPointer(input))
        arguments.push_back(inData(one.inputAt[i]));
      else
        builder.CreateMemCpy(parts.address(input.place), llvm::MaybeAlign(1), inData(one.inputAt[i]),
                             llvm::MaybeAlign(1), input.type.storageBytes());
    }
    for (int64_t at : one.outputAt)
      if (at >= 0)
        arguments.push_back(parts.at(buffer, at));
    return arguments;
  }

  /// Calls what runs the case, or starts it; its status.
  llvm::Value *callCase(const SelfTestCaseLayout &one, int entryNumber) {
    const EntryPoint &entry = program.entryPoints[entryNumber];
    const std::string start = program.selfTest->launches ? "_start" : "";
    if (!sessionSteps(program)[entryNumber])
      return call(entry.name + start, argumentsOf(entry, one));
    call("reset", {parts.context});
    return call("prefill" + start, {parts.context, inData(one.inputAt[0]),
                                    builder.getInt64(entry.inputs[0].type.elements()), parts.at(buffer, 0)});
  }

  /// Leaves with `launch` as the answer if `condition` holds.
  void failIf(llvm::Value *condition, llvm::Value *launch) {
    llvm::Function *function = builder.GetInsertBlock()->getParent();
    llvm::BasicBlock *bad = parts.newBlock(function), *good = parts.newBlock(function);
    builder.CreateCondBr(condition, bad, good);
    builder.SetInsertPoint(bad);
    builder.CreateAlignedStore(launch, function->getArg(1), llvm::Align(4));
    builder.CreateRet(builder.getInt32(statusSelfTest));
    builder.SetInsertPoint(good);
  }

  void returnUnlessOk(llvm::Value *status) {
    llvm::Function *function = builder.GetInsertBlock()->getParent();
    llvm::BasicBlock *bad = parts.newBlock(function), *good = parts.newBlock(function);
    builder.CreateCondBr(builder.CreateIsNotNull(status), bad, good);
    builder.SetInsertPoint(bad);
    builder.CreateRet(status);
    builder.SetInsertPoint(good);
  }

  void emitCase(const SelfTestCaseLayout &one, int entry) {
    llvm::Value *results = buffer ? buffer : parts.arena;
    int64_t last = -1;
    returnUnlessOk(callCase(one, entry));
    if (program.selfTest->launches) {
      last = one.firstLaunch + one.launchCount - 1;
      llvm::Value *golden = parts.at(launches, one.firstRecord * int64_t(sizeof(SelfTestLaunch)));
      llvm::Value *bad = builder.CreateCall(code.launches, {golden, builder.getInt32(one.recordCount),
                                                            builder.getInt32(one.firstLaunch), step, parts.context,
                                                            parts.arena, results});
      failIf(builder.CreateICmpSGE(bad, builder.getInt32(0)), bad);
    }
    llvm::Value *golden = parts.at(outputs, one.firstOutput * int64_t(sizeof(SelfTestOutput)));
    llvm::Value *good =
        builder.CreateCall(code.outputs, {golden, builder.getInt32(one.outputCount), parts.arena, results, data});
    failIf(builder.CreateIsNull(good), builder.getInt32(last));
  }

  void defineSelfTest() {
    llvm::Function *function = parts.defineWorking("selftest", builder.getInt32Ty(), {parts.pointer, parts.pointer});
    llvm::Value *first = function->getArg(1);
    parts.context = function->getArg(0);
    parts.returnIf(builder.CreateOr(builder.CreateIsNull(parts.context), builder.CreateIsNull(first)), statusNull);
    parts.returnUnlessReady(parts.context);
    builder.CreateAlignedStore(builder.getInt32(-1), first, llvm::Align(4));
    parts.startSteps();
    for (size_t i = 0; i < layout.cases.size(); i++)
      emitCase(layout.cases[i], program.selfTest->cases[i].entry);
    if (program.session)
      call("reset", {parts.context});
    builder.CreateRet(builder.getInt32(statusOk));
  }

  DriverParts &parts;
  const SelfTestCode &code;
  llvm::IRBuilder<> &builder;
  const Program &program;
  const SelfTestLayout layout;
  llvm::GlobalVariable *data = nullptr, *outputs = nullptr, *launches = nullptr, *buffer = nullptr;
  llvm::Function *step = nullptr;
};

} // namespace

void defineSelfTest(DriverParts &parts, const SelfTestCode &code) { SelfTestBuilder(parts, code).build(); }

} // namespace glmc::object
