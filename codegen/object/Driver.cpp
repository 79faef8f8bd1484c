//===- Driver.cpp - The functions that users call ---------------------------===//
//
// An entry point checks the context, every pointer and the ready mark, in that
// order, then runs its steps: a call of a thunk or a memcpy each. It stays on
// the baseline CPU, so that a machine which lacks features gets a status back
// and never an illegal instruction; thunks alone use the target's features.
//
// Of a program with versions init writes down which one the machine runs, and
// entry points pass that number on to what chooses among thunks.
//
// A step of a session is an entry point that checks nothing: runtime-min's
// functions do, which are given the session's tables and one function that runs a
// step by its number. All of that is constant, and folds into the public functions.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/DriverParts.h"

#include "codegen/SessionLayout.h"
#include "codegen/Status.h"
#include "codegen/WeightsLayout.h"
#include "codegen/object/ObjectFile.h"

#include <algorithm>

namespace glmc::object {
namespace {

class DriverBuilder : DriverParts {
public:
  DriverBuilder(llvm::Module &module, const Program &program, const Thunks &thunks, const Pool &pool,
                const SessionCode &session, const SelfTestCode &selfTest, const ObjectOptions &options)
      : DriverParts(module, program, thunks, options), pool(pool), session(session), selfTest(selfTest) {}

  Driver build(const CpuNeeds &needs) {
    if (program.weightBytes > 0 && !program.weightsApart)
      declareWeights();
    defineDefaultContext();
    if (program.arenaApart)
      arenaVariable = defineVariable("arena", program.arenaBytes);
    defineInits(needs);
    if (pool.stop)
      defineRelease();
    if (program.weightsApart)
      defineCheckWeights();
    if (program.arenaApart)
      defineUseArena();
    const std::vector<bool> steps = sessionSteps(program);
    for (size_t i = 0; i < program.entryPoints.size(); i++)
      if (!steps[i])
        defineEntry(program.entryPoints[i]);
    if (program.session)
      defineSession();
    if (program.resumable)
      defineResume(*this, session);
    if (program.selfTest)
      defineSelfTest(*this, selfTest);
    defineStatusText();
    defineBuildId();
    return std::move(driver);
  }

private:
  void declareWeights() {
    auto *type = llvm::ArrayType::get(builder.getInt8Ty(), program.weightBytes);
    driver.weights = new llvm::GlobalVariable(module, type, /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage,
                                              nullptr, options.prefix + "_weights");
    driver.weights->setVisibility(llvm::GlobalValue::HiddenVisibility);
    driver.weights->setDSOLocal(true);
    driver.weights->setAlignment(llvm::Align(64));
    driver.weights->setSection(weightsSection(options));
  }

  void defineDefaultContext() { defineVariable("default", layout.bytes); }

  /// Zeros that a linker script can place.
  llvm::GlobalVariable *defineVariable(const std::string &name, int64_t bytes) {
    auto *type = llvm::ArrayType::get(builder.getInt8Ty(), bytes);
    auto *variable = new llvm::GlobalVariable(module, type, /*isConstant=*/false, llvm::GlobalValue::ExternalLinkage,
                                              llvm::Constant::getNullValue(type), options.prefix + "_" + name);
    variable->setAlignment(llvm::Align(contextAlignment));
    variable->setSection(".bss." + options.prefix + "_" + name);
    driver.exported.push_back(variable);
    return variable;
  }

  void setReady(llvm::Value *context, uint32_t value) { store32(context, layout.ready, builder.getInt32(value)); }

  std::vector<llvm::Type *> initParameters() {
    std::vector<llvm::Type *> parameters = {pointer};
    if (program.weightsApart)
      parameters.insert(parameters.end(), {pointer, builder.getInt64Ty()});
    return parameters;
  }

  /// Starts init or init_version: a context that is not ready for anything.
  llvm::Function *startInit(const char *name, const std::vector<llvm::Type *> &parameters) {
    llvm::Function *function = defineWorking(name, builder.getInt32Ty(), parameters);
    returnIf(builder.CreateIsNull(function->getArg(0)), statusNull);
    setReady(function->getArg(0), 0);
    return function;
  }

