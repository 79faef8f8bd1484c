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

    With `lhs_group`, each `lhs_group` floats that follow each other along k in a
    row of lhs (the last ones may be fewer) are first rounded to 8 bits when the
    program runs: with s = max |x| / 127 in f32, x becomes s * round(x / s), halves
    to even, and 0 where s is 0. The products of such integers with those of a
    glm.dequantize are exact; sums of groups are added in f32, upwards in k.

    Example: `%y = glm.matmul %a, %b : tensor<1x7x64xf32>, tensor<64x128xf32> -> tensor<1x7x128xf32>`
  }];
  let arguments = (ins Glm_Tensor:$lhs, Glm_TensorOrPacked:$rhs, UnitAttr:$transpose_rhs,
                       OptionalAttr<I64Attr>:$lhs_group);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = [{
    $lhs `,` $rhs (`transposed` $transpose_rhs^)? (`lhs_group` $lhs_group^)? attr-dict
    `:` type($lhs) `,` type($rhs) `->` type($y)
  }];
}

def Glm_DequantizeOp : Glm_TensorOp<"dequantize"> {
  let summary = "Numbers from integers: (q - zero) * scale, by groups";
  let description = [{
    `y[i] = (q[i] - zeros[j]) * scales[j]` in f32, where j is i with i[axis]
    divided by `group`; `scales` and `zeros` have q's rank, ceil(q[axis] / group)
    or 1 indices along `axis`, and elsewhere q's size or 1, which repeats.
    ONNX DequantizeLinear-21 with any of its granularities, MatMulNBits,
    GatherBlockQuantized.

    Example: `%w = glm.dequantize %q, %s zeros %z axis 0 group 32 : tensor<64x128xui4>, tensor<2x128xf16>, tensor<2x128xui4> -> tensor<64x128xf32>`
  }];
  let arguments = (ins Glm_TensorOrPacked:$q, Glm_TensorOrPacked:$scales, Optional<Glm_TensorOrPacked>:$zeros,
                       I64Attr:$axis, I64Attr:$group);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = [{
    $q `,` $scales (`zeros` $zeros^)? `axis` $axis `group` $group attr-dict
    `:` type($q) `,` type($scales) (`,` type($zeros)^)? `->` type($y)
  }];
  let hasVerifier = 1;
}

#endif // GLM_MATMUL_OPS_TD
