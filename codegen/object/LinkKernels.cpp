//===- LinkKernels.cpp - Kernels' bitcode into the program's module ---------===//
//
// For each kernel:
//   1. Parse its bitcode (of LLVM 21) and check that it is what Halide writes.
//   2. Drop what belongs to another compile: triple, data layout, module flags,
//      identification, CPU attributes, metadata tables, names.
//   3. Make everything internal and the kernel's function `alwaysinline`.
//   4. Link it, and define a thunk that calls it.
// Names of what remains are derived from the kernel's name alone: Halide's own
// count up over a process, and would make two compiles of a model differ.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/LinkKernels.h"

#include "codegen/object/FitIntrinsics.h"
#include "codegen/object/MatrixProducts.h"
#include "runtime-min/Embedded.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/CodeGen/TargetLowering.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>

namespace glmc::object {
namespace {

void setCpu(llvm::Function &function, const std::string &cpu, const std::string &features) {
  for (const char *attribute : {"target-cpu", "tune-cpu", "target-features", "use-soft-float"})
    function.removeFnAttr(attribute);
  if (!cpu.empty())
    function.addFnAttr("target-cpu", cpu);
  if (!features.empty())
    function.addFnAttr("target-features", features);
  // Nothing here throws, so nothing needs tables to unwind it.
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.removeFnAttr(llvm::Attribute::UWTable);
}

std::unique_ptr<llvm::Module> parseBitcode(llvm::Module &into, llvm::StringRef bytes, std::string &error) {
  auto parsed = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, "bitcode"), into.getContext());
  if (!parsed) {
    error = "its bitcode cannot be read: " + llvm::toString(parsed.takeError());
    return nullptr;
  }
  std::unique_ptr<llvm::Module> source = std::move(*parsed);
  if (llvm::Error problem = source->materializeAll()) {
    error = "its bitcode cannot be read: " + llvm::toString(std::move(problem));
    return nullptr;
  }
  return source;
}

/// Step 2, for a whole module.
void adopt(llvm::Module &source, const llvm::Module &into) {
  source.setTargetTriple(into.getTargetTriple());
  source.setDataLayout(into.getDataLayout());
  for (const char *name : {"llvm.module.flags", "llvm.ident", "llvm.commandline"})
    if (llvm::NamedMDNode *node = source.getNamedMetadata(name))
      source.eraseNamedMetadata(node);
  for (const char *name : {"llvm.used", "llvm.compiler.used"})
    if (llvm::GlobalVariable *used = source.getNamedGlobal(name))
      used->eraseFromParent();
}

/// Step 3. Everything but `kept` gets a name from `stem`.
void makeInternal(llvm::Module &source, llvm::ArrayRef<llvm::Function *> kept, const std::string &stem) {
  int count = 0;
  for (llvm::GlobalValue &value : source.global_values()) {
    if (value.isDeclaration() || llvm::is_contained(kept, &value) || value.getName().starts_with("llvm."))
      continue;
    if (auto *object = llvm::dyn_cast<llvm::GlobalObject>(&value))
      object->setComdat(nullptr);
    value.setLinkage(llvm::isa<llvm::Function>(value) ? llvm::GlobalValue::InternalLinkage
                                                      : llvm::GlobalValue::PrivateLinkage);
    value.setVisibility(llvm::GlobalValue::DefaultVisibility);
    value.setDLLStorageClass(llvm::GlobalValue::DefaultStorageClass);
    value.setName(stem + "." + std::to_string(count++));
  }
}

/// Halide tells LLVM that two buffers never alias. Where a launch works in
/// place that is not so, and the hint must go.
void dropAliasHints(llvm::Function &function) {
  for (llvm::BasicBlock &block : function)
    for (llvm::Instruction &instruction : block)
      for (unsigned kind : {llvm::LLVMContext::MD_tbaa, llvm::LLVMContext::MD_noalias,
                            llvm::LLVMContext::MD_alias_scope, llvm::LLVMContext::MD_invariant_load})
        instruction.setMetadata(kind, nullptr);
}

/// `--math exact` leaves LLVM no freedom with floating point.
void dropFastMath(llvm::Function &function) {
  for (llvm::BasicBlock &block : function)
    for (llvm::Instruction &instruction : block)
      if (llvm::isa<llvm::FPMathOperator>(instruction))
        instruction.copyFastMathFlags(llvm::FastMathFlags());
}

class KernelLinker {
public:
  KernelLinker(llvm::Module &module, const Program &program, const std::vector<targets::Target> &versions)
      : module(module), program(program), versions(versions), linker(module) {}

