//===- FirstDeparture.h - Which op goes wrong first ---------------------------===//
//
// For `glmc verify --layers`. The reference evaluator computes every value of
// the imported graph; compiled probes, the same graph returning other values,
// are compared with it:
//   1. One probe returns every value. The first that departs is the answer.
//   2. If none does, what departs may need ops to be fused, and returning a
//      value keeps it from that: probe 16 values spread over the graph, then 16
//      between the first that departs and the one before it, and so on. What
//      departs no more when its neighbours are returned was the answer.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_FIRSTDEPARTURE_H
#define GLMC_COMPILER_FIRSTDEPARTURE_H

#include "compiler/Compare.h"
#include "compiler/Session.h"

namespace glmc {

struct Departure {
  std::string op;   ///< "glm.matmul".
  std::string node; ///< "node '/mlp/MatMul' (MatMul, opset 17)"; empty for none.
  Difference difference;
};

struct LayerReport {
  int64_t values = 0; ///< How many values the graph computes.
  std::optional<Departure> first;
};

/// Compares the model's values on `inputs`, one an argument of the graph.
/// `cxx` as in ModelRunner. Fails after an error was printed.
mlir::FailureOr<LayerReport> findFirstDeparture(mlir::ModuleOp imported, const BuildFlags &flags,
                                                const CompileOptions &options, const std::string &cxx,
                                                const std::vector<reference::Tensor> &inputs,
                                                const Tolerance &tolerance);

} // namespace glmc

#endif // GLMC_COMPILER_FIRSTDEPARTURE_H
