//===- FindTarget.cpp - The target that a pass's option names ---------------===//
#include "lowering/kernels/FindTarget.h"

namespace glmc {

std::optional<targets::Target> findTarget(mlir::ModuleOp module, const std::string &name) {
  std::string error;
  auto target = targets::findTarget(name, error);
  if (!target)
    module.emitError() << error;
  return target;
}

} // namespace glmc
