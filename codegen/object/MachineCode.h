//===- MachineCode.h - From the linked module to an object's bytes ------------===//
//
// The part that asks LLVM's code generator: a target machine, optimisation,
// emission and the frame sizes that come out of it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_MACHINECODE_H
#define GLMC_CODEGEN_OBJECT_MACHINECODE_H

#include "codegen/object/Driver.h"
#include "codegen/object/StackBound.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Target/TargetMachine.h"

#include <map>
#include <memory>
#include <string>

namespace glmc::object {

/// Makes LLVM's code generators known; any number of calls from any thread.
void initialiseTargets();

/// Null: LLVM lacks the triple, CPU or a feature, and `error` says which.
std::unique_ptr<llvm::TargetMachine> makeTargetMachine(const ObjectOptions &options, std::string &error);

/// Optimises, and drops what no exported value reaches.
void optimise(llvm::Module &module, llvm::TargetMachine &machine, const Driver &driver, int level);

/// Emits; `frames` gets each function's frame.
bool emitCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
              llvm::SmallVectorImpl<char> &bytes, Frames &frames, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_MACHINECODE_H
