//===- ShareKernels.cpp - Equal kernels become one --------------------------===//
//
// 1. In order of launches, print each kernel without its name and locations:
//    equal text is an equal kernel.
// 2. Later launches of an equal kernel run the first one, whose location
//    gathers the nodes of all.
// 3. Rename the survivors by number and content.
//
//===----------------------------------------------------------------------===//
#include "lowering/Passes.h"

#include "lowering/kernels/KernelRegion.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatAdapters.h"
#include "llvm/Support/FormatVariadic.h"

namespace glmc {
#define GEN_PASS_DEF_SHAREKERNELS
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

/// What the kernel does, from its ops: "matmul_add", "mul_add_sqrt". Long
/// chains show their first and last ops only.
std::string nameOf(glm::KernelOp kernel, size_t number) {
  SmallVector<std::string> parts;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (!isa<glm::ConstantOp>(op))
      parts.push_back(op.getName().stripDialect().str());
  if (parts.size() > 4)
    parts = {parts[0], parts[1], parts[parts.size() - 2], parts.back()};
  std::string name = llvm::formatv("k{0}", llvm::fmt_align(number, llvm::AlignStyle::Right, 2, '0'));
  for (const std::string &part : parts)
    name += "_" + part;
  return name;
}

struct ShareKernelsPass : glmc::impl::ShareKernelsBase<ShareKernelsPass> {
  std::string textOf(glm::KernelOp kernel) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    glm::KernelOp copy = cast<glm::KernelOp>(kernel->clone());
    copy.setSymName("k");
    copy->print(stream, OpPrintingFlags().useLocalScope());
    copy.erase();
    return text;
  }

  void runOnOperation() override {
    llvm::StringMap<glm::KernelOp> byText;
    llvm::MapVector<Operation *, SmallVector<Location>> locations;
    getOperation().walk([&](glm::LaunchOp launch) {
      glm::KernelOp kernel = kernelOf(launch);
      glm::KernelOp first = byText.try_emplace(textOf(kernel), kernel).first->second;
      locations[first].push_back(launch.getLoc());
      if (first == kernel)
        return;
      launch.setKernelAttr(FlatSymbolRefAttr::get(first.getSymNameAttr()));
      // Another launch may already share `kernel`, when the input was shared.
      if (SymbolTable::symbolKnownUseEmpty(kernel, getOperation()))
        kernel.erase();
      ++shared;
    });
    rename(locations);
  }

  /// Renames in two rounds: a final name could be an old name of another.
  void rename(llvm::MapVector<Operation *, SmallVector<Location>> &locations) {
    SymbolTableCollection tables;
    SymbolTable &symbols = tables.getSymbolTable(getOperation());
    Operation *previous = nullptr;
    for (auto &[op, where] : locations) {
      op->setLoc(FusedLoc::get(&getContext(), where));
      (void)symbols.renameToUnique(op, {&symbols});
      if (previous)
        op->moveAfter(previous);
      previous = op;
    }
    for (auto [number, entry] : llvm::enumerate(locations)) {
      auto kernel = cast<glm::KernelOp>(entry.first);
      if (failed(symbols.rename(kernel, nameOf(kernel, number)))) {
        kernel.emitError() << "the name " << nameOf(kernel, number) << " is taken";
        return signalPassFailure();
      }
    }
  }
};

} // namespace
