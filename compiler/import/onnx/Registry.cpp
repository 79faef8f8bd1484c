//===- Registry.cpp - Which function imports which operator -----------------===//
#include "compiler/import/onnx/Registry.h"

namespace glmc::onnximport {

const Operator *Registry::find(llvm::StringRef domain, llvm::StringRef type) const {
  domain = canonicalDomain(domain);
  auto found = operators.find(domain.empty() ? type.str() : (domain + "." + type).str());
  return found == operators.end() ? nullptr : &found->second;
}

const Registry &registry() {
  static const Registry all = [] {
    Registry registry;
    addConv(registry);
    addElementwise(registry);
    addMovement(registry);
    addIndexing(registry);
    addMatmul(registry);
    addPool(registry);
    addReduction(registry);
    addConstant(registry);
    addNorm(registry);
    addRotary(registry);
    addGroupQuery(registry);
    addQuantized(registry);
    addBlockQuantized(registry);
    addIntegerProducts(registry);
    return registry;
  }();
  return all;
}

} // namespace glmc::onnximport
