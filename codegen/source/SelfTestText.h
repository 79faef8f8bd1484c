//===- SelfTestText.h - A self-test, as text ----------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_SELFTESTTEXT_H
#define GLMC_CODEGEN_SOURCE_SELFTESTTEXT_H

#include "codegen/source/EmitHeader.h"

namespace glmc::source {

/// For the header: selftest, and what names launches.
std::string selfTestDeclarations(const Program &program, const EmitOptions &options);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_SELFTESTTEXT_H
