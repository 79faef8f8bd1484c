//===- TransformerOps.td - What language models are made of -----------------===//
//
// Exporters take these apart; the idiom passes of lowering/simplify put them
// together again. Activations are token-major: [batch, tokens, features], where
// the features of attention are heads next to each other.
//
//===----------------------------------------------------------------------===//
#ifndef GLM_TRANSFORMER_OPS_TD
#define GLM_TRANSFORMER_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_RmsNormOp : Glm_TensorOp<"rms_norm", [AllTypesMatch<["x", "y"]>]> {
  let summary = "y = x / sqrt(mean(x^2) + epsilon) * scale, over the last dimension";
  let description = [{
    ONNX RMSNormalization-23 with axis -1. `scale` is a vector of the last
    dimension.

    Example: `%y = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$x, Glm_FloatTensor:$scale, F64Attr:$epsilon);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = "$x `,` $scale `epsilon` $epsilon attr-dict `:` type($x) `,` type($scale)";
  let hasVerifier = 1;
}

def Glm_LayerNormOp : Glm_TensorOp<"layer_norm", [AllTypesMatch<["x", "y"]>]> {
  let summary = "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, over the last dimension";
  let description = [{
    ONNX LayerNormalization-17 with axis -1. `scale` and `bias` are vectors of
    the last dimension.

    Example: `%y = glm.layer_norm %x, %g, %b epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>, tensor<64xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$x, Glm_FloatTensor:$scale, Glm_FloatTensor:$bias, F64Attr:$epsilon);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = "$x `,` $scale `,` $bias `epsilon` $epsilon attr-dict `:` type($x) `,` type($scale) `,` type($bias)";
  let hasVerifier = 1;
}

def Glm_RotaryOp : Glm_TensorOp<"rotary", [AllTypesMatch<["x", "y"]>]> {
  let summary = "Rotates pairs of features of each head by the token's angles";
  let description = [{
    Rotary position embedding (Su et al., arXiv 2104.09864; ONNX
    RotaryEmbedding-23). x is [B, S, heads * D]; cos and sin are [B or 1, S, P]
    with 2 P <= D. In each head, for i < P:

      interleaved:  a, b = 2 i, 2 i + 1      halves (else):  a, b = i, i + P
      y[a] = x[a] cos[i] - x[b] sin[i],      y[b] = x[b] cos[i] + x[a] sin[i]

    and y = x from 2 P on.

    Example: `%y = glm.rotary %x, %cos, %sin heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$x, Glm_FloatTensor:$cos, Glm_FloatTensor:$sin, I64Attr:$heads,
                       UnitAttr:$interleaved);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $cos `,` $sin `heads` $heads (`interleaved` $interleaved^)? attr-dict `:` type($x) `,` type($cos) `,` type($sin)
  }];
  let hasVerifier = 1;
}

def Glm_AttentionOp : Glm_TensorOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "Scaled dot-product attention whose query heads share key-value heads";
  let description = [{
    As ONNX Attention-23. q is [B, S, heads * D]. k and v are each token-major
    [B, T, kv_heads * D] or head-major [B, kv_heads, T, D], as caches are. Query
    head h reads head h / (heads / kv_heads). For every batch, head and query s:

      score[t] = scale * sum over d of q[s, d] k[t, d]
      y[s, :]  = sum over t of softmax(score + mask)[t] v[t, :]

    `mask` broadcasts to [B, heads, S, T]: false means minus infinity, floats are
    added. `causal`: t > s + T - S is minus infinity. A query that may attend to
    nothing gives 0 if `guarded`, NaN otherwise. Sums are made in f32 or wider.
    y is [B, S, heads * Dv].

    With `past`, one count for all batches, k and v are caches with room for T
    tokens: rows [0, past + S) hold tokens, the last S those of q, and other rows
    are not read as if they did. Then t > s + past is minus infinity if
    `causal`, t >= past + S otherwise. past is clamped to [0, T - S].

    Examples: `%y = glm.attention %q, %k, %v mask %m heads 4 kv_heads 2 scale 0.25 causal guarded : (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x2x7x16xf32>, tensor<1x1x7x7xi1>) -> tensor<1x7x64xf32>`,
    `%y = glm.attention %q, %k, %v past %n heads 4 kv_heads 2 scale 0.25 causal : (tensor<1x7x64xf32>, tensor<1x2x32x16xf32>, tensor<1x2x32x16xf32>, tensor<1xi64>) -> tensor<1x7x64xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$q, Glm_FloatTensor:$k, Glm_FloatTensor:$v, Optional<Glm_Tensor>:$mask,
                       Optional<Glm_IndexTensor>:$past, I64Attr:$heads, I64Attr:$kv_heads, F64Attr:$scale,
                       UnitAttr:$causal, UnitAttr:$guarded);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? (`past` $past^)? `heads` $heads `kv_heads` $kv_heads `scale` $scale (`causal` $causal^)?
    (`guarded` $guarded^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Glm_CacheWriteOp : Glm_TensorOp<"cache_write", [AllTypesMatch<["cache", "y"]>]> {
  let summary = "A cache in which some tokens' rows are new";
  let description = [{
    cache is [B, heads, T, D]. y is cache but for rows [at, at + S) of its tokens,
    which are those of `tokens`: token-major [B, S, heads * D] or head-major
    [B, heads, S, D]. `at`, one for all batches, is clamped to [0, T - S]. Where
    the cache is state this happens in place and costs what is written.

    Example: `%y = glm.cache_write %c, %k at %n : tensor<1x2x32x16xf32>, tensor<1x7x32xf32>, tensor<1xi64>`
  }];
  let arguments = (ins Glm_Tensor:$cache, Glm_Tensor:$tokens, Glm_IndexTensor:$at);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$cache `,` $tokens `at` $at attr-dict `:` type($cache) `,` type($tokens) `,` type($at)";
  let hasVerifier = 1;
}

#endif // GLM_TRANSFORMER_OPS_TD
