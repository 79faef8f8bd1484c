//===- Outputs.h - All files of a compile, or none ----------------------------===//
//
// Each is written beside its place; when all are whole they are renamed. What
// was written is removed unless that happens.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_OUTPUTS_H
#define GLMC_COMPILER_OUTPUTS_H

#include "compiler/Compile.h"

namespace glmc {

/// Where a file that will be at `path` is written.
std::string asideOf(const std::string &path);

class Outputs {
public:
  /// Those of `result`, as `base`.o, `base`.cpp and `base`.h, and the weights file
  /// that compile() wrote beside `weights`, if it is not empty.
  Outputs(mlir::MLIRContext &context, const std::string &base, const std::string &weights)
      : context(context), base(base), weights(weights) {}
  Outputs(const Outputs &) = delete;
  Outputs &operator=(const Outputs &) = delete;
  ~Outputs();

  /// Writes all of them aside and tells `result` their sizes.
  mlir::LogicalResult write(CompileResult &result);
  /// Puts them in their places.
  mlir::LogicalResult commit();

private:
  mlir::LogicalResult failAt(const std::string &path, const std::string &error);
  mlir::LogicalResult writeOne(const std::string &extension, const ContentWriter &content, int64_t &bytes);

  mlir::MLIRContext &context;
  std::string base, weights;
  std::vector<std::string> finals; ///< Whose asides are there.
};

} // namespace glmc

#endif // GLMC_COMPILER_OUTPUTS_H
