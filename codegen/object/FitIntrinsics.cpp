//===- FitIntrinsics.cpp - Instructions that Halide chose, as the target has them ===//
#include "codegen/object/FitIntrinsics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicsARM.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PatternMatch.h"

namespace glmc::object {
namespace {

using llvm::Intrinsic::ID;

/// The intrinsic of 256 bits that does to each half what `wide` does to the whole;
/// all of them work within 128 bits.
ID halfOf(llvm::StringRef wide) {
  wide.consume_front("llvm.x86.avx512.");
  return llvm::StringSwitch<ID>(wide)
      .Case("vpdpbusd.512", llvm::Intrinsic::x86_avx512_vpdpbusd_256)
      .Case("vpdpbusds.512", llvm::Intrinsic::x86_avx512_vpdpbusds_256)
      .Case("vpdpwssd.512", llvm::Intrinsic::x86_avx512_vpdpwssd_256)
      .Case("vpdpwssds.512", llvm::Intrinsic::x86_avx512_vpdpwssds_256)
      .Case("pmaddw.d.512", llvm::Intrinsic::x86_avx2_pmadd_wd)
      .Case("pmaddubs.w.512", llvm::Intrinsic::x86_avx2_pmadd_ub_sw)
      .Case("packsswb.512", llvm::Intrinsic::x86_avx2_packsswb)
      .Case("packssdw.512", llvm::Intrinsic::x86_avx2_packssdw)
      .Case("packuswb.512", llvm::Intrinsic::x86_avx2_packuswb)
      .Case("packusdw.512", llvm::Intrinsic::x86_avx2_packusdw)
      .Case("pmul.hr.sw.512", llvm::Intrinsic::x86_avx2_pmul_hr_sw)
      .Case("pmulh.w.512", llvm::Intrinsic::x86_avx2_pmulh_w)
      .Case("pmulhu.w.512", llvm::Intrinsic::x86_avx2_pmulhu_w)
      .Case("psad.bw.512", llvm::Intrinsic::x86_avx2_psad_bw)
      .Default(llvm::Intrinsic::not_intrinsic);
}

/// What the target must require for an intrinsic, one of these; empty: nothing that
/// is looked at here.
llvm::SmallVector<llvm::StringRef> featuresOf(llvm::StringRef name) {
  if (!name.consume_front("llvm.x86."))
    return {};
  if (name.starts_with("avx512bf16."))
    return {"avx512bf16"};
  if (name.starts_with("avx512.vpdp"))
    return name.ends_with(".512") ? llvm::SmallVector<llvm::StringRef>{"avx512vnni"}
                                  : llvm::SmallVector<llvm::StringRef>{"avx512vnni", "avxvnni"};
  if (name.starts_with("avx512"))
    return {"avx512f"};
  if (name.starts_with("avx2."))
    return {"avx2"};
  if (name.starts_with("tdpb") || name.starts_with("tile"))
    return {"amx-tile"};
  return {};
}

/// Low or high half of a vector, as an operand of `type`.
llvm::Value *halfVector(llvm::IRBuilder<> &builder, llvm::Value *vector, bool high, llvm::Type *type) {
  const int lanes = int(llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements()) / 2;
  llvm::SmallVector<int> mask;
  for (int i = 0; i < lanes; i++)
    mask.push_back(i + (high ? lanes : 0));
  return builder.CreateBitCast(builder.CreateShuffleVector(vector, mask), type);
}

void split(llvm::CallInst &call, ID half) {
  llvm::IRBuilder<> builder(&call);
  llvm::Function *callee = llvm::Intrinsic::getOrInsertDeclaration(call.getModule(), half);
  auto *result = llvm::cast<llvm::FixedVectorType>(call.getType());
  auto *halfResult = llvm::FixedVectorType::getHalfElementsVectorType(result);
  llvm::Value *halves[2];
  for (bool high : {false, true}) {
    llvm::SmallVector<llvm::Value *> arguments;
    for (auto [i, argument] : llvm::enumerate(call.args()))
      arguments.push_back(halfVector(builder, argument, high, callee->getFunctionType()->getParamType(i)));
    halves[high] = builder.CreateBitCast(builder.CreateCall(callee, arguments), halfResult);
  }
  llvm::SmallVector<int> all;
  for (unsigned i = 0; i < result->getNumElements(); i++)
    all.push_back(int(i));
  call.replaceAllUsesWith(builder.CreateShuffleVector(halves[0], halves[1], all));
  call.eraseFromParent();
}

/// What codegen/kernels calls of a processor without vectors (Dots.h).
bool isArmCall(const llvm::Function &callee) { return callee.getName().starts_with("glmc_arm_"); }

void replaceArmCall(llvm::CallInst &call) {
  llvm::IRBuilder<> builder(&call);
  const llvm::StringRef name = call.getCalledFunction()->getName();
  llvm::Value *first = call.getArgOperand(0);
  llvm::Value *result;
  if (name == "glmc_arm_smlad") {
    result = builder.CreateIntrinsic(llvm::Intrinsic::arm_smlad, {first, call.getArgOperand(1), call.getArgOperand(2)});
  } else {
    if (name == "glmc_arm_sxtb16_high") // Rotated, as the instruction can.
      first = builder.CreateIntrinsic(llvm::Intrinsic::fshr, {first->getType()}, {first, first, builder.getInt32(8)});
    result = builder.CreateIntrinsic(llvm::Intrinsic::arm_sxtb16, {first});
  }
  call.replaceAllUsesWith(result);
  call.eraseFromParent();
}

/// A sum of products of signed bytes, as Helium adds them to a register. LLVM has the
/// pattern too, but not once it has taken the bytes from memory lane by lane.
bool replaceHeliumSum(llvm::CallInst &call) {
  using namespace llvm::PatternMatch;
  llvm::Value *a, *b, *sum;
  if (!match(&call, m_Intrinsic<llvm::Intrinsic::vector_reduce_add>(m_Mul(m_SExt(m_Value(a)), m_SExt(m_Value(b))))) ||
      !call.getType()->isIntegerTy(32) || a->getType() != b->getType() ||
      a->getType() != llvm::FixedVectorType::get(llvm::Type::getInt8Ty(call.getContext()), 16))
    return false;
  llvm::Instruction *replaced = &call;
  sum = llvm::ConstantInt::get(call.getType(), 0);
  if (call.hasOneUse() && match(call.user_back(), m_c_Add(m_Specific(&call), m_Value(sum))))
    replaced = call.user_back();
  llvm::IRBuilder<> builder(replaced);
  llvm::Value *zero = builder.getInt32(0);
  replaced->replaceAllUsesWith(
      builder.CreateIntrinsic(llvm::Intrinsic::arm_mve_vmldava, {a->getType()}, {zero, zero, zero, sum, a, b}));
  // Whoever walks over these meets what is no longer used; optimisation removes it.
  return true;
}

} // namespace

bool fitIntrinsics(llvm::Function &function, const targets::Target &target, std::string &error) {
  auto has = [&](llvm::StringRef feature) { return llvm::is_contained(target.requirements, feature); };
  const bool wide = has("avx512f");
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    const llvm::Function *callee = call ? call->getCalledFunction() : nullptr;
    if (callee && isArmCall(*callee)) {
      if (target.dot != "smlad") {
        error = "a kernel calls '" + callee->getName().str() + "', which target '" + target.name + "' does not have";
        return false;
      }
      replaceArmCall(*call);
      continue;
    }
    if (!callee || !callee->isIntrinsic() || (target.dot == "mve" && replaceHeliumSum(*call)))
      continue;
    const ID half = wide ? llvm::Intrinsic::not_intrinsic : halfOf(callee->getName());
    const bool splits = half != llvm::Intrinsic::not_intrinsic;
    const llvm::StringRef name = splits ? llvm::Intrinsic::getBaseName(half) : callee->getName();
    const auto features = featuresOf(name);
    if (!features.empty() && llvm::none_of(features, has)) {
      error = "Halide chose '" + name.str() + "', for which target '" + target.name + "' does not require '" +
              features.front().str() + "'";
      return false;
    }
    if (splits)
      split(*call, half);
  }
  return true;
}

} // namespace glmc::object
