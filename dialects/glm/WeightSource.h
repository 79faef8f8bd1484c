//===- WeightSource.h - The one way to a weight's elements ------------------===//
//
// glm.weight says where elements lie (#glm.stored); this maps the file and
// hands them out. Files are mapped read-only and once each, so a model of many
// gigabytes costs address space, not memory. Everything that a dump or a model
// says about a file is checked here: the path may not leave the directory, the
// range must lie in the file and match the type.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_DIALECTS_GLM_WEIGHTSOURCE_H
#define GLMC_DIALECTS_GLM_WEIGHTSOURCE_H

#include "dialects/glm/GlmOps.h"
#include "dialects/glm/Rounding.h"

#include "llvm/Support/MemoryBuffer.h"

#include <map>
#include <memory>
#include <string>

namespace glmc {

class WeightSource {
public:
  /// `directory` is what file names are relative to.
  explicit WeightSource(std::string directory) : directory(std::move(directory)) {}
  /// Directory from the module's `glm.directory`; "." when there is none.
  explicit WeightSource(mlir::ModuleOp module);

  /// Whether `file` names something inside `directory`: relative, without
  /// "..", and no symbolic link that leads out.
  bool isInside(llvm::StringRef file, std::string &why) const;

  /// The stored bytes, mapped and valid as long as this lives. Emits at `loc`
  /// what is wrong otherwise. For `raw` they are the elements.
  mlir::FailureOr<llvm::ArrayRef<uint8_t>> map(glm::StoredAttr stored, mlir::Location loc);

  /// Elements of `logical` type, row-major little-endian, decoded and rounded if
  /// need be; bools and 4-bit integers as one byte each. `source` is what
  /// WeightOp::getSource gives. The size is checked against the type.
  mlir::LogicalResult read(mlir::Attribute source, mlir::RankedTensorType logical,
                           mlir::Location loc, std::vector<uint8_t> &elements);

private:
  mlir::LogicalResult readStored(glm::StoredAttr stored, mlir::RankedTensorType logical, mlir::Location loc,
                                 std::vector<uint8_t> &elements);
  void round(glm::StoredAttr stored, glm::RoundingAttr rounding, llvm::ArrayRef<uint8_t> from,
             std::vector<uint8_t> &elements);

  /// Scales of a weight of which more parts will be read: they take long to find.
  struct KnownScales {
    glm::GroupScales scales;
    unsigned reads = 0;
  };

  std::string directory;
  std::map<std::string, std::unique_ptr<llvm::MemoryBuffer>> files;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Attribute>, KnownScales> scales;
};

} // namespace glmc

#endif // GLMC_DIALECTS_GLM_WEIGHTSOURCE_H
