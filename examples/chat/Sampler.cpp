//===- Sampler.cpp - Chooses the next token --------------------------------===//
#include "Sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace chat {

uint64_t SplitMix64::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Sampler::Sampler(const SamplerOptions &options) : options(options), random(options.seed) {
  auto check = [](bool holds, const char *option, const char *expected, double value) {
    if (!holds)
      throw std::runtime_error(std::string(option) + " is " + std::to_string(value) + ", expected " + expected);
  };
  check(options.temperature >= 0 && std::isfinite(options.temperature), "the temperature", "0 or more",
        options.temperature);
  check(options.topK >= 0, "top-k", "0 or more", static_cast<double>(options.topK));
  check(options.topP > 0 && options.topP <= 1, "top-p", "more than 0 and at most 1", options.topP);
  check(options.repetitionPenalty > 0 && std::isfinite(options.repetitionPenalty), "the repetition penalty",
        "more than 0", options.repetitionPenalty);
}

namespace {

void checkLogits(const std::vector<float> &logits) {
  // Not a number is not below infinity either.
  auto wrong = std::find_if(logits.begin(), logits.end(), [](float logit) { return !(logit < HUGE_VALF); });
  if (wrong != logits.end())
    throw std::runtime_error("the model computed a logit that is " +
                             std::string(std::isnan(*wrong) ? "not a number" : "infinite") + " (token " +
                             std::to_string(wrong - logits.begin()) + ")");
}

/// Likelier first, equal ones in the order of their ids.
constexpr auto likelier = [](const auto &a, const auto &b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
};

} // namespace

void Sampler::penalise(const std::vector<int64_t> &seen) {
  if (options.repetitionPenalty == 1)
    return;
  std::vector<int64_t> once = seen;
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  for (int64_t id : once) {
    if (id < 0 || id >= static_cast<int64_t>(scores.size()))
      continue;
    double penalty = scores[id] > 0 ? 1 / options.repetitionPenalty : options.repetitionPenalty;
    scores[id] = static_cast<float>(scores[id] * penalty);
  }
}

void Sampler::keepTopK() {
  if (options.topK == 0 || options.topK >= static_cast<int64_t>(candidates.size()))
    return;
  std::nth_element(candidates.begin(), candidates.begin() + options.topK, candidates.end(), likelier);
  candidates.resize(options.topK);
}

int64_t Sampler::choose(const std::vector<float> &logits, const std::vector<int64_t> &seen) {
  checkLogits(logits);
  scores = logits;
  penalise(seen);
  auto best = std::max_element(scores.begin(), scores.end());
  if (best == scores.end() || !std::isfinite(*best))
    throw std::runtime_error("the model gave no token a finite logit");
  if (options.temperature == 0)
    return best - scores.begin();

  candidates.clear();
  for (float score : scores)
    candidates.push_back({score, static_cast<int32_t>(candidates.size()), 0});
  keepTopK();
  for (Candidate &candidate : candidates)
    candidate.weight = std::exp((static_cast<double>(candidate.score) - *best) / options.temperature);
  return draw();
}

int64_t Sampler::draw() {
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += candidate.weight;

  // Most of a vocabulary is so unlikely that even all of it together is not
  // among what reaches top-p; sorting it would take longer than a small model.
  double least = total * (1 - options.topP) / static_cast<double>(candidates.size());
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [least](const Candidate &candidate) { return candidate.weight < least; }),
                   candidates.end());

  // The likeliest ones are taken off a heap, into the vector's end.
  auto worse = [](const Candidate &a, const Candidate &b) { return likelier(b, a); };
  std::make_heap(candidates.begin(), candidates.end(), worse);
  auto end = candidates.end();
  double kept = 0;
  while (end != candidates.begin() && (end == candidates.end() || kept < options.topP * total)) {
    std::pop_heap(candidates.begin(), end, worse);
    kept += (--end)->weight;
  }

  double point = random.uniform() * kept;
  for (auto at = candidates.end(); at != end;) {
    point -= (--at)->weight;
    if (point < 0)
      return at->id;
  }
  return candidates.back().id; // only rounding leads here
}

} // namespace chat
