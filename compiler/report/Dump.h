//===- Dump.h - The IR after each pass, and each kernel, as files -----------===//
#ifndef GLMC_COMPILER_REPORT_DUMP_H
#define GLMC_COMPILER_REPORT_DUMP_H

#include "codegen/kernels/CompileKernel.h"
#include "compiler/report/PassRecord.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace glmc {

/// --dump-ir DIR: `03-fold-constants.mlir` and so on, with constants of more
/// than 4 KB elided; `plan-ENTRY.svg`, the memory plan as a picture;
/// `summary.txt` and `summary.json`; `kernels/NAME.stmt` and `kernels/NAME.s`. Does nothing for an empty directory.
/// Dumps are for people, so unlike outputs they stay when a later pass fails.
class Dump {
public:
  explicit Dump(std::string directory) : directory(std::move(directory)) {}
  /// Makes the directory.
  bool open(std::string &error);
  void writePass(mlir::ModuleOp module, size_t number, llvm::StringRef name);
  /// The plan of each glm.program as a picture; none before there are any.
  bool writePlans(mlir::ModuleOp module, std::string &error);
  bool writeSummary(const std::vector<PassRecord> &records, std::string &error);
  bool writeKernel(const std::string &name, const kernels::CompiledKernel &kernel, std::string &error);

private:
  bool write(const std::string &name, const std::string &text, std::string &error);
  std::string directory;
  std::string firstError; ///< Of writePass, told by writeSummary.
};

/// The passes' records as a table of text, and as a JSON array.
std::string summaryText(const std::vector<PassRecord> &records);
std::string summaryJson(const std::vector<PassRecord> &records);

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_DUMP_H
