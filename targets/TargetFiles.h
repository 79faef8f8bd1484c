//===- TargetFiles.h - The data files that glmc carries ---------------------===//
//
// Defined by the text that EmbedTargets.cmake generates from targets/*.json.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TARGETS_TARGETFILES_H
#define GLMC_TARGETS_TARGETFILES_H

#include <string_view>
#include <vector>

namespace glmc::targets {

struct TargetFile {
  std::string_view name; ///< Of the file: "x86-64.json".
  std::string_view text;
};

/// Every target file of the folder, sorted by name.
const std::vector<TargetFile> &targetFiles();

} // namespace glmc::targets

#endif // GLMC_TARGETS_TARGETFILES_H
