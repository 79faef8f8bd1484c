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
// V3-SAME: rows = 1 : i64
// V3-SAME: vector = 8 : i64
glm.kernel @matvec(%x: tensor<1x64xf32>, %w: !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>) -> tensor<1x128xf32> {
  %y = glm.matmul %x, %w : tensor<1x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<1x128xf32>
  glm.yield %y : tensor<1x128xf32>
}

// Tiles of about equal rows, one panel wide.
// CHECK: glm.kernel @seven_rows
// V3-SAME: panels = 1 : i64
// V3-SAME: rows = 4 : i64
// V3-SAME: tail_rows = 3 : i64, tail_tiles = 1 : i64
glm.kernel @seven_rows(%x: tensor<7x64xf32>, %w: !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>>) -> tensor<7x128xf32> {
  %y = glm.matmul %x, %w : tensor<7x64xf32>, !glm.packed<tensor<64x128xf32>, #glm.panels<1, 16>> -> tensor<7x128xf32>
  glm.yield %y : tensor<7x128xf32>
}

// A norm is computed once, into scratch; what a rotary reads is stored before it
// is rotated. Residuals take the place of what they are added to.
// CHECK: glm.kernel @norm_rotary
// CHECK-SAME: family = "matmul"
// CHECK-SAME: stage_lhs = 1 : i64
// CHECK-SAME: scratch = [tensor<7x64xf32>, tensor<1x7x32xf32>]
glm.kernel @norm_rotary(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %k: tensor<64x32xf32>, %v: tensor<64x16xf32>, %c: tensor<1x7x4xf32>, %s: tensor<1x7x4xf32>) -> (tensor<1x7x16xf32>, tensor<1x7x32xf32>) {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  %a = glm.matmul %n, %v : tensor<1x7x64xf32>, tensor<64x16xf32> -> tensor<1x7x16xf32>
  %b = glm.matmul %n, %k : tensor<1x7x64xf32>, tensor<64x32xf32> -> tensor<1x7x32xf32>
  %r = glm.rotary %b, %c, %s heads 2 : tensor<1x7x32xf32>, tensor<1x7x4xf32>, tensor<1x7x4xf32>
  glm.yield %a, %r : tensor<1x7x16xf32>, tensor<1x7x32xf32>
}
// CHECK: glm.kernel @residual
// CHECK-SAME: in_place = array<i64: 2, 0>
// CHECK-NOT: scratch
glm.kernel @residual(%x: tensor<7x64xf32>, %w: tensor<64x64xf32>, %h: tensor<7x64xf32>) -> tensor<7x64xf32> {
  %m = glm.matmul %x, %w : tensor<7x64xf32>, tensor<64x64xf32> -> tensor<7x64xf32>
  %y = glm.add %h, %m : tensor<7x64xf32>, tensor<7x64xf32> -> tensor<7x64xf32>
  glm.yield %y : tensor<7x64xf32>
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

// Two caches, moved and moved back: each in its own place; the second is read
// for the first's updates, so it is not.
// CHECK: glm.kernel @scatters
// CHECK-SAME: family = "scatter", in_place = array<i64: 0, 0>
glm.kernel @scatters(%k: tensor<2x8x16xf32>, %v: tensor<8x2x16xf32>, %i: tensor<1x1xi64>) -> (tensor<2x8x16xf32>, tensor<8x2x16xf32>) {
  %t = glm.transpose %k [1, 0, 2] : tensor<2x8x16xf32> -> tensor<8x2x16xf32>
  %u = glm.slice %v [0, 0, 0] step [1, 1, 1] : tensor<8x2x16xf32> to tensor<1x2x16xf32>
  %a = glm.scatter_nd %t, %i, %u : tensor<8x2x16xf32>, tensor<1x1xi64>, tensor<1x2x16xf32> -> tensor<8x2x16xf32>
  %b = glm.transpose %a [1, 0, 2] : tensor<8x2x16xf32> -> tensor<2x8x16xf32>
  %c = glm.scatter_nd %v, %i, %u : tensor<8x2x16xf32>, tensor<1x1xi64>, tensor<1x2x16xf32> -> tensor<8x2x16xf32>
  glm.yield %b, %c : tensor<2x8x16xf32>, tensor<8x2x16xf32>
}

// -----

// expected-error @below {{no kernel family takes this region}}
glm.kernel @two_products(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = glm.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %b = glm.matmul %a, %x : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  glm.yield %b : tensor<4x4xf32>
}
