//===- DiagnosticPrinter.cpp - Diagnostics as users read them -----------------===//
#include "compiler/DiagnosticPrinter.h"

#include "dialects/glm/NodeLocation.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

/// What a person is told of MLIR's severities; remarks are notes to them.
const char *severityText(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Note:
  case DiagnosticSeverity::Remark:
    return "note";
  }
  return "error";
}

/// "dump.mlir:7:3", or "dump.mlir" where no line is known; empty for locations
/// that lie in no file.
std::string placeOf(Location loc) {
  std::string place;
  loc->walk([&](Location part) {
    auto inFile = dyn_cast<FileLineColLoc>(part);
    if (!inFile)
      return WalkResult::advance();
    place = inFile.getFilename().str();
    if (inFile.getLine() > 0)
      place += ":" + std::to_string(inFile.getLine()) + ":" + std::to_string(inFile.getColumn());
    return WalkResult::interrupt();
  });
  return place;
}

} // namespace

std::string textOf(const Diagnostic &diagnostic, const std::string &file) {
  const std::string node = glm::describe(diagnostic.getLocation());
  const std::string place = node.empty() ? placeOf(diagnostic.getLocation()) : "";
  return (place.empty() ? file : place) + ": " + (node.empty() ? "" : node + ": ") +
         severityText(diagnostic.getSeverity()) + ": " + diagnostic.str();
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context, std::string file)
    : handler(&context, [file = std::move(file)](Diagnostic &diagnostic) {
        std::fprintf(stderr, "%s\n", textOf(diagnostic, file).c_str());
        for (Diagnostic &note : diagnostic.getNotes())
          std::fprintf(stderr, "%s\n", textOf(note, file).c_str());
        return success();
      }) {}

} // namespace glmc
