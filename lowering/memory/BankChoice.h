//===- BankChoice.h - Which bank of memory holds what --------------------------===//
//
// Plain C++: banks and bytes in, names out. Weights go to the first flash that has
// room. What a run changes goes to the fastest RAM that holds it: arena and state
// together if they fit there, else the arena, which every launch reads and writes,
// and the state to the fastest that is left.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_LOWERING_MEMORY_BANKCHOICE_H
#define GLMC_LOWERING_MEMORY_BANKCHOICE_H

#include "targets/Target.h"

#include <optional>
#include <string>
#include <vector>

namespace glmc::memory {

struct MemoryNeeds {
  int64_t weights = 0; ///< 0: they are not in the program.
  int64_t arena = 0, state = 0;
};

/// Whether the arena is a part of the context or memory of its own.
enum class ArenaHome : uint8_t { any, inside, apart };

/// Names of banks.
struct BankChoice {
  std::string weights; ///< Empty without weights.
  std::string context;
  std::string arena; ///< Empty: in the context.
};

/// Nothing, with `error` set, if something fits nowhere.
std::optional<BankChoice> chooseBanks(const std::vector<targets::MemoryBank> &banks, const MemoryNeeds &needs,
                                      ArenaHome home, std::string &error);

} // namespace glmc::memory

#endif // GLMC_LOWERING_MEMORY_BANKCHOICE_H
