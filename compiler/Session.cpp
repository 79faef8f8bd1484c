//===- Session.cpp - What every command begins with ---------------------------===//
#include "compiler/Session.h"

#include "compiler/Emulator.h"
#include "compiler/Progress.h"
#include "compiler/WriteFile.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <cstdio>

using namespace mlir;

namespace glmc {

int fail(const std::string &line) {
  std::fprintf(stderr, "%s\n", line.c_str());
  return 1;
}

/// The target, or those of a list.
static bool fillTargets(const std::string &list, CompileOptions &options, std::string &error) {
  auto versions = targets::findTargets(list, error);
  if (!versions)
    return false;
  options.target = versions->front();
  if (versions->size() > 1 && isFreestanding(options.target)) {
    error = "'" + list + "' names versions for '" + options.target.name +
            "', which has no operating system that tells processors apart; expected one target";
    return false;
  }
  if (versions->size() > 1) {
    options.target.name.clear();
    for (const targets::Target &version : *versions)
      options.target.name += (options.target.name.empty() ? "" : ",") + version.name;
    options.versions = std::move(*versions);
  }
  if (StringRef(list).contains('/') || StringRef(list).contains(".json"))
    options.targetFile = list;
  return true;
}

bool fillOptions(const BuildFlags &flags, const std::string &model, CompileOptions &options, std::string *weightsFile) {
  options.input = model;
  options.math = flags.math == "exact" ? kernels::Math::exact : kernels::Math::fast;
  options.jobs = flags.jobs;
  std::string error;
  if (!parseBindings(flags.binding, options.binding, error)) {
    fail("glmc: error: " + error);
    return false;
  }
  if (!parseCompress(flags.compress, options.compress, weightsFile, error)) {
    fail("glmc: error: " + error);
    return false;
  }
  if (!fillTargets(flags.target, options, error)) {
    fail("glmc: error: " + error);
    return false;
  }
  options.threads = flags.threads;
  options.tuning = flags.tuning;
  options.optimize = flags.optimize.empty() ? options.target.optimize : flags.optimize;
  if (flags.threads > 1 && isFreestanding(options.target)) {
    fail("glmc: error: --threads is " + std::to_string(flags.threads) + ", but target '" + options.target.name +
         "' has no operating system (" + options.target.triple + "); expected 1");
    return false;
  }
  return true;
}

LogicalResult compileWithProgress(MLIRContext &context, const BuildFlags &flags, CompileOptions options,
                                  CompileResult &result) {
  Progress progress(flags.quiet, llvm::sys::path::filename(options.input).str());
  options.progress = [&](const std::string &what, size_t done, size_t total) { progress.update(what, done, total); };
  return compile(context, options, result);
}

std::string whyNotHere(const targets::Target &target) {
  const std::vector<std::string> missing = targets::missingFeatures(target);
  if (missing.empty())
    return "";
  std::string list;
  for (const std::string &feature : missing)
    list += (list.empty() ? "" : ", ") + feature;
  // The family's name says more than its parts; most CPUs have all or none.
  if (llvm::any_of(missing, [](StringRef feature) { return feature == "avx512f"; }))
    return "no AVX-512 (" + list + ")";
  return "no " + list;
}

const targets::Target *bestHere(const CompileOptions &options) {
  if (options.versions.empty())
    return targets::missingFeatures(options.target).empty() ? &options.target : nullptr;
  for (const targets::Target &version : llvm::reverse(options.versions))
    if (targets::missingFeatures(version).empty())
      return &version;
  return nullptr;
}

std::string whyNotHere(const CompileOptions &options) {
  return bestHere(options) ? "" : whyNotHere(options.target);
}

bool fillOptionsToRun(const BuildFlags &flags, const std::string &model, CompileOptions &options, bool mayKeepState,
                      bool mayEmulate) {
  if (!fillOptions(flags, model, options))
    return false;
  if (options.binding.context && !mayKeepState) {
    fail("glmc: error: --context makes a program that is called for each token, which one call shows nothing of: "
         "`glmc compile` it");
    return false;
  }
  std::string error;
  if (mayEmulate && (Emulator::find(options.target, error) || !error.empty())) {
    if (!error.empty())
      fail("glmc: error: " + error);
    return error.empty();
  }
  const std::string why = whyNotHere(options);
  if (!why.empty())
    fail("glmc: error: this machine cannot run '" + options.target.name + "': " + why);
  return why.empty();
}

bool writeReport(const std::string &path, const std::string &text) {
  std::string error;
  const bool endsLine = !text.empty() && text.back() == '\n';
  if (path.empty() || writeFile(path, endsLine ? text : text + "\n", error))
    return true;
  fail(path + ": error: " + error);
  return false;
}

std::string textOf(llvm::json::Value value) { return llvm::formatv("{0:2}", value).str(); }

llvm::json::Value jsonNumber(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(nullptr);
}

std::string humanBytes(int64_t bytes) {
  if (bytes < 10000)
    return std::to_string(bytes) + " B";
  const char *const units[] = {"KB", "MB", "GB", "TB"};
  double value = double(bytes) / 1000;
  int unit = 0;
  for (; value >= 1000 && unit < 3; ++unit)
    value /= 1000;
  return shortNumber(value) + " " + units[unit];
}

std::string shortNumber(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

} // namespace glmc
