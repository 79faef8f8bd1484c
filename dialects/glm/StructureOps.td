//===- StructureOps.td - Graphs, kernels, launches and planned programs -----===//
#ifndef GLM_STRUCTURE_OPS_TD
#define GLM_STRUCTURE_OPS_TD

include "dialects/glm/GlmDialect.td"

class Glm_FunctionLike<string mnemonic, list<Trait> traits = []>
    : Glm_Op<mnemonic, !listconcat([FunctionOpInterface, IsolatedFromAbove], traits)> {
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let hasVerifier = 1;
  code functionMethods = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Operation *getTerminator() { return getBody().front().getTerminator(); }
  }];
}

def Glm_GraphOp : Glm_FunctionLike<"graph"> {
  let summary = "An entry point: what the model computes";
  let description = [{
    Arguments and results carry their name in the model as `glm.name`; those
    that are state of the context carry its name as `glm.state`.

    ```mlir
    glm.graph @run(%ids: tensor<1x7xi64> {glm.name = "input_ids"})
        -> (tensor<1x7x64xf32> {glm.name = "logits"}) {
      ...
      glm.return %y : tensor<1x7x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = functionMethods # [{
    /// Names in the model of argument or result i; empty where not given.
    ::llvm::StringRef getInputName(unsigned i);
    ::llvm::StringRef getOutputName(unsigned i);
    /// The state that argument or result i is; empty for parameters.
    ::llvm::StringRef getInputState(unsigned i);
    ::llvm::StringRef getOutputState(unsigned i);
  }];
}

def Glm_ReturnOp : Glm_Op<"return", [Pure, Terminator, HasParent<"GraphOp">]> {
  let summary = "Ends a glm.graph with its results";
  let description = "Example: `glm.return %y : tensor<4xf32>`";
  let arguments = (ins Variadic<AnyType>:$results);
  let assemblyFormat = "attr-dict ($results^ `:` type($results))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def Glm_KernelOp : Glm_FunctionLike<"kernel"> {
  let summary = "What runs together: one region, one Halide pipeline";
  let description = [{
    `family` names the schedule template, `schedule` its parameters for the
    target, `scratch` the extra buffers that it needs, `in_place` pairs
    (argument, result) that may share memory, flattened. Launches of equal
    content share one kernel.

    ```mlir
    glm.kernel @k00_add(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32>
        attributes {family = "elementwise", schedule = {vector = 4 : i64}, in_place = array<i64: 0, 0>} {
      %z = glm.add %x, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
      glm.yield %z : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<StrAttr>:$family, OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<TypeArrayAttr>:$scratch, OptionalAttr<DenseI64ArrayAttr>:$in_place);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = functionMethods;
}

def Glm_YieldOp : Glm_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "Ends a glm.kernel with its results";
  let description = "Example: `glm.yield %z : tensor<4xf32>`";
  let arguments = (ins Variadic<Glm_Tensor>:$results);
  let assemblyFormat = "attr-dict ($results^ `:` type($results))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def Glm_LaunchOp : Glm_Op<"launch", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel on values";
  let description = "Example: `%z = glm.launch @k00_add(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>`";
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Glm_TensorOrPacked>:$operands);
  let results = (outs Variadic<Glm_Tensor>:$results);
  let assemblyFormat = "$kernel `(` $operands `)` attr-dict `:` functional-type($operands, $results)";
}

//===----------------------------------------------------------------------===//
// Planned level
//===----------------------------------------------------------------------===//

def Glm_ProgramOp : Glm_Op<"program", [Symbol, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "A planned entry point: steps in order, an address on every value";
  let description = [{
    `arena` is what the plan needs and `bound` the largest sum of live bytes,
    which no plan can go below; `peak` names the values live there.

    ```mlir
    glm.program @run arena 1536 bound 1536 peak ["q: 0..512", ...]
        inputs [#glm.parameter<"x", tensor<4xf32>, <input 0[0:16]>>] outputs [...] {
      glm.planned_launch @k00_add on "cpu" reads [...] writes [...] scratch []
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$arena, I64Attr:$bound, StrArrayAttr:$peak,
                       ArrayAttr:$inputs, ArrayAttr:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `arena` $arena `bound` $bound `peak` $peak `inputs` $inputs `outputs` $outputs
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Glm_PlannedLaunchOp : Glm_Op<"planned_launch", [HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel on places";
  let description = [{
    Example: `glm.planned_launch @k00_add on "cpu" reads [#glm.place<arena[0:16]>, #glm.place<weights[64:16]>] writes [#glm.place<arena[0:16]>] scratch []`
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, StrAttr:$processor, ArrayAttr:$reads,
                       ArrayAttr:$writes, ArrayAttr:$scratch);
  let assemblyFormat = "$kernel `on` $processor `reads` $reads `writes` $writes `scratch` $scratch attr-dict";
}

def Glm_PlannedCopyOp : Glm_Op<"planned_copy", [HasParent<"ProgramOp">]> {
  let summary = "Copies bytes from one place to another that does not overlap it";
  let description = "Example: `glm.planned_copy #glm.place<input 0[0:16]> to #glm.place<output 1[0:16]>`";
  let arguments = (ins Glm_PlaceAttr:$from, Glm_PlaceAttr:$to);
  let assemblyFormat = "$from `to` $to attr-dict";
  let hasVerifier = 1;
}

def Glm_PlacedWeightOp : Glm_Op<"placed_weight", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "One constant in the weights image";
  let description = [{
    `source` is an elements attribute, a #glm.stored, or a list of one and its
    #glm.rounding; `type` is what kernels read, packed or not.

    Example: `glm.placed_weight "gain" at 64 type tensor<4xf32> source dense<1.0> : tensor<4xf32>`
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$offset, TypeAttr:$type, AnyAttr:$source);
  let assemblyFormat = "$name `at` $offset `type` $type `source` $source attr-dict";
}

def Glm_PlacedStateOp : Glm_Op<"placed_state", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "A tensor that a context keeps from call to call";
  let description = [{
    At `offset` of the context's state. All zeros after init.

    Example: `glm.placed_state "past_key_values.0.key" at 64 type tensor<1x2x2048x16xf32>`
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$offset, TypeAttr:$type);
  let assemblyFormat = "$name `at` $offset `type` $type attr-dict";
  let hasVerifier = 1;
}

#endif // GLM_STRUCTURE_OPS_TD
