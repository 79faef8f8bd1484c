//===- EmitObject.cpp - A planned program as one object file ----------------===//
//
// The steps in order:
//   1. check the program's offsets;
//   2. link kernels (LinkKernels) and driver (Driver) in one module;
//   3. optimise, emit, read frame sizes (MachineCode);
//   4. check what the object needs and put the weights behind it (ObjectFile).
//
//===----------------------------------------------------------------------===//
#include "codegen/object/EmitObject.h"

#include "codegen/ContextLayout.h"
#include "codegen/object/CheckProgram.h"
#include "codegen/object/Driver.h"
#include "codegen/object/LinkKernels.h"
#include "codegen/object/MachineCode.h"
#include "codegen/object/ObjectFile.h"
#include "runtime-min/Embedded.h"

#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <algorithm>

namespace glmc::object {
namespace {

class ObjectEmitter {
public:
  ObjectEmitter(const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                const ObjectOptions &options)
      : program(program), kernels(kernels), options(options) {
    // Nobody sees names of values; without them the object cannot depend on them.
    context.setDiscardValueNames(true);
  }

  ObjectResult emit() {
    if (!(check() && link() && finish())) {
      std::string error = result.error;
      result = {};
      result.error = error;
    }
    return std::move(result);
  }

private:
  bool check() {
    result.error = checkProgram(program);
    const int64_t weights = program.weightsApart ? 0 : program.weightBytes;
    for (auto [what, bytes] : {std::pair("weights", weights), {"context", contextLayout(program).bytes}})
      if (result.error.empty() && bytes > largestObjectData)
        result.error = std::string("found a ") + what + " image of " + std::to_string(bytes) +
                       " bytes, expected at most " + std::to_string(largestObjectData) + " in an object file";
    return result.error.empty();
  }

  /// The bits of runtime-min/cpu.h for what the target requires.
  bool requiredFeatures(const targets::Target &target, uint64_t &bits) {
    for (const std::string &name : target.requirements) {
      std::optional<uint64_t> bit = cpuFeatureBit(name);
      if (!bit) {
        result.error =
            "target '" + target.name + "': it requires the CPU feature '" + name + "', which runtime-min cannot check";
        return false;
      }
      bits |= *bit;
    }
    return true;
  }

  bool checkVersions() {
    versions = options.versions.empty() ? std::vector<targets::Target>{options.target} : options.versions;
    if (versions.size() != std::max<size_t>(program.versions.size(), 1))
      result.error = "found " + std::to_string(versions.size()) + " targets, expected one for each of " +
                     std::to_string(program.versions.size()) + " versions";
    for (targets::Target &version : versions) {
      // Helium takes numbers below the normal ones for zero, which no other machine does.
      if (program.math == kernels::Math::exact && version.dot == "mve")
        version.features += version.features.empty() ? "-mve.fp" : ",-mve.fp";
      if (version.triple != options.target.triple)
        result.error =
            "found versions for " + options.target.triple + " and " + version.triple + ", expected one triple";
      if (!version.tiles.empty() && !llvm::Triple(version.triple).isOSLinux())
        result.error =
            "target '" + version.name + "': tile registers are asked of Linux, found triple " + version.triple;
    }
    return result.error.empty();
  }

  /// What init asks of the machine, and the code for that.
  bool linkNeeds(CpuNeeds &needs) {
    bool any = versions.size() > 1;
    for (const targets::Target &version : versions) {
      needs.required.push_back(0);
      if (!requiredFeatures(version, needs.required.back()))
        return false;
      needs.tiles |= !version.tiles.empty();
      any |= needs.required.back() != 0;
    }
    return !any || linkCpuCheck(*module, options.target, needs.check, result.error);
  }

  bool link() {
    if (!checkVersions())
      return false;
    machine = makeTargetMachine(options, result.error);
    if (!machine)
      return false;
    module = std::make_unique<llvm::Module>("glmc", context);
    module->setSourceFileName("glmc");
    module->setTargetTriple(machine->getTargetTriple());
    module->setDataLayout(machine->createDataLayout());
    // Without a system nothing moves a program, and tables of addresses stay constants.
    if (!isFreestanding(options.target))
      module->setPICLevel(llvm::PICLevel::BigPIC);
    Thunks thunks;
    CpuNeeds needs;
    if (!linkKernels(*module, program, kernels, versions, thunks, result.error) ||
        !linkSquareRoots(*module, *machine, options.target, result.error) || !linkNeeds(needs))
      return false;
    Pool pool;
    if (program.threads > 1 && !linkPool(*module, options.target, pool, result.error))
      return false;
    if (program.weightsApart && !linkWeights(*module, options.target, result.error))
      return false;
    SessionCode session;
    if (program.session && !linkSession(*module, options.target, session, result.error))
      return false;
    SelfTestCode selfTest;
    if (program.selfTest && !linkSelfTest(*module, options.target, selfTest, result.error))
      return false;
    driver = buildDriver(*module, program, thunks, needs, pool, session, selfTest, options);
    llvm::raw_string_ostream problems(result.error);
    return !llvm::verifyModule(*module, &problems);
  }

