//===- ElementwiseOps.td - One element in, one element out ------------------===//
//
// Operands of binary and ternary ops broadcast as in ONNX and NumPy: shapes are
// aligned at their last dimension and a dimension of 1 repeats.
//
//===----------------------------------------------------------------------===//
#ifndef GLM_ELEMENTWISE_OPS_TD
#define GLM_ELEMENTWISE_OPS_TD

include "dialects/glm/GlmDialect.td"

class Glm_Unary<string mnemonic, string formula, Type operand = Glm_FloatTensor>
    : Glm_TensorOp<mnemonic, [Glm_Pointwise, SameOperandsAndResultType]> {
  let summary = "Elementwise: " # formula;
  let description = "Computes `" # formula # "` for every element.\n\n"
      # "Example: `%y = glm." # mnemonic # " %x : tensor<2x3xf32>`";
  let arguments = (ins operand:$x);
  let results = (outs operand:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Glm_NegOp : Glm_Unary<"neg", "y = -x", Glm_Tensor>;
def Glm_AbsOp : Glm_Unary<"abs", "y = |x|", Glm_Tensor>;
def Glm_SignOp : Glm_Unary<"sign", "y = -1, 0 or 1 by the sign of x", Glm_Tensor>;
def Glm_SqrtOp : Glm_Unary<"sqrt", "y = square root of x">;
def Glm_ReciprocalOp : Glm_Unary<"reciprocal", "y = 1 / x">;
def Glm_ExpOp : Glm_Unary<"exp", "y = e^x">;
def Glm_LogOp : Glm_Unary<"log", "y = natural logarithm of x">;
def Glm_SinOp : Glm_Unary<"sin", "y = sin(x)">;
def Glm_CosOp : Glm_Unary<"cos", "y = cos(x)">;
def Glm_TanhOp : Glm_Unary<"tanh", "y = tanh(x)">;
def Glm_SigmoidOp : Glm_Unary<"sigmoid", "y = 1 / (1 + e^-x)">;
def Glm_ErfOp : Glm_Unary<"erf", "y = error function of x">;

def Glm_GeluOp : Glm_TensorOp<"gelu", [Glm_Pointwise, SameOperandsAndResultType]> {
  let summary = "Elementwise: x times the normal distribution up to x";
  let description = [{
    As ONNX Gelu-20: `y = x/2 (1 + erf(x / sqrt 2))`, or with `tanh` its
    approximation `y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.

    Example: `%y = glm.gelu %x tanh : tensor<2x3xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$x, UnitAttr:$tanh);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = "$x (`tanh` $tanh^)? attr-dict `:` type($x)";
}

def Glm_SwigluOp : Glm_TensorOp<"swiglu", [Glm_Pointwise, SameOperandsAndResultType]> {
  let summary = "Elementwise: y = gate * sigmoid(gate) * up";
  let description = [{
    The gated unit of Shazeer, arXiv 2002.05202. Operands do not broadcast.

    Example: `%y = glm.swiglu %gate, %up : tensor<1x7x112xf32>`
  }];
  let arguments = (ins Glm_FloatTensor:$gate, Glm_FloatTensor:$up);
  let results = (outs Glm_FloatTensor:$y);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($gate)";
}

def Glm_FloorOp : Glm_Unary<"floor", "y = largest integer <= x">;
def Glm_CeilOp : Glm_Unary<"ceil", "y = smallest integer >= x">;
def Glm_RoundOp : Glm_Unary<"round", "y = nearest integer, halves to even">;
def Glm_NotOp : Glm_Unary<"not", "y = !x", Glm_BoolTensor>;

def Glm_IsNanOp : Glm_TensorOp<"is_nan", [Glm_Pointwise,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Elementwise: y = x is not a number";
  let description = "Example: `%y = glm.is_nan %x : tensor<4xf32> -> tensor<4xi1>`";
  let arguments = (ins Glm_FloatTensor:$x);
  let results = (outs Glm_BoolTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
}

def Glm_CastOp : Glm_TensorOp<"cast", [Glm_Pointwise]> {
  let summary = "Elementwise: converts to another element type";
  let description = [{
    As ONNX Cast: float to integer truncates towards zero, anything to bool is
    `x != 0`, to a narrower float rounds to nearest even. A packed weight is
    converted as it is read.

    Example: `%y = glm.cast %x : tensor<4xi64> to tensor<4xf32>`
  }];
  let arguments = (ins Glm_TensorOrPacked:$x);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

class Glm_Binary<string mnemonic, string formula, list<Trait> traits = [], Type operand = Glm_Tensor>
    : Glm_TensorOp<mnemonic, !listconcat([Glm_Pointwise,
          DeclareOpInterfaceMethods<InferTypeOpInterface>], traits)> {
  let summary = "Elementwise: " # formula;
  let description = "Computes `" # formula # "` with broadcasting; both operands have one element type.\n\n"
      # "Example: `%z = glm." # mnemonic # " %x, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>`";
  let arguments = (ins operand:$x, operand:$y);
  let results = (outs Glm_Tensor:$z);
  let assemblyFormat = "$x `,` $y attr-dict `:` type($x) `,` type($y) `->` type($z)";
}

def Glm_AddOp : Glm_Binary<"add", "z = x + y", [Commutative]>;
def Glm_SubOp : Glm_Binary<"sub", "z = x - y">;
def Glm_MulOp : Glm_Binary<"mul", "z = x * y", [Commutative]>;
def Glm_DivOp : Glm_Binary<"div", "z = x / y, integers truncate towards zero">;
def Glm_ModOp : Glm_Binary<"mod", "z = x modulo y, the sign is y's for integers and x's for floats">;
def Glm_PowOp : Glm_Binary<"pow", "z = x to the power of y">;
def Glm_MaxOp : Glm_Binary<"max", "z = larger of x and y, NaN if either is", [Commutative]>;
def Glm_MinOp : Glm_Binary<"min", "z = smaller of x and y, NaN if either is", [Commutative]>;

class Glm_Compare<string mnemonic, string formula, list<Trait> traits = []>
    : Glm_Binary<mnemonic, formula, traits> { let results = (outs Glm_BoolTensor:$z); }
def Glm_EqualOp : Glm_Compare<"equal", "z = x == y", [Commutative]>;
def Glm_LessOp : Glm_Compare<"less", "z = x < y">;
def Glm_LessEqualOp : Glm_Compare<"less_equal", "z = x <= y">;
def Glm_AndOp : Glm_Binary<"and", "z = x and y", [Commutative], Glm_BoolTensor>;
def Glm_OrOp : Glm_Binary<"or", "z = x or y", [Commutative], Glm_BoolTensor>;
def Glm_XorOp : Glm_Binary<"xor", "z = x exclusive-or y", [Commutative], Glm_BoolTensor>;

def Glm_WhereOp : Glm_TensorOp<"where", [Glm_Pointwise,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Elementwise: z = condition ? x : y";
  let description = [{
    All three operands broadcast.

    Example: `%z = glm.where %c, %x, %y : tensor<4xi1>, tensor<4xf32>, tensor<f32> -> tensor<4xf32>`
  }];
  let arguments = (ins Glm_BoolTensor:$condition, Glm_Tensor:$x, Glm_Tensor:$y);
  let results = (outs Glm_Tensor:$z);
  let assemblyFormat = "$condition `,` $x `,` $y attr-dict `:` type($condition) `,` type($x) `,` type($y) `->` type($z)";
}

#endif // GLM_ELEMENTWISE_OPS_TD
