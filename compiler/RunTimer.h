//===- RunTimer.h - Times runs of a compiled program without state -------------===//
#ifndef GLMC_COMPILER_RUNTIMER_H
#define GLMC_COMPILER_RUNTIMER_H

#include "compiler/GeneratedHeader.h"
#include "compiler/SharedLists.h"
#include "compiler/TimedCode.h"

namespace glmc {

struct RunSettings {
  int64_t runs = 0;   ///< 0: as many as fit in `seconds`.
  double seconds = 2;
  bool evict = false; ///< Empty the caches before each.
};

struct RunTimes {
  Distribution seconds;
  // The most that the machine gave, in 1e9 a second.
  double gigabytes = 0, gigaflops = 0;
};

/// Times an entry point in a child process, on inputs that are made up: numbers near
/// one, and integers that index nothing outside. False, with `error` set, if it
/// crashed, did not end, or returned a status.
bool timeRuns(const TimedCode &code, const GeneratedEntry &entry, const RunSettings &settings, RunTimes &times,
              std::string &error);

} // namespace glmc

#endif // GLMC_COMPILER_RUNTIMER_H
