//===- ContribSchemas.h - Operators of ONNX Runtime, for ONNX's checker ------===//
//
// ONNX's library does not know the operators that ONNX Runtime adds. Without a
// schema its checker accepts any inputs and attributes of a foreign domain and
// refuses SimplifiedLayerNormalization, which lives in ONNX's own domain.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_CONTRIBSCHEMAS_H
#define GLMC_COMPILER_IMPORT_ONNX_CONTRIBSCHEMAS_H

namespace glmc::onnximport {

/// Adds the operators that the Registry imports and ONNX does not define to
/// ONNX's registry of schemas, once a process.
void registerContribSchemas();

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_CONTRIBSCHEMAS_H
