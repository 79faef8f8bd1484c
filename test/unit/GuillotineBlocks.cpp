//===- GuillotineBlocks.cpp - Arenas whose optimum is known -----------------===//
#include "GuillotineBlocks.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace glmc::test {
namespace {

struct Part {
  int64_t firstStep, steps, offset, units; ///< Units of arenaAlignment.
};

class Cutter {
public:
  Cutter(const Guillotine &guillotine, uint64_t seed)
      : guillotine(guillotine),
        random(seed), parts{{0, guillotine.steps, 0, guillotine.bytes / memory::arenaAlignment}} {}

  std::vector<Part> cut(size_t count) {
    while (parts.size() < count) {
      Part &part = parts[choosePart()], rest = part;
      bool inTime = random() % 2;
      int64_t &kept = inTime ? part.steps : part.units;
      if (kept < 2)
        continue;
      double share = guillotine.margin + (1 - 2 * guillotine.margin) * fraction();
      kept = std::clamp<int64_t>(int64_t(double(kept) * share), 1, kept - 1);
      (inTime ? rest.firstStep : rest.offset) += kept;
      (inTime ? rest.steps : rest.units) -= kept;
      parts.push_back(rest);
    }
    // Standard libraries shuffle in different ways.
    for (size_t i = parts.size(); i > 1; --i)
      std::swap(parts[i - 1], parts[random() % i]);
    return parts;
  }

private:
  double fraction() { return double(random() >> 11) / 9007199254740992.0; }

  size_t choosePart() {
    if (!guillotine.byArea)
      return random() % parts.size();
    double left = fraction() * double(guillotine.steps) * double(guillotine.bytes / memory::arenaAlignment);
    for (size_t i = 0; i < parts.size(); ++i)
      if ((left -= double(parts[i].steps) * double(parts[i].units)) < 0)
        return i;
    return parts.size() - 1;
  }

  const Guillotine &guillotine;
  std::mt19937_64 random;
  std::vector<Part> parts;
};

} // namespace

std::vector<memory::ArenaBlock> guillotineBlocks(const Guillotine &guillotine, size_t count, uint64_t seed) {
  std::vector<memory::ArenaBlock> blocks;
  for (const Part &part : Cutter(guillotine, seed).cut(count))
    blocks.push_back({"b" + std::to_string(blocks.size()), part.units * memory::arenaAlignment, part.firstStep,
                      part.firstStep + part.steps - 1});
  return blocks;
}

} // namespace glmc::test
