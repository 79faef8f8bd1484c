//===- RuntimePieces.h - runtime-min, cut to what a C++ file needs -----------===//
//
// Generated C++ carries only the pieces of runtime-min that its kernels use,
// after a preamble that tells them what the target's instructions are.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_RUNTIMEPIECES_H
#define GLMC_CODEGEN_SOURCE_RUNTIMEPIECES_H

#include <set>
#include <string>

namespace glmc::source {

/// Includes and macros that go before everything else: GLM_TARGET, GLM_INLINE,
/// GLM_METHOD, GLM_KERNEL and the instruction sets that `cxxTarget` (as in
/// __attribute__((target("..."))), may be empty) names. `exact` forbids
/// contraction of a product and a sum, else it is asked for. `threads` includes
/// what the pieces "pool" and "parallel" need.
std::string runtimePreamble(const std::string &cxxTarget, bool exact, bool threads = false);

/// The element and vector types and the pieces that `needs` names
/// (CompiledKernel::cxxNeeds), with those that they need themselves; but not those
/// in `present`, which the file has already.
std::string runtimePieces(const std::set<std::string> &needs, std::string &error,
                          const std::set<std::string> &present = {});

/// Takes the preamble's macros back, for files that are compiled together.
std::string runtimeEpilogue(bool threads = false);

/// The text of the piece `name` of runtime-min's file `file`; empty if absent.
std::string runtimePiece(const std::string &file, const std::string &name);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_RUNTIMEPIECES_H
