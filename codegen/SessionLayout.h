//===- SessionLayout.h - A stateful program, as runtime-min takes it ----------===//
//
// The tables that runtime-min/session.h is given, made of a Program's session in
// one place, so that an object and a C++ file of one program agree on them, on the
// layout hash of their snapshots too.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SESSIONLAYOUT_H
#define GLMC_CODEGEN_SESSIONLAYOUT_H

#include "codegen/Program.h"
#include "runtime-min/Embedded.h"

#include <string>
#include <vector>

namespace glmc {

/// Empty if the program's session fits its entry points and states, or if it has
/// none; else what does not.
std::string checkSession(const Program &program);

/// Of a program that passed checkSession and has a session. `buildId` is what
/// P_build_id answers: another build's snapshots are refused.
SessionTable sessionTable(const Program &program, const std::string &buildId);
std::vector<SessionCache> cacheTable(const Program &program);

/// Of the entry points, which are steps of the session? Those are no public
/// functions.
std::vector<bool> sessionSteps(const Program &program);

/// Tokens of the largest step that may be padded; 0: none may.
int64_t paddedTokens(const Program &program);

/// Bytes of a snapshot of a full context.
int64_t largestSnapshot(const Program &program);

/// Caches of one shape and type.
struct CacheGroup {
  int64_t count = 0; ///< Tensors; for keys and values, twice the layers.
  int64_t heads = 0, features = 0, positions = 0, elementBytes = 0;
  std::string element; ///< "f32".
  int64_t bytes = 0;   ///< Of all of them.

  /// "2*4*2*16*2048*4": 2, layers, heads, features, positions, bytes an element.
  /// An odd number of tensors stands for 2 and layers.
  std::string formula() const;
  /// The same in letters: "2*L*h*d*T*bytes".
  std::string letters() const;
};
/// In order of their first cache.
std::vector<CacheGroup> cacheGroups(const Program &program);

} // namespace glmc

#endif // GLMC_CODEGEN_SESSIONLAYOUT_H
