//===- GenerationTimer.h - Times a program that generates tokens ---------------===//
//
// A program with state, just compiled or a library of it, in a child process: what
// a prompt takes, at each size that steps were compiled for, and a token at several
// positions of the context; between them the bandwidth and the multiply-adds that
// the machine gives on as many threads. Context and weights lie in large pages, as
// far as the machine has them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_GENERATIONTIMER_H
#define GLMC_COMPILER_GENERATIONTIMER_H

#include "compiler/TimedCode.h"

namespace glmc {

/// What is timed.
struct GenerationSubject : TimedCode {
  int64_t contextTokens = 0, vocabulary = 0;
  bool allLogits = false;
  std::vector<int64_t> steps; ///< Tokens of each step, ascending from 1.
  // What one token reads: weights, and a position of all caches.
  int64_t tokenWeightBytes = 0, positionBytes = 0;
};

struct GenerationSettings {
  double seconds = 2; ///< About as long for prompts; decoding is counted in tokens.
  int64_t prompt = 0; ///< Tokens of the prompt before the first token; 0: 128, if they fit.
  std::vector<int64_t> positions; ///< Empty: some, from the first to the last.
};

struct PrefillTime {
  int64_t tokens = 0;
  double seconds = 0; ///< The median's.
  double rate() const { return seconds > 0 ? double(tokens) / seconds : 0; }
};

struct DecodeTime {
  int64_t position = 0; ///< Tokens before the first that was timed.
  double seconds = 0;   ///< The median's.
  int64_t bytes = 0;    ///< Read for one token.
  double rate() const { return seconds > 0 ? 1 / seconds : 0; }
  double gigabytes() const { return double(bytes) * rate() / 1e9; }
};

struct GenerationTimes {
  std::vector<PrefillTime> steps; ///< Prompts as long as each step of several tokens.
  PrefillTime prompt;             ///< Its seconds are the time to the first token.
  std::vector<DecodeTime> decode;
  // The most that the machine gave, in 1e9 a second.
  double gigabytes = 0, gigaflops = 0;
};

/// False, with `error` set, if settings do not fit the subject, it crashed, did not
/// end, or returned a status.
bool timeGeneration(const GenerationSubject &subject, const GenerationSettings &settings, GenerationTimes &times,
                    std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_GENERATIONTIMER_H
