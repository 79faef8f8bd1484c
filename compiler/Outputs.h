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

/// A small file of text.
struct TextFile {
  std::string path, text;
};

/// Where the generated files go. A path of an object that ends in ".a" becomes a static
/// library of it.
struct OutputPaths {
  std::string object, source, header, linker;
  /// BASE.o, BASE.cpp, BASE.h and BASE.ld.
  static OutputPaths besides(const std::string &base) {
    return {base + ".o", base + ".cpp", base + ".h", base + ".ld"};
  }
};

class Outputs {
public:
  /// Those of `result` at `paths`, and the weights file that compile() wrote beside
  /// `weights`, if it is not empty.
  Outputs(mlir::MLIRContext &context, const OutputPaths &paths, const std::string &weights)
      : context(context), paths(paths), weights(weights) {}
  Outputs(const Outputs &) = delete;
  Outputs &operator=(const Outputs &) = delete;
  ~Outputs();

  /// Writes all of them aside and tells `result` their sizes.
  mlir::LogicalResult write(CompileResult &result);
  /// Writes one more aside.
  mlir::LogicalResult write(const TextFile &file);
  /// Puts them in their places.
  mlir::LogicalResult commit();

private:
  mlir::LogicalResult failAt(const std::string &path, const std::string &error);
  mlir::LogicalResult writeOne(const std::string &path, const ContentWriter &content, int64_t &bytes);

  mlir::MLIRContext &context;
  OutputPaths paths;
  std::string weights;
  std::vector<std::string> finals; ///< Whose asides are there.
};

} // namespace glmc

#endif // GLMC_COMPILER_OUTPUTS_H
