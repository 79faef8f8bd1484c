//===- BankChoice.cpp - Which bank of memory holds what ------------------------===//
#include "lowering/memory/BankChoice.h"

#include <algorithm>

namespace glmc::memory {
namespace {

using targets::MemoryBank;

/// What a context holds beside arena and state, at most: see codegen/ContextLayout.h.
constexpr int64_t contextRest = 256;

/// RAM by speed, 0 the fastest; -1: it holds code and constants.
int slownessOf(const MemoryBank &bank) {
  return bank.kind == "fast_ram" ? 0 : bank.kind == "ram" ? 1 : bank.kind == "external" ? 2 : -1;
}

/// RAM, the fastest first, otherwise in the file's order.
std::vector<MemoryBank> ramOf(const std::vector<MemoryBank> &banks) {
  std::vector<MemoryBank> ram;
  std::copy_if(banks.begin(), banks.end(), std::back_inserter(ram),
               [](const MemoryBank &bank) { return slownessOf(bank) >= 0; });
  std::stable_sort(ram.begin(), ram.end(),
                   [](const MemoryBank &a, const MemoryBank &b) { return slownessOf(a) < slownessOf(b); });
  return ram;
}

MemoryBank *firstWith(std::vector<MemoryBank> &banks, int64_t bytes) {
  auto found = std::find_if(banks.begin(), banks.end(), [&](const MemoryBank &bank) { return bank.bytes >= bytes; });
  return found == banks.end() ? nullptr : &*found;
}

/// "the weights take 5 bytes, and the largest of FLASH (4) holds less".
std::string noRoom(const std::string &what, int64_t bytes, const std::vector<MemoryBank> &banks) {
  std::string list;
  for (const MemoryBank &bank : banks)
    list += (list.empty() ? "" : ", ") + bank.name + " " + std::to_string(bank.bytes);
  return what + std::to_string(bytes) + " bytes, for which no bank has room" +
         (list.empty() ? ": there is none of the kind" : " (" + list + ")");
}

} // namespace

std::optional<BankChoice> chooseBanks(const std::vector<MemoryBank> &banks, const MemoryNeeds &needs, ArenaHome home,
                                      std::string &error) {
  BankChoice choice;
  std::vector<MemoryBank> flash, ram = ramOf(banks);
  std::copy_if(banks.begin(), banks.end(), std::back_inserter(flash),
               [](const MemoryBank &bank) { return bank.kind == "flash"; });
  if (needs.weights > 0) {
    const MemoryBank *bank = firstWith(flash, needs.weights);
    if (!bank) {
      error = noRoom("the weights take ", needs.weights, flash);
      return std::nullopt;
    }
    choice.weights = bank->name;
  }
  const int64_t rest = needs.state + contextRest;
  const MemoryBank *whole = home == ArenaHome::apart ? nullptr : firstWith(ram, needs.arena + rest);
  MemoryBank *arena = firstWith(ram, needs.arena);
  // Alone the arena may fit where it is faster.
  const bool isInside = whole && (home == ArenaHome::inside || slownessOf(*whole) <= slownessOf(*arena));
  if (isInside) {
    choice.context = whole->name;
    return choice;
  }
  if (home == ArenaHome::inside || !arena) {
    error = home == ArenaHome::inside ? noRoom("arena and state take ", needs.arena + rest, ram)
                                      : noRoom("the arena takes ", needs.arena, ram);
    return std::nullopt;
  }
  choice.arena = arena->name;
  arena->bytes -= needs.arena;
  const MemoryBank *context = firstWith(ram, rest);
  if (!context) {
    error = noRoom("beside the arena in " + choice.arena + " the state takes ", rest, ram);
    return std::nullopt;
  }
  choice.context = context->name;
  return choice;
}

} // namespace glmc::memory
