// RUN: glm-opt %s --glm-form-kernels --glm-fuse-epilogues --glm-fuse-products --glm-fuse-prologues --split-input-file | FileCheck %s

// A norm goes into the products that alone read it, as one launch.
// CHECK-LABEL: glm.graph @norm
// CHECK-NEXT: %[[L:.*]]:2 = glm.launch
// CHECK-NEXT: glm.return
// CHECK: glm.rms_norm
// CHECK-NEXT: glm.matmul
// CHECK-NEXT: glm.matmul
glm.graph @norm(%x: tensor<7x64xf32>, %g: tensor<64xf32>, %k: tensor<64x32xf32>, %v: tensor<64x32xf32>) -> (tensor<7x32xf32>, tensor<7x32xf32>) {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<7x64xf32>, tensor<64xf32>
  %a = glm.matmul %n, %k : tensor<7x64xf32>, tensor<64x32xf32> -> tensor<7x32xf32>
  %b = glm.matmul %n, %v : tensor<7x64xf32>, tensor<64x32xf32> -> tensor<7x32xf32>
  glm.return %a, %b : tensor<7x32xf32>, tensor<7x32xf32>
}

// -----

// Near miss: something else reads the norm as well.
// CHECK-LABEL: glm.graph @another_reader
// CHECK-COUNT-2: glm.launch
glm.graph @another_reader(%x: tensor<7x64xf32>, %g: tensor<64xf32>, %k: tensor<64x32xf32>) -> (tensor<7x32xf32>, tensor<7x64xf32>) {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<7x64xf32>, tensor<64xf32>
  %a = glm.matmul %n, %k : tensor<7x64xf32>, tensor<64x32xf32> -> tensor<7x32xf32>
  glm.return %a, %n : tensor<7x32xf32>, tensor<7x64xf32>
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

// What is computed once for a row: cheap work may be repeated, exponentials not.
// CHECK-LABEL: glm.graph @repeated
// CHECK-COUNT-1: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.return
glm.graph @repeated(%x: tensor<8x1xf32>, %y: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %e = glm.neg %x : tensor<8x1xf32>
  %z = glm.mul %e, %y : tensor<8x1xf32>, tensor<8x64xf32> -> tensor<8x64xf32>
  glm.return %z : tensor<8x64xf32>
}
// CHECK-LABEL: glm.graph @expensive
// CHECK-COUNT-2: glm.launch
glm.graph @expensive(%x: tensor<8x1xf32>, %y: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %e = glm.exp %x : tensor<8x1xf32>
  %z = glm.mul %e, %y : tensor<8x1xf32>, tensor<8x64xf32> -> tensor<8x64xf32>
  glm.return %z : tensor<8x64xf32>
}

// -----

// A cache is updated with what was moved for it, and moved back.
// CHECK-LABEL: glm.graph @cache
// CHECK-NEXT: glm.launch
// CHECK-NEXT: glm.return
// CHECK: %[[N:.*]] = glm.neg
// CHECK-NEXT: %[[U:.*]] = glm.reshape %[[N]]
// CHECK-NEXT: %[[T:.*]] = glm.transpose
// CHECK-NEXT: %[[S:.*]] = glm.scatter_nd %[[T]], %{{.*}}, %[[U]]
// CHECK-NEXT: %[[Y:.*]] = glm.transpose %[[S]]
// CHECK-NEXT: glm.yield %[[Y]]
glm.graph @cache(%c: tensor<2x32x16xf32>, %i: tensor<1x1xi64>, %u: tensor<1x32xf32>) -> tensor<2x32x16xf32> {
  %t = glm.transpose %c [1, 0, 2] : tensor<2x32x16xf32> -> tensor<32x2x16xf32>
  %n = glm.neg %u : tensor<1x32xf32>
  %v = glm.reshape %n : tensor<1x32xf32> to tensor<1x2x16xf32>
  %s = glm.scatter_nd %t, %i, %v : tensor<32x2x16xf32>, tensor<1x1xi64>, tensor<1x2x16xf32> -> tensor<32x2x16xf32>
  %y = glm.transpose %s [1, 0, 2] : tensor<32x2x16xf32> -> tensor<2x32x16xf32>
  glm.return %y : tensor<2x32x16xf32>
}

// -----

// Refuses: no family takes a product of a product.
// CHECK-LABEL: glm.graph @two_products
// CHECK-COUNT-2: glm.launch
glm.graph @two_products(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = glm.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %b = glm.matmul %a, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  glm.return %b : tensor<4x4xf32>
}

// -----

// Refuses: dot products with the rows of a right side that is no weight read the
// left side anew for each of them.
// CHECK-LABEL: glm.graph @norm_before_dots
// CHECK-COUNT-2: glm.launch
glm.graph @norm_before_dots(%x: tensor<1x4x8xf32>, %w: tensor<16x8xf32>) -> tensor<1x4x16xf32> {
  %g = glm.constant dense<2.0> : tensor<8xf32>
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x4x8xf32>, tensor<8xf32>
  %y = glm.matmul %n, %w transposed : tensor<1x4x8xf32>, tensor<16x8xf32> -> tensor<1x4x16xf32>
  glm.return %y : tensor<1x4x16xf32>
}

// -----

// The same with a weight, which will be packed.
// CHECK-LABEL: glm.graph @norm_before_weight
// CHECK: glm.launch
// CHECK-NOT: glm.launch
// CHECK: glm.return
glm.graph @norm_before_weight(%x: tensor<1x4x8xf32>) -> tensor<1x4x16xf32> {
  %g = glm.constant dense<2.0> : tensor<8xf32>
  %w = glm.weight "w" <"m.bin", 0, 512, raw> : tensor<16x8xf32>
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x4x8xf32>, tensor<8xf32>
  %y = glm.matmul %n, %w transposed : tensor<1x4x8xf32>, tensor<16x8xf32> -> tensor<1x4x16xf32>
  glm.return %y : tensor<1x4x16xf32>
}
