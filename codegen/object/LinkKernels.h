//===- LinkKernels.h - Kernels' bitcode into the program's module -------------===//
//
// Halide writes each kernel as a function of halide_buffer_t pointers, for the
// machine that it believes in. Here the kernels get the target's attributes and
// one thunk each, a function of raw pointers whose buffers vanish when LLVM
// inlines the kernel: DESIGN.md tells what was measured without them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_LINKKERNELS_H
#define GLMC_CODEGEN_OBJECT_LINKKERNELS_H

#include "codegen/Program.h"
#include "codegen/kernels/CompileKernel.h"
#include "targets/Target.h"

#include "llvm/IR/Module.h"

#include <string>
#include <vector>

namespace glmc::object {

/// For a function that runs once the CPU was checked.
void useTarget(llvm::Function &function, const targets::Target &target);
/// For a function that must run on any machine of the triple.
void useBaseline(llvm::Function &function, const targets::Target &target);

/// `void NAME(pointers...)` with one pointer an argument, result and scratch of
/// the kernel, after that of the pool if the kernel takes it.
struct Thunk {
  llvm::Function *function = nullptr;
  bool takesPool = false;
};
using Thunks = std::vector<Thunk>; ///< thunks[i] belongs to program.kernels[i].

/// Links every kernel into `module` and adds its thunk. False: `error` says why.
bool linkKernels(llvm::Module &module, const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                 const targets::Target &target, Thunks &thunks, std::string &error);

/// Links the check of the CPU from runtime-min, `int glmc_cpu_supports(uint64_t)`.
llvm::Function *linkCpuCheck(llvm::Module &module, const targets::Target &target, std::string &error);

/// Links the functions of runtime-min/weights.h, which the driver finds in the
/// module by their names.
bool linkWeights(llvm::Module &module, const targets::Target &target, std::string &error);

/// What the driver calls of runtime-min/pool.h.
struct Pool {
  llvm::Function *start = nullptr, *stop = nullptr;
};

/// Links the pool of threads and gives kernels the loop that they call. After
/// linkKernels.
bool linkPool(llvm::Module &module, const targets::Target &target, Pool &pool, std::string &error);

/// The functions of runtime-min/session.h, as the driver calls them.
struct SessionCode {
  llvm::Function *prefill = nullptr, *decode = nullptr, *length = nullptr, *reset = nullptr, *rollback = nullptr,
                 *snapshotBytes = nullptr, *snapshot = nullptr, *restore = nullptr;
};

/// Links what a stateful program's public functions call.
bool linkSession(llvm::Module &module, const targets::Target &target, SessionCode &code, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_LINKKERNELS_H
