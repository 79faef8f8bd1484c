//===- Driver.cpp - The functions that users call ---------------------------===//
//
// An entry point checks the context, every pointer and the ready mark, in that
// order, then runs its steps: a call of a thunk or a memcpy each. It stays on
// the baseline CPU, so that a machine which lacks features gets a status back
// and never an illegal instruction; thunks alone use the target's features.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/Driver.h"

#include "codegen/ContextLayout.h"
#include "codegen/Status.h"
#include "codegen/object/ObjectFile.h"

#include "llvm/IR/IRBuilder.h"

#include <iterator>

namespace glmc::object {
namespace {

class DriverBuilder {
public:
  DriverBuilder(llvm::Module &module, const Program &program, const Thunks &thunks, const Pool &pool,
                const ObjectOptions &options)
      : module(module), program(program), thunks(thunks), pool(pool), options(options), layout(contextLayout(program)),
        builder(module.getContext()), pointer(builder.getPtrTy()) {}

  Driver build(llvm::Function *check, uint64_t required) {
    if (program.weightBytes > 0)
      declareWeights();
    defineDefaultContext();
    defineInit(check, required);
    if (pool.stop)
      defineRelease();
    for (const EntryPoint &entry : program.entryPoints)
      defineEntry(entry);
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
    auto *type = llvm::FunctionType::get(result, parameters, false);
    auto *function =
        llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, options.prefix + "_" + name, module);
    useBaseline(*function, options.target);
    function->setDSOLocal(true);
    driver.exported.push_back(function);
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

  void defineInit(llvm::Function *check, uint64_t required) {
    llvm::Function *function = define("init", builder.getInt32Ty(), {pointer});
    driver.functions.push_back({"init", function});
    llvm::Value *context = function->getArg(0);
    returnIf(builder.CreateIsNull(context), statusNull);
    setReady(context, 0);
    if (check) {
      llvm::Value *supported = builder.CreateCall(check, {builder.getInt64(required)});
      returnIf(builder.CreateIsNull(supported), statusCpu);
    }
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
    for (const Step &step : entry.steps)
      emitStep(step);
    builder.CreateRet(builder.getInt32(statusOk));
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
      return driver.weights ? at(driver.weights, place.offset) : context;
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
  const ObjectOptions &options;
  ContextLayout layout;
  llvm::IRBuilder<> builder;
  llvm::Type *pointer;
  Driver driver;
  // Of the entry point that is being built.
  llvm::Value *context = nullptr;
  std::vector<llvm::Value *> inputs, outputs;
};

} // namespace

std::string weightsSection(const ObjectOptions &options) { return emptyWeightsStem + options.prefix + "_weights"; }

Driver buildDriver(llvm::Module &module, const Program &program, const Thunks &thunks, llvm::Function *check,
                   uint64_t required, const Pool &pool, const ObjectOptions &options) {
  return DriverBuilder(module, program, thunks, pool, options).build(check, required);
}

} // namespace glmc::object
