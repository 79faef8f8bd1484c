//===- GlmDialect.td - The glm dialect, its types and attributes ------------===//
#ifndef GLM_DIALECT_TD
#define GLM_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Glm_Dialect : Dialect {
  let name = "glm";
  let summary = "Inference graphs of language and edge models, from meaning to addresses";
  let description = [{
    One dialect, three levels, lowered in place:

    1. **tensor level**: `glm.graph` with ops on static ranked tensors; says
       what the model means. Each op carries its ONNX node as location.
    2. **kernel level**: `glm.kernel` regions hold tensor-level ops; the graph
       is a list of `glm.launch`es and `glm.reshape` views.
    3. **planned**: `glm.program` lists launches and copies on places
       (memory, offset, bytes); emitters read it and change nothing.
  }];
  let cppNamespace = "::glmc::glm";
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttributes();
    void registerOps();
    /// Name of a graph's argument or result in the model, as an argument or
    /// result attribute.
    static constexpr llvm::StringLiteral nameAttr = "glm.name";
    /// Module attribute: the folder that weight files are relative to.
    static constexpr llvm::StringLiteral directoryAttr = "glm.directory";
    /// Module attribute: number of ONNX nodes read, for reports.
    static constexpr llvm::StringLiteral onnxNodesAttr = "glm.onnx_nodes";
    /// Attribute of a graph's argument or result: the name of the state that it
    /// is. An argument and a result of one name are the same memory, before and
    /// after; graphs share state by name.
    static constexpr llvm::StringLiteral stateAttr = "glm.state";
    /// Attribute of a graph's argument, until state is bound: "tokens",
    /// "positions", "length" or "cache".
    static constexpr llvm::StringLiteral roleAttr = "glm.role";
    /// State of one i64: how many tokens the caches hold. Graphs only read it.
    static constexpr llvm::StringLiteral lengthState = "length";
    /// Attribute of a graph: it computes a step of this many tokens.
    static constexpr llvm::StringLiteral tokensAttr = "glm.tokens";
    /// Module attribute of a stateful program, a dictionary: `context` (tokens
    /// that caches have room for), `vocabulary`, `logits` ("last" or "all").
    static constexpr llvm::StringLiteral sessionAttr = "glm.session";
    /// Module attribute: "fast" or "exact".
    static constexpr llvm::StringLiteral mathAttr = "glm.math";
    /// Graph attribute: inputs and outputs live in the arena.
    static constexpr llvm::StringLiteral ioArenaAttr = "glm.io_arena";
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class Glm_Attr<string name, string mnem, list<Trait> traits = []>
    : AttrDef<Glm_Dialect, name, traits> { let mnemonic = mnem; }