  Thunk link(int number, const kernels::CompiledKernel &compiled, std::string &error) {
    const kernels::Kernel &kernel = program.kernels[number];
    const targets::Target &target = versions[versionOf(program, number)];
    if (!compiled.error.empty() || compiled.bitcode.empty()) {
      error = compiled.error.empty() ? "it has no bitcode" : compiled.error;
      return {};
    }
    if (compiled.takesPool && program.threads < 2) {
      error = "it takes a pool of threads, which the program does not have";
      return {};
    }
    llvm::StringRef bytes(reinterpret_cast<const char *>(compiled.bitcode.data()), compiled.bitcode.size());
    std::unique_ptr<llvm::Module> source = parseBitcode(module, bytes, error);
    if (!source || !check(*source, kernel, compiled.takesPool, error))
      return {};
    adopt(*source, module);
    llvm::Function *function = source->getFunction(kernel.name);
    for (llvm::Function &each : *source) {
      if (each.isDeclaration())
        continue;
      useTarget(each, target);
      if (!fitIntrinsics(each, target, error))
        return {};
      if (target.dot == "smmla")
        pairMatrixProducts(each);
      if (!kernel.inPlace.empty())
        dropAliasHints(each);
      if (kernel.math == kernels::Math::exact || program.math == kernels::Math::exact)
        dropFastMath(each);
    }
    makeInternal(*source, function, kernel.name);
    std::string inner = kernel.name + ".halide";
    function->setName(inner);
    function->removeFnAttr(llvm::Attribute::NoInline);
    function->removeFnAttr(llvm::Attribute::OptimizeNone);
    function->addFnAttr(llvm::Attribute::AlwaysInline);
    if (linker.linkInModule(std::move(source))) {
      error = "its bitcode cannot be linked";
      return {};
    }
    function = module.getFunction(inner);
    function->setLinkage(llvm::GlobalValue::InternalLinkage);
    return defineThunk(number, function, target, compiled.takesPool);
  }

  /// What launches of kernel `number` call: the thunk that all versions share, or a
  /// function that goes on to the version's. It tells nothing of the pointers, and
  /// any machine runs it.
  Thunk choose(int number, const Thunks &thunks) {
    const std::vector<int> choices = choicesOf(program, number);
    if (isShared(choices))
      return thunks[choices.front()];
    size_t buffers = 0;
    bool takesPool = false;
    for (int choice : choices) {
      buffers = std::max(buffers, thunks[choice].buffers());
      takesPool |= thunks[choice].takesPool;
    }
    llvm::IRBuilder<> builder(module.getContext());
    std::vector<llvm::Type *> parameters(takesPool + buffers, builder.getPtrTy());
    parameters.push_back(builder.getInt32Ty()); // Last, so that all others stay in their registers.
    auto *type = llvm::FunctionType::get(builder.getVoidTy(), parameters, false);
    auto *function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage,
                                            program.kernels[number].name + ".choose", module);
    useBaseline(*function, versions.front());
    function->addFnAttr(llvm::Attribute::NoInline);
    auto *entry = llvm::BasicBlock::Create(module.getContext(), "", function);
    llvm::SwitchInst *branch = nullptr;
    for (size_t version = 0; version < choices.size(); version++) {
      auto *block = llvm::BasicBlock::Create(module.getContext(), "", function);
      if (version == 0) {
        builder.SetInsertPoint(entry);
        branch = builder.CreateSwitch(function->getArg(parameters.size() - 1), block, choices.size() - 1);
      } else {
        branch->addCase(builder.getInt32(version), block);
      }
      builder.SetInsertPoint(block);
      const Thunk &thunk = thunks[choices[version]];
      std::vector<llvm::Value *> arguments;
      if (thunk.takesPool)
        arguments.push_back(function->getArg(0));
      for (size_t i = 0; i < thunk.buffers(); i++)
        arguments.push_back(function->getArg(takesPool + i));
      builder.CreateCall(thunk.function, arguments)->setTailCall();
      builder.CreateRetVoid();
    }
    return {function, takesPool, /*takesVersion=*/true};
  }

