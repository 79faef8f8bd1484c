//===- LinkerText.h - A fragment of a linker script ----------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_LINKERTEXT_H
#define GLMC_CODEGEN_SOURCE_LINKERTEXT_H

#include "codegen/source/EmitHeader.h"

namespace glmc::source {

/// What puts the program's sections into the banks that were chosen for them; for
/// INCLUDE in a board's own script. Of a program that has a placement.
std::string emitLinker(const Program &program, const EmitOptions &options);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_LINKERTEXT_H
