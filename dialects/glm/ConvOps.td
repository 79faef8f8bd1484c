//===- ConvOps.td - Windows that slide over space ---------------------------===//
#ifndef GLM_CONV_OPS_TD
#define GLM_CONV_OPS_TD

include "dialects/glm/GlmDialect.td"

// What conv and pool share. x is [n, c, space...] or, with `channels_last`,
// [n, space..., c]; so is the result. `kernel`, `strides` and `dilations` have one
// number, `pads` two, for each dimension of space: those before the first
// element, then those behind the last one. Element o of the result sees elements
// o * stride - pad + k * dilation of x, k < kernel.

def Glm_ConvOp : Glm_TensorOp<"conv", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Convolution (correlation) over any number of dimensions of space";
  let description = [{
    `y[n, m, o] = sum over c and k of x[n, g(m) C + c, o * stride - pad + k * dilation] * w[m, c, k]`
    with C channels of x a group and g(m) the group of m. Elements outside of x
    are `pad_value` (0 if there is none, the zero point of quantised ones).

    `w` is a matrix: a row for each m; its columns are c and then the dimensions of
    k, row-major, or with `channels_last` the dimensions of k and then c. Without
    dimensions of space this is x times w transposed, by groups.

    Floats are of one type and accumulate in f32 (f64 for f64); with
    `channels_last`, and in every kernel, the sum goes up in the last dimension of
    k, in those before it, then in c. Integers may differ and give i32, modulo 2^32.

    Example: `%y = glm.conv %x, %w kernel [3, 3] strides [2, 2] dilations [1, 1] pads [1, 1, 1, 1] groups 1 channels_last : tensor<1x32x32x16xf32>, tensor<32x144xf32> -> tensor<1x16x16x32xf32>`
  }];
  let arguments = (ins Glm_Tensor:$x, Glm_TensorOrPacked:$w, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups,
                       OptionalAttr<I64Attr>:$pad_value, UnitAttr:$channels_last);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $w `kernel` $kernel `strides` $strides `dilations` $dilations `pads` $pads `groups` $groups
    (`pad_value` $pad_value^)? (`channels_last` $channels_last^)? attr-dict
    `:` type($x) `,` type($w) `->` type($y)
  }];
}

def Glm_PoolOp : Glm_TensorOp<"pool", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Largest element, mean or sum of a window";
  let description = [{
    `kind` is "max" (numbers of any type), "average" (floats) or "sum" (integers,
    which give i32, modulo 2^32). Elements outside of x are not looked at; a mean
    is of those inside, or with `count_include_pad` of those of the padded x, which
    are 0 outside. A window that has none is -infinity or the least integer (max),
    NaN (average) or 0 (sum).

    With `ceil_mode` the last window may end behind the padding, as long as it
    begins before it.

    Example: `%y = glm.pool "max" %x kernel [2, 2] strides [2, 2] dilations [1, 1] pads [0, 0, 0, 0] : tensor<1x8x4x4xf32> -> tensor<1x8x2x2xf32>`
  }];
  let arguments = (ins StrAttr:$kind, Glm_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, UnitAttr:$ceil_mode,
                       UnitAttr:$count_include_pad, UnitAttr:$channels_last);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = [{
    $kind $x `kernel` $kernel `strides` $strides `dilations` $dilations `pads` $pads
    (`ceil_mode` $ceil_mode^)? (`count_include_pad` $count_include_pad^)? (`channels_last` $channels_last^)?
    attr-dict `:` type($x) `->` type($y)
  }];
}

#endif // GLM_CONV_OPS_TD
