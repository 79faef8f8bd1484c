//===- Footprint.h - What a program takes of a machine's memories --------------===//
//
// Flash is what the object's sections that are not written take, to the byte; RAM
// those that are, and the stack of the deepest of its functions. For a C++ file the
// user's compiler decides on code and stack, so the numbers are the object's.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_FOOTPRINT_H
#define GLMC_COMPILER_FOOTPRINT_H

#include "codegen/Program.h"
#include "codegen/object/EmitObject.h"

#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace glmc {

struct Footprint {
  int64_t code = 0;      ///< Executed sections.
  int64_t constants = 0; ///< Read-only data, weights included.
  int64_t weights = 0;   ///< Of the constants.
  int64_t context = 0;   ///< sizeof P_context, one instance of which is there: arena, state and the rest of it.
  int64_t variables = 0; ///< Written sections: that instance, and a self-test's buffer.
  int64_t stack = 0;     ///< Worst case over all functions.
  std::vector<object::StackUse> functions;                                ///< The same of each.
  int64_t selfTestCode = 0, selfTestConstants = 0, selfTestVariables = 0; ///< Of the above.

  int64_t flash() const { return code + constants; }
  int64_t ram() const { return variables + stack; }
};

Footprint footprintOf(const Program &program, const object::ObjectResult &object);

/// "flash 5068 B (code 1812, constants 3256), RAM 400 B (context 192) + stack 96 B",
/// and a line on the self-test.
std::string footprintText(const Footprint &footprint);

/// code_bytes, constant_bytes, flash_bytes, context_bytes, ram_bytes (stack included)
/// and the stack of each function.
void addFootprint(llvm::json::Object &report, const Footprint &footprint, const Program &program);

} // namespace glmc

#endif // GLMC_COMPILER_FOOTPRINT_H
