//===- MachineCode.cpp - From the linked module to an object's bytes --------===//
//
// Frame sizes come from the warning that LLVM gives of frames over a limit
// ("warn-stack-size"), with a limit of zero bytes: exact, and nothing of it
// stays in the object.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/MachineCode.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace glmc::object {
namespace {

/// The only library functions that LLVM may call on its own.
llvm::TargetLibraryInfoImpl memoryFunctionsOnly(const llvm::Triple &triple) {
  llvm::TargetLibraryInfoImpl info(triple);
  info.disableAllFunctions();
  for (llvm::LibFunc function : {llvm::LibFunc_memcpy, llvm::LibFunc_memset, llvm::LibFunc_memmove})
    info.setAvailable(function);
  return info;
}

bool checkNames(const llvm::Target &known, const targets::Target &target, std::string &error) {
  llvm::Triple triple(target.triple);
  std::unique_ptr<llvm::MCSubtargetInfo> info(known.createMCSubtargetInfo(triple, "", ""));
  auto unknown = [&](const char *what, llvm::StringRef name) {
    error = "target '" + target.name + "': LLVM does not know the " + what + " '" + name.str() + "' of " +
            target.triple;
    return false;
  };
  for (const std::string &cpu : {target.cpu, target.baselineCpu})
    if (!cpu.empty() && !info->isCPUStringValid(cpu))
      return unknown("CPU", cpu);
  llvm::SmallVector<llvm::StringRef> features;
  llvm::StringRef(target.features).split(features, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef feature : features) {
    llvm::StringRef name = feature.trim();
    bool sign = name.consume_front("+") || name.consume_front("-");
    auto all = info->getAllProcessorFeatures();
    bool found =
        std::any_of(all.begin(), all.end(), [&](const llvm::SubtargetFeatureKV &kv) { return name == kv.Key; });
    if (!sign || !found)
      return unknown("feature", feature);
  }
  return true;
}

/// Keeps LLVM's frame sizes and its errors, which it would print otherwise.
struct CodeListener : llvm::DiagnosticHandler {
  CodeListener(std::map<std::string, int64_t> &frames, std::string &error) : frames(frames), error(error) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (auto *size = llvm::dyn_cast<llvm::DiagnosticInfoStackSize>(&info)) {
      frames[size->getFunction().getName().str()] = size->getStackSize();
    } else if (info.getSeverity() == llvm::DS_Error && error.empty()) {
      llvm::raw_string_ostream stream(error);
      llvm::DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
    }
    return true;
  }

  std::map<std::string, int64_t> &frames;
  std::string &error;
};

/// Follows calls from a public function down to the deepest.
class StackWalker {
public:
  StackWalker(const std::map<std::string, int64_t> &frames, std::string &error) : frames(frames), error(error) {}

  int64_t depth(const llvm::Function &function) {
    auto known = depths.find(&function);
    if (known != depths.end())
      return known->second;
    if (!open.insert(&function).second) {
      error = "function '" + function.getName().str() + "' calls itself, expected no recursion";
      return 0;
    }
    // Code generation may add a call of a routine that the IR does not show.
    int64_t deepest = returnAddress(function);
    for (const llvm::Instruction &instruction : llvm::instructions(function)) {
      if (auto *stack = llvm::dyn_cast<llvm::AllocaInst>(&instruction); stack && !stack->isStaticAlloca())
        error = "function '" + function.getName().str() + "' takes stack whose size is not constant";
      auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (!call || call->isInlineAsm())
        continue;
      for (const llvm::Function *callee : calleesOf(*call))
        deepest = std::max(deepest, depth(*callee));
    }
    open.erase(&function);
    return depths[&function] = deepest + ownBytes(function);
  }

private:
  /// The functions of ours that a call may reach. The pool calls a loop's body
  /// through a pointer: any function that such a pointer may hold.
  std::vector<const llvm::Function *> calleesOf(const llvm::CallBase &call) {
    if (const llvm::Function *callee = call.getCalledFunction())
      return callee->isDeclaration() ? std::vector<const llvm::Function *>() : std::vector{callee};
    std::vector<const llvm::Function *> callees;
    for (const llvm::Function &function : *call.getModule())
      if (!function.isDeclaration() && function.getFunctionType() == call.getFunctionType() &&
          function.hasLocalLinkage() && function.hasAddressTaken())
        callees.push_back(&function);
    if (callees.empty())
      error = "function '" + call.getFunction()->getName().str() + "' calls through a pointer";
    return callees;
  }

  /// Where a call puts the return address in a register, the frame holds it.
  static int64_t returnAddress(const llvm::Function &function) {
    const llvm::Triple &triple = function.getParent()->getTargetTriple();
    return triple.isX86() ? function.getParent()->getDataLayout().getPointerSize() : 0;
  }

