//===- FindTarget.h - The target that a pass's option names -----------------===//
#ifndef GLMC_LOWERING_KERNELS_FINDTARGET_H
#define GLMC_LOWERING_KERNELS_FINDTARGET_H

#include "mlir/IR/BuiltinOps.h"

#include "targets/Target.h"

#include <optional>

namespace glmc {

/// The target of this name; without one the error is reported at `module`.
std::optional<targets::Target> findTarget(mlir::ModuleOp module, const std::string &name);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FINDTARGET_H
