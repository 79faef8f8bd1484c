//===- MatmulOps.td - Matrix products ---------------------------------------===//
#ifndef GLM_MATMUL_OPS_TD
#define GLM_MATMUL_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_MatmulOp : Glm_TensorOp<"matmul", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Matrix product of the last two dimensions; leading ones broadcast";
  let description = [{
    `y[.., m, n] = sum over k of lhs[.., m, k] * rhs[.., k, n]`, or with
    `transpose_rhs` of `lhs[.., m, k] * rhs[.., n, k]`. Both operands have rank
    2 or more (the importer reshapes vectors) and one float type; floats
    narrower than f32 accumulate in f32.

    Example: `%y = glm.matmul %a, %b : tensor<1x7x64xf32>, tensor<64x128xf32> -> tensor<1x7x128xf32>`
  }];
  let arguments = (ins Glm_Tensor:$lhs, Glm_TensorOrPacked:$rhs, UnitAttr:$transpose_rhs);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$lhs `,` $rhs (`transposed` $transpose_rhs^)? attr-dict `:` type($lhs) `,` type($rhs) `->` type($y)";
}

#endif // GLM_MATMUL_OPS_TD
