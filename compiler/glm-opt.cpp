//===- glm-opt.cpp - Runs any pass of glmc alone ------------------------------===//
//
// For tests and for looking at one pass. MLIR's debug flags live here, not in
// glmc.
//
//===----------------------------------------------------------------------===//
#include "compiler/Pipeline.h"
#include "dialects/glm/GlmOps.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  glmc::registerPasses();
  mlir::DialectRegistry registry;
  registry.insert<glmc::glm::GlmDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "glmc's passes, one at a time\n", registry));
}
