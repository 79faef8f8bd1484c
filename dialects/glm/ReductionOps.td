//===- ReductionOps.td - Many elements in, one element out ------------------===//
#ifndef GLM_REDUCTION_OPS_TD
#define GLM_REDUCTION_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_ReduceOp : Glm_TensorOp<"reduce", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Sum, mean, max, min or product over some axes, which stay as 1";
  let description = [{
    Axes are ascending and not negative. The mean of integers truncates.

    Example: `%y = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>`
  }];
  let arguments = (ins StrAttr:$kind, Glm_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$kind $x $axes attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def Glm_SoftmaxOp : Glm_TensorOp<"softmax", [SameOperandsAndResultType]> {
  let summary = "y = e^(x - max) / sum of e^(x - max), along one axis";
  let description = [{
    Minus infinity is exact; a slice of nothing but minus infinity gives NaN, as
    ONNX's does.

    Example: `%y = glm.softmax %x axis 3 : tensor<1x4x7x7xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$x, I64Attr:$axis);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = "$x `axis` $axis attr-dict `:` type($x)";
  let hasVerifier = 1;
}

#endif // GLM_REDUCTION_OPS_TD
