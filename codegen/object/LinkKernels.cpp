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

#include "runtime-min/Embedded.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Operator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>

namespace glmc::object {
namespace {

void setCpu(llvm::Function &function, const std::string &cpu, const std::string &features) {
  for (const char *attribute : {"target-cpu", "tune-cpu", "target-features"})
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
void makeInternal(llvm::Module &source, const llvm::Function *kept, const std::string &stem) {
  int count = 0;
  for (llvm::GlobalValue &value : source.global_values()) {
    if (value.isDeclaration() || &value == kept || value.getName().starts_with("llvm."))
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
  KernelLinker(llvm::Module &module, const Program &program, const targets::Target &target)
      : module(module), program(program), target(target), linker(module) {}

  llvm::Function *link(int number, const kernels::CompiledKernel &compiled, std::string &error) {
    const kernels::Kernel &kernel = program.kernels[number];
    if (!compiled.error.empty() || compiled.bitcode.empty()) {
      error = compiled.error.empty() ? "it has no bitcode" : compiled.error;
      return nullptr;
    }
    llvm::StringRef bytes(reinterpret_cast<const char *>(compiled.bitcode.data()), compiled.bitcode.size());
    std::unique_ptr<llvm::Module> source = parseBitcode(module, bytes, error);
    if (!source || !check(*source, kernel, error))
      return nullptr;
    adopt(*source, module);
    llvm::Function *function = source->getFunction(kernel.name);
    for (llvm::Function &each : *source) {
      if (each.isDeclaration())
        continue;
      useTarget(each, target);
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
      return nullptr;
    }
    function = module.getFunction(inner);
    function->setLinkage(llvm::GlobalValue::InternalLinkage);
    return defineThunk(number, function);
  }

private:
  static size_t pointerCount(const kernels::Kernel &kernel) {
    return kernel.arguments.size() + kernel.results.size() + kernel.scratch.size();
  }

  static bool check(llvm::Module &source, const kernels::Kernel &kernel, std::string &error) {
    const llvm::Function *function = source.getFunction(kernel.name);
    if (!function || function->isDeclaration()) {
      error = "its bitcode does not define a function of that name";
      return false;
    }
    const llvm::FunctionType *type = function->getFunctionType();
    bool pointers = std::all_of(type->param_begin(), type->param_end(), [](llvm::Type *t) { return t->isPointerTy(); });
    if (!type->getReturnType()->isIntegerTy(32) || !pointers || type->isVarArg() ||
        type->getNumParams() != pointerCount(kernel)) {
      error = "its bitcode takes " + std::to_string(type->getNumParams()) + " parameters, expected " +
              std::to_string(pointerCount(kernel)) + " pointers";
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
        if (!launch || launch->kernel != number)
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

  void describePointers(int number, llvm::Function *thunk) {
    const kernels::Kernel &kernel = program.kernels[number];
    llvm::LLVMContext &context = module.getContext();
    for (size_t p = 0; p < thunk->arg_size(); p++) {
      int alignment = alwaysAligned(number, p) ? 64 : kernels::byteSize(elementOf(kernel, p));
      thunk->addParamAttr(p, llvm::Attribute::getWithAlignment(context, llvm::Align(alignment)));
      bool shared = false;
      for (auto [argument, result] : kernel.inPlace)
        shared |= (int)p == argument || (int)p == (int)kernel.arguments.size() + result;
      if (!shared)
        thunk->addParamAttr(p, llvm::Attribute::NoAlias);
      thunk->addParamAttr(p, llvm::Attribute::NonNull);
    }
  }

  llvm::Function *defineThunk(int number, llvm::Function *kernel) {
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
    describePointers(number, thunk);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", thunk));
    // halide_buffer_t: device, device_interface, host, flags, type, dimensions,
    // dim, padding.
    llvm::Type *i32 = builder.getInt32Ty(), *i64 = builder.getInt64Ty();
    auto *buffer = llvm::StructType::get(context, {i64, pointer, pointer, i64, i32, i32, pointer, pointer});
    std::vector<llvm::Value *> buffers;
    for (size_t p = 0; p < parameters.size(); p++)
      buffers.push_back(builder.CreateAlloca(buffer));
    for (size_t p = 0; p < parameters.size(); p++) {
      builder.CreateStore(llvm::Constant::getNullValue(buffer), buffers[p]);
      builder.CreateStore(thunk->getArg(p), builder.CreateStructGEP(buffer, buffers[p], 2));
    }
    // Without asserts a kernel has nothing to report: it returns 0.
    builder.CreateCall(kernel, buffers);
    builder.CreateRetVoid();
    return thunk;
  }

  llvm::Module &module;
  const Program &program;
  const targets::Target &target;
  llvm::Linker linker;
};

} // namespace

void useTarget(llvm::Function &function, const targets::Target &target) {
  setCpu(function, target.cpu, target.features);
}

void useBaseline(llvm::Function &function, const targets::Target &target) { setCpu(function, target.baselineCpu, ""); }

bool linkKernels(llvm::Module &module, const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                 const targets::Target &target, std::vector<llvm::Function *> &thunks, std::string &error) {
  if (kernels.size() != program.kernels.size()) {
    error = "found " + std::to_string(kernels.size()) + " compiled kernels, expected " +
            std::to_string(program.kernels.size());
    return false;
  }
  KernelLinker linker(module, program, target);
  for (size_t i = 0; i < kernels.size(); i++) {
    std::string problem;
    thunks.push_back(linker.link(i, kernels[i], problem));
    if (!thunks.back()) {
      error = "kernel '" + program.kernels[i].name + "': " + problem;
      return false;
    }
  }
  return true;
}

llvm::Function *linkCpuCheck(llvm::Module &module, const targets::Target &target, std::string &error) {
  std::string_view bytes = runtimeBitcode();
  std::unique_ptr<llvm::Module> source = parseBitcode(module, llvm::StringRef(bytes.data(), bytes.size()), error);
  llvm::Function *check = source ? source->getFunction("glmc_cpu_supports") : nullptr;
  if (!check || check->isDeclaration() || check->arg_size() != 1) {
    error = "runtime-min: " + (error.empty() ? "glmc_cpu_supports is not defined" : error);
    return nullptr;
  }
  adopt(*source, module);
  for (llvm::Function &function : *source)
    if (!function.isDeclaration())
      useBaseline(function, target);
  makeInternal(*source, check, "glmc_runtime");
  if (llvm::Linker::linkModules(module, std::move(source))) {
    error = "runtime-min: its bitcode cannot be linked";
    return nullptr;
  }
  check = module.getFunction("glmc_cpu_supports");
  check->setLinkage(llvm::GlobalValue::InternalLinkage);
  return check;
}

} // namespace glmc::object
