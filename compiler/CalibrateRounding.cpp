//===- CalibrateRounding.cpp - Weights rounded by what layers read --------------===//
#include "compiler/CalibrateRounding.h"

#include "compiler/Gptq.h"
#include "compiler/LayerColumns.h"
#include "compiler/WriteFile.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <map>

using namespace mlir;

namespace glmc {
namespace {

/// Floats of the moments that are in memory together, if there is more than one.
constexpr int64_t momentFloats = int64_t(128) << 20;
/// As glm-quantize-weights leaves smaller ones as they are.
constexpr int64_t smallestWeight = 4096;

/// Weights by the number of the value that their product reads.
using WeightsOfValues = std::map<size_t, std::vector<ReadWeight>>;

WeightsOfValues assignWeights(ModuleOp simplified, const SampleRunner &runner) {
  WeightsOfValues assigned;
  for (ReadWeight &weight : findReadWeights(simplified)) {
    if (weight.isQuantized || weight.isRounded || !weight.other.empty() || weight.type.getRank() != 2 ||
        weight.type.getNumElements() < smallestWeight)
      continue;
    for (size_t i = 0; i < runner.values().size(); ++i)
      if (llvm::any_of(runner.values()[i].readers, [&](const LayerName &each) { return each.weight == weight.name; })) {
        assigned[i].push_back(weight);
        break;
      }
  }
  return assigned;
}

class Rounder {
public:
  Rounder(ModuleOp simplified, const RoundingRequest &request)
      : source(simplified), request(request), writer(request.path),
        to(IntegerType::get(simplified.getContext(), request.format == "int4" ? 4 : 8)) {}

  bool add(const ReadWeight &weight, const Eigen::MatrixXf &feedback);
  bool close(CalibrationRounding &rounding);

private:
  void write(const std::vector<int8_t> &values);
  std::pair<uint64_t, uint64_t> place(int64_t begin) { return {uint64_t(begin), uint64_t(writer.bytes() - begin)}; }

  WeightSource source;
  const RoundingRequest &request;
  FileWriter writer;
  IntegerType to;
  CalibrationRounding result;
};

void Rounder::write(const std::vector<int8_t> &values) {
  if (to.getWidth() == 8) {
    writer.write({reinterpret_cast<const char *>(values.data()), values.size()});
    return;
  }
  std::string bytes((values.size() + 1) / 2, '\0');
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i / 2] = char(uint8_t(bytes[i / 2]) | (uint8_t(values[i]) & 15) << (i % 2 * 4));
  writer.write(bytes);
}

bool Rounder::add(const ReadWeight &weight, const Eigen::MatrixXf &feedback) {
  LayerColumns columns(weight);
  if (failed(columns.read(source)))
    return false;
  const int64_t depth = columns.depth(), groups = llvm::divideCeil(depth, request.group);
  if (depth != feedback.rows()) {
    fail(request.path + ": error: weight '" + weight.name + "' sums over " + std::to_string(depth) +
         " elements, but what its product reads has " + std::to_string(feedback.rows()));
    return false;
  }
  std::vector<int8_t> values(depth * columns.count());
  std::vector<uint16_t> scales(groups * columns.count());
  for (int64_t first = 0, width = columns.width(); first < columns.count(); first += width) {
    const int64_t count = std::min(width, columns.count() - first);
    Eigen::MatrixXf strip(depth, count);
    columns.strip(first, strip);
    const RoundedColumns rounded = roundWithFeedback(std::move(strip), feedback, to, request.group);
    for (int64_t n = 0; n < count; ++n) {
      for (int64_t k = 0; k < depth; ++k)
        values[columns.positionOf(k, first + n)] = rounded.values[k * count + n];
      for (int64_t group = 0; group < groups; ++group)
        scales[columns.groupPositionOf(group, first + n, groups)] = rounded.scales[group * count + n];
    }
  }
  CalibrationRounding::Weight entry;
  entry.name = weight.name;
  entry.shape = weight.type.getShape().vec();
  entry.axis = columns.axis();
  int64_t begin = writer.bytes();
  write(values);
  entry.values = place(begin);
  begin = writer.bytes();
  writer.write({reinterpret_cast<const char *>(scales.data()), scales.size() * sizeof(uint16_t)});
  entry.scales = place(begin);
  result.weights.push_back(std::move(entry));
  return true;
}

bool Rounder::close(CalibrationRounding &rounding) {
  std::string error;
  if (!writer.close(error)) {
    fail(request.path + ": error: " + error);
    return false;
  }
  result.file = llvm::sys::path::filename(request.path).str();
  result.format = request.format;
  result.group = request.group;
  rounding = std::move(result);
  return true;
}

} // namespace

std::optional<CalibrationRounding>
roundByInputs(ModuleOp simplified, const SampleRunner &runner, const RoundingRequest &request,
              llvm::function_ref<bool(llvm::function_ref<bool(const SampleOutcome &)>)> eachSample) {
  const WeightsOfValues assigned = assignWeights(simplified, runner);
  if (assigned.empty()) {
    fail(request.path + ": error: the model has no weight to round: of products, with " +
         std::to_string(smallestWeight) + " elements or more");
    return std::nullopt;
  }
  Rounder rounder(simplified, request);
  for (auto next = assigned.begin(); next != assigned.end();) {
    std::map<size_t, InputMoments> moments;
    int64_t floats = 0;
    const auto first = next;
    for (; next != assigned.end(); ++next) {
      const int64_t features = runner.values()[next->first].features;
      if (floats && floats + features * features > momentFloats)
        break;
      floats += features * features;
      moments.emplace(next->first, InputMoments(features));
    }
    if (!eachSample([&](const SampleOutcome &outcome) {
          for (auto &[value, sums] : moments)
            if (value < outcome.values.size() && !outcome.values[value].empty())
              sums.add(outcome.values[value].data(), int64_t(outcome.values[value].size()) / sums.features());
          return true;
        }))
      return std::nullopt;
    for (auto at = first; at != next; ++at) {
      auto feedback = moments.at(at->first).feedback();
      if (!feedback) {
        fail(request.path + ": error: what weight '" + at->second.front().name +
             "' is multiplied with is too large for sums of its squares");
        return std::nullopt;
      }
      for (const ReadWeight &weight : at->second)
        if (!rounder.add(weight, *feedback))
          return std::nullopt;
    }
  }
  CalibrationRounding rounding;
  if (!rounder.close(rounding))
    return std::nullopt;
  return rounding;
}

} // namespace glmc
