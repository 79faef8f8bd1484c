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

namespace llvm {
class TargetMachine;
}

namespace glmc::object {

/// For a function that runs once the CPU was checked.
void useTarget(llvm::Function &function, const targets::Target &target);
/// For a function that must run on any machine of the triple.
void useBaseline(llvm::Function &function, const targets::Target &target);

/// `void NAME(pointers...)` with one pointer an argument, result and scratch of
/// the kernel, after that of the pool if the kernel takes it. Where versions run
/// different kernels, what launches call takes the version's number after that, an
/// i32, and goes on to that version's thunk.
struct Thunk {
  llvm::Function *function = nullptr;
  bool takesPool = false, takesVersion = false;
  size_t buffers() const { return function->arg_size() - takesPool - takesVersion; }
};
using Thunks = std::vector<Thunk>; ///< thunks[i] is what a launch of kernel i calls.

/// Links every kernel into `module`, each for its version's target, and adds what
/// launches call. False: `error` says why.
bool linkKernels(llvm::Module &module, const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                 const std::vector<targets::Target> &versions, Thunks &thunks, std::string &error);

/// The functions of runtime-min/cpu.h.
struct CpuCheck {
  llvm::Function *supports = nullptr, *choose = nullptr;
};

/// Links the checks of the CPU.
bool linkCpuCheck(llvm::Module &module, const targets::Target &target, CpuCheck &check, std::string &error);

/// Links the functions of runtime-min/weights.h, which the driver finds in the
/// module by their names.
bool linkWeights(llvm::Module &module, const targets::Target &target, std::string &error);

/// What the driver calls of runtime-min/pool.h.
struct Pool {
  llvm::Function *start = nullptr, *stop = nullptr;
};

/// Where a kernel's target has no instruction for square roots, they become calls of
/// runtime-min's, so that no library is needed. After linkKernels.
bool linkSquareRoots(llvm::Module &module, llvm::TargetMachine &machine, const targets::Target &target,
                     std::string &error);

/// Links the pool of threads and gives kernels the loop that they call. After
/// linkKernels.
bool linkPool(llvm::Module &module, const targets::Target &target, Pool &pool, std::string &error);

/// The functions of runtime-min/session.h, as the driver calls them.
struct SessionCode {
  llvm::Function *prefill = nullptr, *decode = nullptr, *length = nullptr, *reset = nullptr, *rollback = nullptr,
                 *snapshotBytes = nullptr, *snapshot = nullptr, *restore = nullptr;
  /// For runs in pieces.
  llvm::Function *startPrefill = nullptr, *startDecode = nullptr, *step = nullptr;
};

/// Links what a stateful program's public functions call.
bool linkSession(llvm::Module &module, const targets::Target &target, SessionCode &code, std::string &error);

/// The functions of runtime-min/selftest.h.
struct SelfTestCode {
  llvm::Function *outputs = nullptr, *launches = nullptr;
};
bool linkSelfTest(llvm::Module &module, const targets::Target &target, SelfTestCode &code, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_LINKKERNELS_H
