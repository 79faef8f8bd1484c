//===- ResumeText.h - Runs in pieces, as text ----------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_RESUMETEXT_H
#define GLMC_CODEGEN_SOURCE_RESUMETEXT_H

#include "codegen/source/EmitHeader.h"

namespace glmc::source {

/// "int glm_run_start(glm_context *context, const float *x, float *y)".
std::string startSignature(const EntryPoint &entry, const EmitOptions &options);

/// For the header: step, and what a run in pieces is.
std::string resumeDeclarations(const Program &program, const EmitOptions &options);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_RESUMETEXT_H
