//===- DriverParts.h - What the functions of a driver are made of --------------===//
//
// Public and internal functions, checks, addresses of places and the steps of entry
// points as LLVM IR. Builders of groups of functions share one of these: Driver.cpp,
// Resume.cpp, SelfTest.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_DRIVERPARTS_H
#define GLMC_CODEGEN_OBJECT_DRIVERPARTS_H

#include "codegen/ContextLayout.h"
#include "codegen/object/Driver.h"

#include "llvm/IR/IRBuilder.h"

#include <string>
#include <vector>

namespace glmc::object {

struct DriverParts {
  DriverParts(llvm::Module &module, const Program &program, const Thunks &thunks, const ObjectOptions &options)
      : module(module), program(program), thunks(thunks), options(options), layout(contextLayout(program)),
        builder(module.getContext()), pointer(builder.getPtrTy()) {}

  /// Starts a public function; the builder is in its first block.
  llvm::Function *define(const std::string &name, llvm::Type *result, const std::vector<llvm::Type *> &parameters);
  /// The same, of one whose stack is reported.
  llvm::Function *defineWorking(const std::string &name, llvm::Type *result,
                                const std::vector<llvm::Type *> &parameters);
  llvm::Function *defineInternal(const std::string &name, llvm::Type *result,
                                 const std::vector<llvm::Type *> &parameters);
  /// A public function that passes `arguments`, then all that it is given, then
  /// room for the tokens of a padded step if `paddingTokens` is not negative.
  void defineForwarder(const char *name, llvm::Type *result, std::vector<llvm::Type *> parameters,
                       llvm::Function *callee, std::vector<llvm::Value *> arguments, int64_t paddingTokens = -1);
  /// Constants of 64 bits, a multiple of which `bytes` is.
  llvm::Value *defineTable(const char *name, const void *table, size_t bytes);

  llvm::BasicBlock *newBlock(llvm::Function *function) {
    return llvm::BasicBlock::Create(module.getContext(), "", function);
  }
  /// Returns `status` from here if `condition` holds, goes on if not.
  void returnIf(llvm::Value *condition, int status);
  /// Returns from here unless init has prepared the context.
  void returnUnlessReady(llvm::Value *context);
  llvm::Value *at(llvm::Value *base, int64_t offset) {
    return offset == 0 ? base : builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset);
  }
  llvm::Value *load32(llvm::Value *context, int64_t offset) {
    return builder.CreateAlignedLoad(builder.getInt32Ty(), at(context, offset), llvm::Align(4));
  }
  void store32(llvm::Value *context, int64_t offset, llvm::Value *value) {
    builder.CreateAlignedStore(value, at(context, offset), llvm::Align(4));
  }
  llvm::Value *loadWeights(llvm::Value *context) { return builder.CreateLoad(pointer, at(context, layout.weights)); }
  llvm::Value *loadVersion(llvm::Value *context) { return load32(context, layout.version); }

  static bool isPointer(const Parameter &parameter) {
    return parameter.place.memory == Memory::input || parameter.place.memory == Memory::output;
  }
  /// A context, then a pointer for each parameter that is one.
  std::vector<llvm::Type *> entryTypes(const EntryPoint &entry);
  /// Takes the parameters of a function of entryTypes, and leaves it if the caller
  /// may not call it now.
  void startEntry(const EntryPoint &entry, llvm::Function *function);

  /// Loads what steps need of `context`, once, before them.
  void startSteps();
  void emitStep(const Step &step);
  llvm::Value *address(const Place &place);

  llvm::Module &module;
  const Program &program;
  const Thunks &thunks;
  const ObjectOptions &options;
  const ContextLayout layout;
  llvm::IRBuilder<> builder;
  llvm::Type *pointer;
  Driver driver;
  // Of the function whose steps are being built.
  llvm::Value *context = nullptr, *arena = nullptr, *weights = nullptr, *version = nullptr;
  std::vector<llvm::Value *> inputs, outputs;
  llvm::Value *sessionData = nullptr; ///< The table of runtime-min/session.h.
};

/// Defines step and the start functions of a resumable program.
void defineResume(DriverParts &parts, const SessionCode &session);

/// Defines selftest and what goes with it; after all that it calls.
void defineSelfTest(DriverParts &parts, const SelfTestCode &code);

/// The entry points of a session's steps, launch by launch, as
/// runtime-min/session.h's glmc_session_advance.
llvm::Function *defineSessionAdvance(DriverParts &parts);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_DRIVERPARTS_H
