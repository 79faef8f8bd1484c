//===- CalibrateRanges.cpp - Ranges of activations in a file --------------------===//
#include "compiler/CalibrateRanges.h"

#include "lowering/compress/LayerOutcome.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <set>

using namespace mlir;

namespace glmc {
namespace {

constexpr llvm::StringLiteral formatName = "glmc-ranges-1";
constexpr llvm::StringLiteral percent999 = "99.9", percent9999 = "99.99";

InFlightDiagnostic errorAt(MLIRContext *context, const std::string &path) {
  return emitError(FileLineColLoc::get(context, path, 0, 0));
}

/// A number that is there and finite.
bool readNumber(const llvm::json::Object *object, StringRef key, double &value, std::string &error) {
  auto number = object ? object->getNumber(key) : std::nullopt;
  if (number && std::isfinite(*number)) {
    value = *number;
    return true;
  }
  error = "'" + key.str() + "' of an activation is missing or not a finite number: calibrate the model again";
  return false;
}

bool readReaders(const llvm::json::Object &object, ActivationRange &range, std::string &error) {
  const llvm::json::Array *readers = object.getArray("readers");
  for (size_t i = 0; readers && i < readers->size(); ++i) {
    const llvm::json::Object *reader = (*readers)[i].getAsObject();
    auto node = reader ? reader->getString("node") : std::nullopt;
    auto weight = reader ? reader->getString("weight") : std::nullopt;
    if (!node || !weight)
      break;
    range.readers.push_back({node->str(), weight->str()});
  }
  if (readers && !readers->empty() && range.readers.size() == readers->size())
    return true;
  error = "an activation has no 'readers' with 'node' and 'weight' each";
  return false;
}

bool readActivation(const llvm::json::Value &value, ActivationRange &range, std::string &error) {
  const llvm::json::Object *object = value.getAsObject();
  if (!object) {
    error = "an activation is not an object";
    return false;
  }
  const llvm::json::Object *percentiles = object->getObject("percentiles");
  if (!readReaders(*object, range, error) || !readNumber(object, "min", range.min, error) ||
      !readNumber(object, "max", range.max, error) || !readNumber(object, "entropy", range.entropy, error) ||
      !readNumber(percentiles, percent999, range.percentile999, error) ||
      !readNumber(percentiles, percent9999, range.percentile9999, error))
    return false;
  if (range.min > range.max || range.entropy < 0 || range.percentile999 < 0 || range.percentile9999 < 0) {
    error = "the range of the activation of '" + range.readers[0].weight + "' is not one: expected min <= max and "
            "magnitudes of 0 or more";
    return false;
  }
  range.features = object->getInteger("features").value_or(0);
  range.values = object->getInteger("values").value_or(0);
  return true;
}

bool readPlace(const llvm::json::Object &object, StringRef key, std::pair<uint64_t, uint64_t> &place) {
  const llvm::json::Array *list = object.getArray(key);
  auto offset = list && list->size() == 2 ? (*list)[0].getAsInteger() : std::nullopt;
  auto bytes = list && list->size() == 2 ? (*list)[1].getAsInteger() : std::nullopt;
  if (!offset || !bytes || *offset < 0 || *bytes < 0)
    return false;
  place = {uint64_t(*offset), uint64_t(*bytes)};
  return true;
}

bool readRoundedWeight(const llvm::json::Value &value, CalibrationRounding::Weight &weight) {
  const llvm::json::Object *object = value.getAsObject();
  auto name = object ? object->getString("name") : std::nullopt;
  const llvm::json::Array *shape = object ? object->getArray("shape") : nullptr;
  auto axis = object ? object->getInteger("axis") : std::nullopt;
  if (!name || !shape || !axis || !readPlace(*object, "values", weight.values) ||
      !readPlace(*object, "scales", weight.scales))
    return false;
  weight.name = name->str();
  weight.axis = *axis;
  for (const llvm::json::Value &dim : *shape) {
    auto size = dim.getAsInteger();
    if (!size || *size < 1)
      return false;
    weight.shape.push_back(*size);
  }
  return *axis >= 0 && *axis < int64_t(weight.shape.size());
}

bool readRounding(const llvm::json::Object &object, CalibrationRounding &rounding, std::string &error) {
  auto file = object.getString("file"), format = object.getString("format");
  auto group = object.getInteger("group");
  const llvm::json::Array *weights = object.getArray("weights");
  bool good = file && format && (*format == "int4" || *format == "int8") && group && *group > 0 && weights;
  for (size_t i = 0; good && i < weights->size(); ++i)
    good = readRoundedWeight((*weights)[i], rounding.weights.emplace_back());
  if (!good) {
    error = "'rounding' is not what `glmc calibrate --rounding gptq` writes";
    return false;
  }
  rounding.file = file->str();
  rounding.format = format->str();
  rounding.group = *group;
  return true;
}

llvm::json::Object roundingJson(const CalibrationRounding &rounding) {
  llvm::json::Array weights;
  auto place = [](std::pair<uint64_t, uint64_t> at) {
    return llvm::json::Array{int64_t(at.first), int64_t(at.second)};
  };
  for (const CalibrationRounding::Weight &weight : rounding.weights)
    weights.push_back(llvm::json::Object{{"name", llvm::json::fixUTF8(weight.name)},
                                         {"shape", llvm::json::Array(weight.shape)},
                                         {"axis", weight.axis},
                                         {"values", place(weight.values)},
                                         {"scales", place(weight.scales)}});
  return llvm::json::Object{{"file", rounding.file},
                            {"format", rounding.format},
                            {"group", rounding.group},
                            {"weights", std::move(weights)}};
}

/// `file`, which lies in the folder of `path`, as #glm.stored names it: from the
/// model's folder, which it must not leave.
FailureOr<std::string> fileFromModel(ModuleOp module, const std::string &path, const std::string &file) {
  auto directory = module->getAttrOfType<StringAttr>(glm::GlmDialect::directoryAttr);
  SmallString<128> beside(path), rounded, folder;
  llvm::sys::path::remove_filename(beside);
  llvm::sys::path::append(beside, file);
  StringRef model = directory && !directory.getValue().empty() ? directory.getValue() : StringRef(".");
  if (std::error_code code = llvm::sys::fs::real_path(beside, rounded))
    return errorAt(module.getContext(), beside.str().str()) << "cannot be read: " << code.message();
  if (std::error_code code = llvm::sys::fs::real_path(model, folder))
    return errorAt(module.getContext(), model.str()) << "cannot be read: " << code.message();
  StringRef inside = rounded;
  if (inside.consume_front(folder) && inside.consume_front("/"))
    return inside.str();
  return errorAt(module.getContext(), beside.str().str())
         << "lies outside the model's folder, " << model << ": calibrate with an output in there";
}

LogicalResult attachRounding(ModuleOp imported, const CalibrationRanges &ranges, const CompressOptions &compress) {
  MLIRContext *context = imported.getContext();
  if (!ranges.rounding)
    return errorAt(context, compress.calibration)
           << "has no rounded weights: calibrate with --rounding gptq --weights " << compress.format;
  const CalibrationRounding &rounding = *ranges.rounding;
  if (rounding.format != compress.format || rounding.group != compress.group || compress.asymmetric)
    return errorAt(context, compress.calibration)
           << "has weights rounded to " << rounding.format << " g" << rounding.group << " symmetric, expected "
           << compress.format << " g" << compress.group << (compress.asymmetric ? " asymmetric" : " symmetric")
           << ": calibrate with the same flags";
  auto file = fileFromModel(imported, compress.calibration, rounding.file);
  if (failed(file))
    return failure();
  Builder builder(context);
  SmallVector<Attribute> list;
  for (const CalibrationRounding::Weight &weight : rounding.weights) {
    auto stored = [&](std::pair<uint64_t, uint64_t> place, StringRef encoding) {
      return glm::StoredAttr::get(context, *file, place.first, place.second, encoding);
    };
    list.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("name", builder.getStringAttr(weight.name)),
         builder.getNamedAttr("axis", builder.getI64IntegerAttr(weight.axis)),
         builder.getNamedAttr("group", builder.getI64IntegerAttr(rounding.group)),
         builder.getNamedAttr("type", TypeAttr::get(RankedTensorType::get(
                                          weight.shape, builder.getIntegerType(rounding.format == "int4" ? 4 : 8)))),
         builder.getNamedAttr("values", stored(weight.values, rounding.format == "int4" ? "nibbles" : "raw")),
         builder.getNamedAttr("scales", stored(weight.scales, "raw"))}));
  }
  imported->setAttr(roundedAttr, builder.getArrayAttr(list));
  return success();
}

