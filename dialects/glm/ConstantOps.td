//===- ConstantOps.td - Values known when compiling -------------------------===//
#ifndef GLM_CONSTANT_OPS_TD
#define GLM_CONSTANT_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_ConstantOp : Glm_TensorOp<"constant", [ConstantLike,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "A small constant or the result of folding, held in the IR";
  let description = [{
    With a `layout` it is a packed weight, which the emitter packs while it writes.

    Examples: `%c = glm.constant dense<1.0> : tensor<64xf32>`,
    `%w = glm.constant dense<1.0> : tensor<64x128xf32> layout #glm.panels<0, 16>`
  }];
  let arguments = (ins ElementsAttr:$value, OptionalAttr<AnyAttr>:$layout);
  let results = (outs Glm_TensorOrPacked:$y);
  let assemblyFormat = "$value (`layout` $layout^)? attr-dict";
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, type, value, ::mlir::Attribute());
  }]>, OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value, ::mlir::Attribute());
  }]>];
  let hasFolder = 1;
}

def Glm_WeightOp : Glm_TensorOp<"weight"> {
  let summary = "A constant that stays in its file";
  let description = [{
    Read through WeightSource when a pass or an emitter needs the elements; the
    IR holds only where they are. With a packed result type the emitter packs
    while it writes.

    With `rounded` it is not what is stored, but what rounding that gives.

    Examples: `%w = glm.weight "layers.0.qkv" <"model.onnx.data", 0, 32768, raw> : tensor<64x128xf32>`,
    `%q = glm.weight "layers.0.qkv" <"model.onnx.data", 0, 32768, raw> rounded <tensor<64x128xf32>, i4, values, 0, 32> : tensor<64x128xi4>`
  }];
  let arguments = (ins StrAttr:$name, Glm_StoredAttr:$stored, OptionalAttr<Glm_RoundingAttr>:$rounding);
  let results = (outs Glm_TensorOrPacked:$y);
  let assemblyFormat = "$name $stored (`rounded` $rounding^)? attr-dict `:` type($y)";
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::StringAttr":$name, "StoredAttr":$stored), [{
    build($_builder, $_state, type, name, stored, RoundingAttr());
  }]>, OpBuilder<(ins "::mlir::Type":$type, "::llvm::StringRef":$name, "StoredAttr":$stored), [{
    build($_builder, $_state, type, $_builder.getStringAttr(name), stored, RoundingAttr());
  }]>];
  let extraClassDeclaration = [{
    /// Where the elements come from, as WeightSource reads it: the #glm.stored, or
    /// a list of it and its rounding. Equal sources are equal elements.
    ::mlir::Attribute getSource();
  }];
  let hasVerifier = 1;
}

#endif // GLM_CONSTANT_OPS_TD
