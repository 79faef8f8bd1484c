//===- DriverParts.cpp - What the functions of a driver are made of ------------===//
#include "codegen/object/DriverParts.h"

#include "codegen/Status.h"

#include <algorithm>

namespace glmc::object {

llvm::Function *DriverParts::defineInternal(const std::string &name, llvm::Type *result,
                                            const std::vector<llvm::Type *> &parameters) {
  auto *type = llvm::FunctionType::get(result, parameters, false);
  auto *function =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, options.prefix + "_" + name, module);
  useBaseline(*function, options.target);
  function->setDSOLocal(true);
  builder.SetInsertPoint(newBlock(function));
  return function;
}

llvm::Function *DriverParts::define(const std::string &name, llvm::Type *result,
                                    const std::vector<llvm::Type *> &parameters) {
  llvm::Function *function = defineInternal(name, result, parameters);
  function->setLinkage(llvm::GlobalValue::ExternalLinkage);
  driver.exported.push_back(function);
  return function;
}

llvm::Function *DriverParts::defineWorking(const std::string &name, llvm::Type *result,
                                           const std::vector<llvm::Type *> &parameters) {
  llvm::Function *function = define(name, result, parameters);
  driver.functions.push_back({name, function});
  return function;
}

void DriverParts::defineForwarder(const char *name, llvm::Type *result, std::vector<llvm::Type *> parameters,
                                  llvm::Function *callee, std::vector<llvm::Value *> arguments, int64_t paddingTokens) {
  llvm::Function *function = defineWorking(name, result, parameters);
  for (llvm::Argument &argument : function->args())
    arguments.push_back(&argument);
  if (paddingTokens == 0)
    arguments.push_back(llvm::ConstantPointerNull::get(builder.getPtrTy()));
  else if (paddingTokens > 0)
    arguments.push_back(builder.CreateAlloca(llvm::ArrayType::get(builder.getInt64Ty(), paddingTokens)));
  builder.CreateRet(builder.CreateCall(callee, arguments));
}

llvm::Value *DriverParts::defineTable(const char *name, const void *table, size_t bytes) {
  llvm::ArrayRef<uint64_t> words(static_cast<const uint64_t *>(table), bytes / sizeof(uint64_t));
  llvm::Constant *data = llvm::ConstantDataArray::get(module.getContext(), words);
  return new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true, llvm::GlobalValue::InternalLinkage,
                                  data, options.prefix + "_" + name);
}

void DriverParts::returnIf(llvm::Value *condition, int status) {
  llvm::Function *function = builder.GetInsertBlock()->getParent();
  llvm::BasicBlock *leave = newBlock(function), *stay = newBlock(function);
  builder.CreateCondBr(condition, leave, stay);
  builder.SetInsertPoint(leave);
  builder.CreateRet(builder.getInt32(status));
  builder.SetInsertPoint(stay);
}

void DriverParts::returnUnlessReady(llvm::Value *context) {
  returnIf(builder.CreateICmpNE(load32(context, layout.ready), builder.getInt32(readyMagic)), statusNotInitialised);
}

std::vector<llvm::Type *> DriverParts::entryTypes(const EntryPoint &entry) {
  std::vector<llvm::Type *> types = {pointer};
  for (const auto *list : {&entry.inputs, &entry.outputs})
    types.insert(types.end(), std::count_if(list->begin(), list->end(), isPointer), pointer);
  return types;
}

void DriverParts::startEntry(const EntryPoint &entry, llvm::Function *function) {
  context = function->getArg(0);
  inputs.assign(entry.inputs.size(), nullptr);
  outputs.assign(entry.outputs.size(), nullptr);
  unsigned next = 1;
  for (size_t i = 0; i < entry.inputs.size(); i++)
    if (isPointer(entry.inputs[i]))
      inputs[i] = function->getArg(next++);
  for (size_t i = 0; i < entry.outputs.size(); i++)
    if (isPointer(entry.outputs[i]))
      outputs[i] = function->getArg(next++);
  llvm::Value *anyNull = builder.CreateIsNull(context);
  for (unsigned i = 1; i < function->arg_size(); i++)
    anyNull = builder.CreateOr(anyNull, builder.CreateIsNull(function->getArg(i)));
  returnIf(anyNull, statusNull);
  returnUnlessReady(context);
}

void DriverParts::startSteps() {
  arena = context;
  if (program.arenaApart)
    arena = builder.CreateIntToPtr(builder.CreateLoad(builder.getInt64Ty(), at(context, layout.arenaAddress)), pointer);
  weights = program.weightsApart ? loadWeights(context) : driver.weights;
  version = program.versions.empty() ? nullptr : loadVersion(context);
}

static llvm::MaybeAlign alignment(const Place &place) {
  bool ours = place.memory != Memory::input && place.memory != Memory::output;
  return llvm::MaybeAlign(ours && place.offset % 64 == 0 ? 64 : 1);
}

void DriverParts::emitStep(const Step &step) {
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

llvm::Value *DriverParts::address(const Place &place) {
  switch (place.memory) {
  case Memory::arena:
    return at(arena, (program.arenaApart ? 0 : layout.arena) + place.offset);
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

} // namespace glmc::object
