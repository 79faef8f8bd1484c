// Norms in the spellings of exporters, and what only looks like one.
// RUN: %glm-opt %s --glm-recover-rms-norm --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// PyTorch's exporter by dynamo; the locations of all that it stands for are kept.
// CHECK-LABEL: @reciprocal(
// CHECK-NEXT: %[[Y:.*]] = glm.rms_norm %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<1x7x64xf32>, tensor<64xf32> loc(fused["Pow", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul_1", "Mul_2"])
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @reciprocal(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %two = glm.constant dense<2.0> : tensor<f32>
  %s = glm.pow %x, %two : tensor<1x7x64xf32>, tensor<f32> -> tensor<1x7x64xf32> loc("Pow")
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32> loc("ReduceMean")
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32> loc("Add")
  %d = glm.sqrt %e : tensor<1x7x1xf32> loc("Sqrt")
  %r = glm.reciprocal %d : tensor<1x7x1xf32> loc("Reciprocal")
  %n = glm.mul %x, %r : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32> loc("Mul_1")
  %y = glm.mul %g, %n : tensor<64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32> loc("Mul_2")
  glm.return %y : tensor<1x7x64xf32>
}

// The body of ONNX's RMSNormalization.
// CHECK-LABEL: @divided(
// CHECK: %[[Y:.*]] = glm.rms_norm %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<1x7x64xf32>, tensor<64xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @divided(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// TorchScript's exporter.
// CHECK-LABEL: @one_divided(
// CHECK: %[[Y:.*]] = glm.rms_norm %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<1x7x64xf32>, tensor<64xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @one_divided(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %one = glm.constant dense<1.0> : tensor<f32>
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %r = glm.div %one, %d : tensor<f32>, tensor<1x7x1xf32> -> tensor<1x7x1xf32>
  %n = glm.mul %x, %r : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// A power of -1/2; the mean as a sum; the scale first.
