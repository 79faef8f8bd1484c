//===- MachineCode.cpp - From the linked module to an object's bytes --------===//
//===----------------------------------------------------------------------===//
#include "codegen/object/MachineCode.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/CodeGen/CodeGenTargetMachineImpl.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
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

/// Keeps LLVM's errors, which it would print otherwise.
struct CodeListener : llvm::DiagnosticHandler {
  explicit CodeListener(std::string &error) : error(error) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() == llvm::DS_Error && error.empty()) {
      llvm::raw_string_ostream stream(error);
      llvm::DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
    }
    return true;
  }

  std::string &error;
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
  const llvm::Reloc::Model place = isFreestanding(options.target) ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, options.target.cpu, options.target.features, flags, place, std::nullopt, level));
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

/// What LLVM's addPassesToEmitFile adds, and before printing one pass that reads the
/// frames. False: LLVM cannot write such a file.
static bool addEmission(llvm::legacy::PassManager &passes, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
                        llvm::raw_pwrite_stream &stream, Frames &frames) {
  auto &target = static_cast<llvm::CodeGenTargetMachineImpl &>(machine);
  auto *functions = new llvm::MachineModuleInfoWrapperPass(&target);
  llvm::TargetPassConfig *config = target.createPassConfig(passes);
  config->setDisableVerify(true);
  passes.add(config);
  passes.add(functions);
  if (config->addISelPasses())
    return false;
  config->addMachinePasses();
  config->setInitialized();
  passes.add(createFrameReader(frames));
  if (target.addAsmPrinter(passes, stream, nullptr, kind, functions->getMMI().getContext()))
    return false;
  passes.add(llvm::createFreeMachineFunctionPass());
  return true;
}

bool emitCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
              llvm::SmallVectorImpl<char> &bytes, Frames &frames, std::string &error) {
  // What lies below the stack pointer would be in no frame.
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoRedZone);
  llvm::LLVMContext &context = module.getContext();
  context.setDiagnosticHandler(std::make_unique<CodeListener>(error));
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(memoryFunctionsOnly(module.getTargetTriple())));
  if (!addEmission(passes, machine, kind, stream, frames)) {
    error = "LLVM cannot write objects for " + module.getTargetTriple().str();
    return false;
  }
  passes.run(module);
  context.setDiagnosticHandler(nullptr);
  return error.empty();
}

} // namespace glmc::object
