//===- DiagnosticPrinter.h - Diagnostics as users read them -------------------===//
//
// One line each on stderr:
//   model.onnx: node 'conv1' (Conv, opset 13): error: 'strides' has 3 values, expected 2
//   model.onnx: error: is not an ONNX model
//   dump.mlir:7:3: error: ...
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_DIAGNOSTICPRINTER_H
#define GLMC_COMPILER_DIAGNOSTICPRINTER_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace glmc {

/// `file: node: severity: text` of a diagnostic; `file` is the model's, used
/// where the location does not name another.
std::string textOf(const mlir::Diagnostic &diagnostic, const std::string &file);

/// Prints errors, warnings and notes of a context while it lives.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext &context, std::string file);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace glmc

#endif // GLMC_COMPILER_DIAGNOSTICPRINTER_H
