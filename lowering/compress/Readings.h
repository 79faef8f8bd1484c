//===- Readings.h - Which products and look-ups read which weight -----------===//
//
// A weight is one, however many graphs and ops read it: prefill and decode, a tied
// embedding and head. What it becomes is decided once, so it is found here with all
// its readers.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_COMPRESS_READINGS_H
#define GLMC_LOWERING_COMPRESS_READINGS_H

#include "dialects/glm/GlmOps.h"

#include <string>
#include <vector>

namespace glmc {

/// A matmul's right side or a gather's table.
struct Reading {
  mlir::OpOperand *use;
  mlir::Operation *base; ///< The glm.weight, glm.constant or glm.dequantize that is read.
  bool swapped;          ///< By way of a transpose of the last two dimensions.

  glm::MatmulOp matmul() const { return llvm::dyn_cast<glm::MatmulOp>(use->getOwner()); }
  glm::GatherOp gather() const { return llvm::dyn_cast<glm::GatherOp>(use->getOwner()); }
  /// The dimension of the weight that is summed over; of a table its features.
  int64_t depthDimension() const;
};

/// A constant matrix, or table, and who reads it.
struct ReadWeight {
  std::string name;               ///< The glm.weight's, else the first node's.
  std::vector<std::string> nodes; ///< ONNX nodes of all readers, each once.
  std::vector<Reading> readings;  ///< In order of the program.
  mlir::RankedTensorType type;    ///< Of the base's result.
  std::string other;              ///< Name of an op that reads it otherwise; empty if none does.
  bool isQuantized = false;       ///< The base is a glm.dequantize.
  bool isRounded = false;         ///< The base is a glm.weight that is rounded already.
  bool isFactor = false;          ///< A table of what rows are multiplied with, or of a mask.
};

/// All constant floats that products and look-ups read in the graphs of a module,
/// in order of their first readers.
std::vector<ReadWeight> findReadWeights(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_LOWERING_COMPRESS_READINGS_H
