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
#include <string_view>

namespace glmc::source {

/// Emits `program`, whose kernel i was printed (Wanted::cxx) to kernels[i], in
/// pieces through `write`; the weights stream through and are never all in
/// memory. False with `error` set when something does not fit together or a
/// weight could not be read. The bytes depend on the arguments only.
bool emitSource(const Program &program, const std::vector<kernels::CompiledKernel> &kernels, const EmitOptions &options,
                std::function<void(std::string_view)> write, std::string &error);

/// Bytes of an emitted file without the lines of the weights.
int64_t codeBytes(std::string_view source);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_EMITSOURCE_H
