//===- ObjectFile.h - The emitted ELF file: checks and the weights ------------===//
#ifndef GLMC_CODEGEN_OBJECT_OBJECTFILE_H
#define GLMC_CODEGEN_OBJECT_OBJECTFILE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace glmc::object {

/// May generated code leave this symbol to the linker? memcpy, memset, memmove,
/// routines that compilers call where the CPU lacks an instruction, and with
/// `threads` what runtime-min/pool.cpp needs of pthread.
bool isAllowedSymbol(const std::string &symbol, bool threads);

/// What an object asks of and brings to a program.
struct ObjectContents {
  std::vector<std::string> undefinedSymbols; ///< Sorted.
  int64_t codeBytes = 0, constantBytes = 0;
  int64_t variableBytes = 0; ///< Of what can be written.
  std::map<std::string, int64_t> functionBytes; ///< Of functions with a section of their own.
};

/// False: `error` names a symbol that generated code may not need, and the
/// functions that use it.
bool inspectObject(const std::vector<char> &object, bool threads, ObjectContents &contents, std::string &error);

/// LLVM emits weights as zeros in a section whose name starts so, since such a
/// section takes no room in a file; it ends up with the other start, of equal
/// length.
constexpr const char *emptyWeightsStem = ".bss.ro.", *weightsStem = ".rodata.";

/// Turns `section` (which starts with emptyWeightsStem) into constant data whose
/// bytes follow the file's present end, and pads the file to where they start.
/// Weights never pass through LLVM that way, however large they are.
bool reserveWeights(std::vector<char> &object, const std::string &section, std::string &error);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_OBJECTFILE_H
