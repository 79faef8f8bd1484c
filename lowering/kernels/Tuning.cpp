//===- Tuning.cpp - Schedules that were found by timing ------------------------===//
#include "lowering/kernels/Tuning.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace glmc {
namespace {

constexpr const char *markName = "glmc_tuning";
constexpr int64_t version = 1;
/// The largest product of the parameters of a register tile and its block of rows:
/// their sums are on the stack.
constexpr int64_t mostTiles = 256;

/// A parameter that may be tuned.
struct Parameter {
  const char *family, *name;
  int64_t least, most;
  bool isPower; ///< Of two.
};

constexpr Parameter parameters[] = {
    {"matmul", "rows", 1, 16, false},         {"matmul", "panels", 1, 16, true},
    {"matmul", "row_block", 1, 64, false},    {"matmul", "column_block", 1, int64_t(1) << 30, false},
    {"matmul", "unroll_k", 1, 32, true},      {"elementwise", "unroll", 1, 32, true},
};

const Parameter *findParameter(const std::string &family, const std::string &name) {
  for (const Parameter &each : parameters)
    if (family == each.family && name == each.name)
      return &each;
  return nullptr;
}

std::string namesOf(const std::string &family) {
  std::string names;
  for (const Parameter &each : parameters)
    if (family == each.family)
      names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

bool isLegal(const Parameter &parameter, int64_t value) {
  return value >= parameter.least && value <= parameter.most && (!parameter.isPower || llvm::isPowerOf2_64(value));
}

/// The parameter's value; 1 is what a missing one of ours is.
int64_t valueOf(const Schedule &schedule, const char *name) {
  auto found = schedule.find(name);
  return found == schedule.end() ? 1 : found->second;
}

int64_t tilesOf(const Schedule &schedule) {
  return valueOf(schedule, "rows") * valueOf(schedule, "panels") * valueOf(schedule, "row_block");
}

bool checkParameter(const std::string &family, const std::string &name, int64_t value, std::string &error) {
  const Parameter *parameter = findParameter(family, name);
  if (!parameter) {
    const std::string names = namesOf(family);
    error = "'" + name + "' cannot be tuned of " + family + ", " +
            (names.empty() ? "of which nothing can" : "expected " + names);
    return false;
  }
  if (isLegal(*parameter, value))
    return true;
  error = "'" + name + "' is " + std::to_string(value) + ", expected " + (parameter->isPower ? "a power of two of " : "") +
          std::to_string(parameter->least) + " to " + std::to_string(parameter->most);
  return false;
}

/// Reads one kernel of the file.
bool readKernel(const llvm::json::Value &value, KernelProblem &problem, Schedule &schedule, std::string &error) {
  const llvm::json::Object *object = value.getAsObject();
  const auto text = [&](const char *name) { return object ? object->getString(name) : std::nullopt; };
  const auto family = text("family"), ops = text("ops"), types = text("types");
  const llvm::json::Object *parameters = object ? object->getObject("schedule") : nullptr;
  const auto parallel = object ? object->getBoolean("parallel") : std::nullopt;
  if (!family || !ops || !types || !parallel || !parameters) {
    error = "expected an object with family, ops, types, parallel and schedule";
    return false;
  }
  problem = {family->str(), ops->str(), types->str(), *parallel};
  for (const auto &[name, number] : *parameters) {
    const auto integer = number.getAsInteger();
    if (!integer) {
      error = "'" + name.str() + "' is no integer";
      return false;
    }
    if (!checkParameter(problem.family, name.str(), *integer, error))
      return false;
    schedule[name.str()] = *integer;
  }
  return true;
}

} // namespace

KernelProblem problemOf(glm::KernelOp kernel, StringRef family, bool parallel) {
  KernelProblem problem;
  problem.family = family.str();
  problem.parallel = parallel;
  llvm::raw_string_ostream ops(problem.ops), types(problem.types);
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    ops << (problem.ops.empty() ? "" : " ") << op.getName().stripDialect();
    // How activations are rounded is no type's.
    if (auto group = op.getAttrOfType<IntegerAttr>("lhs_group"))
      ops << "/" << group.getInt();
  }
  auto list = [&](TypeRange range) {
    types << "(";
    llvm::interleave(range, types, [&](Type type) { types << type; }, ", ");
    types << ")";
  };
  list(kernel.getBody().getArgumentTypes());
  types << " -> ";
  list(kernel.getResultTypes());
  return problem;
}

