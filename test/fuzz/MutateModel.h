//===- MutateModel.h - Damages a model as chance wills ----------------------===//
#ifndef GLMC_TEST_FUZZ_MUTATEMODEL_H
#define GLMC_TEST_FUZZ_MUTATEMODEL_H

#include <cstdint>
#include <string>

namespace glmc::fuzz {

/// Numbers that follow from a seed, on every machine the same.
class Chance {
public:
  explicit Chance(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// 0 to bound - 1; 0 for a bound of 0.
  uint64_t below(uint64_t bound) { return bound ? next() % bound : 0; }
  bool oneIn(uint64_t n) { return below(n) == 0; }

private:
  uint64_t state;
};

/// A model that is wrong in some places: in its bytes, or in fields that make
/// it a well-formed file with another meaning.
std::string mutate(const std::string &model, Chance &chance);

} // namespace glmc::fuzz

#endif // GLMC_TEST_FUZZ_MUTATEMODEL_H
