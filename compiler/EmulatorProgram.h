//===- EmulatorProgram.h - A program that calls a model on another machine ----===//
//
// The texts that Emulator compiles and links with a model's object: a C++ file
// that reads inputs from a file, calls init and an entry point, and writes what
// came out to another; and, for a board without a system, a linker script. Files
// are the C library's, or the debugger's (Arm semihosting), which QEMU plays.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_EMULATORPROGRAM_H
#define GLMC_COMPILER_EMULATORPROGRAM_H

#include "codegen/object/RunObject.h"
#include "targets/Target.h"

namespace glmc {

/// What the program writes before outputs and inputs: 32-bit integers.
struct EmulatorReport {
  int32_t initStatus, status;
  int32_t trespass; ///< The first buffer that was written around, as emulatorBuffers() counts; -1: none.
};
/// `initStatus` of a program that the processor stopped.
constexpr int32_t emulatorFault = -7777;

/// Reads `inputFile`: the inputs one after another. Writes `outputFile`: an
/// EmulatorReport, the outputs, and the inputs as they are then. Of `request` it
/// uses prefix, entry, sizes, offsets and release.
std::string emulatorProgram(const object::RunRequest &request, const std::string &inputFile,
                            const std::string &outputFile);

/// "the context", "input 0", ..., "output 0", ...: in the order of the report.
std::vector<std::string> emulatorBuffers(const object::RunRequest &request);

/// For a board: code in its flash; constants there too, or in external memory if
/// they take more; data in its RAM, or again in external memory.
std::string emulatorLinkerScript(const targets::Target &board, int64_t constantBytes, int64_t dataBytes);

} // namespace glmc

#endif // GLMC_COMPILER_EMULATORPROGRAM_H