std::map<std::string, std::vector<int64_t>> tunableParameters(const std::string &family, const Schedule &chosen) {
  std::map<std::string, std::vector<int64_t>> result;
  for (const Parameter &each : parameters) {
    auto found = chosen.find(each.name);
    if (family != each.family || found == chosen.end())
      continue;
    const int64_t value = found->second;
    std::vector<int64_t> values;
    // A tile of one row has no more rows to take.
    const bool isRows = StringRef(each.name) == "rows";
    for (int64_t other : {value / 4, value / 2, value - 1, value + 1, 2 * value, 4 * value})
      if (other != value && isLegal(each, other) && !llvm::is_contained(values, other) &&
          !(isRows && (value == 1 || other > 8)))
        values.push_back(other);
    result[each.name] = std::move(values);
  }
  return result;
}

bool applyTuning(const std::string &family, const Schedule &tuned, Schedule &chosen, std::string &error) {
  Schedule result = chosen;
  for (const auto &[name, value] : tuned) {
    if (!checkParameter(family, name, value, error))
      return false;
    if (!chosen.count(name)) {
      error = "'" + name + "' is no parameter of this kernel";
      return false;
    }
    result[name] = value;
  }
  // Rows that are left over then make one smaller tile.
  if (valueOf(result, "rows") != valueOf(chosen, "rows")) {
    result.erase("tail_rows");
    result.erase("tail_tiles");
  }
  if (tilesOf(result) > std::max(mostTiles, tilesOf(chosen))) {
    error = llvm::formatv("rows * panels * row_block is {0}, expected {1} at most", tilesOf(result),
                          std::max(mostTiles, tilesOf(chosen)));
    return false;
  }
  chosen = std::move(result);
  return true;
}

std::optional<Tuning> Tuning::read(const std::string &path, std::string &error) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file) {
    error = "cannot be read: " + file.getError().message();
    return std::nullopt;
  }
  auto json = llvm::json::parse((*file)->getBuffer());
  if (!json) {
    error = "is not JSON: " + llvm::toString(json.takeError());
    return std::nullopt;
  }
  const llvm::json::Object *object = json->getAsObject();
  const llvm::json::Array *kernels = object ? object->getArray("kernels") : nullptr;
  const auto mark = object ? object->getInteger(markName) : std::nullopt;
  const auto target = object ? object->getString("target") : std::nullopt;
  if (!kernels || !target || mark != version) {
    error = "is not a file that `glmc tune` writes: expected an object with " + std::string(markName) + ": " +
            std::to_string(version) + ", target and kernels";
    return std::nullopt;
  }
  Tuning tuning;
  tuning.target = target->str();
  for (const auto &[i, value] : llvm::enumerate(*kernels)) {
    KernelProblem problem;
    Schedule schedule;
    if (!readKernel(value, problem, schedule, error)) {
      error = "kernel " + std::to_string(i) + (problem.family.empty() ? "" : ", " + problem.text()) + ": " + error;
      return std::nullopt;
    }
    if (!tuning.schedules.emplace(std::move(problem), std::move(schedule)).second) {
      error = "kernel " + std::to_string(i) + " is there twice";
      return std::nullopt;
    }
  }
  return tuning;
}

std::string Tuning::text() const {
  llvm::json::Array kernels;
  for (const auto &[problem, schedule] : schedules) {
    llvm::json::Object parameters;
    for (const auto &[name, value] : schedule)
      parameters[name] = value;
    kernels.push_back(llvm::json::Object{{"family", problem.family},
                                         {"ops", problem.ops},
                                         {"types", problem.types},
                                         {"parallel", problem.parallel},
                                         {"schedule", std::move(parameters)}});
  }
  return llvm::formatv("{0:2}\n", llvm::json::Value(llvm::json::Object{
                                      {markName, version}, {"target", target}, {"kernels", std::move(kernels)}}));
}

const Schedule *Tuning::find(const KernelProblem &problem) const {
  auto found = schedules.find(problem);
  return found == schedules.end() ? nullptr : &found->second;
}

} // namespace glmc
