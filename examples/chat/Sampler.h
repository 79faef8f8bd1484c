//===- Sampler.h - Chooses the next token ----------------------------------===//
//
// In this order: the repetition penalty divides the logits of tokens that were
// seen, if positive, and multiplies them, if negative; the temperature divides
// all; the top-k likeliest stay; of these the fewest whose probabilities reach
// top-p; one of them is drawn. Equal logits count in the order of their ids.
//
// Random numbers come from SplitMix64 (Steele, Lea and Flood, 2014), whose
// whole state is the seed: the same seed, model and options give the same text
// on every run of the same program.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_SAMPLER_H
#define GLMC_EXAMPLES_CHAT_SAMPLER_H

#include <cstdint>
#include <vector>

namespace chat {

struct SamplerOptions {
  double temperature = 0.95;    ///< 0: always the likeliest token (greedy)
  int64_t topK = 0;             ///< 0: all
  double topP = 0.7;            ///< in (0, 1]
  double repetitionPenalty = 1; ///< above 0; 1: none
  uint64_t seed = 0;
};

/// Random numbers; the state is all there is.
class SplitMix64 {
public:
  explicit SplitMix64(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

class Sampler {
public:
  /// Throws std::runtime_error naming an option that is out of its range.
  explicit Sampler(const SamplerOptions &options);

  /// The next token. `seen` are the tokens so far. Throws if a logit is NaN or
  /// plus infinity, or if none is finite: then something is wrong in the model.
  int64_t choose(const std::vector<float> &logits, const std::vector<int64_t> &seen);

private:
  struct Candidate {
    float score; ///< the logit after the penalty
    int32_t id;
    double weight; ///< its probability times a constant
  };

  void penalise(const std::vector<int64_t> &seen);
  void keepTopK();
  int64_t draw();

  SamplerOptions options;
  SplitMix64 random;
  std::vector<float> scores;
  std::vector<Candidate> candidates;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_SAMPLER_H
