//===- Initializers.h - A model's stored tensors as glm ops -----------------===//
//
// A small tensor becomes glm.constant. A big one, and one in another file,
// becomes glm.weight: where its bytes are, checked here against its type and
// the file, so that nothing later reads outside. Elements of 4 bits, of which
// two share a byte, stay so in a glm.weight, too; only where they are stored as
// varints they are unpacked into a glm.constant.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H
#define GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H

#include "compiler/import/onnx/WireScan.h"
#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"

#include "mlir/IR/Builders.h"

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

private:
  mlir::Value importFourBit(mlir::OpBuilder &builder, mlir::Location loc, const onnx::TensorProto &proto,
                            const std::string &name, mlir::RankedTensorType type, std::string &why) const;
  mlir::RankedTensorType typeOf(mlir::MLIRContext *context, const onnx::TensorProto &proto, std::string &why) const;
  glm::StoredAttr cutData(const onnx::TensorProto &proto, mlir::RankedTensorType type, std::string &why) const;
  glm::StoredAttr externalData(const onnx::TensorProto &proto, mlir::RankedTensorType type, std::string &why) const;

  llvm::StringRef file;
  std::string directory, fileName;
  const std::vector<Cut> &cuts;
  WeightSource &weights;
  int64_t maxTensorBytes;
};

/// Whether a tensor's payload was cut out of the model.
bool isCut(const onnx::TensorProto &proto);

/// 4-bit integers of `type` out of bytes that hold two each, the first in the low
/// half; `bytes` are as many as that takes.
reference::Tensor unpackNibbles(mlir::RankedTensorType type, llvm::ArrayRef<uint8_t> bytes);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_INITIALIZERS_H
