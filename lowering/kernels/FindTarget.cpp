//===- FindTarget.cpp - The target that a pass's option names ---------------===//
#include "lowering/kernels/FindTarget.h"

namespace glmc {

std::optional<std::vector<targets::Target>> findTargets(mlir::ModuleOp module, const std::string &list) {
  std::string error;
  auto found = targets::findTargets(list, error);
  if (!found)
    module.emitError() << error;
  return found;
}

} // namespace glmc
