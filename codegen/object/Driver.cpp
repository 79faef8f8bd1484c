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
#include "codegen/object/Driver.h"

#include "codegen/ContextLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/Status.h"
#include "codegen/WeightsLayout.h"
#include "codegen/object/ObjectFile.h"

#include "llvm/IR/IRBuilder.h"

#include <algorithm>
#include <iterator>

namespace glmc::object {
namespace {

class DriverBuilder {
public:
  DriverBuilder(llvm::Module &module, const Program &program, const Thunks &thunks, const Pool &pool,
                const SessionCode &session, const ObjectOptions &options)
      : module(module), program(program), thunks(thunks), pool(pool), session(session), options(options),
        layout(contextLayout(program)), builder(module.getContext()), pointer(builder.getPtrTy()) {}

  Driver build(const CpuNeeds &needs) {
    if (program.weightBytes > 0 && !program.weightsApart)
      declareWeights();
    defineDefaultContext();
    defineInits(needs);
    if (pool.stop)
      defineRelease();
    if (program.weightsApart)
      defineCheckWeights();
    const std::vector<bool> steps = sessionSteps(program);
    for (size_t i = 0; i < program.entryPoints.size(); i++)
      if (!steps[i])
        defineEntry(program.entryPoints[i]);
    if (program.session)
      defineSession();
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

  void defineDefaultContext() {
    auto *type = llvm::ArrayType::get(builder.getInt8Ty(), layout.bytes);
    auto *context = new llvm::GlobalVariable(module, type, /*isConstant=*/false, llvm::GlobalValue::ExternalLinkage,
                                             llvm::Constant::getNullValue(type), options.prefix + "_default");
    context->setAlignment(llvm::Align(contextAlignment));
    context->setSection(".bss." + options.prefix + "_default");
    driver.exported.push_back(context);
  }

  /// Starts a public function; the builder is in its first block.
  llvm::Function *define(const std::string &name, llvm::Type *result, const std::vector<llvm::Type *> &parameters) {
    llvm::Function *function = defineInternal(name, result, parameters);
    function->setLinkage(llvm::GlobalValue::ExternalLinkage);
    driver.exported.push_back(function);
    return function;
  }

  llvm::Function *defineInternal(const std::string &name, llvm::Type *result,
                                 const std::vector<llvm::Type *> &parameters) {
    auto *type = llvm::FunctionType::get(result, parameters, false);
    auto *function =
        llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, options.prefix + "_" + name, module);
    useBaseline(*function, options.target);
    function->setDSOLocal(true);
    builder.SetInsertPoint(newBlock(function));
    return function;
  }

  llvm::BasicBlock *newBlock(llvm::Function *function) {
    return llvm::BasicBlock::Create(module.getContext(), "", function);
  }

  /// Returns `status` from here if `condition` holds, goes on if not.
  void returnIf(llvm::Value *condition, int status) {
    llvm::Function *function = builder.GetInsertBlock()->getParent();
    llvm::BasicBlock *leave = newBlock(function), *stay = newBlock(function);
    builder.CreateCondBr(condition, leave, stay);
    builder.SetInsertPoint(leave);
    builder.CreateRet(builder.getInt32(status));
    builder.SetInsertPoint(stay);
  }

  llvm::Value *at(llvm::Value *base, int64_t offset) {
    return offset == 0 ? base : builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset);
  }

  void setReady(llvm::Value *context, uint32_t value) {
    builder.CreateAlignedStore(builder.getInt32(value), at(context, layout.ready), llvm::Align(4));
  }

  std::vector<llvm::Type *> initParameters() {
    std::vector<llvm::Type *> parameters = {pointer};
    if (program.weightsApart)
      parameters.insert(parameters.end(), {pointer, builder.getInt64Ty()});
    return parameters;
  }

