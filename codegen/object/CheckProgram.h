//===- CheckProgram.h - Is a program fit to be emitted? -----------------------===//
//
// A dumped module may be edited by hand and fed back, so the emitter does not
// trust offsets: a place outside its memory, or a kernel whose buffers overlap
// without being in-place, would become silent memory corruption.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_CHECKPROGRAM_H
#define GLMC_CODEGEN_OBJECT_CHECKPROGRAM_H

#include "codegen/Program.h"

#include <string>

namespace glmc::object {

/// The first thing that is wrong with `program`; empty if nothing is.
std::string checkProgram(const Program &program);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_CHECKPROGRAM_H