private:
  static bool check(llvm::Module &source, const kernels::Kernel &kernel, bool takesPool, std::string &error) {
    size_t count = takesPool + kernel.arguments.size() + kernel.results.size() + kernel.scratch.size();
    const llvm::Function *function = source.getFunction(kernel.name);
    if (!function || function->isDeclaration()) {
      error = "its bitcode does not define a function of that name";
      return false;
    }
    const llvm::FunctionType *type = function->getFunctionType();
    bool pointers = std::all_of(type->param_begin(), type->param_end(), [](llvm::Type *t) { return t->isPointerTy(); });
    if (!type->getReturnType()->isIntegerTy(32) || !pointers || type->isVarArg() ||
        type->getNumParams() != count) {
      error = "its bitcode takes " + std::to_string(type->getNumParams()) + " parameters, expected " +
              std::to_string(count) + " pointers";
      return false;
    }
    if (const llvm::GlobalVariable *list = source.getNamedGlobal("llvm.global_ctors"); list && !list->isDeclaration()) {
      error = "its bitcode has global constructors";
      return false;
    }
    return true;
  }

  /// Is pointer `p` of the kernel a multiple of 64 in every launch?
  bool alwaysAligned(int number, size_t p) const {
    const kernels::Kernel &kernel = program.kernels[number];
    size_t arguments = kernel.arguments.size(), results = kernel.results.size();
    for (const EntryPoint &entry : program.entryPoints)
      for (const Step &step : entry.steps) {
        auto *launch = std::get_if<Launch>(&step);
        if (!launch || !llvm::is_contained(choicesOf(program, launch->kernel), number))
          continue;
        const Place &place = p < arguments             ? launch->reads[p]
                             : p < arguments + results ? launch->writes[p - arguments]
                                                       : launch->scratch[p - arguments - results];
        if (place.memory == Memory::input || place.memory == Memory::output || place.offset % 64 != 0)
          return false;
      }
    return true;
  }

  kernels::Element elementOf(const kernels::Kernel &kernel, size_t p) const {
    size_t arguments = kernel.arguments.size(), results = kernel.results.size();
    return p < arguments             ? kernel.arguments[p].element
           : p < arguments + results ? kernel.typeOf(kernel.results[p - arguments]).element
                                     : kernel.scratch[p - arguments - results].element;
  }

  /// The buffers' pointers start at parameter `first`.
  void describePointers(int number, llvm::Function *thunk, size_t first) {
    const kernels::Kernel &kernel = program.kernels[number];
    llvm::LLVMContext &context = module.getContext();
    for (size_t p = 0; p + first < thunk->arg_size(); p++) {
      int alignment = alwaysAligned(number, p) ? 64 : kernels::byteSize(elementOf(kernel, p));
      thunk->addParamAttr(first + p, llvm::Attribute::getWithAlignment(context, llvm::Align(alignment)));
      bool shared = false;
      for (auto [argument, result] : kernel.inPlace)
        shared |= (int)p == argument || (int)p == (int)kernel.arguments.size() + result;
      if (!shared)
        thunk->addParamAttr(first + p, llvm::Attribute::NoAlias);
      thunk->addParamAttr(first + p, llvm::Attribute::NonNull);
    }
  }

  Thunk defineThunk(int number, llvm::Function *kernel, const targets::Target &target, bool takesPool) {
    llvm::LLVMContext &context = module.getContext();
    llvm::Type *pointer = llvm::PointerType::getUnqual(context);
    std::vector<llvm::Type *> parameters(kernel->arg_size(), pointer);
    auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), parameters, false);
    auto *thunk =
        llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, program.kernels[number].name, module);
    // What Halide asks of code generation ("reciprocal-estimates" for one) must
    // hold where the kernel is inlined.
    for (const llvm::Attribute &attribute : kernel->getAttributes().getFnAttrs())
      if (attribute.isStringAttribute())
        thunk->addFnAttr(attribute);
    useTarget(*thunk, target);
    thunk->addFnAttr(llvm::Attribute::NoInline);
    const size_t first = takesPool;
    describePointers(number, thunk, first);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", thunk));
    // halide_buffer_t: device, device_interface, host, flags, type, dimensions,
    // dim, padding.
    llvm::Type *i32 = builder.getInt32Ty(), *i64 = builder.getInt64Ty();
    auto *buffer = llvm::StructType::get(context, {i64, pointer, pointer, i64, i32, i32, pointer, pointer});
    std::vector<llvm::Value *> passed;
    for (size_t p = 0; p < parameters.size(); p++)
      passed.push_back(p < first ? static_cast<llvm::Value *>(thunk->getArg(p)) : builder.CreateAlloca(buffer));
    for (size_t p = first; p < parameters.size(); p++) {
      builder.CreateStore(llvm::Constant::getNullValue(buffer), passed[p]);
      builder.CreateStore(thunk->getArg(p), builder.CreateStructGEP(buffer, passed[p], 2));
    }
    // Without asserts a kernel has nothing to report: it returns 0.
    builder.CreateCall(kernel, passed);
    builder.CreateRetVoid();
    return {thunk, takesPool};
  }

  llvm::Module &module;
  const Program &program;
  const std::vector<targets::Target> &versions;
  llvm::Linker linker;
};

} // namespace

