//===- Registry.cpp - Which function imports which operator -----------------===//
#include "compiler/import/onnx/Registry.h"

namespace glmc::onnximport {

const Operator *Registry::find(llvm::StringRef domain, llvm::StringRef type) const {
  auto found = canonicalDomain(domain).empty() ? operators.find(type) : operators.end();
  return found == operators.end() ? nullptr : &found->second;
}

const Registry &registry() {
  static const Registry all = [] {
    Registry registry;
    addElementwise(registry);
    addMovement(registry);
    addIndexing(registry);
    addMatmul(registry);
    addReduction(registry);
    addConstant(registry);
    return registry;
  }();
  return all;
}

} // namespace glmc::onnximport
