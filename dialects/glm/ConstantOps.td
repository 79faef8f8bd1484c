//===- ConstantOps.td - Values known when compiling -------------------------===//
#ifndef GLM_CONSTANT_OPS_TD
#define GLM_CONSTANT_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_ConstantOp : Glm_TensorOp<"constant", [ConstantLike,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "A small constant or the result of folding, held in the IR";
  let description = "Example: `%c = glm.constant dense<1.0> : tensor<64xf32>`";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def Glm_WeightOp : Glm_TensorOp<"weight"> {
  let summary = "A constant that stays in its file";
  let description = [{
    Read through WeightSource when a pass or an emitter needs the elements; the
    IR holds only where they are. With a packed result type the emitter packs
    while it writes.

    Example: `%w = glm.weight "layers.0.qkv" <"model.onnx.data", 0, 32768, raw> : tensor<64x128xf32>`
  }];
  let arguments = (ins StrAttr:$name, Glm_StoredAttr:$stored);
  let results = (outs Glm_TensorOrPacked:$y);
  let assemblyFormat = "$name $stored attr-dict `:` type($y)";
  let hasVerifier = 1;
}

#endif // GLM_CONSTANT_OPS_TD