  /// The version of `count` in `table` that runs here; leaves if none does.
  llvm::Value *choose(const CpuNeeds &needs, llvm::Value *table, llvm::Value *count) {
    llvm::Value *version = builder.CreateCall(needs.check.choose, {table, count});
    returnIf(builder.CreateICmpSLT(version, builder.getInt32(0)), statusCpu);
    return version;
  }

  void defineInits(const CpuNeeds &needs) {
    if (!program.versions.empty())
      return defineVersionInits(needs);
    llvm::Function *function = startInit("init", initParameters());
    if (needs.tiles) {
      choose(needs, defineTable("required", needs.required.data(), 8 * needs.required.size()), builder.getInt32(1));
    } else if (needs.check.supports) {
      llvm::Value *supported = builder.CreateCall(needs.check.supports, {builder.getInt64(needs.required.front())});
      returnIf(builder.CreateIsNull(supported), statusCpu);
    }
    finishInit(function);
  }

  /// init, init_version and version.
  void defineVersionInits(const CpuNeeds &needs) {
    llvm::Value *table = defineTable("required", needs.required.data(), 8 * needs.required.size());
    llvm::Value *count = builder.getInt32(needs.required.size());
    std::vector<llvm::Type *> parameters = initParameters();
    parameters.push_back(builder.getInt32Ty());
    llvm::Function *prepare = defineInternal("prepare", builder.getInt32Ty(), parameters);
    prepare->addFnAttr(llvm::Attribute::NoInline);
    store32(prepare->getArg(0), layout.version, prepare->getArg(parameters.size() - 1));
    finishInit(prepare);
    auto callPrepare = [&](llvm::Function *function, llvm::Value *version) {
      std::vector<llvm::Value *> arguments;
      for (size_t i = 0; i + 1 < parameters.size(); i++)
        arguments.push_back(function->getArg(i));
      arguments.push_back(version);
      builder.CreateRet(builder.CreateCall(prepare, arguments));
    };
    llvm::Function *init = startInit("init", initParameters());
    callPrepare(init, choose(needs, table, count));
    llvm::Function *initVersion = startInit("init_version", parameters);
    llvm::Value *version = initVersion->getArg(parameters.size() - 1);
    returnIf(builder.CreateICmpUGE(version, count), statusCount);
    choose(needs, builder.CreateGEP(builder.getInt64Ty(), table, {builder.CreateZExt(version, builder.getInt64Ty())}),
           builder.getInt32(1));
    callPrepare(initVersion, version);
    defineVersion();
  }

  /// Which version runs; no text of a context that is not ready.
  void defineVersion() {
    llvm::Function *function = defineWorking("version", pointer, {pointer});
    llvm::Value *context = function->getArg(0);
    llvm::BasicBlock *none = newBlock(function), *given = newBlock(function), *ready = newBlock(function);
    builder.CreateCondBr(builder.CreateIsNull(context), none, given);
    builder.SetInsertPoint(given);
    llvm::Value *mark = load32(context, layout.ready);
    builder.CreateCondBr(builder.CreateICmpEQ(mark, builder.getInt32(readyMagic)), ready, none);
    builder.SetInsertPoint(ready);
    llvm::SwitchInst *choice = builder.CreateSwitch(loadVersion(context), none, program.versions.size());
    for (size_t i = 0; i < program.versions.size(); i++) {
      llvm::BasicBlock *block = newBlock(function);
      choice->addCase(builder.getInt32(i), block);
      builder.SetInsertPoint(block);
      builder.CreateRet(builder.CreateGlobalString(program.versions[i]));
    }
    builder.SetInsertPoint(none);
    builder.CreateRet(builder.CreateGlobalString(""));
  }