void attachRanges(ModuleOp imported, const CalibrationRanges &ranges, StringRef method) {
  Builder builder(imported.getContext());
  SmallVector<Attribute> list;
  for (const ActivationRange &range : ranges.activations)
    for (const LayerName &reader : range.readers)
      list.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("node", builder.getStringAttr(reader.node)),
           builder.getNamedAttr("weight", builder.getStringAttr(reader.weight)),
           builder.getNamedAttr("magnitude", builder.getF64FloatAttr(magnitudeOf(range, method)))}));
  imported->setAttr(rangesAttr, builder.getArrayAttr(list));
}

} // namespace

double magnitudeOf(const ActivationRange &range, StringRef method) {
  if (method == "percentile")
    return range.percentile9999;
  return method == "entropy" ? range.entropy : std::max(std::fabs(range.min), std::fabs(range.max));
}

std::string printRanges(const CalibrationRanges &ranges) {
  llvm::json::Array activations;
  for (const ActivationRange &range : ranges.activations) {
    llvm::json::Array readers;
    for (const LayerName &reader : range.readers)
      readers.push_back(llvm::json::Object{{"node", llvm::json::fixUTF8(reader.node)},
                                           {"weight", llvm::json::fixUTF8(reader.weight)}});
    activations.push_back(llvm::json::Object{
        {"readers", std::move(readers)},
        {"features", range.features},
        {"values", range.values},
        {"min", range.min},
        {"max", range.max},
        {"percentiles", llvm::json::Object{{percent999, range.percentile999}, {percent9999, range.percentile9999}}},
        {"entropy", range.entropy}});
  }
  llvm::json::Object all{{"format", formatName},
                         {"model", ranges.model},
                         {"samples", ranges.samples},
                         {"activations", std::move(activations)}};
  if (ranges.rounding)
    all["rounding"] = roundingJson(*ranges.rounding);
  return llvm::formatv("{0:2}\n", llvm::json::Value(std::move(all)));
}

