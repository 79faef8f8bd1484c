//===- StackBound.h - How deep the stack of machine code gets -----------------===//
//
// Read off the machine code itself, once all frames are laid out and all calls are
// chosen, just before it is printed: what each function's frame takes, and what it
// calls, by name, routines that code generation added and jumps that stand for calls
// included. The bound of a function is the deepest chain of calls from it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_STACKBOUND_H
#define GLMC_CODEGEN_OBJECT_STACKBOUND_H

#include "codegen/object/Driver.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace llvm {
class MachineFunctionPass;
}

namespace glmc::object {

struct Frame {
  /// From where the caller's stack ended to where calls begin: return address,
  /// saved registers, locals, arguments of calls, and what aligning it may take.
  int64_t bytes = 0;
  int64_t returnAddress = 0;   ///< Of them, what the call itself pushed.
  std::set<std::string> calls; ///< By name.
  std::set<std::string> jumps; ///< Calls in its last place: its frame is gone by then.
  bool callsPointers = false;  ///< Where a callee is in a register.
  bool isDynamic = false;      ///< Takes stack whose size is not constant.
};

/// Of each function of a module.
using Frames = std::map<std::string, Frame>;

/// Writes every function's frame to `frames`; to be run after all else but printing.
llvm::MachineFunctionPass *createFrameReader(Frames &frames);

/// Worst-case stack of each public function of `driver`, after its module was emitted.
/// False: `error` says of which function there is no bound.
bool boundStack(const Driver &driver, const Frames &frames, std::vector<StackUse> &stack, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_STACKBOUND_H
