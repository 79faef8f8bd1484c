//===- GlmOps.td - All families of the glm dialect --------------------------===//
include "dialects/glm/ElementwiseOps.td"
include "dialects/glm/MovementOps.td"
include "dialects/glm/MatmulOps.td"
include "dialects/glm/ConvOps.td"
include "dialects/glm/ReductionOps.td"
include "dialects/glm/TransformerOps.td"
include "dialects/glm/ConstantOps.td"
include "dialects/glm/StructureOps.td"
