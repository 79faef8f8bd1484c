//===- HostObject.h - Object code that this machine loads ----------------------===//
#ifndef GLMC_COMPILER_HOSTOBJECT_H
#define GLMC_COMPILER_HOSTOBJECT_H

#include "compiler/Session.h"

namespace glmc {

/// A model compiled for runs of our own.
struct HostObject {
  CompileResult result;
  std::vector<char> object;
  std::unique_ptr<MappedWeights> weights; ///< Null: they are in the object.
};

/// What generated names of it begin with.
constexpr const char *hostPrefix = "model";

/// Compiles `options.input` to an object or, if `cxx` is not empty, to C++ that
/// this command compiles with the flags that users are promised. Large weights
/// are mapped. Nothing if that fails; the error was printed.
std::optional<HostObject> compileForHost(mlir::MLIRContext &context, const BuildFlags &flags, CompileOptions options,
                                         const std::string &cxx);

/// The object that `cxx`, a compiler and options, makes of the generated C++ file at
/// `source`, whose header is beside it, with the flags that users are promised:
/// those of a machine with a system, or without. False, with `error` set, if it
/// does not.
bool compileCxxFile(const std::string &cxx, const std::string &source, bool isFreestanding, std::vector<char> &object,
                    std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_HOSTOBJECT_H
