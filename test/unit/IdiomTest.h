//===- IdiomTest.h - A pass must not change what a graph computes ------------===//
//
// FileCheck tests say what a pass makes; these say that it is right. A graph is
// evaluated by the reference evaluator on seeded inputs, before and after.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_IDIOMTEST_H
#define GLMC_TEST_UNIT_IDIOMTEST_H

#include "dialects/glm/GlmOps.h"
#include "dialects/glm/reference/Tensor.h"

#include <string>

namespace glmc {

/// Inputs' integers are from 0 to below this: indices of what graphs gather.
constexpr int64_t seededIntegers = 2;

/// What differs by more than 1e-5 of the larger of the element and the tensor's
/// root mean square (or the steps of 16-bit floats); empty if nothing does.
/// NaNs are equal.
std::string differences(const reference::Tensor &expected, const reference::Tensor &got);

/// Evaluates every graph of the module, runs the passes of `pipeline` on it
/// (as glm-opt's --pass-pipeline, without "builtin.module"), evaluates again,
/// and expects the same numbers. Returns the module as text afterwards.
std::string expectSameNumbers(mlir::ModuleOp module, const std::string &pipeline);
std::string expectSameNumbers(const std::string &text, const std::string &pipeline);

/// Runs the passes; fails the test if they do.
void runPasses(mlir::ModuleOp module, const std::string &pipeline);

/// How many ops of this name the module's graphs have.
int64_t countOps(mlir::ModuleOp module, llvm::StringRef name);

} // namespace glmc

#endif // GLMC_TEST_UNIT_IDIOMTEST_H
