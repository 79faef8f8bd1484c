// RUN: glm-opt %s --glm-schedule-kernels=target=x86-64 --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,V2
// RUN: glm-opt %s --glm-schedule-kernels=target=x86-64-v3 --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,V3

// Vectors are the target's; the result may take x's place but not b's.
// CHECK: glm.kernel @elementwise
// CHECK-SAME: family = "elementwise", in_place = array<i64: 0, 0>
// V2-SAME: schedule = {vector = 4 : i64}
// V3-SAME: schedule = {vector = 8 : i64}
glm.kernel @elementwise(%x: tensor<7x64xf32>, %b: tensor<64xf32>) -> tensor<7x64xf32> {
  %y = glm.add %x, %b : tensor<7x64xf32>, tensor<64xf32> -> tensor<7x64xf32>
  glm.yield %y : tensor<7x64xf32>
}

// Not in place: an element of the result reads another element of x.
// CHECK: glm.kernel @movement
// CHECK-SAME: attributes {family = "elementwise", schedule =
glm.kernel @movement(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %t = glm.transpose %x [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %y = glm.add %t, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  glm.yield %y : tensor<8x8xf32>
}

// CHECK: glm.kernel @matvec
// V3-SAME: schedule = {panels = 4 : i64, rows = 1 : i64, unroll_k = 1 : i64, vector = 8 : i64}
glm.kernel @matvec(%x: tensor<1x64xf32>, %w: !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>) -> tensor<1x128xf32> {
  %y = glm.matmul %x, %w : tensor<1x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<1x128xf32>
  glm.yield %y : tensor<1x128xf32>
}

// Tiles of about equal rows, one panel wide.
// CHECK: glm.kernel @seven_rows
// V3-SAME: schedule = {panels = 1 : i64, rows = 4 : i64, unroll_k = 4 : i64, vector = 8 : i64}
glm.kernel @seven_rows(%x: tensor<7x64xf32>, %w: !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>) -> tensor<7x128xf32> {
  %y = glm.matmul %x, %w : tensor<7x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<7x128xf32>
  glm.yield %y : tensor<7x128xf32>
}

// A long row does not fit on the stack: scratch of the whole shape.
// CHECK: glm.kernel @long_softmax
// CHECK-SAME: family = "softmax"
// CHECK-SAME: scratch = [tensor<2x2048xf32>]
glm.kernel @long_softmax(%x: tensor<2x2048xf32>) -> tensor<2x2048xf32> {
  %y = glm.softmax %x axis 1 : tensor<2x2048xf32>
  glm.yield %y : tensor<2x2048xf32>
}

// A cache is written in place.
// CHECK: glm.kernel @scatter
// CHECK-SAME: family = "scatter", in_place = array<i64: 0, 0>
glm.kernel @scatter(%x: tensor<8x16xf32>, %i: tensor<1x1xi64>, %u: tensor<1x16xf32>) -> tensor<8x16xf32> {
  %y = glm.scatter_nd %x, %i, %u : tensor<8x16xf32>, tensor<1x1xi64>, tensor<1x16xf32> -> tensor<8x16xf32>
  glm.yield %y : tensor<8x16xf32>
}

// -----

// expected-error @below {{no kernel family takes this region}}
glm.kernel @two_products(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = glm.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %b = glm.matmul %a, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  glm.yield %b : tensor<4x4xf32>
}
