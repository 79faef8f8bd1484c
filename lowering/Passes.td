//===- Passes.td - Every pass of glmc, in the order of the road -------------===//
#ifndef GLMC_LOWERING_PASSES_TD
#define GLMC_LOWERING_PASSES_TD

include "lowering/SimplifyPasses.td"
include "lowering/CompressPasses.td"
include "lowering/KernelPasses.td"
include "lowering/MemoryPasses.td"

#endif // GLMC_LOWERING_PASSES_TD