  bool finish() {
    if (options.isSmall)
      for (llvm::Function &function : *module)
        if (!function.isDeclaration() && !function.hasOptNone()) {
          function.addFnAttr(llvm::Attribute::OptimizeForSize);
          function.addFnAttr(llvm::Attribute::MinSize);
        }
    optimise(*module, *machine, driver, options.optimize);
    if (!checkData())
      return false;
    defineWeights();
    if (options.assembly && !emitAssembly())
      return false;
    llvm::SmallVector<char, 0> bytes;
    Frames frames;
    if (!emitCode(*module, *machine, llvm::CodeGenFileType::ObjectFile, bytes, frames, result.error) ||
        !boundStack(driver, frames, result.stack, result.error))
      return false;
    for (const StackUse &use : result.stack)
      result.stackBytes = std::max(result.stackBytes, use.bytes);
    result.contextBytes = contextLayout(program).bytes;
    result.object.assign(bytes.begin(), bytes.end());
    return finishFile();
  }

  /// All state is in the context: a kernel has no writable data of its own.
  bool checkData() {
    for (const llvm::GlobalVariable &variable : module->globals()) {
      bool exported = std::count(driver.exported.begin(), driver.exported.end(), &variable) > 0;
      if (!exported && !variable.isConstant() && !variable.isDeclaration()) {
        result.error = "generated code has writable data '" + variable.getName().str() + "', expected none";
        return false;
      }
    }
    return true;
  }

  /// Now that nothing optimises any more: zeros in a section without contents,
  /// which reserveWeights makes room for. Not constant, or code generation
  /// would fold the zeros.
  void defineWeights() {
    // Gone if nothing that is left reads them.
    driver.weights = module->getNamedGlobal(options.prefix + "_weights");
    if (!driver.weights)
      return;
    result.weightBytes = program.weightBytes;
    driver.weights->setInitializer(llvm::Constant::getNullValue(driver.weights->getValueType()));
    driver.weights->setConstant(false);
    driver.weights->setVisibility(llvm::GlobalValue::DefaultVisibility);
    driver.weights->setLinkage(llvm::GlobalValue::InternalLinkage);
  }

  bool emitAssembly() {
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*module);
    llvm::SmallVector<char, 0> text;
    Frames frames;
    if (!emitCode(*copy, *machine, llvm::CodeGenFileType::AssemblyFile, text, frames, result.error))
      return false;
    result.assembly.assign(text.begin(), text.end());
    return true;
  }

  bool finishFile() {
    ObjectContents contents;
    if (!inspectObject(result.object, program.threads > 1, contents, result.error))
      return false;
    result.undefinedSymbols = contents.undefinedSymbols;
    result.codeBytes = contents.codeBytes;
    result.constantBytes = contents.constantBytes + result.weightBytes;
    result.variableBytes = contents.variableBytes;
    if (program.selfTest)
      countSelfTest(contents);
    if (!program.versions.empty())
      countVersions(contents);
    if (!driver.weights)
      return true;
    return reserveWeights(result.object, weightsSection(options), result.error) &&
           (options.weightsApart || appendWeights());
  }

  void countSelfTest(const ObjectContents &contents) {
    for (const auto &[name, bytes] : contents.functionBytes)
      if (llvm::StringRef(name).starts_with(options.prefix + "_selftest") ||
          llvm::StringRef(name).starts_with("glmc_selftest") || name == options.prefix + "_launch_nodes")
        result.selfTestCodeBytes += bytes;
  }

  /// Kernels' sections have their functions' names.
  void countVersions(const ObjectContents &contents) {
    result.versionBytes.assign(versions.size(), 0);
    for (size_t i = 0; i < program.kernels.size(); i++)
      for (const auto &[name, bytes] : contents.functionBytes)
        if (name == program.kernels[i].name || llvm::StringRef(name).starts_with(program.kernels[i].name + "."))
          result.versionBytes[versionOf(program, i)] += name == program.kernels[i].name + ".choose" ? 0 : bytes;
  }

  bool appendWeights() {
    std::vector<char> &object = result.object;
    size_t end = object.size() + result.weightBytes;
    object.reserve(end);
    bool written = program.writeWeights([&](const uint8_t *bytes, size_t count) {
      object.insert(object.end(), bytes, bytes + std::min(count, end - object.size()));
    });
    if (!written || object.size() != end)
      result.error = "the weights could not be read whole";
    return result.error.empty();
  }

  const Program &program;
  const std::vector<kernels::CompiledKernel> &kernels;
  const ObjectOptions &options;
  std::vector<targets::Target> versions;
  ObjectResult result;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  Driver driver;
};

} // namespace

ObjectResult emitObject(const Program &program, const std::vector<kernels::CompiledKernel> &kernels,
                        const ObjectOptions &options) {
  return ObjectEmitter(program, kernels, options).emit();
}

} // namespace glmc::object
