//===- BuildPipeline.h - A kernel description as a Halide pipeline ----------===//
#ifndef GLMC_CODEGEN_KERNELS_BUILDPIPELINE_H
#define GLMC_CODEGEN_KERNELS_BUILDPIPELINE_H

#include "codegen/kernels/KernelDescription.h"

#include <Halide.h>

namespace glmc::kernels {

struct BuiltPipeline {
  Halide::Pipeline pipeline; ///< Outputs: results, then scratch.
  std::vector<Halide::ImageParam> arguments; ///< One a kernel argument, in order.
};

/// Throws std::exception (Halide's errors are) when it cannot.
BuiltPipeline buildPipeline(const Kernel &kernel);

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_BUILDPIPELINE_H
