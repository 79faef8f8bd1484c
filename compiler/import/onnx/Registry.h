//===- Registry.h - Which function imports which operator -------------------===//
//
// To import another operator: write a handler in the file of its family
// (Import*.cpp) and add it there. A handler reads the operator as each opset
// from `oldestOpset` to `newestOpset` defines it; nothing is converted.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_REGISTRY_H
#define GLMC_COMPILER_IMPORT_ONNX_REGISTRY_H

#include "compiler/import/onnx/OnnxNode.h"

#include "llvm/ADT/StringMap.h"

#include <functional>

namespace glmc::onnximport {

/// Opsets of ONNX's own domain that are read.
constexpr int oldestOpset = 7, newestOpset = 25;

using Handler = std::function<mlir::LogicalResult(OnnxNode &)>;

/// How an operator is imported.
struct Operator {
  Handler handler;
  unsigned requiredInputs; ///< The first so many inputs may not be left out.
};

class Registry {
public:
  /// `type` is with domain where it is not ONNX's own: "com.microsoft.FusedMatMul".
  void add(llvm::StringRef type, unsigned requiredInputs, Handler handler) {
    operators[type] = Operator{std::move(handler), requiredInputs};
  }
  /// Null if nothing imports it.
  const Operator *find(llvm::StringRef domain, llvm::StringRef type) const;

private:
  llvm::StringMap<Operator> operators;
};

/// All families.
const Registry &registry();

void addConv(Registry &registry);
void addElementwise(Registry &registry);
void addMovement(Registry &registry);
void addIndexing(Registry &registry);
void addMatmul(Registry &registry);
void addPool(Registry &registry);
void addReduction(Registry &registry);
void addConstant(Registry &registry);
void addNorm(Registry &registry);
void addRotary(Registry &registry);
void addGroupQuery(Registry &registry);
void addQuantized(Registry &registry);
void addBlockQuantized(Registry &registry);
void addIntegerProducts(Registry &registry);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_REGISTRY_H
