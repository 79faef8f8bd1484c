//===- Dump.cpp - The IR after each pass, and each kernel, as files ---------===//
#include "compiler/report/Dump.h"

#include "compiler/report/PlanPicture.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatAdapters.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace glmc {

/// Elements of a constant beyond which a dump elides it. What folding keeps in
/// the IR as an attribute (4 KB) is shown, so such a dump can be read again.
constexpr int64_t shownElements = 4096;

bool Dump::open(std::string &error) {
  if (directory.empty())
    return true;
  llvm::SmallString<128> kernels(directory);
  llvm::sys::path::append(kernels, "kernels");
  std::error_code code = llvm::sys::fs::create_directories(kernels);
  if (code)
    error = "cannot make the dump directory '" + directory + "': " + code.message();
  return !code;
}

bool Dump::write(const std::string &name, const std::string &text, std::string &error) {
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, name);
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (!code) {
    stream << text;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    error = "cannot write '" + path.str().str() + "': " + code.message();
  return !code;
}

void Dump::writePass(ModuleOp module, size_t number, StringRef name) {
  if (directory.empty() || !firstError.empty())
    return;
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, OpPrintingFlags().elideLargeElementsAttrs(shownElements).elideLargeResourceString(0));
  std::string file = llvm::formatv("{0}-{1}.mlir", llvm::fmt_align(number, llvm::AlignStyle::Right, 2, '0'), name);
  write(file, text, firstError);
}

/// A symbol's name as part of a file's: what might mean something else to a
/// file system becomes an underscore.
static std::string fileNameOf(StringRef symbol, llvm::StringSet<> &taken) {
  std::string name;
  for (char c : symbol.take_front(100))
    name += llvm::isAlnum(c) || c == '-' || c == '_' ? c : '_';
  std::string unique = name;
  for (unsigned i = 1; !taken.insert(unique).second; ++i)
    unique = name + "-" + std::to_string(i);
  return unique;
}

bool Dump::writePlans(ModuleOp module, std::string &error) {
  if (directory.empty())
    return true;
  llvm::StringSet<> taken;
  for (auto program : module.getOps<glm::ProgramOp>())
    if (!write("plan-" + fileNameOf(program.getSymName(), taken) + ".svg", planPicture(program), error))
      return false;
  return true;
}

bool Dump::writeSummary(const std::vector<PassRecord> &records, std::string &error) {
  if (directory.empty())
    return true;
  error = firstError;
  return error.empty() && write("summary.txt", summaryText(records), error) &&
         write("summary.json", summaryJson(records) + "\n", error);
}

bool Dump::writeKernel(const std::string &name, const kernels::CompiledKernel &kernel, std::string &error) {
  if (directory.empty())
    return true;
  return write("kernels/" + name + ".stmt", kernel.lowered, error) &&
         write("kernels/" + name + ".s", kernel.assembly, error);
}

std::string summaryText(const std::vector<PassRecord> &records) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  constexpr const char *row = "{0,-22} {1,8} {2,8} {3,14} {4,16} {5,9} {6,10}\n";
  stream << llvm::formatv(row, "pass", "ops in", "ops out", "constants (B)", "activations (B)", "launches",
                          "time (ms)");
  for (const PassRecord &r : records)
    stream << llvm::formatv(row, r.name, r.opsBefore, r.opsAfter, r.constantBytes, r.activationBytes, r.launches,
                            llvm::formatv("{0:F2}", r.seconds * 1e3).str());
  return text;
}

std::string summaryJson(const std::vector<PassRecord> &records) {
  llvm::json::Array passes;
  for (const PassRecord &r : records)
    passes.push_back(llvm::json::Object{{"name", r.name},
                                        {"ops_before", r.opsBefore},
                                        {"ops_after", r.opsAfter},
                                        {"constant_bytes", r.constantBytes},
                                        {"activation_bytes", r.activationBytes},
                                        {"launches", r.launches},
                                        {"seconds", r.seconds}});
  return llvm::formatv("{0:2}", llvm::json::Value(std::move(passes)));
}

} // namespace glmc
