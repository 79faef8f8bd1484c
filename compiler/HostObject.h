//===- HostObject.h - Object code that this machine loads ----------------------===//
#ifndef GLMC_COMPILER_HOSTOBJECT_H
#define GLMC_COMPILER_HOSTOBJECT_H

#include "compiler/Session.h"

namespace glmc {

/// The object of a compiled model or, if `cxx` is not empty, what this command
/// makes of its C++ file with the flags that users are promised. False: the
/// error was printed.
bool makeHostObject(const CompileResult &result, const BuildFlags &flags, const CompileOptions &options,
                    const std::string &cxx, std::vector<char> &object);

} // namespace glmc

#endif // GLMC_COMPILER_HOSTOBJECT_H
