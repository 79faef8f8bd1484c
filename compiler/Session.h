//===- Session.h - What every command begins with -----------------------------===//
#ifndef GLMC_COMPILER_SESSION_H
#define GLMC_COMPILER_SESSION_H

#include "compiler/Commands.h"
#include "compiler/Compile.h"

#include "llvm/Support/JSON.h"

namespace glmc {

/// Prints a line that says an error on stderr; gives the exit code.
int fail(const std::string &line);

/// Options for `model` as flags say, and the file that --weights names, if the
/// command writes one. False: the error was printed.
bool fillOptions(const BuildFlags &flags, const std::string &model, CompileOptions &options,
                 std::string *weightsFile = nullptr);

/// compile() with a progress line while it runs.
mlir::LogicalResult compileWithProgress(mlir::MLIRContext &context, const BuildFlags &flags, CompileOptions options,
                                        CompileResult &result);

/// Why this machine cannot run code for `target`: "no AVX-512 (avx512f, ...)";
/// empty if it can.
std::string whyNotHere(const targets::Target &target);
/// The same of a program, of which one version has to run; of the first one.
std::string whyNotHere(const CompileOptions &options);
/// The target that a program runs on this machine as; null if none.
const targets::Target *bestHere(const CompileOptions &options);

/// fillOptions() for code that this machine is to run, by one call of an entry
/// point unless it may keep state; if it may be emulated, also code for another kind
/// of machine. False also if it cannot; the error was printed.
bool fillOptionsToRun(const BuildFlags &flags, const std::string &model, CompileOptions &options,
                      bool mayKeepState = false, bool mayEmulate = false);

/// Writes a JSON report where --json says; false: the error was printed.
bool writeReport(const std::string &path, const std::string &text);
/// Text of a JSON value as reports are written.
std::string textOf(llvm::json::Value value);
/// A number, or null where JSON has none for it.
llvm::json::Value jsonNumber(double value);

/// "14.2 MB", "1,536 B" as people read them.
std::string humanBytes(int64_t bytes);
/// printf's %.*g.
std::string shortNumber(double value, int digits = 3);

} // namespace glmc

#endif // GLMC_COMPILER_SESSION_H
