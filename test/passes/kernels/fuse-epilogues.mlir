// RUN: glm-opt %s --glm-form-kernels --glm-fuse-elementwise --glm-fuse-epilogues --split-input-file | FileCheck %s

// Bias, then rotary: the product stores what rotary made of it.
// CHECK-LABEL: glm.graph @rotary
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.matmul
// CHECK-NEXT: glm.add
// CHECK-NEXT: glm.rotary
glm.graph @rotary(%x: tensor<1x7x64xf32>, %w: tensor<64x32xf32>, %b: tensor<32xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> tensor<1x7x32xf32> {
  %m = glm.matmul %x, %w : tensor<1x7x64xf32>, tensor<64x32xf32> -> tensor<1x7x32xf32>
  %a = glm.add %m, %b : tensor<1x7x32xf32>, tensor<32xf32> -> tensor<1x7x32xf32>
  %y = glm.rotary %a, %c, %s heads 2 : tensor<1x7x32xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  glm.return %y : tensor<1x7x32xf32>
}

// -----

// x and is_nan x are one reader once they are merged.
// CHECK-LABEL: glm.graph @guarded_softmax
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
glm.graph @guarded_softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %zero = glm.constant dense<0.0> : tensor<f32>
  %s = glm.softmax %x axis 1 : tensor<4x8xf32>
  %n = glm.is_nan %s : tensor<4x8xf32> -> tensor<4x8xi1>
  %y = glm.where %n, %zero, %s : tensor<4x8xi1>, tensor<f32>, tensor<4x8xf32> -> tensor<4x8xf32>
  glm.return %y : tensor<4x8xf32>
}

// -----

// Gate and up are halves of one product's columns.
// CHECK-LABEL: glm.graph @halves
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
// CHECK: %[[M:.*]] = glm.matmul
// CHECK-DAG: %[[G:.*]] = glm.slice %[[M]] [0, 0]
// CHECK-DAG: %[[U:.*]] = glm.slice %[[M]] [0, 112]
// CHECK: glm.swiglu %[[G]], %[[U]]
glm.graph @halves(%x: tensor<7x64xf32>, %w: tensor<64x224xf32>) -> tensor<7x112xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x224xf32> -> tensor<7x224xf32>
  %g = glm.slice %m [0, 0] step [1, 1] : tensor<7x224xf32> to tensor<7x112xf32>
  %u = glm.slice %m [0, 112] step [1, 1] : tensor<7x224xf32> to tensor<7x112xf32>
  %y = glm.swiglu %g, %u : tensor<7x112xf32>
  glm.return %y : tensor<7x112xf32>
}

// -----

// Queries are rotated, values are not: a product for each, of its own columns.
// CHECK-LABEL: glm.graph @parts
// CHECK-COUNT-2: glm.launch
// CHECK-NOT: glm.launch
// CHECK-DAG: %[[Q:.*]] = glm.slice %{{.*}} [0, 0, 0]
// CHECK-DAG: glm.rotary %[[Q]]
// CHECK-DAG: glm.slice %{{.*}} [0, 0, 64]
glm.graph @parts(%x: tensor<1x7x64xf32>, %w: tensor<64x96xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x32xf32>) {
  %m = glm.matmul %x, %w : tensor<1x7x64xf32>, tensor<64x96xf32> -> tensor<1x7x96xf32>
  %q = glm.slice %m [0, 0, 0] step [1, 1, 1] : tensor<1x7x96xf32> to tensor<1x7x64xf32>
  %r = glm.rotary %q, %c, %s heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %v = glm.slice %m [0, 0, 64] step [1, 1, 1] : tensor<1x7x96xf32> to tensor<1x7x32xf32>
  glm.return %r, %v : tensor<1x7x64xf32>, tensor<1x7x32xf32>
}

// -----

// Near misses: columns that overlap would be computed twice; a slice of rows or
// with a step is no part of a product.
// CHECK-LABEL: glm.graph @overlap
// CHECK-COUNT-3: glm.launch
glm.graph @overlap(%x: tensor<7x64xf32>, %w: tensor<64x224xf32>) -> (tensor<7x113xf32>, tensor<7x112xf32>) {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x224xf32> -> tensor<7x224xf32>
  %g = glm.slice %m [0, 0] step [1, 1] : tensor<7x224xf32> to tensor<7x113xf32>
  %u = glm.slice %m [0, 112] step [1, 1] : tensor<7x224xf32> to tensor<7x112xf32>
  glm.return %g, %u : tensor<7x113xf32>, tensor<7x112xf32>
}
// CHECK-LABEL: glm.graph @rows
// CHECK-COUNT-2: glm.launch
glm.graph @rows(%x: tensor<7x64xf32>, %w: tensor<64x224xf32>) -> tensor<6x224xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x224xf32> -> tensor<7x224xf32>
  %g = glm.slice %m [1, 0] step [1, 1] : tensor<7x224xf32> to tensor<6x224xf32>
  glm.return %g : tensor<6x224xf32>
}
// CHECK-LABEL: glm.graph @every_other
// CHECK-COUNT-2: glm.launch
glm.graph @every_other(%x: tensor<7x64xf32>, %w: tensor<64x224xf32>) -> tensor<7x112xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x224xf32> -> tensor<7x224xf32>
  %g = glm.slice %m [0, 0] step [1, 2] : tensor<7x224xf32> to tensor<7x112xf32>
  glm.return %g : tensor<7x112xf32>
}

// -----

// Near misses: an epilogue that moves or repeats elements, two rotaries.
// CHECK-LABEL: glm.graph @transposed
// CHECK-COUNT-2: glm.launch
glm.graph @transposed(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %m = glm.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %y = glm.transpose %m [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %y : tensor<8x8xf32>
}
// CHECK-LABEL: glm.graph @repeated
// CHECK-COUNT-2: glm.launch
glm.graph @repeated(%x: tensor<1x8xf32>, %w: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %m = glm.matmul %x, %w : tensor<1x8xf32>, tensor<8x8xf32> -> tensor<1x8xf32>
  %y = glm.add %m, %z : tensor<1x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %y : tensor<8x8xf32>
}
// CHECK-LABEL: glm.graph @two_rotaries
// CHECK-COUNT-2: glm.launch
glm.graph @two_rotaries(%x: tensor<1x7x8xf32>, %w: tensor<8x8xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> tensor<1x7x8xf32> {
  %m = glm.matmul %x, %w : tensor<1x7x8xf32>, tensor<8x8xf32> -> tensor<1x7x8xf32>
  %a = glm.rotary %m, %c, %s heads 1 : tensor<1x7x8xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %b = glm.rotary %a, %c, %s heads 1 : tensor<1x7x8xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  glm.return %b : tensor<1x7x8xf32>
}

// -----

// Does not fire: the product is an output as well, and read twice.
// CHECK-LABEL: glm.graph @output
// CHECK-COUNT-2: glm.launch
glm.graph @output(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %m = glm.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %y = glm.exp %m : tensor<8x8xf32>
  glm.return %m, %y : tensor<8x8xf32>, tensor<8x8xf32>
}
