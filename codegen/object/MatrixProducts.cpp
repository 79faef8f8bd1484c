//===- MatrixProducts.cpp - Dot products of two rows as products of matrices ---===//
//
// With words w0, w1 of four columns c0..c3 and words x0, x1 of rows a and b, four
// sdot become two smmla and two shuffles:
//
//   rows         {a.x0, a.x1, b.x0, b.x1}
//   columns 0, 1 {c0.w0, c0.w1, c1.w0, c1.w1}  -> sums {a.c0, a.c1, b.c0, b.c1}
//   columns 2, 3 {c2.w0, c2.w1, c3.w0, c3.w1}  -> sums {a.c2, a.c3, b.c2, b.c3}
//
// The sums stay so until the chains end.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/MatrixProducts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/VectorUtils.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAArch64.h"

#include <algorithm>
#include <map>
#include <vector>

namespace glmc::object {
namespace {

using llvm::Value;

llvm::IntrinsicInst *asDot(Value *value) {
  auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(value);
  auto *type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return call && call->getIntrinsicID() == llvm::Intrinsic::aarch64_neon_sdot && type && type->getNumElements() == 4
             ? call
             : nullptr;
}

/// One row's sum: `start` plus the dot products of weights and lefts.
struct Chain {
  llvm::IntrinsicInst *end;
  Value *start;
  std::vector<Value *> weights, lefts;
};

/// The chain that ends with `end`, all in one block.
Chain chainOf(llvm::IntrinsicInst *end) {
  Chain chain = {end, nullptr, {}, {}};
  for (llvm::IntrinsicInst *dot = end;;) {
    chain.weights.push_back(dot->getArgOperand(1));
    chain.lefts.push_back(dot->getArgOperand(2));
    chain.start = dot->getArgOperand(0);
    llvm::IntrinsicInst *before = asDot(chain.start);
    if (!before || !before->hasOneUse() || before->getParent() != end->getParent())
      break;
    dot = before;
  }
  std::reverse(chain.weights.begin(), chain.weights.end());
  std::reverse(chain.lefts.begin(), chain.lefts.end());
  return chain;
}

bool isChainEnd(llvm::IntrinsicInst *dot) {
  if (!dot->hasOneUse())
    return true;
  llvm::IntrinsicInst *next = asDot(dot->user_back());
  return !next || next->getArgOperand(0) != dot || next->getParent() != dot->getParent();
}

/// Moves what `value` is made of before `place`, as far as it is behind it in the
/// block. False, and nothing moved, if something there must stay where it is.
class Hoist {
public:
  explicit Hoist(llvm::Instruction *place) : place(place) {}

  bool add(Value *value) {
    auto *instruction = llvm::dyn_cast<llvm::Instruction>(value);
    if (!instruction || instruction->getParent() != place->getParent() || instruction->comesBefore(place) ||
        moved.contains(instruction))
      return true;
    if (llvm::isa<llvm::PHINode>(instruction))
      return true;
    if (instruction == place || instruction->mayHaveSideEffects() ||
        (instruction->mayReadFromMemory() && isWrittenBefore(instruction)))
      return false;
    for (Value *operand : instruction->operands())
      if (!add(operand))
        return false;
    moved.insert(instruction);
    return true;
  }

  void move() {
    for (llvm::Instruction *instruction : moved)
      instruction->moveBefore(place->getIterator());
  }

private:
  bool isWrittenBefore(const llvm::Instruction *reader) const {
    for (const llvm::Instruction *each = place; each != reader; each = each->getNextNode())
      if (each->mayWriteToMemory())
        return true;
    return false;
  }

  llvm::Instruction *place;
  llvm::SetVector<llvm::Instruction *> moved; ///< Operands first.
};

/// Both rows' sums as matrices, before the end of `a`, which comes first.
bool pair(const Chain &a, const Chain &b) {
  Hoist hoist(a.end);
  bool good = hoist.add(b.start);
  for (Value *left : b.lefts)
    good = good && hoist.add(left);
  for (Value *weight : b.weights)
    good = good && hoist.add(weight);
  if (!good)
    return false;
  hoist.move();
  llvm::IRBuilder<> builder(a.end);
  auto *sums = llvm::cast<llvm::FixedVectorType>(a.end->getType());
  auto *bytes = llvm::FixedVectorType::get(builder.getInt8Ty(), 16);
  auto words = [&](Value *value) { return builder.CreateBitCast(value, sums); };
  auto shuffle = [&](Value *x, Value *y, llvm::ArrayRef<int> lanes) { return builder.CreateShuffleVector(x, y, lanes); };
  Value *low = llvm::Constant::getNullValue(sums), *high = low;
  for (size_t i = 0; i < a.weights.size(); i += 2) {
    Value *first = words(a.weights[i]), *second = words(a.weights[i + 1]);
    Value *rowA = shuffle(words(a.lefts[i]), words(a.lefts[i + 1]), {0, 4, 0, 4});
    Value *rowB = shuffle(words(b.lefts[i]), words(b.lefts[i + 1]), {0, 4, 0, 4});
    Value *rows = builder.CreateBitCast(shuffle(rowA, rowB, {0, 1, 4, 5}), bytes);
    auto multiply = [&](Value *sum, llvm::ArrayRef<int> lanes) {
      Value *columns = builder.CreateBitCast(shuffle(first, second, lanes), bytes);
      return builder.CreateIntrinsic(llvm::Intrinsic::aarch64_neon_smmla, {sums, bytes}, {sum, rows, columns});
    };
    low = multiply(low, {0, 4, 1, 5});
    high = multiply(high, {2, 6, 3, 7});
  }
  a.end->replaceAllUsesWith(builder.CreateAdd(a.start, shuffle(low, high, {0, 1, 4, 5})));
  b.end->replaceAllUsesWith(builder.CreateAdd(b.start, shuffle(low, high, {2, 3, 6, 7})));
  return true;
}

/// Whether the lefts are one word each, for all columns.
bool isOfOneRow(const Chain &chain) {
  return llvm::all_of(chain.lefts, [](Value *left) {
    auto *cast = llvm::dyn_cast<llvm::BitCastInst>(left);
    return llvm::getSplatValue(left) || (cast && llvm::getSplatValue(cast->getOperand(0)));
  });
}

} // namespace

void pairMatrixProducts(llvm::Function &function) {
  for (llvm::BasicBlock &block : function) {
    std::map<std::vector<Value *>, std::vector<Chain>> byWeights;
    std::vector<std::vector<Value *>> order; // Pointers have none that is the same in every run.
    for (llvm::Instruction &instruction : block)
      if (llvm::IntrinsicInst *dot = asDot(&instruction); dot && isChainEnd(dot)) {
        Chain chain = chainOf(dot);
        if (chain.weights.size() % 2 || !isOfOneRow(chain))
          continue;
        std::vector<Chain> &alike = byWeights[chain.weights];
        if (alike.empty())
          order.push_back(chain.weights);
        alike.push_back(std::move(chain));
      }
    for (const std::vector<Value *> &weights : order) {
      const std::vector<Chain> &alike = byWeights[weights];
      for (size_t i = 0; i + 1 < alike.size(); i += 2)
        pair(alike[i], alike[i + 1]);
    }
  }
}

} // namespace glmc::object
