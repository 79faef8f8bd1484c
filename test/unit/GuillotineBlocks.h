//===- GuillotineBlocks.h - Arenas whose optimum is known -------------------===//
//
// A rectangle of steps by bytes is cut in two, and one of the parts again, until
// there are as many parts as asked for. As blocks they fill an arena of the
// rectangle's height without a gap, so that height is their optimum.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_GUILLOTINEBLOCKS_H
#define GLMC_TEST_UNIT_GUILLOTINEBLOCKS_H

#include "lowering/memory/ArenaPlanner.h"

namespace glmc::test {

/// What the rectangle is, and how it is cut.
struct Guillotine {
  int64_t steps;
  int64_t bytes; ///< A multiple of memory::arenaAlignment.
  bool byArea;   ///< Large parts are cut rather than small ones; else all alike.
  double margin; ///< No part is less than this of what it was cut from.
};

/// `count` blocks in random order, cut from the rectangle; the same on every
/// machine. The rectangle must be large enough for that many.
std::vector<memory::ArenaBlock> guillotineBlocks(const Guillotine &guillotine, size_t count, uint64_t seed);

} // namespace glmc::test

#endif // GLMC_TEST_UNIT_GUILLOTINEBLOCKS_H