  int64_t ownBytes(const llvm::Function &function) const {
    auto frame = frames.find(function.getName().str());
    if (frame == frames.end())
      return returnAddress(function);
    // LLVM's figure leaves out what it takes to align the frame.
    int64_t alignment = largestAlignment(function);
    return returnAddress(function) + frame->second + (alignment > 16 ? 2 * alignment : 0);
  }

  /// Of anything that the function may hold in its frame.
  static int64_t largestAlignment(const llvm::Function &function) {
    const llvm::DataLayout &layout = function.getParent()->getDataLayout();
    int64_t alignment = 1;
    for (const llvm::Instruction &instruction : llvm::instructions(function)) {
      if (auto *stack = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
        alignment = std::max<int64_t>(alignment, stack->getAlign().value());
      // No vector register is wider than 64 bytes.
      if (instruction.getType()->isVectorTy())
        alignment = std::max<int64_t>(
            alignment, std::min<int64_t>(64, layout.getTypeAllocSize(instruction.getType()).getKnownMinValue()));
    }
    return alignment;
  }

  const std::map<std::string, int64_t> &frames;
  std::string &error;
  std::map<const llvm::Function *, int64_t> depths;
  std::set<const llvm::Function *> open;
};

llvm::OptimizationLevel optimizationLevel(int level) {
  return level <= 0   ? llvm::OptimizationLevel::O0
         : level == 1 ? llvm::OptimizationLevel::O1
         : level == 2 ? llvm::OptimizationLevel::O2
                      : llvm::OptimizationLevel::O3;
}

} // namespace

void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers(); // runtime-min reads CPUID by inline assembly.
  });
}

std::unique_ptr<llvm::TargetMachine> makeTargetMachine(const ObjectOptions &options, std::string &error) {
  initialiseTargets();
  llvm::Triple triple(options.target.triple);
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target) {
    error = "target '" + options.target.name + "': " + reason;
    return nullptr;
  }
  if (!triple.isOSBinFormatELF()) {
    error = "target '" + options.target.name + "': found triple " + options.target.triple +
            ", expected one whose objects are ELF files";
    return nullptr;
  }
  if (!checkNames(*target, options.target, error))
    return nullptr;
  for (const targets::Target &version : options.versions)
    if (!checkNames(*target, version, error))
      return nullptr;
  llvm::TargetOptions flags;
  // What may be contracted carries a flag of its own: Halide marks everything but
  // strict_float expressions.
  flags.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  flags.FunctionSections = true;
  flags.DataSections = true;
  llvm::CodeGenOptLevel level = options.optimize <= 0   ? llvm::CodeGenOptLevel::None
                                : options.optimize == 1 ? llvm::CodeGenOptLevel::Less
                                : options.optimize == 2 ? llvm::CodeGenOptLevel::Default
                                                        : llvm::CodeGenOptLevel::Aggressive;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, options.target.cpu, options.target.features, flags, llvm::Reloc::PIC_, std::nullopt, level));
}

void optimise(llvm::Module &module, llvm::TargetMachine &machine, const Driver &driver, int level) {
  // Schedules have unrolled and vectorised what they want; LLVM doing so again
  // costs size and gains nothing.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.LoopInterleaving = false;
  tuning.LoopUnrolling = false;
  tuning.SLPVectorization = level >= 2;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(memoryFunctionsOnly(module.getTargetTriple())); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);

  std::set<const llvm::GlobalValue *> kept(driver.exported.begin(), driver.exported.end());
  llvm::ModulePassManager passes;
  passes.addPass(llvm::InternalizePass([kept](const llvm::GlobalValue &value) { return kept.count(&value) > 0; }));
  passes.addPass(llvm::GlobalDCEPass());
  passes.addPass(level <= 0 ? builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0)
                            : builder.buildPerModuleDefaultPipeline(optimizationLevel(level)));
  passes.addPass(llvm::GlobalDCEPass());
  passes.run(module, modules);
}

bool emitCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
              llvm::SmallVectorImpl<char> &bytes, std::map<std::string, int64_t> &frames, std::string &error) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("warn-stack-size", "0");
  llvm::LLVMContext &context = module.getContext();
  context.setDiagnosticHandler(std::make_unique<CodeListener>(frames, error));
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(memoryFunctionsOnly(module.getTargetTriple())));
  if (machine.addPassesToEmitFile(passes, stream, nullptr, kind)) {
    error = "LLVM cannot write objects for " + module.getTargetTriple().str();
    return false;
  }
  passes.run(module);
  context.setDiagnosticHandler(nullptr);
  return error.empty();
}

bool boundStack(const Driver &driver, const std::map<std::string, int64_t> &frames, std::vector<StackUse> &stack,
                std::string &error) {
  StackWalker walker(frames, error);
  for (const Driver::Public &each : driver.functions)
    stack.push_back({each.name, walker.depth(*each.function)});
  return error.empty();
}

} // namespace glmc::object