// CHECK-LABEL: @power(
// CHECK: %[[Y:.*]] = glm.rms_norm %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<1x7x64xf32>, tensor<64xf32>
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @power(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %half = glm.constant dense<-0.5> : tensor<f32>
  %size = glm.constant dense<64.0> : tensor<f32>
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %t = glm.reduce "sum" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %m = glm.div %t, %size : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %e = glm.add %eps, %m : tensor<f32>, tensor<1x7x1xf32> -> tensor<1x7x1xf32>
  %r = glm.pow %e, %half : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %n = glm.mul %g, %x : tensor<64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %r : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// The scale times the inverse deviation; the sum times 1 / 64; the scale with more dimensions.
// CHECK-LABEL: @scaled_statistic(
// CHECK-NEXT: %[[G:.*]] = glm.reshape %{{.*}} : tensor<1x1x64xf32> to tensor<64xf32>
// CHECK-NEXT: %[[Y:.*]] = glm.rms_norm %{{.*}}, %[[G]] epsilon 9.9999997473787516E-6
glm.graph @scaled_statistic(%x: tensor<1x7x64xf32>, %g: tensor<1x1x64xf32>) -> tensor<1x7x64xf32> {
  %size = glm.constant dense<0.015625> : tensor<f32>
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %t = glm.reduce "sum" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %m = glm.mul %size, %t : tensor<f32>, tensor<1x7x1xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %r = glm.reciprocal %d : tensor<1x7x1xf32>
  %n = glm.mul %r, %g : tensor<1x7x1xf32>, tensor<1x1x64xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// A constant scale with more dimensions is made a vector, without an op.
// CHECK-LABEL: @constant_scale(
// CHECK-NEXT: %[[G:.*]] = glm.constant dense<2.000000e+00> : tensor<64xf32>
// CHECK-NEXT: %[[Y:.*]] = glm.rms_norm %{{.*}}, %[[G]] epsilon 9.9999997473787516E-6
glm.graph @constant_scale(%x: tensor<1x7x64xf32>) -> tensor<1x7x64xf32> {
  %g = glm.constant dense<2.0> : tensor<1x1x64xf32>
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<1x1x64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Without a scale there is one of ones. The cast to f16 between rounds and stays.
// CHECK-LABEL: @unscaled(
// CHECK-NEXT: %[[G:.*]] = glm.constant dense<1.000000e+00> : tensor<64xf32>
// CHECK-NEXT: %[[N:.*]] = glm.rms_norm %{{.*}}, %[[G]] epsilon 9.9999997473787516E-6
// CHECK-NEXT: %[[C:.*]] = glm.cast %[[N]]
// CHECK-NEXT: glm.mul %[[C]]
glm.graph @unscaled(%x: tensor<1x7x64xf32>, %g: tensor<64xf16>) -> tensor<1x7x64xf16> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %c = glm.cast %n : tensor<1x7x64xf32> to tensor<1x7x64xf16>
  %y = glm.mul %c, %g : tensor<1x7x64xf16>, tensor<64xf16> -> tensor<1x7x64xf16>
  glm.return %y : tensor<1x7x64xf16>
}

// keepdims=0, and the dimension put back later. Epsilon 0.
// CHECK-LABEL: @reshaped_statistic(
// CHECK-NEXT: glm.rms_norm %{{.*}}, %{{.*}} epsilon 0.000000e+00 : tensor<1x7x64xf32>, tensor<64xf32>
glm.graph @reshaped_statistic(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %f = glm.reshape %m : tensor<1x7x1xf32> to tensor<1x7xf32>
  %d = glm.sqrt %f : tensor<1x7xf32>
  %k = glm.reshape %d : tensor<1x7xf32> to tensor<1x7x1xf32>
  %n = glm.div %x, %k : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Two scales of one norm: the norm is recovered, the scales are left.
// CHECK-LABEL: @two_scales(
// CHECK-NEXT: %[[ONES:.*]] = glm.constant
// CHECK-NEXT: %[[N:.*]] = glm.rms_norm %{{.*}}, %[[ONES]]
// CHECK-NEXT: glm.mul %[[N]]
// CHECK-NEXT: glm.mul %[[N]]
glm.graph @two_scales(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %h: tensor<64xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x64xf32>) {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %a = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %b = glm.mul %n, %h : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %a, %b : tensor<1x7x64xf32>, tensor<1x7x64xf32>
}

// Does not fire: the mean is over the tokens.
// CHECK-LABEL: @another_axis(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @another_axis(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [1] : tensor<1x7x64xf32> -> tensor<1x1x64xf32>
  %e = glm.add %m, %eps : tensor<1x1x64xf32>, tensor<f32> -> tensor<1x1x64xf32>
  %d = glm.sqrt %e : tensor<1x1x64xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x1x64xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the mean is over tokens and features.
// CHECK-LABEL: @two_axes(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @two_axes(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [1, 2] : tensor<1x7x64xf32> -> tensor<1x1x1xf32>
  %e = glm.add %m, %eps : tensor<1x1x1xf32>, tensor<f32> -> tensor<1x1x1xf32>
  %d = glm.sqrt %e : tensor<1x1x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x1x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the reshape gives each token the deviation of another.
// CHECK-LABEL: @other_rows(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @other_rows(%x: tensor<2x2x64xf32>) -> tensor<1x4x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<2x2x64xf32>, tensor<2x2x64xf32> -> tensor<2x2x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<2x2x64xf32> -> tensor<2x2x1xf32>
  %e = glm.add %m, %eps : tensor<2x2x1xf32>, tensor<f32> -> tensor<2x2x1xf32>
  %d = glm.sqrt %e : tensor<2x2x1xf32>
  %k = glm.reshape %d : tensor<2x2x1xf32> to tensor<4x1xf32>
  %f = glm.reshape %x : tensor<2x2x64xf32> to tensor<1x4x64xf32>
  %n = glm.div %f, %k : tensor<1x4x64xf32>, tensor<4x1xf32> -> tensor<1x4x64xf32>
  glm.return %n : tensor<1x4x64xf32>
}

// Does not fire: a sum is no mean.
// CHECK-LABEL: @sum(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @sum(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "sum" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: a power of 3.
// CHECK-LABEL: @cube(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @cube(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %three = glm.constant dense<3.0> : tensor<f32>
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.pow %x, %three : tensor<1x7x64xf32>, tensor<f32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: what is divided is not what is squared.
// CHECK-LABEL: @another_x(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @another_x(%x: tensor<1x7x64xf32>, %z: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %z, %z : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: epsilon is an input.
// CHECK-LABEL: @epsilon_not_constant(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @epsilon_not_constant(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %eps: tensor<f32>) -> tensor<1x7x64xf32> {
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: epsilon is negative.
// CHECK-LABEL: @epsilon_negative(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @epsilon_negative(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<-1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the deviation has another reader.
// CHECK-LABEL: @read_elsewhere(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @read_elsewhere(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x1xf32>) {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %x, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32>
}

// Does not fire: divided by the mean square itself.
// CHECK-LABEL: @no_root(
// CHECK-NOT: glm.rms_norm
// CHECK: glm.return
glm.graph @no_root(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %m = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %m, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %n = glm.div %x, %e : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %y = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}
