//===- Status.h - What generated functions return ----------------------------===//
//
// Shared by both emitters, so that an object and a C++ file of one model answer
// alike. Values and texts are part of what users see: never renumber.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_STATUS_H
#define GLMC_CODEGEN_STATUS_H

#include "codegen/Program.h"

#include <cstdint>
#include <vector>

namespace glmc {

struct StatusEntry {
  int value;
  const char *name; ///< Appended to the upper-case prefix and "_": "OK".
  const char *text; ///< What PREFIX_status_text answers.
};

/// The statuses of every program, in order of value from 0.
constexpr StatusEntry statusTable[] = {
    {0, "OK", "ok"},
    {1, "ERROR_NULL", "a pointer argument is null"},
    {2, "ERROR_NOT_INITIALISED", "the context was not initialised: call init first"},
    {3, "ERROR_CPU", "this CPU lacks instructions that the program was compiled for"},
    {4, "ERROR_THREADS", "the system did not give the threads that the program was compiled for"},
    {5, "ERROR_CONTEXT_FULL", "the context has no room for so many tokens: reset it or roll it back"},
    {6, "ERROR_TOKEN", "a token is outside the vocabulary"},
    {7, "ERROR_COUNT", "a count is less than 1 or more than there are"},
    {8, "ERROR_BUFFER", "the buffer is too small"},
    {9, "ERROR_SNAPSHOT", "the snapshot was not made by this program, or is damaged"},
    {10, "ERROR_WEIGHTS", "there are no weights, or they are not this program's"},
};
constexpr int statusOk = 0, statusNull = 1, statusNotInitialised = 2, statusCpu = 3, statusThreads = 4,
              statusContextFull = 5, statusToken = 6, statusCount = 7, statusBuffer = 8, statusSnapshot = 9,
              statusWeights = 10;
/// Those that a resumable program has too.
constexpr StatusEntry resumeStatuses[] = {
    {11, "MORE", "there is more to do: call step again"},
    {12, "ERROR_IDLE", "no run was started, or another call ended it"},
};
constexpr int statusMore = 11, statusIdle = 12;

/// That a program with a self-test has too.
constexpr StatusEntry selfTestStatus = {13, "ERROR_SELFTEST", "this machine computes something else than was expected"};
constexpr int statusSelfTest = selfTestStatus.value;

/// What the functions of a program may return.
inline std::vector<StatusEntry> statusesOf(const Program &program) {
  std::vector<StatusEntry> statuses(std::begin(statusTable), std::end(statusTable));
  if (program.resumable)
    statuses.insert(statuses.end(), std::begin(resumeStatuses), std::end(resumeStatuses));
  if (program.selfTest)
    statuses.push_back(selfTestStatus);
  return statuses;
}

/// What PREFIX_status_text answers for any other value.
constexpr const char *statusUnknownText = "unknown status";

/// `ready` of a context that init has prepared. An entry point checks, in this
/// order: context null, any pointer null, ready different from this.
constexpr uint32_t readyMagic = 0x476c6d31;

} // namespace glmc

#endif // GLMC_CODEGEN_STATUS_H