std::optional<CalibrationRanges> parseRanges(StringRef text, std::string &error) {
  auto value = llvm::json::parse(text);
  if (!value) {
    error = "is no JSON: " + llvm::toString(value.takeError());
    return std::nullopt;
  }
  const llvm::json::Object *object = value->getAsObject();
  auto format = object ? object->getString("format") : std::nullopt;
  const llvm::json::Array *activations = object ? object->getArray("activations") : nullptr;
  auto model = object ? object->getString("model") : std::nullopt;
  if (!format || *format != formatName || !activations || !model) {
    error = "is not a file of ranges that `glmc calibrate` wrote";
    return std::nullopt;
  }
  CalibrationRanges ranges;
  ranges.model = model->str();
  ranges.samples = object->getInteger("samples").value_or(0);
  for (const llvm::json::Value &each : *activations)
    if (!readActivation(each, ranges.activations.emplace_back(), error))
      return std::nullopt;
  if (const llvm::json::Object *rounding = object->getObject("rounding"))
    if (!readRounding(*rounding, ranges.rounding.emplace(), error))
      return std::nullopt;
  return ranges;
}

std::optional<std::string> hashModel(ModuleOp imported, const std::string &input) {
  // In order of their names, as paths from where the model lies: it may be moved.
  std::set<std::string> files;
  imported.walk([&](glm::WeightOp weight) { files.insert(weight.getStored().getFile().str()); });
  auto directory = imported->getAttrOfType<StringAttr>(glm::GlmDialect::directoryAttr);
  files.erase(llvm::sys::path::filename(input).str());
  std::vector<std::string> paths = {input};
  for (const std::string &file : files) {
    SmallString<128> path(directory && !directory.getValue().empty() ? directory.getValue() : ".");
    llvm::sys::path::append(path, file);
    paths.push_back(path.str().str());
  }
  std::string hashes;
  for (const std::string &path : paths) {
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer) {
      errorAt(imported.getContext(), path) << "cannot be read: " << buffer.getError().message();
      return std::nullopt;
    }
    hashes += llvm::utohexstr(llvm::xxh3_64bits((*buffer)->getBuffer()), /*LowerCase=*/true, /*Width=*/16);
  }
  return llvm::utohexstr(llvm::xxh3_64bits(hashes), /*LowerCase=*/true, /*Width=*/16);
}

LogicalResult attachCalibration(ModuleOp imported, const std::string &input, const CompressOptions &compress) {
  MLIRContext *context = imported.getContext();
  const std::string &path = compress.calibration;
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return errorAt(context, path) << "cannot be read: " << buffer.getError().message();
  std::string error;
  auto ranges = parseRanges((*buffer)->getBuffer(), error);
  if (!ranges)
    return errorAt(context, path) << error;
  auto hash = hashModel(imported, input);
  if (!hash)
    return failure();
  if (ranges->model != *hash)
    return errorAt(context, path) << "has the ranges of another model, " << ranges->model << ", expected those of "
                                  << input << ", " << *hash << ": run `glmc calibrate` on it";
  if (compress.activations == "static")
    attachRanges(imported, *ranges, compress.ranges);
  return compress.rounding == "gptq" ? attachRounding(imported, *ranges, compress) : success();
}

} // namespace glmc
