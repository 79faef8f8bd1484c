//===- ReadModel.h - A mapped model file and its parsed graph ---------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_READMODEL_H
#define GLMC_COMPILER_IMPORT_ONNX_READMODEL_H

#include "compiler/import/onnx/WireScan.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/MemoryBuffer.h"

#include "onnx/onnx_pb.h"

#include <memory>

namespace glmc::onnximport {

struct ReadModel {
  std::unique_ptr<llvm::MemoryBuffer> file; ///< Mapped where it is large.
  onnx::ModelProto model;                   ///< Without big payloads.
  std::vector<Cut> cuts;                    ///< Where those are in `file`.
};

/// Opens and parses `path`; nothing after an error was emitted at `loc`.
std::optional<ReadModel> readModel(mlir::Location loc, llvm::StringRef path);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_READMODEL_H
