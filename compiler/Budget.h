//===- Budget.h - What a program may take, and what to change if it takes more --===//
#ifndef GLMC_COMPILER_BUDGET_H
#define GLMC_COMPILER_BUDGET_H

#include "compiler/Compile.h"

namespace glmc {

/// Bytes as people write them: "65536", "64K" (of 1024), "1M". Nothing, with `error`
/// set to what `flag` should be, for anything else and for what is less than 1.
std::optional<int64_t> parseBytes(const std::string &flag, const std::string &text, std::string &error);

/// Whether the program that `result` holds keeps to the budgets of `options`. If not,
/// that is reported, with what would change it: each suggestion was compiled, and is
/// told with what it saves, the most first.
mlir::LogicalResult checkBudget(mlir::MLIRContext &context, const CompileOptions &options,
                                const CompileResult &result);

} // namespace glmc

#endif // GLMC_COMPILER_BUDGET_H
