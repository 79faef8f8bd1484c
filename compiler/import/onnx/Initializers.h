//===- Initializers.h - A model's stored tensors as glm ops -----------------===//
//
// A small tensor becomes glm.constant. A big one, and one in another file,
// becomes glm.weight: where its bytes are, checked here against its type and
// the file, so that nothing later reads outside. Elements of 4 bits, of which
// two share a byte, are unpacked to one of 8 bits each, into a glm.constant.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H
#define GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H

#include "compiler/import/onnx/WireScan.h"
#include "dialects/glm/WeightSource.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"

#include "onnx/onnx_pb.h"

namespace glmc::onnximport {

class Initializers {
public:
  /// `file` is the model's bytes; it is `directory`/`fileName`.
  Initializers(llvm::StringRef file, std::string directory, std::string fileName, const std::vector<Cut> &cuts,
               WeightSource &weights, int64_t maxTensorBytes)
      : file(file), directory(std::move(directory)), fileName(std::move(fileName)), cuts(cuts), weights(weights),
        maxTensorBytes(maxTensorBytes) {}

  /// Makes the op that stands for `proto`, which an error calls
  /// "`what` 'name'". Null after an error at `loc`.
  mlir::Value import(mlir::OpBuilder &builder, mlir::Location loc, const onnx::TensorProto &proto,
                     const std::string &name, llvm::StringRef what) const;

  /// Whether `value` was stored as int4 or uint4.
  bool isFourBit(mlir::Value value) const { return fourBit.contains(value); }

private:
  mlir::Value importFourBit(mlir::OpBuilder &builder, mlir::Location loc, const onnx::TensorProto &proto,
                            mlir::RankedTensorType type, std::string &why) const;
  mlir::RankedTensorType typeOf(mlir::MLIRContext *context, const onnx::TensorProto &proto, std::string &why) const;
  glm::StoredAttr cutData(const onnx::TensorProto &proto, mlir::RankedTensorType type, std::string &why) const;
  glm::StoredAttr externalData(const onnx::TensorProto &proto, mlir::RankedTensorType type, std::string &why) const;

  llvm::StringRef file;
  std::string directory, fileName;
  const std::vector<Cut> &cuts;
  WeightSource &weights;
  int64_t maxTensorBytes;
  mutable llvm::DenseSet<mlir::Value> fourBit;
};

/// Whether a tensor's payload was cut out of the model.
bool isCut(const onnx::TensorProto &proto);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H
