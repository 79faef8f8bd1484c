//===- StackBound.cpp - How deep the stack of machine code gets ---------------===//
#include "codegen/object/StackBound.h"

#include "llvm/CodeGen/MachineFrameInfo.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/TargetFrameLowering.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>

namespace glmc::object {
namespace {

/// Whether the instruction names what it calls; then that is added.
bool addCallee(const llvm::MachineInstr &instruction, std::set<std::string> &callees) {
  for (const llvm::MachineOperand &operand : instruction.operands()) {
    if (operand.isGlobal() && llvm::isa<llvm::Function>(operand.getGlobal()))
      callees.insert(operand.getGlobal()->getName().str());
    else if (operand.isSymbol())
      callees.insert(operand.getSymbolName());
    else if (operand.isMCSymbol())
      callees.insert(operand.getMCSymbol()->getName().str());
    else
      continue;
    return true;
  }
  return false;
}

struct FrameReader : llvm::MachineFunctionPass {
  explicit FrameReader(Frames &frames) : MachineFunctionPass(id), frames(frames) {}

  bool runOnMachineFunction(llvm::MachineFunction &function) override {
    Frame &frame = frames[function.getName().str()];
    const llvm::MachineFrameInfo &info = function.getFrameInfo();
    const llvm::TargetSubtargetInfo &target = function.getSubtarget();
    const llvm::TargetFrameLowering &lowering = *target.getFrameLowering();
    // On other processors a register holds it, and the frame where that is saved.
    frame.returnAddress =
        function.getTarget().getTargetTriple().isX86() ? function.getDataLayout().getPointerSize() : 0;
    frame.bytes = frame.returnAddress + int64_t(info.getStackSize());
    if (target.getRegisterInfo()->hasStackRealignment(function))
      frame.bytes +=
          std::max<int64_t>(0, int64_t(info.getMaxAlign().value()) - int64_t(lowering.getStackAlign().value()));
    if (!lowering.hasReservedCallFrame(function) && info.isMaxCallFrameSizeComputed())
      frame.bytes += int64_t(info.getMaxCallFrameSize());
    frame.isDynamic = info.hasVarSizedObjects();
    for (const llvm::MachineBasicBlock &block : function)
      for (const llvm::MachineInstr &instruction : block.instrs())
        if (instruction.isCall() && !addCallee(instruction, instruction.isReturn() ? frame.jumps : frame.calls))
          frame.callsPointers = true;
    return false;
  }

  void getAnalysisUsage(llvm::AnalysisUsage &usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

  static char id;
  Frames &frames;
};
char FrameReader::id = 0;

/// Follows calls from a public function down to the deepest.
class StackWalker {
public:
  StackWalker(const llvm::Module &module, const Frames &frames, std::string &error)
      : module(module), frames(frames), error(error) {}

  int64_t depth(const std::string &name) {
    auto known = depths.find(name);
    if (known != depths.end())
      return known->second;
    auto found = frames.find(name);
    if (found == frames.end())
      return routineBytes();
    if (!open.insert(name).second) {
      error = "function '" + name + "' calls itself, expected no recursion";
      return 0;
    }
    const Frame &frame = found->second;
    if (frame.isDynamic)
      error = "function '" + name + "' takes stack whose size is not constant";
    int64_t deepest = frame.bytes;
    for (const std::string &callee : frame.calls)
      deepest = std::max(deepest, frame.bytes + depth(callee));
    // A jump leaves the return address for its callee.
    for (const std::string &callee : frame.jumps)
      deepest = std::max(deepest, depth(callee));
    if (frame.callsPointers)
      for (const std::string &callee : pointerCallees(name))
        deepest = std::max(deepest, frame.bytes + depth(callee));
    open.erase(name);
    return depths[name] = deepest;
  }

private:
  /// Of a routine that the linker finds: memcpy, or one of libgcc's. Looked up in
  /// those of GCC 12 and newlib: they save up to eight registers; on cores that lack
  /// most instructions, those for double precision twice as many. On x86 all that is
  /// called is memcpy and its like, which save none.
  int64_t routineBytes() const {
    const llvm::Triple &triple = module.getTargetTriple();
    const bool isSmall = triple.getSubArch() == llvm::Triple::ARMSubArch_v6m;
    return triple.isX86() ? module.getDataLayout().getPointerSize() : isSmall ? 64 : 32;
  }

  /// What calls through registers may reach: functions whose address was put there
  /// instead of into the call, and those that such a pointer may hold. The pool calls
  /// a loop's body through a pointer.
  std::set<std::string> pointerCallees(const std::string &name) {
    std::set<std::string> callees;
    const llvm::Function *function = module.getFunction(name);
    if (!function) {
      error = "function '" + name + "' calls through a pointer";
      return callees;
    }
    for (const llvm::Instruction &instruction : llvm::instructions(*function)) {
      auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (!call || call->isInlineAsm())
        continue;
      if (const llvm::Function *callee = call->getCalledFunction()) {
        if (!callee->isIntrinsic())
          callees.insert(callee->getName().str());
        continue;
      }
      bool any = false;
      for (const llvm::Function &other : module)
        if (!other.isDeclaration() && other.getFunctionType() == call->getFunctionType() && other.hasLocalLinkage() &&
            other.hasAddressTaken()) {
          callees.insert(other.getName().str());
          any = true;
        }
      if (!any)
        error = "function '" + name + "' calls through a pointer";
    }
    return callees;
  }

  const llvm::Module &module;
  const Frames &frames;
  std::string &error;
  std::map<std::string, int64_t> depths;
  std::set<std::string> open;
};

} // namespace

llvm::MachineFunctionPass *createFrameReader(Frames &frames) { return new FrameReader(frames); }

bool boundStack(const Driver &driver, const Frames &frames, std::vector<StackUse> &stack, std::string &error) {
  for (const Driver::Public &each : driver.functions) {
    StackWalker walker(*each.function->getParent(), frames, error);
    stack.push_back({each.name, walker.depth(each.function->getName().str())});
  }
  return error.empty();
}

} // namespace glmc::object
