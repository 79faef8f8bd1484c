//===- SimplifyPasses.td - Passes of simplify: what the model means, with less ===//
#ifndef GLMC_LOWERING_SIMPLIFYPASSES_TD
#define GLMC_LOWERING_SIMPLIFYPASSES_TD

include "mlir/Pass/PassBase.td"

def FoldConstants : Pass<"glm-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Evaluate every op whose operands are constants";
  let description = [{
    Evaluates with the reference evaluator. Whole constant subgraphs disappear,
    shape arithmetic included (`glm.shape` needs no constant operand). Results
    up to 4 KB stay in the IR as dense attributes, larger ones become resource
    blobs.

    Weights stay in their file: a reshape of a weight is the weight by another
    type, a transpose that matmuls can absorb is left to `glm-simplify-algebra`,
    a cast to a wider type that only matmuls read is done as they read it, a
    matrix that is quantised stays so, and other ops on a weight fold into a blob
    unless the result is larger than all operands together and than 64 KB. Sums of
    a weight that is cast fold with the cast.

    ```mlir
    %s = glm.shape %x [0 : 2] : tensor<2x3xf32> -> tensor<2xi64>
    // becomes
    %s = glm.constant dense<[2, 3]> : tensor<2xi64>
    ```
  }];
  let statistics = [Statistic<"folded", "folded", "Ops evaluated">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def EliminateDeadNodes : Pass<"glm-eliminate-dead-nodes", "::mlir::ModuleOp"> {
  let summary = "Erase ops, weights and kernels that no result needs";
  let description = [{
    Everything at tensor level is free of side effects, so an op is needed only
    if a graph's result needs it. A graph's unused inputs stay in its signature;
    the code that only they fed goes.
  }];
  let statistics = [Statistic<"erased", "erased", "Ops erased">];
}

def SimplifyAlgebra : Pass<"glm-simplify-algebra", "::mlir::ModuleOp"> {
  let summary = "Canonical algebra: identities, cheaper equals, absorbed movement";
  let description = [{
    - x + 0, x - 0, x * 1, x / 1, x ^ 1: x; x ^ 2: x * x; x ^ 0.5: sqrt x
    - a cast by way of a type that holds all values: one cast, or none
    - matmul of one column and one row: a product that broadcasts
    - not not x, neg neg x: x; where true, x, y: x; where c, x, x: x
    - transpose of transpose: one; of dimensions of 1 only: a reshape
    - matmul with a transposed right side: `transposed`
    - expand read by broadcasting ops only: dropped
    - gather by one constant index: a slice; concat of slices that follow each
      other: one slice
    - slice of a slice, or of one piece of a concat: one slice; slice of what
      nothing else reads (pointwise, reduce, rows of a matmul): computed of
      slices
    - transpose, reshape and slice of a quantised weight: on its integers, scales
      and zeros, or where matmuls absorb them; gather of one: of these

    ```mlir
    %t = glm.transpose %w [1, 0] : tensor<256x64xf32> -> tensor<64x256xf32>
    %y = glm.matmul %x, %t : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
    // becomes
    %y = glm.matmul %x, %w transposed : tensor<7x64xf32>, tensor<256x64xf32> -> tensor<7x256xf32>
    ```
  }];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverIntegerProducts : Pass<"glm-recover-integer-products", "::mlir::ModuleOp"> {
  let summary = "Multiply integers where a model multiplies what they stand for"
                " by one scale";
  let description = [{
    A matmul of two `glm.dequantize`s of 8-bit integers, the left one with one
    scale and zero for all, the right one a constant with one a column: the
    integers are multiplied, exactly, and the scales applied to the result. Zeros
    are taken off by sums of rows and columns. Refuses more terms than 31 bits hold,
    and groups along what is summed over.

    ```mlir
    %a = glm.dequantize %qa, %sa axis 0 group 7 : ...
    %b = glm.dequantize %qb, %sb axis 0 group 64 : ...
    %y = glm.matmul %a, %b : tensor<7x64xf32>, ...
    // becomes
    %p = glm.matmul %ia, %ib : tensor<7x64xi32>, ... // of casts
    %f = glm.cast %p : ...
    %y = glm.mul %f, %scales : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Products recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FoldChannelScales : Pass<"glm-fold-channel-scales", "::mlir::ModuleOp"> {
  let summary = "Fold factors and offsets of channels into weights and biases";
  let description = [{
    A constant factor for each channel of a convolution (for each column of a
    product with a constant right side) goes into the constant weights, past a
    constant bias, which it multiplies; two constant offsets become one. So a batch
    normalisation after a convolution disappears. Numbers change in their last
    digits, as with every exporter that does this. Not where something else reads
    the convolution.

    ```mlir
    %c = glm.conv %x, %w ... : ...
    %m = glm.mul %c, %factor : tensor<1x8x4x4xf32>, tensor<8x1x1xf32> -> ...
    %y = glm.add %m, %offset : tensor<1x8x4x4xf32>, tensor<8x1x1xf32> -> ...
    // becomes, where %v is %w with row m multiplied by factor m
    %c = glm.conv %x, %v ... : ...
    %y = glm.add %c, %offset : ...
    ```
  }];
  let statistics = [Statistic<"foldedScales", "folded", "Factors and offsets folded">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def FoldPads : Pass<"glm-fold-pads", "::mlir::ModuleOp"> {
  let summary = "Pad in the convolution instead of before it";
  let description = [{
    What is joined with nothing but copies of what a convolution pads with, along
    dimensions of space, is padded by the convolution. If that has no pads yet, it
    can take any constant that is one of x's integers, and 0 of floats.

    ```mlir
    %p = glm.concat %zeros, %x axis 2 : (tensor<1x8x1x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x5x4xf32>
    %y = glm.conv %p, %w ... pads [0, 1, 1, 1] ...
    // becomes
    %y = glm.conv %x, %w ... pads [1, 1, 1, 1] ...
    ```
  }];
  let statistics = [Statistic<"foldedPads", "folded", "Concatenations folded">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverIntegerConvs : Pass<"glm-recover-integer-convs", "::mlir::ModuleOp"> {
  let summary = "Convolve and pool integers where a model does so with what they stand for";
  let description = [{
    A convolution of a `glm.dequantize` with one scale and zero, with constant
    weights that have one scale a row and no zero, becomes one of the integers. It
    pads with the zero, which sums of weights take off again; a bias that is a
    multiple of the scales (as ONNX's is) is added to the integers, too. Products
    with a constant right side, of one scale a column, become such convolutions
    without space. An average of a window without pads becomes the sum of integers.
    Largest elements are found among integers. Refuses more terms than 31 bits hold.

    ```mlir
    %a = glm.dequantize %qa, %sa axis 2 group 4 : tensor<1x8x4x4xi8>, ...
    %w = glm.dequantize %qw, %sw axis 1 group 72 : tensor<16x72xi8>, ...
    %c = glm.conv %a, %w ... : ...
    %y = glm.add %c, %bias : ...
    // becomes
    %p = glm.conv %qa, %qw ... pad_value -3 : tensor<1x8x4x4xi8>, tensor<16x72xi8> -> tensor<1x16x4x4xi32>
    %b = glm.add %p, %integers : ...
    %f = glm.cast %b : ...
    %y = glm.mul %f, %scales : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Convolutions, products and pools recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def MergeScales : Pass<"glm-merge-scales", "::mlir::ModuleOp"> {
  let summary = "Multiply once where integers are scaled and quantised again";
  let description = [{
    Between an integer sum and the rounding that quantises it there is a factor and
    a division, perhaps with bounds (an activation) between: one factor, their
    quotient in f32, which is how ONNX's integer operators are defined. A quantised
    value that is quantised again by the same scale and zero is left as it is, and
    what is dequantised by one scale and read by other ops is spelled out: cast,
    subtract, multiply. Only in modules that convolve or pool integers.

    ```mlir
    %f = glm.cast %sum : tensor<4xi32> to tensor<4xf32>
    %m = glm.mul %f, %s : ...
    %r = glm.max %m, %zero : ...
    %d = glm.div %r, %t : ...
    %q = glm.round %d : ...
    // becomes, where %u is %s / %t
    %m = glm.mul %f, %u : ...
    %r = glm.max %m, %zero : ...
    %q = glm.round %r : ...
    ```
  }];
  let statistics = [Statistic<"mergedScales", "merged", "Divisions merged away">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def AssignLayouts : Pass<"glm-assign-layouts", "::mlir::ModuleOp"> {
  let summary = "Put channels last in convolutions and pools, and in what is between";
  let description = [{
    Kernels of convolutions have channels last: their vectors lie along channels.
    Each gets a transpose before and after; those behind move towards the graph's
    results, past pointwise ops, concatenations and reductions, until they meet one
    that undoes them. What remains is addressing of the first and last kernels.
    Weights are constants and are transposed now. A convolution of single elements
    is a product of matrices, if of floats.

    ```mlir
    %y = glm.conv %x, %w ... : tensor<1x8x4x4xf32>, tensor<16x72xf32> -> tensor<1x16x4x4xf32>
    // becomes
    %t = glm.transpose %x [0, 2, 3, 1] : tensor<1x8x4x4xf32> -> tensor<1x4x4x8xf32>
    %c = glm.conv %t, %v ... channels_last : tensor<1x4x4x8xf32>, tensor<16x72xf32> -> tensor<1x4x4x16xf32>
    %y = glm.transpose %c [0, 3, 1, 2] : ...
    ```
  }];
  let statistics = [Statistic<"channelsLast", "channels-last", "Convolutions and pools with channels last">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverRmsNorm : Pass<"glm-recover-rms-norm", "::mlir::ModuleOp"> {
  let summary = "Put RMS norms that exporters took apart together again";
  let description = [{
    Finds `x / sqrt(mean(x^2) + epsilon) * scale` over the last dimension in
    every arrangement of its products: divided or multiplied by a reciprocal,
    scaled first, last or not at all (a vector of ones is made then). The norm
    stays in pieces where another op reads a piece, or epsilon is not constant.

    ```mlir
    %s = glm.mul %x, %x : ...
    %m = glm.reduce "mean" %s [2] : ...
    %e = glm.add %m, %epsilon : ...
    %r = glm.sqrt %e : ...
    %n = glm.div %x, %r : ...
    %y = glm.mul %n, %g : ...
    // becomes
    %y = glm.rms_norm %x, %g epsilon 1.0e-05 : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Norms recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverLayerNorm : Pass<"glm-recover-layer-norm", "::mlir::ModuleOp"> {
  let summary = "Put layer norms that exporters took apart together again";
  let description = [{
    Finds `(x - mean(x)) / sqrt(variance + epsilon) * scale + bias` over the last
    dimension; the variance is the mean of centred squares, or the body of
    ONNX's LayerNormalization. Arrangements and refusals are those of
    `glm-recover-rms-norm`. Wants equal ops to be one (`cse`).
  }];
  let statistics = [Statistic<"recovered", "recovered", "Norms recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverGelu : Pass<"glm-recover-gelu", "::mlir::ModuleOp"> {
  let summary = "Put GELUs that exporters took apart together again";
  let description = [{
    Both the form with erf and the approximation with tanh, in any arrangement
    of sums and products: they are compared as polynomials, with constants right
    to 1e-5.

    ```mlir
    %a = glm.mul %x, %0.7071 : ...
    %t = glm.erf %a : ...
    %s = glm.add %t, %one : ...
    %p = glm.mul %x, %s : ...
    %y = glm.mul %p, %half : ...
    // becomes
    %y = glm.gelu %x : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "GELUs recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverSwiglu : Pass<"glm-recover-swiglu", "::mlir::ModuleOp"> {
  let summary = "Put SwiGLUs that exporters took apart together again";
  let description = [{
    Finds `gate * sigmoid(gate) * up` of equal shapes in every association.

    ```mlir
    %s = glm.sigmoid %gate : ...
    %a = glm.mul %gate, %s : ...
    %y = glm.mul %up, %a : ...
    // becomes
    %y = glm.swiglu %gate, %up : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "SwiGLUs recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverRotary : Pass<"glm-recover-rotary", "::mlir::ModuleOp"> {
  let summary = "Put rotary position embeddings that exporters took apart together again";
  let description = [{
    Looks at what each element of a head is, not at the ops that move elements:
    `x[a] cos - x[b] sin` and `x[b] cos + x[a] sin` for pairs of features, next
    to each other or half a head apart, with any number of features copied after
    them. How many are rotated, their pairing and the tables come from the graph.
    x is read token-major where it is that anywhere; the result gets its shape by
    a reshape and a transpose, which `glm-recover-attention` sees through.

    ```mlir
    %even = glm.slice %x [0, 0, 0, 0] step [1, 1, 1, 2] : ...
    %odd = glm.slice %x [0, 0, 0, 1] step [1, 1, 1, 2] : ...
    %minus = glm.neg %odd : ...
    %turned = glm.concat %minus, %even axis 4 : ... // after reshapes to [.., 1]
    %a = glm.mul %x, %cos : ...
    %b = glm.mul %turned, %sin : ...
    %y = glm.add %a, %b : ...
    // becomes
    %r = glm.rotary %q, %c, %s heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x8xf32>
    %h = glm.reshape %r : tensor<1x7x64xf32> to tensor<1x7x4x16xf32>
    %y = glm.transpose %h [0, 2, 1, 3] : tensor<1x7x4x16xf32> -> tensor<1x4x7x16xf32>
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Rotations recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverAttention : Pass<"glm-recover-attention", "::mlir::ModuleOp"> {
  let summary = "Put attention that exporters took apart together again";
  let description = [{
    Finds the two products around a softmax with what is between: scales before
    or after the first product, masks added or filled in, guards against rows
    that attend to nothing. Key-value heads that were repeated for each query
    head are read once. q is read token-major, k and v token-major or head-major,
    from the value furthest back that is so. Constant masks that are the causal
    one become `causal`; booleans that choose 0 or -inf become the mask itself.

    Scores and probabilities that anything else reads stay.

    ```mlir
    %k4 = glm.expand %k : tensor<1x2x1x7x16xf32> to tensor<1x2x2x7x16xf32> // and v
    %s = glm.matmul %q, %kr transposed : ...
    %c = glm.mul %s, %scale : ...
    %m = glm.add %c, %mask : ...
    %p = glm.softmax %m axis 3 : tensor<1x4x7x7xf32>
    %y = glm.matmul %p, %vr : ...
    // becomes
    %a = glm.attention %q, %k, %v mask %m heads 4 kv_heads 2 scale 2.5e-01 : ...
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Attentions recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def RecoverCacheUpdate : Pass<"glm-recover-cache-update", "::mlir::ModuleOp"> {
  let summary = "Write tokens into caches as they lie, without transposing the caches";
  let description = [{
    A `scatter_nd` into a transposed value (or a constant) whose result is only
    transposed back becomes one into the value itself: the tuples name every
    dimension up to the scattered one. What moves is the tokens written, not the
    cache.

    ```mlir
    %t = glm.transpose %cache [2, 0, 1, 3] : tensor<1x2x32x16xf32> -> tensor<32x1x2x16xf32>
    %w = glm.scatter_nd %t, %at, %k : ..., tensor<1x1xi64>, tensor<1x1x2x16xf32> -> ...
    %y = glm.transpose %w [1, 2, 0, 3] : tensor<32x1x2x16xf32> -> tensor<1x2x32x16xf32>
    // becomes
    %y = glm.scatter_nd %cache, %tuples, %kt : tensor<1x2x32x16xf32>, tensor<1x2x1x3xi64>, tensor<1x2x1x16xf32> -> tensor<1x2x32x16xf32>
    ```
  }];
  let statistics = [Statistic<"recovered", "recovered", "Writes recovered">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def BindState : Pass<"glm-bind-state", "::mlir::ModuleOp"> {
  let summary = "Turn caches, positions and lengths that models pass along into state";
  let description = [{
    For graphs of a module with `glm.session`, whose arguments carry `glm.role`.
    Positions and lengths become the state `length` and 0, 1, ... of the step's
    tokens; a cache that new tokens are joined to, or scattered into behind those
    that it holds, becomes a state with room for the whole context, a
    `cache_write`, and `past` of the attention that reads it. Attention has to be
    causal: masks are evaluated for it. Adds `vocabulary` to `glm.session`.

    ```mlir
    %c = glm.concat %past, %k axis 2 : (tensor<1x2x31x16xf32>, tensor<1x2x1x16xf32>) -> tensor<1x2x32x16xf32>
    %y = glm.attention %q, %c, %d heads 4 kv_heads 2 scale 2.5e-01 : ...
    // becomes, with %past of tensor<1x2x32x16xf32>
    %c = glm.cache_write %past, %k at %length : ...
    %y = glm.attention %q, %c, %d past %length heads 4 kv_heads 2 scale 2.5e-01 causal : ...
    ```
  }];
  let statistics = [Statistic<"bound", "bound", "Graphs bound">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def SelectLogits : Pass<"glm-select-logits", "::mlir::ModuleOp"> {
  let summary = "Compute the logits of one token of a step only";
  let description = [{
    For modules whose `glm.session` says `logits = "last"`: a graph of several
    tokens gets an argument `last`, and the row of that number is taken from
    values as far back as rows are worked on one by one.

    ```mlir
    %n = glm.rms_norm %h, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
    %y = glm.matmul %n, %w : tensor<1x7x64xf32>, tensor<64x256xf32> -> tensor<1x7x256xf32>
    // becomes
    %r = glm.gather %h, %last axis 1 : tensor<1x7x64xf32>, tensor<1xi64> -> tensor<1x1x64xf32>
    %n = glm.rms_norm %r, %g epsilon 1.0e-05 : tensor<1x1x64xf32>, tensor<64xf32>
    %y = glm.matmul %n, %w : tensor<1x1x64xf32>, tensor<64x256xf32> -> tensor<1x1x256xf32>
    ```
  }];
  let statistics = [Statistic<"selected", "selected", "Graphs whose logits are one row">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def StoreCaches : Pass<"glm-store-caches", "::mlir::ModuleOp"> {
  let summary = "Store f32 caches as f16, or as int8 with a scale for each row";
  let description = [{
    As `kv` of `glm.session` says. What is written is rounded to nearest; what is
    read is converted where attention reads it. int8 adds a state of scales,
    [1, heads, tokens, 1], for each cache.
  }];
  let statistics = [Statistic<"cachesStored", "caches-stored", "Caches of fewer bits">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

def SimplifyMovement : Pass<"glm-simplify-movement", "::mlir::ModuleOp"> {
  let summary = "Replace chains of movement that move nothing by a reshape";
  let description = [{
    Where all elements of a movement op's result are those of a value further
    back, in the same row-major order, the result is a reshape of that value:
    transposes there and back with reshapes between, a piece cut out of a concat,
    a gather by constant indices in order.

    ```mlir
    %h = glm.transpose %a [0, 2, 1, 3] : tensor<1x7x4x16xf32> -> tensor<1x4x7x16xf32>
    %t = glm.transpose %h [0, 2, 1, 3] : tensor<1x4x7x16xf32> -> tensor<1x7x4x16xf32>
    %y = glm.reshape %t : tensor<1x7x4x16xf32> to tensor<1x7x64xf32>
    // becomes
    %y = glm.reshape %a : tensor<1x7x4x16xf32> to tensor<1x7x64xf32>
    ```
  }];
  let statistics = [Statistic<"simplified", "simplified", "Ops replaced">];
  let dependentDialects = ["::glmc::glm::GlmDialect"];
}

#endif // GLMC_LOWERING_SIMPLIFYPASSES_TD
