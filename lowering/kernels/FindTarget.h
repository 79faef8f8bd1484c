//===- FindTarget.h - The targets that a pass's option names ----------------===//
#ifndef GLMC_LOWERING_KERNELS_FINDTARGET_H
#define GLMC_LOWERING_KERNELS_FINDTARGET_H

#include "mlir/IR/BuiltinOps.h"

#include "targets/Target.h"

#include <optional>
#include <vector>

namespace glmc {

/// The targets of a list (targets::findTargets), plainest first; without them the
/// error is reported at `module`.
std::optional<std::vector<targets::Target>> findTargets(mlir::ModuleOp module, const std::string &list);

} // namespace glmc

#endif // GLMC_LOWERING_KERNELS_FINDTARGET_H
