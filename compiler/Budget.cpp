//===- Budget.cpp - What a program may take, and what to change if it takes more -===//
//
// Changes are tried one by one, each by compiling the model so; where none is enough,
// then all of those together that save something. Nothing is estimated: how much code a kernel takes
// with other weights, or what a shorter context leaves of the arena, only a plan and
// an object show.
//
//===----------------------------------------------------------------------===//
#include "compiler/Budget.h"

#include "compiler/Session.h"
#include "dialects/glm/GlmOps.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace glmc {
namespace {

/// A change, as flags say it, and how to make it.
struct Change {
  std::string text;
  std::function<void(CompileOptions &)> apply;
  Footprint footprint; ///< With it.
  bool isPart = false; ///< Of another change: not to be made beside it.
};

/// Layers that are suggested one by one.
constexpr size_t mostLayers = 3;

class Advisor {
public:
  Advisor(MLIRContext &context, const CompileOptions &options, const CompileResult &result)
      : context(context), options(options), now(*result.footprint), result(result) {}

  /// Lines of what would help, the most helpful first.
  std::string advise() {
    collect();
    std::vector<Change> helpful;
    for (size_t i = 0; i < changes.size(); ++i) {
      if (options.progress)
        options.progress("looking for what fits", i, changes.size());
      if (measure(changes[i]) && saved(changes[i].footprint) > 0)
        helpful.push_back(changes[i]);
    }
    std::stable_sort(helpful.begin(), helpful.end(),
                     [&](const Change &a, const Change &b) { return saved(a.footprint) > saved(b.footprint); });
    std::string text;
    for (const Change &change : helpful)
      text += line(change);
    return text + together(helpful);
  }

private:
  bool fits(const Footprint &footprint) const {
    return (!options.flashBudget || footprint.flash() <= *options.flashBudget) &&
           (!options.ramBudget || footprint.ram() <= *options.ramBudget);
  }

  /// Bytes that are saved of what there is too little of.
  int64_t saved(const Footprint &footprint) const {
    int64_t bytes = 0;
    if (options.flashBudget && now.flash() > *options.flashBudget)
      bytes += now.flash() - footprint.flash();
    if (options.ramBudget && now.ram() > *options.ramBudget)
      bytes += now.ram() - footprint.ram();
    return bytes;
  }

  void add(std::string text, std::function<void(CompileOptions &)> apply, bool isPart = false) {
    changes.push_back({std::move(text), std::move(apply), {}, isPart});
  }

  void collect() {
    const BindingRequest &binding = options.binding;
    const bool isModel = !StringRef(options.input).ends_with(".mlir");
    collectWeights();
    if (isModel && binding.context > 1)
      add("--context " + std::to_string(binding.context / 2),
          [](CompileOptions &change) { change.binding.context /= 2; });
    if (isModel && binding.context && binding.kv != "int8") {
      add("--kv int8", [](CompileOptions &change) { change.binding.kv = "int8"; });
      if (binding.kv == "f32")
        add(
            "--kv f16", [](CompileOptions &change) { change.binding.kv = "f16"; }, /*isPart=*/true);
    }
    for (auto [i, dim] : llvm::enumerate(binding.dims))
      if (isModel && dim.values.size() > 1)
        collectSizes(i);
    if (options.versions.size() > 1)
      add("--target " + options.versions.front().name, [](CompileOptions &change) {
        change.target = change.versions.front();
        change.versions.clear();
      });
    if (options.threads > 1)
      add("--threads 1", [](CompileOptions &change) { change.threads = 1; });
    if (options.selfTest != SelfTestKind::none)
      add("no --selftest", [](CompileOptions &change) { change.selfTest = SelfTestKind::none; });
    if (options.resumable)
      add("no --resumable", [](CompileOptions &change) { change.resumable = false; });
  }

  /// Without the largest of several sizes of a dimension.
  void collectSizes(size_t number) {
    const BindingRequest::Sizes &dim = options.binding.dims[number];
    std::vector<int64_t> fewer = dim.values;
    fewer.erase(std::max_element(fewer.begin(), fewer.end()));
    std::string list;
    for (int64_t value : fewer)
      list += (list.empty() ? "" : ",") + std::to_string(value);
    add("--dim " + dim.name + "=" + list,
        [number, fewer](CompileOptions &change) { change.binding.dims[number].values = fewer; });
  }

