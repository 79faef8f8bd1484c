//===- EmitSource.h - A planned program as one C++ file ----------------------===//
//
// Prints the program as one readable C++17 file that needs only the header of
// EmitHeader.h and a compiler with GNU extensions (g++, clang++): licence and
// memory, the pieces of runtime-min that its kernels use, weights, a function a
// kernel, entry points.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_EMITSOURCE_H
#define GLMC_CODEGEN_SOURCE_EMITSOURCE_H

#include "codegen/kernels/CompileKernel.h"
#include "codegen/source/EmitHeader.h"

#include <functional>
#include <string>
#include <string_view>

namespace glmc::source {

/// An emitted file without the lines of the weights, which stand between the two.
struct SourceText {
  std::string head, tail;
};

/// Emits all but the weights of `program`, whose kernel i was printed
/// (Wanted::cxx) to kernels[i]. False with `error` set when something does not
/// fit together. The text depends on the arguments only.
bool emitText(const Program &program, const std::vector<kernels::CompiledKernel> &kernels, const EmitOptions &options,
              SourceText &text, std::string &error);

/// Writes the whole file in pieces; the weights stream through and are never all
/// in memory. False with `error` set when a weight could not be read.
bool writeSource(const Program &program, const SourceText &text, std::function<void(std::string_view)> write,
                 std::string &error);

/// Both.
bool emitSource(const Program &program, const std::vector<kernels::CompiledKernel> &kernels, const EmitOptions &options,
                std::function<void(std::string_view)> write, std::string &error);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_EMITSOURCE_H