  /// Starts init or init_version: a context that is not ready for anything.
  llvm::Function *startInit(const char *name, const std::vector<llvm::Type *> &parameters) {
    llvm::Function *function = define(name, builder.getInt32Ty(), parameters);
    driver.functions.push_back({name, function});
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
    builder.CreateAlignedStore(prepare->getArg(parameters.size() - 1), at(prepare->getArg(0), layout.version),
                               llvm::Align(4));
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
    llvm::Function *function = define("version", pointer, {pointer});
    driver.functions.push_back({"version", function});
    llvm::Value *context = function->getArg(0);
    llvm::BasicBlock *none = newBlock(function), *given = newBlock(function), *ready = newBlock(function);
    builder.CreateCondBr(builder.CreateIsNull(context), none, given);
    builder.SetInsertPoint(given);
    llvm::Value *mark = builder.CreateAlignedLoad(builder.getInt32Ty(), at(context, layout.ready), llvm::Align(4));
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

  llvm::Value *loadVersion(llvm::Value *context) {
    return builder.CreateAlignedLoad(builder.getInt32Ty(), at(context, layout.version), llvm::Align(4));
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
    setReady(context, readyMagic);
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

  llvm::Value *loadWeights(llvm::Value *context) { return builder.CreateLoad(pointer, at(context, layout.weights)); }

  void defineCheckWeights() {
    llvm::Function *function = define("check_weights", builder.getInt32Ty(), {pointer});
    driver.functions.push_back({"check_weights", function});
    llvm::Value *context = function->getArg(0);
    returnIf(builder.CreateIsNull(context), statusNull);
    llvm::Value *ready = builder.CreateAlignedLoad(builder.getInt32Ty(), at(context, layout.ready), llvm::Align(4));
    returnIf(builder.CreateICmpNE(ready, builder.getInt32(readyMagic)), statusNotInitialised);
    llvm::Value *intact = builder.CreateCall(module.getFunction("glmc_weights_intact"),
                                             {loadWeights(context), builder.getInt64(program.weightBytes)});
    returnIf(builder.CreateIsNull(intact), statusWeights);
    builder.CreateRet(builder.getInt32(statusOk));
  }

  /// The context stays ready: what runs from now on does so on one thread.
  void defineRelease() {
    llvm::Function *function = define("release", builder.getInt32Ty(), {pointer});
    driver.functions.push_back({"release", function});
    returnIf(builder.CreateIsNull(function->getArg(0)), statusNull);
    builder.CreateCall(pool.stop, {at(function->getArg(0), layout.pool)});
    builder.CreateRet(builder.getInt32(statusOk));
  }

  static bool isParameter(const Parameter &parameter) {
    return parameter.place.memory == Memory::input || parameter.place.memory == Memory::output;
  }

  void defineEntry(const EntryPoint &entry) {
    std::vector<llvm::Type *> parameters = {pointer};
    for (const auto *list : {&entry.inputs, &entry.outputs})
      for (const Parameter &parameter : *list)
        if (isParameter(parameter))
          parameters.push_back(pointer);
    llvm::Function *function = define(entry.name, builder.getInt32Ty(), parameters);
    driver.functions.push_back({entry.name, function});
    context = function->getArg(0);
    inputs.assign(entry.inputs.size(), nullptr);
    outputs.assign(entry.outputs.size(), nullptr);
    unsigned next = 1;
    for (size_t i = 0; i < entry.inputs.size(); i++)
      if (isParameter(entry.inputs[i]))
        inputs[i] = function->getArg(next++);
    for (size_t i = 0; i < entry.outputs.size(); i++)
      if (isParameter(entry.outputs[i]))
        outputs[i] = function->getArg(next++);

    llvm::Value *anyNull = builder.CreateIsNull(context);
    for (unsigned i = 1; i < function->arg_size(); i++)
      anyNull = builder.CreateOr(anyNull, builder.CreateIsNull(function->getArg(i)));
    returnIf(anyNull, statusNull);
    llvm::Value *ready = builder.CreateAlignedLoad(builder.getInt32Ty(), at(context, layout.ready), llvm::Align(4));
    returnIf(builder.CreateICmpNE(ready, builder.getInt32(readyMagic)), statusNotInitialised);
    emitSteps(entry);
    builder.CreateRet(builder.getInt32(statusOk));
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

  /// A table of runtime-min/session.h, which consists of int64_t.
  llvm::Value *defineTable(const char *name, const void *table, size_t bytes) {
    llvm::ArrayRef<uint64_t> words(static_cast<const uint64_t *>(table), bytes / sizeof(uint64_t));
    llvm::Constant *data = llvm::ConstantDataArray::get(module.getContext(), words);
    return new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true, llvm::GlobalValue::InternalLinkage,
                                    data, options.prefix + "_" + name);
  }

  /// A public function that passes `arguments`, then all that it is given, then
  /// room for the tokens of a padded step if `paddingTokens` is not negative.
  void defineForwarder(const char *name, llvm::Type *result, std::vector<llvm::Type *> parameters,
                       llvm::Function *callee, std::vector<llvm::Value *> arguments, int64_t paddingTokens = -1) {
    llvm::Function *function = define(name, result, parameters);
    driver.functions.push_back({name, function});
    for (llvm::Argument &argument : function->args())
      arguments.push_back(&argument);
    if (paddingTokens == 0)
      arguments.push_back(llvm::ConstantPointerNull::get(builder.getPtrTy()));
    else if (paddingTokens > 0)
      arguments.push_back(builder.CreateAlloca(llvm::ArrayType::get(builder.getInt64Ty(), paddingTokens)));
    builder.CreateRet(builder.CreateCall(callee, arguments));
  }

  void defineSession() {
    const SessionTable table = sessionTable(program, options.buildId);
    const std::vector<SessionCache> caches = cacheTable(program);
    llvm::Function *run = defineSessionRun();
    llvm::Value *constants = defineTable("session", &table, sizeof table);
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

  void emitSteps(const EntryPoint &entry) {
    weights = program.weightsApart ? loadWeights(context) : driver.weights;
    version = program.versions.empty() ? nullptr : loadVersion(context);
    for (const Step &step : entry.steps)
      emitStep(step);
  }

  void emitStep(const Step &step) {
    if (auto *copy = std::get_if<Copy>(&step)) {
      builder.CreateMemCpy(address(copy->to), alignment(copy->to), address(copy->from), alignment(copy->from),
                           copy->from.bytes);
      return;
    }
    const Launch &launch = std::get<Launch>(step);
    const Thunk &thunk = thunks[launch.kernel];
    std::vector<llvm::Value *> pointers;
    if (thunk.takesPool)
      pointers.push_back(at(context, layout.pool));
    for (const auto *places : {&launch.reads, &launch.writes, &launch.scratch})
      for (const Place &place : *places)
        pointers.push_back(address(place));
    // A version may need less scratch than there is.
    pointers.resize(std::min(pointers.size(), thunk.takesPool + thunk.buffers()));
    if (thunk.takesVersion)
      pointers.push_back(version);
    builder.CreateCall(thunk.function, pointers);
  }

  llvm::Value *address(const Place &place) {
    switch (place.memory) {
    case Memory::arena:
      return at(context, layout.arena + place.offset);
    case Memory::state:
      return at(context, layout.state + place.offset);
    case Memory::weights:
      // A place of no bytes in an image of no bytes may be anywhere.
      return weights ? at(weights, place.offset) : context;
    case Memory::input:
      return at(inputs[place.index], place.offset);
    case Memory::output:
      return at(outputs[place.index], place.offset);
    }
    return nullptr;
  }

  static llvm::MaybeAlign alignment(const Place &place) {
    bool ours = place.memory != Memory::input && place.memory != Memory::output;
    return llvm::MaybeAlign(ours && place.offset % 64 == 0 ? 64 : 1);
  }

  void defineStatusText() {
    llvm::Function *function = define("status_text", pointer, {builder.getInt32Ty()});
    llvm::BasicBlock *unknown = newBlock(function);
    llvm::SwitchInst *choice = builder.CreateSwitch(function->getArg(0), unknown, std::size(statusTable));
    for (const StatusEntry &entry : statusTable) {
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

  llvm::Module &module;
  const Program &program;
  const Thunks &thunks;
  const Pool &pool;
  const SessionCode &session;
  const ObjectOptions &options;
  ContextLayout layout;
  llvm::IRBuilder<> builder;
  llvm::Type *pointer;
  Driver driver;
  // Of the entry point that is being built.
  llvm::Value *context = nullptr, *weights = nullptr, *version = nullptr;
  std::vector<llvm::Value *> inputs, outputs;
};

} // namespace

std::string weightsSection(const ObjectOptions &options) { return emptyWeightsStem + options.prefix + "_weights"; }

Driver buildDriver(llvm::Module &module, const Program &program, const Thunks &thunks, const CpuNeeds &needs,
                   const Pool &pool, const SessionCode &session, const ObjectOptions &options) {
  return DriverBuilder(module, program, thunks, pool, session, options).build(needs);
}

} // namespace glmc::object