  /// All of init that does not depend on the CPU.
  void finishInit(llvm::Function *function) {
    llvm::Value *context = function->getArg(0);
    if (program.weightsApart)
      openWeights(context, function->getArg(1), function->getArg(2));
    if (pool.start) {
      llvm::Value *threads = builder.getInt32(program.threads);
      llvm::Value *started = builder.CreateCall(pool.start, {at(context, layout.pool), threads});
      returnIf(builder.CreateIsNull(started), statusThreads);
    }
    if (program.stateBytes > 0)
      builder.CreateMemSet(at(context, layout.state), builder.getInt8(0), program.stateBytes,
                           llvm::MaybeAlign(contextAlignment));
    if (program.arenaApart)
      setArena(context, arenaVariable);
    if (program.resumable)
      store32(context, layout.position, builder.getInt32(0));
    setReady(context, readyMagic);
    builder.CreateRet(builder.getInt32(statusOk));
  }

  /// As 64 bits on any machine, for the header's functions.
  void setArena(llvm::Value *context, llvm::Value *arena) {
    builder.CreateStore(builder.CreatePtrToInt(arena, builder.getInt64Ty()), at(context, layout.arenaAddress));
  }

  void defineUseArena() {
    llvm::Function *function = defineWorking("use_arena", builder.getInt32Ty(), {pointer, pointer});
    llvm::Value *context = function->getArg(0), *arena = function->getArg(1);
    returnIf(builder.CreateOr(builder.CreateIsNull(context), builder.CreateIsNull(arena)), statusNull);
    returnUnlessReady(context);
    setArena(context, arena);
    if (program.resumable)
      store32(context, layout.position, builder.getInt32(0));
    builder.CreateRet(builder.getInt32(statusOk));
  }

  /// Keeps the address of the image in the file that init was given.
  void openWeights(llvm::Value *context, llvm::Value *file, llvm::Value *bytes) {
    llvm::Value *image = builder.CreateCall(
        module.getFunction("glmc_weights_open"),
        {file, bytes, builder.getInt64(weightsLayout(program)), builder.getInt64(program.weightBytes)});
    returnIf(builder.CreateIsNull(image), statusWeights);
    builder.CreateStore(image, at(context, layout.weights));
  }

  void defineCheckWeights() {
    llvm::Function *function = defineWorking("check_weights", builder.getInt32Ty(), {pointer});
    llvm::Value *context = function->getArg(0);
    returnIf(builder.CreateIsNull(context), statusNull);
    returnUnlessReady(context);
    llvm::Value *intact = builder.CreateCall(module.getFunction("glmc_weights_intact"),
                                             {loadWeights(context), builder.getInt64(program.weightBytes)});
    returnIf(builder.CreateIsNull(intact), statusWeights);
    builder.CreateRet(builder.getInt32(statusOk));
  }

  /// The context stays ready: what runs from now on does so on one thread.
  void defineRelease() {
    llvm::Function *function = defineWorking("release", builder.getInt32Ty(), {pointer});
    returnIf(builder.CreateIsNull(function->getArg(0)), statusNull);
    builder.CreateCall(pool.stop, {at(function->getArg(0), layout.pool)});
    builder.CreateRet(builder.getInt32(statusOk));
  }

  void defineEntry(const EntryPoint &entry) {
    llvm::Function *function = defineWorking(entry.name, builder.getInt32Ty(), entryTypes(entry));
    startEntry(entry, function);
    if (program.resumable) // The arena is needed for this run.
      store32(context, layout.position, builder.getInt32(0));
    emitSteps(entry);
    builder.CreateRet(builder.getInt32(statusOk));
  }

  void emitSteps(const EntryPoint &entry) {
    startSteps();
    for (const Step &step : entry.steps)
      emitStep(step);
  }

  /// An entry point that checks nothing, with the same parameters whatever it takes.
  llvm::Function *defineSessionStep(const SessionStep &step) {
    const EntryPoint &entry = program.entryPoints[step.entry];
    llvm::Function *function = defineInternal(entry.name, builder.getVoidTy(), {pointer, pointer, pointer, pointer});
    context = function->getArg(0);
    inputs = {function->getArg(1), function->getArg(2)};
    outputs = {function->getArg(3)};
    emitSteps(entry);
    builder.CreateRetVoid();
    return function;
  }

