// RUN: glm-opt %s --glm-form-kernels --glm-fuse-elementwise --split-input-file | FileCheck %s

// Bias and SiLU become the epilogue of the product; x and sigmoid x are one
// reader once they are merged.
// CHECK-LABEL: glm.graph @epilogue
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.matmul
// CHECK-NEXT: glm.add
// CHECK-NEXT: glm.sigmoid
// CHECK-NEXT: glm.mul
glm.graph @epilogue(%x: tensor<7x64xf32>, %w: tensor<64x8xf32>, %b: tensor<8xf32>) -> tensor<7x8xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x8xf32> -> tensor<7x8xf32>
  %a = glm.add %m, %b : tensor<7x8xf32>, tensor<8xf32> -> tensor<7x8xf32>
  %s = glm.sigmoid %a : tensor<7x8xf32>
  %y = glm.mul %a, %s : tensor<7x8xf32>, tensor<7x8xf32> -> tensor<7x8xf32>
  glm.return %y : tensor<7x8xf32>
}

// -----

// A square is the prologue of its mean, a root the epilogue.
// CHECK-LABEL: glm.graph @mean_of_squares
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
glm.graph @mean_of_squares(%x: tensor<7x64xf32>) -> tensor<7x1xf32> {
  %m = glm.mul %x, %x : tensor<7x64xf32>, tensor<7x64xf32> -> tensor<7x64xf32>
  %r = glm.reduce "mean" %m [1] : tensor<7x64xf32> -> tensor<7x1xf32>
  %y = glm.sqrt %r : tensor<7x1xf32>
  glm.return %y : tensor<7x1xf32>
}

// -----

// Does not fire: two launches read the value, and it is a result as well.
// CHECK-LABEL: glm.graph @two_readers
// CHECK-COUNT-3: glm.launch
glm.graph @two_readers(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %e = glm.exp %x : tensor<8xf32>
  %a = glm.neg %e : tensor<8xf32>
  %b = glm.abs %e : tensor<8xf32>
  glm.return %a, %b, %e : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// Does not fire: each exponential would be computed 64 times.
// CHECK-LABEL: glm.graph @recompute
// CHECK-COUNT-2: glm.launch
glm.graph @recompute(%x: tensor<8x1xf32>, %y: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %e = glm.exp %x : tensor<8x1xf32>
  %z = glm.mul %e, %y : tensor<8x1xf32>, tensor<8x64xf32> -> tensor<8x64xf32>
  glm.return %z : tensor<8x64xf32>
}

// -----

// Refuses: no family takes two products.
// CHECK-LABEL: glm.graph @two_products
// CHECK-COUNT-2: glm.launch
glm.graph @two_products(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = glm.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %b = glm.matmul %a, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  glm.return %b : tensor<4x4xf32>
}