void useTarget(llvm::Function &function, const targets::Target &target) {
  setCpu(function, target.cpu, target.features);
}

void useBaseline(llvm::Function &function, const targets::Target &target) { setCpu(function, target.baselineCpu, ""); }

bool linkKernels(llvm::Module &module, const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                 const std::vector<targets::Target> &versions, Thunks &thunks, std::string &error) {
  if (kernels.size() != program.kernels.size()) {
    error = "found " + std::to_string(kernels.size()) + " compiled kernels, expected " +
            std::to_string(program.kernels.size());
    return false;
  }
  KernelLinker linker(module, program, versions);
  Thunks linked;
  for (size_t i = 0; i < kernels.size(); i++) {
    std::string problem;
    linked.push_back(linker.link(i, kernels[i], problem));
    if (!linked.back().function) {
      error = "kernel '" + program.kernels[i].name + "': " + problem;
      return false;
    }
  }
  for (size_t i = 0; i < launchedKernels(program); i++)
    thunks.push_back(linker.choose(i, linked));
  return true;
}

/// What runtimeBitcode calls the triple's architecture. The pool of x86-64 serves all
/// 64-bit Linux.
static llvm::StringRef architectureOf(const llvm::Triple &triple, llvm::StringRef name) {
  return triple.isARM() || triple.isThumb() ? "arm" : triple.isAArch64() && name != "pool" ? "aarch64" : "x86_64";
}

/// Links runtime-min's bitcode `name`, all of it for the baseline CPU, and gives
/// the functions `wanted`, of which each has as many parameters as it should.
static bool linkRuntime(llvm::Module &module, const targets::Target &target, const char *name,
                        std::vector<std::pair<const char *, size_t>> wanted, std::vector<llvm::Function *> &found,
                        std::string &error) {
  std::string_view bytes = runtimeBitcode(name, architectureOf(module.getTargetTriple(), name));
  std::unique_ptr<llvm::Module> source = parseBitcode(module, llvm::StringRef(bytes.data(), bytes.size()), error);
  auto fail = [&](const std::string &why) {
    error = std::string("runtime-min: ") + name + ": " + why;
    return false;
  };
  if (!source)
    return fail(error);
  for (auto [function, parameters] : wanted) {
    found.push_back(source->getFunction(function));
    if (!found.back() || found.back()->isDeclaration() || found.back()->arg_size() != parameters)
      return fail(std::string(function) + " is not defined");
  }
  adopt(*source, module);
  for (llvm::Function &function : *source)
    if (!function.isDeclaration())
      useBaseline(function, target);
  makeInternal(*source, found, "glmc_" + std::string(name));
  if (llvm::Linker::linkModules(module, std::move(source)))
    return fail("its bitcode cannot be linked");
  for (size_t i = 0; i < wanted.size(); ++i) {
    found[i] = module.getFunction(wanted[i].first);
    found[i]->setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  return true;
}

bool linkCpuCheck(llvm::Module &module, const targets::Target &target, CpuCheck &check, std::string &error) {
  std::vector<llvm::Function *> found;
  if (!linkRuntime(module, target, "cpu", {{"glmc_cpu_supports", 1}, {"glmc_cpu_choose", 2}}, found, error))
    return false;
  check = {found[0], found[1]};
  return true;
}

bool linkWeights(llvm::Module &module, const targets::Target &target, std::string &error) {
  std::vector<llvm::Function *> found;
  return linkRuntime(module, target, "weights", {{"glmc_weights_open", 4}, {"glmc_weights_intact", 2}}, found, error);
}

bool linkPool(llvm::Module &module, const targets::Target &target, Pool &pool, std::string &error) {
  const llvm::Triple &triple = module.getTargetTriple();
  if (!triple.isOSLinux() || !triple.isArch64Bit() || !triple.isLittleEndian()) {
    error = "target '" + target.name + "': threads need the pthread of a 64-bit Linux, found triple " + triple.str();
    return false;
  }
  std::vector<llvm::Function *> found;
  if (!linkRuntime(module, target, "pool", {{"glmc_pool_start", 2}, {"glmc_pool_stop", 1}, {"glmc_pool_run", 5}},
                   found, error))
    return false;
  pool = {found[0], found[1]};
  llvm::Function *run = found[2];
  // A program has many loops, and one copy of this is enough.
  run->addFnAttr(llvm::Attribute::NoInline);
  if (llvm::Function *asked = module.getFunction("halide_do_par_for")) {
    asked->replaceAllUsesWith(run);
    asked->eraseFromParent();
  }
  if (triple.isX86())
    return true;
  // The bitcode was made on x86: its pause is no instruction of other CPUs.
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : llvm::make_early_inc_range(block))
        if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction); call && call->isInlineAsm())
          call->eraseFromParent();
  return true;
}

