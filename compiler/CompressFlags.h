//===- CompressFlags.h - --weights, --group, --keep, --activations as text ----===//
#ifndef GLMC_COMPILER_COMPRESSFLAGS_H
#define GLMC_COMPILER_COMPRESSFLAGS_H

#include "compiler/CompressOptions.h"

#include <optional>

namespace glmc {

/// As the command line has them.
struct CompressFlags {
  std::vector<std::string> weights; ///< Formats, and files for the weights.
  std::optional<int64_t> group;
  bool symmetric = false, asymmetric = false;
  std::vector<std::string> keep; ///< "PATTERN=FORMAT".
  std::string activations = "float";
  std::string rounding = "nearest";
  std::string calibration;       ///< A file of `glmc calibrate`; empty: none.
  std::string ranges;            ///< Empty: the default.
};

/// What they ask for. `file` is what --weights names as a place for the weights,
/// empty if it names none; null if the command writes none. False, with the reason
/// in `error`, for what means nothing.
bool parseCompress(const CompressFlags &flags, CompressOptions &options, std::string *file, std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_COMPRESSFLAGS_H