  /// glmc_session_run: chooses among the steps.
  llvm::Function *defineSessionRun() {
    std::vector<llvm::Function *> steps;
    for (const SessionStep &step : program.session->steps)
      steps.push_back(defineSessionStep(step));
    llvm::Function *function =
        defineInternal("session_run", builder.getVoidTy(), {pointer, builder.getInt32Ty(), pointer, pointer, pointer});
    llvm::BasicBlock *none = newBlock(function);
    llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(1), none, steps.size());
    for (size_t i = 0; i < steps.size(); i++) {
      llvm::BasicBlock *block = newBlock(function);
      choice->addCase(builder.getInt32(i), block);
      builder.SetInsertPoint(block);
      builder.CreateCall(steps[i],
                         {function->getArg(0), function->getArg(2), function->getArg(3), function->getArg(4)});
      builder.CreateRetVoid();
    }
    builder.SetInsertPoint(none);
    builder.CreateUnreachable();
    return function;
  }

  void defineSession() {
    const SessionTable table = sessionTable(program, options.buildId);
    const std::vector<SessionCache> caches = cacheTable(program);
    llvm::Function *run = defineSessionRun();
    llvm::Value *constants = sessionData = defineTable("session", &table, sizeof table);
    llvm::Value *places = defineTable("session_caches", caches.data(), caches.size() * sizeof caches[0]);
    llvm::Type *status = builder.getInt32Ty(), *number = builder.getInt64Ty();
    defineForwarder("prefill", status, {pointer, pointer, number, pointer}, session.prefill, {constants, run},
                    table.padding);
    defineForwarder("decode", status, {pointer, number, pointer}, session.decode, {constants, run});
    defineForwarder("length", number, {pointer}, session.length, {constants});
    defineForwarder("reset", status, {pointer}, session.reset, {constants});
    defineForwarder("rollback", status, {pointer, number}, session.rollback, {constants});
    defineForwarder("snapshot_bytes", number, {pointer}, session.snapshotBytes, {constants, places});
    defineForwarder("snapshot", status, {pointer, pointer, number}, session.snapshot, {constants, places});
    defineForwarder("restore", status, {pointer, pointer, number}, session.restore, {constants, places});
  }

  void defineStatusText() {
    llvm::Function *function = define("status_text", pointer, {builder.getInt32Ty()});
    llvm::BasicBlock *unknown = newBlock(function);
    const std::vector<StatusEntry> statuses = statusesOf(program);
    llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(0), unknown, statuses.size());
    for (const StatusEntry &entry : statuses) {
      llvm::BasicBlock *block = newBlock(function);
      choice->addCase(builder.getInt32(entry.value), block);
      builder.SetInsertPoint(block);
      builder.CreateRet(builder.CreateGlobalString(entry.text));
    }
    builder.SetInsertPoint(unknown);
    builder.CreateRet(builder.CreateGlobalString(statusUnknownText));
  }

  void defineBuildId() {
    define("build_id", pointer, {});
    builder.CreateRet(builder.CreateGlobalString(options.buildId));
  }

  const Pool &pool;
  const SessionCode &session;
  const SelfTestCode &selfTest;
  llvm::GlobalVariable *arenaVariable = nullptr; ///< If it is apart.
};

} // namespace

std::string weightsSection(const ObjectOptions &options) { return emptyWeightsStem + options.prefix + "_weights"; }

Driver buildDriver(llvm::Module &module, const Program &program, const Thunks &thunks, const CpuNeeds &needs,
                   const Pool &pool, const SessionCode &session, const SelfTestCode &selfTest,
                   const ObjectOptions &options) {
  return DriverBuilder(module, program, thunks, pool, session, selfTest, options).build(needs);
}

} // namespace glmc::object
