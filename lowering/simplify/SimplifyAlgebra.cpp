//===- SimplifyAlgebra.cpp - Identities, cheaper equals, absorbed movement --===//
#include "lowering/Passes.h"

#include "lowering/simplify/Algebra.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace glmc {
#define GEN_PASS_DEF_SIMPLIFYALGEBRA
#include "lowering/Passes.h.inc"
} // namespace glmc

using namespace mlir;
using namespace glmc;

namespace {

struct SimplifyAlgebraPass : glmc::impl::SimplifyAlgebraBase<SimplifyAlgebraPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addNumberAlgebra(patterns);
    addMovementAlgebra(patterns);
    addSliceAlgebra(patterns);
    addDequantizeAlgebra(patterns);
    // Every equation makes the graph smaller or moves a slice up, so this ends.
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
