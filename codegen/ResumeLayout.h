//===- ResumeLayout.h - Runs that are taken in pieces -------------------------===//
//
// A resumable program (P_<entry>_start, P_step) keeps in its context which step of
// which run comes next, as one number: 0, none; of a program with a session, 1 and
// on are the steps of the session's step that is under way; then come those of each
// other entry point, one behind another. Beside it stand 64-bit words: of an entry
// point's run the pointers that start was given, inputs before outputs; of a
// session's what runtime-min/session.h calls glmc_session_pieces, then room for
// padded tokens.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_RESUMELAYOUT_H
#define GLMC_CODEGEN_RESUMELAYOUT_H

#include "codegen/Program.h"

#include <string>
#include <vector>

namespace glmc {

struct ResumeLayout {
  int64_t words = 0;            ///< Of 64 bits.
  int64_t sessionPositions = 0; ///< Steps of the session's longest step; 0 without a session.
  /// Of each entry point that is no step of a session, the position of its first
  /// step; an entry point of no steps has one position too. 0 of others.
  std::vector<int64_t> first;
};

/// Of a resumable program that passed checkSession.
ResumeLayout resumeLayout(const Program &program);

/// Positions that an entry point takes.
int64_t positionsOf(const EntryPoint &entry);

/// Pointers that its caller passes.
int64_t pointersOf(const EntryPoint &entry);

/// Empty if the functions of a resumable program, and an arena that is apart, have
/// names that nothing else has.
std::string checkResume(const Program &program);

} // namespace glmc

#endif // GLMC_CODEGEN_RESUMELAYOUT_H
