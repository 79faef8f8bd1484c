//===- ContextLayout.h - Where things lie in a context ------------------------===//
//
// The context struct of a program: arena, state, pool of threads, the address of
// weights that are in a file of their own, that of an arena that is apart, a run that is taken in pieces, the
// number of the version that runs, how far that run came, then the ready mark, each
// at the offset that C gives the struct that the header declares:
//   struct { alignas(64) uint8_t arena[A]; alignas(64) uint8_t state[S];
//            alignas(64) uint8_t pool[P]; alignas(64) uint8_t weights[8];
//            alignas(8) uint64_t arena_address; uint64_t run[R]; uint32_t version; uint32_t position;
//            uint32_t ready; };
// where a member of no bytes is left out. The struct is padded to 64 bytes.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_CONTEXTLAYOUT_H
#define GLMC_CODEGEN_CONTEXTLAYOUT_H

#include "codegen/Program.h"
#include "codegen/ResumeLayout.h"
#include "runtime-min/Embedded.h"

namespace glmc {

constexpr int64_t contextAlignment = 64;
/// For an address of any target.
constexpr int64_t weightsAddressBytes = 8;

struct ContextLayout {
  int64_t arena = 0, state = 0, pool = 0, weights = 0, arenaAddress = 0, run = 0, version = 0, position = 0, ready = 0; ///< Offsets.
  int64_t bytes = 0;                       ///< sizeof the struct.
};

inline int64_t alignedTo(int64_t bytes, int64_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

inline ContextLayout contextLayout(const Program &program) {
  ContextLayout layout;
  const int64_t arenaBytes = program.arenaApart ? 0 : program.arenaBytes;
  layout.state = alignedTo(arenaBytes, contextAlignment);
  // Where the members so far end; the mark follows at its own alignment of 4.
  int64_t end = program.stateBytes > 0 ? layout.state + program.stateBytes : arenaBytes;
  layout.pool = alignedTo(end, contextAlignment);
  if (program.threads > 1)
    end = layout.pool + poolBytes;
  layout.weights = alignedTo(end, contextAlignment);
  if (program.weightsApart)
    end = layout.weights + weightsAddressBytes;
  layout.arenaAddress = alignedTo(end, 8);
  if (program.arenaApart)
    end = layout.arenaAddress + 8;
  layout.run = alignedTo(end, 8);
  if (const int64_t words = program.resumable ? resumeLayout(program).words : 0)
    end = layout.run + 8 * words;
  layout.version = alignedTo(end, 4);
  layout.position = layout.version + (program.versions.empty() ? 0 : 4);
  layout.ready = layout.position + (program.resumable ? 4 : 0);
  layout.bytes = alignedTo(layout.ready + 4, contextAlignment);
  return layout;
}

} // namespace glmc

#endif // GLMC_CODEGEN_CONTEXTLAYOUT_H
