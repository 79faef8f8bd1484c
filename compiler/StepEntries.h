//===- StepEntries.h - Entry points that run one step of a model --------------===//
//
// What `glmc bench` times launch by launch is the model's own code: its program
// gets more entry points, each with one step of the first, on the same places
// and in the same object. No output that users get has them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_STEPENTRIES_H
#define GLMC_COMPILER_STEPENTRIES_H

#include "codegen/Program.h"

namespace glmc {

/// Name of the entry point that runs step `number`; -1: of one that runs none,
/// which shows what a call alone takes.
std::string stepEntryName(int64_t number);

void addStepEntries(Program &program);

} // namespace glmc

#endif // GLMC_COMPILER_STEPENTRIES_H
