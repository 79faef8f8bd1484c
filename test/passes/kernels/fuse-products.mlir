// RUN: glm-opt %s --glm-form-kernels --glm-fuse-elementwise --glm-fuse-epilogues --glm-fuse-products --split-input-file | FileCheck %s

// Queries, keys and values: one launch, three results, rotary where it was.
// CHECK-LABEL: glm.graph @qkv
// CHECK-NEXT: %[[L:.*]]:3 = glm.launch
// CHECK-NEXT: glm.return %[[L]]#0, %[[L]]#1, %[[L]]#2
// CHECK: glm.matmul
// CHECK-NEXT: glm.rotary
// CHECK-NEXT: glm.matmul
// CHECK-NEXT: glm.rotary
// CHECK-NEXT: glm.matmul
glm.graph @qkv(%x: tensor<1x7x64xf32>, %q: tensor<64x64xf32>, %k: tensor<64x32xf32>, %v: tensor<64x32xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>) {
  %mq = glm.matmul %x, %q : tensor<1x7x64xf32>, tensor<64x64xf32> -> tensor<1x7x64xf32>
  %rq = glm.rotary %mq, %c, %s heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %mk = glm.matmul %x, %k : tensor<1x7x64xf32>, tensor<64x32xf32> -> tensor<1x7x32xf32>
  %rk = glm.rotary %mk, %c, %s heads 2 interleaved : tensor<1x7x32xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %mv = glm.matmul %x, %v : tensor<1x7x64xf32>, tensor<64x32xf32> -> tensor<1x7x32xf32>
  glm.return %rq, %rk, %mv : tensor<1x7x64xf32>, tensor<1x7x32xf32>, tensor<1x7x32xf32>
}

// -----

// Packed: slices of one product's columns are results of one product.
// CHECK-LABEL: glm.graph @packed
// CHECK-NEXT: %[[L:.*]]:2 = glm.launch
// CHECK-NEXT: glm.return %[[L]]#0, %[[L]]#1
// CHECK: %[[M:.*]] = glm.matmul
// CHECK-NOT: glm.matmul
// CHECK: glm.slice %{{.*}} [0, 0, 0]
// CHECK-NEXT: glm.rotary
// CHECK-NEXT: glm.slice %{{.*}} [0, 0, 64]
glm.graph @packed(%x: tensor<1x7x64xf32>, %w: tensor<64x96xf32>, %b: tensor<96xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x32xf32>) {
  %m = glm.matmul %x, %w : tensor<1x7x64xf32>, tensor<64x96xf32> -> tensor<1x7x96xf32>
  %a = glm.add %m, %b : tensor<1x7x96xf32>, tensor<96xf32> -> tensor<1x7x96xf32>
  %q = glm.slice %a [0, 0, 0] step [1, 1, 1] : tensor<1x7x96xf32> to tensor<1x7x64xf32>
  %r = glm.rotary %q, %c, %s heads 4 interleaved : tensor<1x7x64xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  %v = glm.slice %a [0, 0, 64] step [1, 1, 1] : tensor<1x7x96xf32> to tensor<1x7x32xf32>
  glm.return %r, %v : tensor<1x7x64xf32>, tensor<1x7x32xf32>
}

// -----

// Gate and up, from two weights or from halves of one: one launch, one result.
// CHECK-LABEL: glm.graph @two_weights
// CHECK-NEXT: glm.launch
// CHECK-NEXT: glm.return
glm.graph @two_weights(%x: tensor<7x64xf32>, %g: tensor<64x16xf32>, %u: tensor<64x16xf32>) -> tensor<7x16xf32> {
  %a = glm.matmul %x, %g : tensor<7x64xf32>, tensor<64x16xf32> -> tensor<7x16xf32>
  %b = glm.matmul %x, %u : tensor<7x64xf32>, tensor<64x16xf32> -> tensor<7x16xf32>
  %y = glm.swiglu %a, %b : tensor<7x16xf32>
  glm.return %y : tensor<7x16xf32>
}
// CHECK-LABEL: glm.graph @halves
// CHECK-NEXT: glm.launch
// CHECK-NEXT: glm.return
glm.graph @halves(%x: tensor<7x64xf32>, %w: tensor<64x32xf32>) -> tensor<7x16xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x32xf32> -> tensor<7x32xf32>
  %g = glm.slice %m [0, 0] step [1, 1] : tensor<7x32xf32> to tensor<7x16xf32>
  %u = glm.slice %m [0, 16] step [1, 1] : tensor<7x32xf32> to tensor<7x16xf32>
  %y = glm.swiglu %g, %u : tensor<7x16xf32>
  glm.return %y : tensor<7x16xf32>
}

// -----

// Near misses: another left side; the same value on the right; one needs the
// other, directly or through a launch that is no product.
// CHECK-LABEL: glm.graph @another_left_side
// CHECK-COUNT-2: glm.launch
glm.graph @another_left_side(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = glm.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %b = glm.matmul %z, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %a, %b : tensor<8x8xf32>, tensor<8x8xf32>
}
// CHECK-LABEL: glm.graph @right_side
// CHECK-COUNT-2: glm.launch
glm.graph @right_side(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = glm.matmul %x, %z : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %b = glm.matmul %z, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %a, %b : tensor<8x8xf32>, tensor<8x8xf32>
}
// CHECK-LABEL: glm.graph @chain
// CHECK-COUNT-3: glm.launch
glm.graph @chain(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = glm.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %s = glm.transpose %a [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %b = glm.matmul %x, %s : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %a, %b : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// What reads the first of two products before the second is made comes after
// both.
// CHECK-LABEL: glm.graph @order
// CHECK-NEXT: %[[L:.*]]:2 = glm.launch
// CHECK-NEXT: glm.launch {{.*}}(%[[L]]#0)
// CHECK-NEXT: glm.return
glm.graph @order(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>, %v: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = glm.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %s = glm.transpose %a [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %b = glm.matmul %x, %v : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.return %s, %b : tensor<8x8xf32>, tensor<8x8xf32>
}