def Glm_StoredAttr : Glm_Attr<"Stored", "stored"> {
  let summary = "Where a weight's elements are on disk";
  let description = [{
    `bytes` bytes at `offset` of `file`, a path relative to the module's
    `glm.directory`. Encodings: `raw` is row-major little-endian elements;
    `varint` is a protobuf packed varint field (ONNX's int32_data, int64_data);
    `nibbles` is elements of 4 bits, two a byte, the first in the low half.

    Example: `#glm.stored<"model.onnx.data", 4096, 32768, raw>`
  }];
  let parameters = (ins StringRefParameter<"file">:$file, "uint64_t":$offset,
                        "uint64_t":$bytes, StringRefParameter<"raw, varint or nibbles">:$encoding);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Glm_RoundingAttr : Glm_Attr<"Rounding", "rounding"> {
  let summary = "How a weight follows from what is stored";
  let description = [{
    The stored elements, of type `from`, rounded to elements of type `to`; the
    weight is one `part` of the outcome. For i8, i4 (symmetric) and ui8, ui4
    (asymmetric) there is a scale, and asymmetric a zero, for each `group`
    elements along dimension `axis` (the last group may be shorter), so that the
    stored x is about `(values - zeros) * scales`. For f16 and bf16 the values
    are all, `axis` and `group` are 0.

    Example: `#glm.rounding<tensor<64x128xf32>, i4, scales, 0, 32>`
  }];
  let parameters = (ins "::mlir::RankedTensorType":$from, "::mlir::Type":$to,
                        StringRefParameter<"values, scales or zeros">:$part, "int64_t":$axis, "int64_t":$group);
  let extraClassDeclaration = [{
    /// The type of the part.
    ::mlir::RankedTensorType type() const;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Glm_PanelsAttr : Glm_Attr<"Panels", "panels"> {
  let summary = "Weight layout: panels of `width` indices of one dimension";
  let description = [{
    For a 2-D weight. With n the index along `dim`, k the other index and K its
    size, element (n, k) is at `((n / width) * K + k) * width + n % width`; the
    last panel is padded with zeros. One panel row is what a matmul kernel
    loads at once.

    With a `step`, that many k of a column lie next to each other, as integer
    dot products read them: element (n, k) is at
    `((n / width) * ceil(K / step) + k / step) * width * step + n % width * step + k % step`,
    and K is padded with zeros to a multiple of step. Elements of 4 bits have an
    even step and lie two a byte: byte i of the step / 2 bytes of a column holds
    element i of its step in the low half and element step / 2 + i in the high one.

    Examples: `#glm.panels<1, 16>`, `#glm.panels<1, 32, 4>`
  }];
  let parameters = (ins "int64_t":$dim, "int64_t":$width, DefaultValuedParameter<"int64_t", "1">:$step);
  let assemblyFormat = "`<` $dim `,` $width (`,` $step^)? `>`";
  let genVerifyDecl = 1;
}

def Glm_PlaceAttr : Glm_Attr<"Place", "place"> {
  let summary = "Where a value is: bytes [offset, offset + bytes) of a memory";
  let description = [{
    Memories: `arena`, `state`, `weights`, and `input`/`output` with the number
    of the entry point's parameter.

    Examples: `#glm.place<arena[0:256]>`, `#glm.place<input 2[0:28]>`
  }];
  let parameters = (ins StringRefParameter<"memory">:$memory, "int64_t":$index,
                        "int64_t":$offset, "int64_t":$bytes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Glm_ParameterAttr : Glm_Attr<"Parameter", "parameter"> {
  let summary = "An input or output of a planned entry point";
  let description = [{
    Example: `#glm.parameter<"input_ids", tensor<1x7xi64>, <input 0[0:56]>>`
  }];
  let parameters = (ins StringRefParameter<"name">:$name,
                        "::mlir::RankedTensorType":$type, "PlaceAttr":$place);
  let assemblyFormat = "`<` $name `,` $type `,` $place `>`";
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Glm_PackedType : TypeDef<Glm_Dialect, "Packed"> {
  let mnemonic = "packed";
  let summary = "A constant weight in the layout that kernels read";
  let description = [{
    Bytes with a logical tensor type; `layout` says where each element is.

    Example: `!glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>`
  }];
  let parameters = (ins "::mlir::RankedTensorType":$logical, "::mlir::Attribute":$layout);
  let assemblyFormat = "`<` $logical `,` $layout `>`";
  let genVerifyDecl = 1;
}

def Glm_I4 : I<4>;
def Glm_UI4 : UI<4>;
// Element types that kernels and the reference evaluator know. Signless
// integers are signed; i1 is a bool of one byte. Elements of 4 bits take a byte
// each, but for weights in panels, where two share one.
def Glm_Element : AnyTypeOf<[I1, Glm_I4, Glm_UI4, I8, I16, I32, I64, UI8, UI16, UI32, UI64, F16, BF16, F32, F64]>;
def Glm_Float : AnyTypeOf<[F16, BF16, F32, F64]>;
// A tensor's bytes are counted in 64 bits, so shapes that would overflow them
// are no tensors of this dialect.
class Glm_TensorOf<list<Type> elements>
    : Type<And<[StaticShapeTensorOf<elements>.predicate, CPred<"::glmc::glm::isCountable($_self)">]>,
           StaticShapeTensorOf<elements>.summary, "::mlir::RankedTensorType">;
def Glm_Tensor : Glm_TensorOf<[Glm_Element]>;
def Glm_FloatTensor : Glm_TensorOf<[Glm_Float]>;
def Glm_BoolTensor : Glm_TensorOf<[I1]>;
def Glm_IndexTensor : Glm_TensorOf<[I32, I64]>;
def Glm_Packed : Type<CPred<"::llvm::isa<::glmc::glm::PackedType>($_self)">, "packed weight">;
// What may be read from a weight as well as from a tensor.
def Glm_TensorOrPacked : AnyTypeOf<[Glm_Tensor, Glm_Packed]>;

//===----------------------------------------------------------------------===//
// Base classes of ops
//===----------------------------------------------------------------------===//

class Glm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Glm_Dialect, mnemonic, traits>;

/// A tensor-level op: no side effects, and all that it computes follows from
/// its operands, so the reference evaluator can run it.
class Glm_TensorOp<string mnemonic, list<Trait> traits = []>
    : Glm_Op<mnemonic, !listconcat([Pure], traits)>;

/// Element i of the result depends on element i (after broadcasting) of the
/// operands only.
def Glm_Pointwise : NativeOpTrait<"Pointwise"> { let cppNamespace = "::glmc::glm"; }
/// Every element of the result is a copy of some element of an operand.
def Glm_Movement : NativeOpTrait<"Movement"> { let cppNamespace = "::glmc::glm"; }

#endif // GLM_DIALECT_TD
