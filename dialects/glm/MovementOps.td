//===- MovementOps.td - Elements change place, not value --------------------===//
#ifndef GLM_MOVEMENT_OPS_TD
#define GLM_MOVEMENT_OPS_TD

include "dialects/glm/GlmDialect.td"

def Glm_ReshapeOp : Glm_TensorOp<"reshape"> {
  let summary = "Same elements in row-major order, another shape";
  let description = [{
    Costs nothing at run time: a view of the same bytes. Stands for ONNX's
    Reshape, Flatten, Squeeze and Unsqueeze.

    Example: `%y = glm.reshape %x : tensor<2x6xf32> to tensor<3x4xf32>`
  }];
  let arguments = (ins Glm_Tensor:$x);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Glm_TransposeOp : Glm_TensorOp<"transpose", [Glm_Movement,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Dimension i of the result is dimension permutation[i] of x";
  let description = "Example: `%y = glm.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>`";
  let arguments = (ins Glm_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x $permutation attr-dict `:` type($x) `->` type($y)";
  let hasFolder = 1;
}

def Glm_SliceOp : Glm_TensorOp<"slice", [Glm_Movement]> {
  let summary = "y[i, ...] = x[starts[0] + i * steps[0], ...]";
  let description = [{
    One start and one step a dimension; sizes are the result's shape. Steps may
    be negative.

    Example: `%y = glm.slice %x [0, 1] step [1, 2] : tensor<2x8xf32> to tensor<2x4xf32>`
  }];
  let arguments = (ins Glm_Tensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$steps);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x $starts `step` $steps attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Glm_ConcatOp : Glm_TensorOp<"concat", [Glm_Movement,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Joins tensors along one axis";
  let description = "Example: `%y = glm.concat %a, %b axis 1 : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>`";
  let arguments = (ins Variadic<Glm_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` functional-type($inputs, $y)";
  let hasFolder = 1;
}

def Glm_ExpandOp : Glm_TensorOp<"expand", [Glm_Movement]> {
  let summary = "Repeats dimensions of 1 to the result's shape";
  let description = "Example: `%y = glm.expand %x : tensor<1x3xf32> to tensor<2x4x3xf32>` is refused (4 is not in x); `tensor<2x1x3xf32>` is fine.";
  let arguments = (ins Glm_Tensor:$x);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Glm_TileOp : Glm_TensorOp<"tile", [Glm_Movement,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Repeats the whole tensor repeats[i] times along dimension i";
  let description = "Example: `%y = glm.tile %x [1, 2] : tensor<2x3xf32> -> tensor<2x6xf32>`";
  let arguments = (ins Glm_Tensor:$x, DenseI64ArrayAttr:$repeats);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x $repeats attr-dict `:` type($x) `->` type($y)";
  let hasFolder = 1;
}

def Glm_GatherOp : Glm_TensorOp<"gather", [Glm_Movement,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "y[a.., i.., b..] = x[a.., indices[i..], b..] at dimension `axis`";
  let description = [{
    Negative indices count from the end. Indices outside are the caller's error;
    kernels clamp them so that nothing outside the tensor is read.

    Example: `%y = glm.gather %x, %i axis 0 : tensor<256x64xf32>, tensor<1x7xi64> -> tensor<1x7x64xf32>`
  }];
  let arguments = (ins Glm_TensorOrPacked:$x, Glm_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices) `->` type($y)";
}

def Glm_GatherNdOp : Glm_TensorOp<"gather_nd", [Glm_Movement,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "As ONNX GatherND: the last dimension of `indices` is an index tuple";
  let description = "Example: `%y = glm.gather_nd %x, %i batch 0 : tensor<4x5x6xf32>, tensor<3x2xi64> -> tensor<3x6xf32>`";
  let arguments = (ins Glm_Tensor:$x, Glm_IndexTensor:$indices, I64Attr:$batch_dims);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `batch` $batch_dims attr-dict `:` type($x) `,` type($indices) `->` type($y)";
}

def Glm_ScatterNdOp : Glm_TensorOp<"scatter_nd", [
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "A copy of x in which the slices named by `indices` are `updates`";
  let description = [{
    As ONNX ScatterND without reduction; of equal index tuples the last wins.

    Example: `%y = glm.scatter_nd %x, %i, %u : tensor<4x5xf32>, tensor<2x1xi64>, tensor<2x5xf32> -> tensor<4x5xf32>`
  }];
  let arguments = (ins Glm_Tensor:$x, Glm_IndexTensor:$indices, Glm_Tensor:$updates);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `,` $updates attr-dict `:` type($x) `,` type($indices) `,` type($updates) `->` type($y)";
}

def Glm_ShapeOp : Glm_TensorOp<"shape", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "Dimensions start..end-1 of x as a vector; always folds";
  let description = "Example: `%s = glm.shape %x [0 : 2] : tensor<2x3xf32> -> tensor<2xi64>`";
  let arguments = (ins Glm_Tensor:$x, I64Attr:$start, I64Attr:$end);
  let results = (outs Glm_Tensor:$y);
  let assemblyFormat = "$x `[` $start `:` $end `]` attr-dict `:` type($x) `->` type($y)";
}

#endif // GLM_MOVEMENT_OPS_TD