/// Whether the function's target has an instruction for square roots of `type`, a
/// scalar or a vector, whose lanes can be taken one by one.
static bool hasSquareRoot(const llvm::Function &function, llvm::TargetMachine &machine, llvm::Type *type) {
  const llvm::TargetLowering *lowering = machine.getSubtargetImpl(function)->getTargetLowering();
  const llvm::EVT value = lowering->getValueType(machine.createDataLayout(), type->getScalarType());
  return lowering->isOperationLegalOrCustom(llvm::ISD::FSQRT, value);
}

/// A call of `root` for each lane.
static llvm::Value *rootOf(llvm::IRBuilder<> &builder, llvm::Value *x, llvm::Function *root) {
  auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(x->getType());
  if (!vector)
    return builder.CreateCall(root, {x});
  llvm::Value *result = llvm::PoisonValue::get(vector);
  for (unsigned i = 0; i < vector->getNumElements(); i++)
    result = builder.CreateInsertElement(result, builder.CreateCall(root, {builder.CreateExtractElement(x, i)}), i);
  return result;
}

bool linkSquareRoots(llvm::Module &module, llvm::TargetMachine &machine, const targets::Target &target,
                     std::string &error) {
  std::vector<llvm::IntrinsicInst *> roots;
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
          call && call->getIntrinsicID() == llvm::Intrinsic::sqrt && !hasSquareRoot(function, machine, call->getType()))
        roots.push_back(call);
  if (roots.empty())
    return true;
  std::vector<llvm::Function *> found;
  if (!linkRuntime(module, target, "root", {{"glmc_square_root_f32", 1}, {"glmc_square_root_f64", 1}}, found, error))
    return false;
  for (llvm::Function *root : found)
    root->addFnAttr(llvm::Attribute::NoInline);
  for (llvm::IntrinsicInst *call : roots) {
    llvm::Type *element = call->getType()->getScalarType();
    if (!element->isFloatTy() && !element->isDoubleTy()) {
      error = "target '" + target.name + "' has no square root of 16 bits";
      return false;
    }
    llvm::IRBuilder<> builder(call);
    call->replaceAllUsesWith(rootOf(builder, call->getArgOperand(0), found[element->isDoubleTy()]));
    call->eraseFromParent();
  }
  return true;
}

bool linkSelfTest(llvm::Module &module, const targets::Target &target, SelfTestCode &code, std::string &error) {
  std::vector<llvm::Function *> found;
  if (!linkRuntime(module, target, "selftest", {{"glmc_selftest_outputs", 5}, {"glmc_selftest_launches", 7}}, found,
                   error))
    return false;
  code = {found[0], found[1]};
  // It runs once init has checked the CPU.
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && function.getName().starts_with("glmc_selftest"))
      useTarget(function, target);
  return true;
}

bool linkSession(llvm::Module &module, const targets::Target &target, SessionCode &code, std::string &error) {
  std::vector<llvm::Function *> found;
  if (!linkRuntime(module, target, "session",
                   {{"glmc_session_prefill", 7},
                    {"glmc_session_decode", 5},
                    {"glmc_session_length", 2},
                    {"glmc_session_reset", 2},
                    {"glmc_session_rollback", 3},
                    {"glmc_session_snapshot_bytes", 3},
                    {"glmc_session_snapshot", 5},
                    {"glmc_session_restore", 5},
                    {"glmc_session_start_prefill", 5},
                    {"glmc_session_start_decode", 4},
                    {"glmc_session_step", 4}},
                   found, error))
    return false;
  code = {found[0], found[1], found[2], found[3], found[4], found[5], found[6], found[7],
          found[8], found[9], found[10]};
  return true;
}

} // namespace glmc::object
