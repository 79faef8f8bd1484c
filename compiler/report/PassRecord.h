//===- PassRecord.h - What a pass did ----------------------------------------===//
#ifndef GLMC_COMPILER_REPORT_PASSRECORD_H
#define GLMC_COMPILER_REPORT_PASSRECORD_H

#include <cstdint>
#include <string>

namespace glmc {

/// What a pass did, for the dump's summary.
struct PassRecord {
  std::string name;
  int64_t opsBefore = 0, opsAfter = 0; ///< Tensor-level ops and launches.
  int64_t constantBytes = 0, activationBytes = 0, launches = 0; ///< After it.
  double seconds = 0;
};

} // namespace glmc

#endif // GLMC_COMPILER_REPORT_PASSRECORD_H
