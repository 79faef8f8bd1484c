//===- Status.h - What generated functions return ----------------------------===//
//
// Shared by both emitters, so that an object and a C++ file of one model answer
// alike. Values and texts are part of what users see: never renumber.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_STATUS_H
#define GLMC_CODEGEN_STATUS_H

#include <cstdint>

namespace glmc {

struct StatusEntry {
  int value;
  const char *name; ///< Appended to the upper-case prefix and "_": "OK".
  const char *text; ///< What PREFIX_status_text answers.
};

/// Every status, in order of value from 0.
constexpr StatusEntry statusTable[] = {
    {0, "OK", "ok"},
    {1, "ERROR_NULL", "a pointer argument is null"},
    {2, "ERROR_NOT_INITIALISED", "the context was not initialised: call init first"},
    {3, "ERROR_CPU", "this CPU lacks instructions that the program was compiled for"},
    {4, "ERROR_THREADS", "the system did not give the threads that the program was compiled for"},
};
constexpr int statusOk = 0, statusNull = 1, statusNotInitialised = 2, statusCpu = 3, statusThreads = 4;
/// What PREFIX_status_text answers for any other value.
constexpr const char *statusUnknownText = "unknown status";

/// `ready` of a context that init has prepared. An entry point checks, in this
/// order: context null, any pointer null, ready different from this.
constexpr uint32_t readyMagic = 0x476c6d31;

} // namespace glmc

#endif // GLMC_CODEGEN_STATUS_H
