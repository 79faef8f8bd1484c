//===- Models.h - The models of test/models and what simplify makes of them --===//
#ifndef GLMC_TEST_UNIT_MODELS_H
#define GLMC_TEST_UNIT_MODELS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace glmc {

/// Folders of test/models that hold a model, sorted, without path.
std::vector<std::string> modelFolders();

/// The path of one of them.
std::string modelPath(const std::string &folder);

/// The model, its free dimensions bound to those of data set `set`; null, with a
/// failure of the test, if that does not work.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context, const std::string &folder, size_t set = 0);

/// A folder as the name of a test: letters, digits and underscores.
std::string testName(std::string folder);

/// The compiler's own passes up to where kernels are formed, as glm-opt's
/// --pass-pipeline without "builtin.module": all that may change numbers.
std::string simplifyPasses();

} // namespace glmc

#endif // GLMC_TEST_UNIT_MODELS_H
