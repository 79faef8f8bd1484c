//===- LayerOutcome.h - What each weight became, and why --------------------===//
//
// glm-quantize-weights leaves its decisions in the module, where dumps show them
// and reports find them: `glm.layers`, a list of one dictionary a weight. It is an
// attribute of the module, because kernels that differ in names would not be shared.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_COMPRESS_LAYEROUTCOME_H
#define GLMC_LOWERING_COMPRESS_LAYEROUTCOME_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace glmc {

/// Module attribute: what weights became.
constexpr llvm::StringLiteral layersAttr = "glm.layers";
/// Module attribute: ranges of activations, a list of dictionaries {node, weight,
/// magnitude}; what glm-quantize-activations goes by.
constexpr llvm::StringLiteral rangesAttr = "glm.ranges";

/// Module attribute: weights that were rounded already, a list of dictionaries
/// {name, type, axis, group, values, scales}, the last two #glm.stored; what
/// glm-quantize-weights takes instead of rounding itself.
constexpr llvm::StringLiteral roundedAttr = "glm.rounded";

struct LayerOutcome {
  std::string name;               ///< Of the weight, or of the node that reads a constant.
  std::vector<std::string> nodes; ///< ONNX nodes that read it.
  std::string readers;            ///< "matmul", "gather", or "matmul, gather".
  std::string from;               ///< What the model has: "f32", "f16", "int4".
  std::string format;             ///< What it became.
  int64_t group = 0;              ///< Elements of a scale; 0 without scales.
  bool asymmetric = false;        ///< Groups have zeros.
  int64_t elements = 0;
  int64_t scales = 0, zeros = 0;  ///< How many of each.
  int64_t bytesBefore = 0;        ///< In the model.
  std::string why;                ///< Of the format.
  std::string activations;        ///< Of its products: "int8", "int8 static" or "float"; empty if there are none.
  int64_t activationGroup = 0;    ///< Elements rounded together at run time; 0 for floats.
  std::string whyActivations;
};

/// "int4 g32 symmetric", "f16".
std::string formatText(const LayerOutcome &layer);

mlir::ArrayAttr layersToAttribute(mlir::MLIRContext *context, llvm::ArrayRef<LayerOutcome> layers);
/// The outcomes in a module; none if no pass left them there.
std::vector<LayerOutcome> layersOf(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_LOWERING_COMPRESS_LAYEROUTCOME_H
