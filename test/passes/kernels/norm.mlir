// RUN: glm-opt %s --glm-schedule-kernels=target=x86-64-v3 --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: glm-opt %s --glm-schedule-kernels="target=x86-64-v3 threads=4" --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,FOUR

// The residual stream: h is stored over x or o, since n is made from h.
// CHECK: glm.kernel @residual
// CHECK-SAME: family = "norm", in_place = array<i64: 0, 0, 1, 0>, schedule = {vector = 8 : i64}
glm.kernel @residual(%x: tensor<1x7x64xf32>, %o: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x64xf32>) {
  %r = glm.rms_norm %o, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  %h = glm.add %x, %r : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %n = glm.rms_norm %h, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  glm.yield %h, %n : tensor<1x7x64xf32>, tensor<1x7x64xf32>
}

// Here both results read x: neither may be stored over it.
// CHECK: glm.kernel @both_read
// CHECK-SAME: attributes {family = "norm", schedule =
glm.kernel @both_read(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x64xf32>) {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<1x7x64xf32>, tensor<64xf32>
  %y = glm.neg %x : tensor<1x7x64xf32>
  glm.yield %n, %y : tensor<1x7x64xf32>, tensor<1x7x64xf32>
}

// A row of the table is read while others are stored: not in place. Threads take
// rows where there is enough to do.
// CHECK: glm.kernel @embed
// CHECK-SAME: attributes {family = "norm",
// ONE-SAME: schedule = {vector = 8 : i64}
// FOUR-SAME: schedule = {parallel = 1 : i64, vector = 8 : i64}
glm.kernel @embed(%t: tensor<128x512xf32>, %i: tensor<128xi64>, %g: tensor<512xf32>, %b: tensor<512xf32>) -> tensor<128x512xf32> {
  %x = glm.gather %t, %i axis 0 : tensor<128x512xf32>, tensor<128xi64> -> tensor<128x512xf32>
  %n = glm.layer_norm %x, %g, %b epsilon 1.0e-05 : tensor<128x512xf32>, tensor<512xf32>, tensor<512xf32>
  glm.yield %n : tensor<128x512xf32>
}

// -----

// expected-error @below {{no kernel family takes this region}}
glm.kernel @rows_change_place(%x: tensor<4x4xf32>, %g: tensor<4xf32>) -> tensor<4x4xf32> {
  %n = glm.rms_norm %x, %g epsilon 1.0e-05 : tensor<4x4xf32>, tensor<4xf32>
  %y = glm.transpose %n [1, 0] : tensor<4x4xf32> -> tensor<4x4xf32>
  glm.yield %y : tensor<4x4xf32>
}
