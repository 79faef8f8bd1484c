//===- CompressFlags.cpp - --weights, --group, --keep, --activations as text --===//
#include "compiler/CompressFlags.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/GlobPattern.h"

using llvm::StringRef;

namespace glmc {
namespace {

constexpr const char *formats = "f32, f16, bf16, int8 or int4";

bool isFormat(StringRef text) {
  return llvm::is_contained({"f32", "f16", "bf16", "int8", "int4"}, text);
}

bool isInteger(StringRef format) { return format.starts_with("int"); }

/// Whether somebody may have meant a format: some letters and a number of bits, as
/// in int3, fp16, Q4_0. A file of such a name is ./int3.
bool looksLikeFormat(StringRef text) {
  StringRef bits = text.drop_while(llvm::isAlpha);
  StringRef letters = text.drop_back(bits.size());
  if (letters.empty() || bits.empty() || letters.size() > 5)
    return false;
  return llvm::all_of(bits, [](char c) { return llvm::isAlnum(c) || c == '_'; }) && llvm::isDigit(bits.front());
}

bool splitWeights(const CompressFlags &flags, CompressOptions &options, std::string *file, std::string &error) {
  for (const std::string &text : flags.weights) {
    const bool format = isFormat(text);
    if (!format && (!file || text.empty() || looksLikeFormat(text))) {
      error = "--weights is '" + text + "', expected " + formats;
      if (file)
        error += ", or the path of a file for them" + (text.empty() ? "" : " (./" + text + ", if it is called so)");
      return false;
    }
    std::string &given = format ? options.format : *file;
    if (!given.empty()) {
      error = "--weights is given twice, '" + given + "' and '" + text + "': expected one " +
              (format ? "format" : "file");
      return false;
    }
    given = text;
  }
  return true;
}

bool checkKeep(const std::string &text, std::string &error) {
  const auto [pattern, format] = StringRef(text).rsplit('=');
  if (pattern.empty() || !isFormat(format)) {
    error = "--keep is '" + text + "', expected PATTERN=FORMAT, where FORMAT is " + formats;
    return false;
  }
  auto glob = llvm::GlobPattern::create(pattern);
  if (!glob)
    error = "--keep is '" + text + "': " + llvm::toString(glob.takeError());
  return error.empty();
}

/// Fixed scales come from a calibration, and go with one scale a column; so does
/// rounding by what layers read, by groups.
bool checkCalibrated(const CompressFlags &flags, const CompressOptions &options, std::string &error) {
  const bool isStatic = flags.activations == "static", isGptq = flags.rounding == "gptq";
  const std::string what = isStatic ? "--activations static" : "--rounding gptq";
  if (!isStatic && !flags.ranges.empty())
    error = "--ranges is for --activations static";
  else if (!isStatic && !isGptq && !flags.calibration.empty())
    error = "--calibration is for --activations static or --rounding gptq";
  else if (isStatic && isGptq)
    error = "--rounding gptq does not go with --activations static, whose weights have one scale a column";
  else if ((isStatic || isGptq) && flags.calibration.empty())
    error = what + " goes by samples: add --calibration FILE, which `glmc calibrate` makes";
  else if (isStatic && options.format != "int8")
    error = "--activations static is for int8 weights: add --weights int8";
  else if (isGptq && !isInteger(options.format))
    error = "--rounding gptq is for integer weights: add --weights int8 or --weights int4";
  else if (isStatic && (flags.group || flags.asymmetric))
    error = std::string(flags.group ? "--group" : "--asymmetric") +
            " does not go with --activations static, whose weights have one scale a column";
  else if (isGptq && flags.asymmetric)
    error = "--asymmetric does not go with --rounding gptq";
  return error.empty();
}

} // namespace

bool parseCompress(const CompressFlags &flags, CompressOptions &options, std::string *file, std::string &error) {
  if (!splitWeights(flags, options, file, error))
    return false;
  bool integers = isInteger(options.format);
  for (const std::string &text : flags.keep) {
    if (!checkKeep(text, error))
      return false;
    integers |= isInteger(StringRef(text).rsplit('=').second);
  }
  const std::string shape = flags.group ? "--group" : flags.symmetric ? "--symmetric" : flags.asymmetric ? "--asymmetric" : "";
  if (!shape.empty() && !integers) {
    error = shape + " is of weights that become integers, and " +
            (options.format.empty() ? "none do" : "those become " + options.format) +
            ": add --weights int8 or --weights int4";
    return false;
  }
  options.group = flags.group.value_or(options.group);
  options.asymmetric = flags.asymmetric;
  options.keep = flags.keep;
  options.activations = flags.activations;
  options.calibration = flags.calibration;
  options.ranges = flags.ranges.empty() ? options.ranges : flags.ranges;
  options.rounding = flags.rounding;
  if (!checkCalibrated(flags, options, error))
    return false;
  if (options.activations == "int8" && !options.format.empty() && !integers) {
    error = "--activations int8 is for products of integer weights, and those become " + options.format +
            ": add --weights int8 or --weights int4";
    return false;
  }
  return true;
}

} // namespace glmc
