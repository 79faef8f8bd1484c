//===- PeakKernels.cpp - What a processor can do at most --------------------===//
//
// Each function is one loop that keeps independent chains of vectors: enough
// that no latency shows, few enough that none leaves its register.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/PeakKernels.h"

#include "codegen/object/LinkKernels.h"
#include "codegen/object/MachineCode.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <functional>

namespace glmc::object {
namespace {

/// Of each place a step reads as much as a line of most caches.
constexpr int64_t lineBytes = 64;

int64_t readChains(const targets::Target &target) { return peakReadStreams * lineBytes / target.vectorBytes; }

/// Factor and addend take a register each, and some are left to the compiler.
int64_t multiplyAddChains(const targets::Target &target) {
  return std::clamp<int64_t>(target.vectorRegisters - 4, 2, 24);
}

/// Chains are stored to the result one behind the other.
static_assert(peakReadStreams * lineBytes <= peakResultBytes && 24 * 64 <= peakResultBytes);

class LoopBuilder {
public:
  LoopBuilder(llvm::Module &module, const targets::Target &target)
      : module(module), target(target), builder(module.getContext()) {
    // As kernels have it: what may be contracted carries a flag of its own.
    llvm::FastMathFlags flags;
    flags.setAllowContract();
    builder.setFastMathFlags(flags);
  }

  void buildMultiplyAdd() {
    auto *vector = llvm::FixedVectorType::get(builder.getFloatTy(), std::max<int64_t>(target.vectorBytes / 4, 1));
    llvm::Function *function = define(peakMultiplyAddName, {builder.getInt64Ty(), builder.getPtrTy()});
    llvm::Value *factor = builder.CreateAlignedLoad(vector, function->getArg(1), llvm::Align(4));
    loop(function->getArg(0), vector, multiplyAddChains(target), function->getArg(1),
         [&](llvm::Value *, int64_t, llvm::Value *chain) {
           return builder.CreateFAdd(builder.CreateFMul(chain, factor), factor);
         });
  }

  void buildRead() {
    auto *vector = llvm::FixedVectorType::get(builder.getInt8Ty(), target.vectorBytes);
    llvm::Type *i64 = builder.getInt64Ty();
    llvm::Function *function = define(peakReadName, {builder.getPtrTy(), i64, i64, builder.getPtrTy()});
    const int64_t vectors = lineBytes / target.vectorBytes; // Of a line.
    loop(function->getArg(1), vector, readChains(target), function->getArg(3),
         [&](llvm::Value *step, int64_t number, llvm::Value *chain) {
           llvm::Value *line = builder.CreateAdd(builder.CreateMul(step, builder.getInt64(lineBytes)),
                                                 builder.getInt64(number % vectors * target.vectorBytes));
           llvm::Value *place = builder.CreateMul(function->getArg(2), builder.getInt64(number / vectors));
           llvm::Value *address =
               builder.CreateGEP(builder.getInt8Ty(), function->getArg(0), builder.CreateAdd(line, place));
           return builder.CreateXor(chain, builder.CreateAlignedLoad(vector, address, llvm::Align(target.vectorBytes)));
         });
  }

private:
  llvm::BasicBlock *newBlock(llvm::Function *function) {
    return llvm::BasicBlock::Create(module.getContext(), "", function);
  }

  llvm::Function *define(const char *name, llvm::ArrayRef<llvm::Type *> parameters) {
    auto *type = llvm::FunctionType::get(builder.getVoidTy(), parameters, false);
    auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
    useTarget(*function, target);
    builder.SetInsertPoint(newBlock(function));
    return function;
  }

  /// `count` times, at least once: each of `chains` values becomes what `next`
  /// makes of it. They begin as what `result` holds, and are left there.
  void loop(llvm::Value *count, llvm::Type *type, int64_t chains, llvm::Value *result,
            const std::function<llvm::Value *(llvm::Value *, int64_t, llvm::Value *)> &next) {
    llvm::BasicBlock *entry = builder.GetInsertBlock(), *body = newBlock(entry->getParent()),
                     *end = newBlock(entry->getParent());
    std::vector<llvm::Value *> places, starts;
    for (int64_t i = 0; i < chains; ++i) {
      places.push_back(builder.CreateConstGEP1_64(type, result, i));
      starts.push_back(builder.CreateAlignedLoad(type, places.back(), llvm::Align(4)));
    }
    builder.CreateBr(body);
    builder.SetInsertPoint(body);
    llvm::PHINode *step = builder.CreatePHI(builder.getInt64Ty(), 2);
    step->addIncoming(builder.getInt64(0), entry);
    std::vector<llvm::PHINode *> values;
    for (llvm::Value *start : starts) {
      values.push_back(builder.CreatePHI(type, 2));
      values.back()->addIncoming(start, entry);
    }
    for (int64_t i = 0; i < chains; ++i)
      values[i]->addIncoming(next(step, i, values[i]), body);
    llvm::Value *after = builder.CreateAdd(step, builder.getInt64(1));
    step->addIncoming(after, body);
    builder.CreateCondBr(builder.CreateICmpSLT(after, count), body, end);
    builder.SetInsertPoint(end);
    for (int64_t i = 0; i < chains; ++i)
      builder.CreateAlignedStore(values[i]->getIncomingValueForBlock(body), places[i], llvm::Align(4));
    builder.CreateRetVoid();
  }

  llvm::Module &module;
  const targets::Target &target;
  llvm::IRBuilder<> builder;
};

} // namespace

PeakKernels emitPeakKernels(const targets::Target &target) {
  PeakKernels result;
  ObjectOptions options;
  options.target = target;
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(options, result.error);
  if (!machine)
    return result;
  llvm::LLVMContext context;
  llvm::Module module("peaks", context);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  LoopBuilder loops(module, target);
  loops.buildMultiplyAdd();
  loops.buildRead();
  llvm::raw_string_ostream problems(result.error);
  if (llvm::verifyModule(module, &problems))
    return result;
  llvm::SmallVector<char, 0> bytes;
  Frames frames;
  if (!emitCode(module, *machine, llvm::CodeGenFileType::ObjectFile, bytes, frames, result.error))
    return result;
  result.object.assign(bytes.begin(), bytes.end());
  result.flopsPerStep = 2 * multiplyAddChains(target) * std::max<int64_t>(target.vectorBytes / 4, 1);
  result.bytesPerStep = peakReadStreams * lineBytes;
  return result;
}

} // namespace glmc::object