  void collectWeights() {
    const CompressOptions &compress = options.compress;
    const bool isStatic = compress.activations == "static" || compress.rounding == "gptq";
    if (isStatic || compress.format == "int4" || !options.pipeline.empty())
      return;
    add("--weights int4", [](CompileOptions &change) { change.compress.format = "int4"; });
    if (compress.format == "int8")
      return;
    add(
        "--weights int8", [](CompileOptions &change) { change.compress.format = "int8"; }, /*isPart=*/true);
    // The weights that are largest now.
    std::vector<std::pair<int64_t, std::string>> weights;
    ModuleOp module = result.module.get();
    for (auto weight : module.getOps<glm::PlacedWeightOp>())
      if (isa<FloatType>(glm::logicalType(weight.getType()).getElementType()))
        weights.emplace_back(glm::storageBytes(weight.getType()), weight.getName().str());
    std::stable_sort(weights.begin(), weights.end(), [](auto &a, auto &b) { return a.first > b.first; });
    weights.resize(weights.size() > 1 ? std::min(weights.size(), mostLayers) : 0);
    for (const auto &[bytes, name] : weights)
      add(
          "--keep '" + name + "=int8'",
          [name = name](CompileOptions &change) { change.compress.keep.push_back(name + "=int8"); }, /*isPart=*/true);
  }

  /// Compiles with it; false if that cannot be.
  bool measure(Change &change) {
    CompileOptions changed = options;
    change.apply(changed);
    return measure(changed, change.footprint);
  }

  bool measure(CompileOptions changed, Footprint &footprint) {
    changed.flashBudget = changed.ramBudget = std::nullopt;
    changed.emitCxx = false;
    changed.dumpDirectory.clear();
    changed.progress = nullptr;
    if (options.weights == WeightsPlace::apart)
      changed.weights = WeightsPlace::inside; // Nothing is to be written, and they are not in flash.
    // What some change makes impossible is not said; the change is not suggested.
    ScopedDiagnosticHandler silence(&context, [](Diagnostic &) { return success(); });
    CompileResult made;
    if (failed(compile(context, changed, made)) || !made.footprint)
      return false;
    footprint = *made.footprint;
    if (options.weights == WeightsPlace::apart)
      footprint.constants -= footprint.weights;
    return true;
  }

  std::string line(const Change &change) const {
    std::string text;
    llvm::raw_string_ostream out(text);
    auto amount = [&](const char *what, int64_t before, int64_t after) {
      out << what << " " << after << " B";
      if (after != before)
        out << " (" << (after > before ? "+" : "") << after - before << ")";
    };
    out << "\n  " << change.text << ": ";
    amount("flash", now.flash(), change.footprint.flash());
    amount(", RAM", now.ram(), change.footprint.ram());
    out << (fits(change.footprint) ? ", which fits" : "");
    return text;
  }

  /// Where none is enough: all that help and do not replace each other.
  std::string together(const std::vector<Change> &helpful) {
    if (llvm::any_of(helpful, [&](const Change &change) { return fits(change.footprint); }))
      return "";
    Change all;
    CompileOptions changed = options;
    int count = 0;
    for (const Change &change : helpful) {
      if (change.isPart)
        continue;
      change.apply(changed);
      all.text += (count++ ? " " : "") + change.text;
    }
    if (count < 2 || !measure(changed, all.footprint))
      return "";
    return line(all);
  }

  MLIRContext &context;
  const CompileOptions &options;
  const Footprint now;
  const CompileResult &result;
  std::vector<Change> changes;
};

} // namespace

std::optional<int64_t> parseBytes(const std::string &flag, const std::string &text, std::string &error) {
  StringRef digits = text;
  int64_t unit = 1, number = 0;
  if (digits.consume_back("K") || digits.consume_back("k"))
    unit = 1024;
  else if (digits.consume_back("M") || digits.consume_back("m"))
    unit = 1024 * 1024;
  if (digits.empty() || !llvm::all_of(digits, llvm::isDigit) || digits.getAsInteger(10, number) || number < 1 ||
      number > INT64_MAX / unit) {
    error = flag + " is '" + text + "', expected bytes, as 65536, 64K or 1M";
    return std::nullopt;
  }
  return number * unit;
}

LogicalResult checkBudget(MLIRContext &context, const CompileOptions &options, const CompileResult &result) {
  if (!result.footprint)
    return success();
  const Footprint &footprint = *result.footprint;
  std::string over;
  auto compare = [&](const char *what, const std::string &limit, const std::optional<int64_t> &budget, int64_t bytes) {
    if (budget && bytes > *budget)
      over += std::string(over.empty() ? "takes " : ", and ") + std::to_string(bytes) + " B of " + what + ", " +
              std::to_string(bytes - *budget) + " more than " + limit + std::to_string(*budget);
  };
  compare("flash", options.flashLimit, options.flashBudget, footprint.flash());
  compare("RAM", options.ramLimit, options.ramBudget, footprint.ram());
  if (over.empty())
    return success();
  const std::string advice = Advisor(context, options, result).advise();
  return emitError(FileLineColLoc::get(&context, options.input, 0, 0))
         << over << " (code " << footprint.code << ", constants " << footprint.constants << "; variables "
         << footprint.variables << ", stack " << footprint.stack << ")"
         << (advice.empty() ? "; nothing that glmc can change would save any"
                            : "; what would change that, compiled so:")
         << advice;
}

} // namespace glmc
