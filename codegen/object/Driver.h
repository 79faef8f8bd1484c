//===- Driver.h - The functions that users call --------------------------------===//
//
// Builds init, release, the entry points, status_text, build_id, the default context and
// the weights of a program into the module that holds the kernels' thunks. Of a
// stateful program, steps are internal and the session's functions public.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_DRIVER_H
#define GLMC_CODEGEN_OBJECT_DRIVER_H

#include "codegen/Program.h"
#include "codegen/object/EmitObject.h"
#include "codegen/object/LinkKernels.h"

#include "llvm/IR/Module.h"

#include <cstdint>
#include <string>
#include <vector>

namespace glmc::object {

/// What was built.
struct Driver {
  std::vector<llvm::GlobalValue *> exported; ///< All that may be seen outside.
  /// init, release, the entry points or the session; `name` as in StackUse.
  struct Public {
    std::string name;
    llvm::Function *function;
  };
  std::vector<Public> functions;
  /// Declared only, so that no optimisation looks inside; null without weights.
  llvm::GlobalVariable *weights = nullptr;
};

/// The section that the weights are emitted in; reserveWeights renames it.
std::string weightsSection(const ObjectOptions &options);

/// What init asks of the machine.
struct CpuNeeds {
  CpuCheck check; ///< Empty if the only target requires nothing.
  /// What each version requires, as bits of runtime-min/cpu.h.
  std::vector<uint64_t> required;
  bool tiles = false; ///< Whether one needs tile registers, which are asked for.
};

/// `pool` is empty unless the program has threads, `session` unless it has one,
/// `selfTest` unless it has one.
Driver buildDriver(llvm::Module &module, const Program &program, const Thunks &thunks, const CpuNeeds &needs,
                   const Pool &pool, const SessionCode &session, const SelfTestCode &selfTest,
                   const ObjectOptions &options);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_DRIVER_H
