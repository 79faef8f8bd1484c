// Layer norms in the spellings of exporters, and what only looks like one.
// RUN: %glm-opt %s --glm-recover-rms-norm --glm-recover-layer-norm --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// The mean of centred squares. The RMS norm of what is centred is left to the layer norm.
// CHECK-LABEL: @whole(
// CHECK-NEXT: %[[Y:.*]] = glm.layer_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<1x7x64xf32>, tensor<64xf32>, tensor<64xf32> loc(fused["mean", "c", "s", "v", "e", "d", "n", "t", "y"])
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @whole(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32> loc("mean")
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32> loc("c")
  %two = glm.constant dense<2.0> : tensor<f32>
  %s = glm.pow %c, %two : tensor<1x7x64xf32>, tensor<f32> -> tensor<1x7x64xf32> loc("s")
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32> loc("v")
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32> loc("e")
  %d = glm.sqrt %e : tensor<1x7x1xf32> loc("d")
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32> loc("n")
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32> loc("t")
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32> loc("y")
  glm.return %y : tensor<1x7x64xf32>
}

// The body of ONNX's LayerNormalization: rows in two dimensions, variance by mean of squares.
// CHECK-LABEL: @expanded_function(
// CHECK: %[[R:.*]] = glm.reshape %{{.*}} : tensor<1x7x64xf32> to tensor<7x64xf32>
// CHECK: %[[N:.*]] = glm.layer_norm %[[R]], %{{.*}}, %{{.*}} epsilon 9.9999997473787516E-6 : tensor<7x64xf32>, tensor<64xf32>, tensor<64xf32>
// CHECK-NEXT: %[[Y:.*]] = glm.reshape %[[N]]
// CHECK-NEXT: glm.return %[[Y]]
glm.graph @expanded_function(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %r = glm.reshape %x : tensor<1x7x64xf32> to tensor<7x64xf32>
  %mean = glm.reduce "mean" %r [1] : tensor<7x64xf32> -> tensor<7x1xf32>
  %s = glm.mul %r, %r : tensor<7x64xf32>, tensor<7x64xf32> -> tensor<7x64xf32>
  %ms = glm.reduce "mean" %s [1] : tensor<7x64xf32> -> tensor<7x1xf32>
  %sm = glm.mul %mean, %mean : tensor<7x1xf32>, tensor<7x1xf32> -> tensor<7x1xf32>
  %v = glm.sub %ms, %sm : tensor<7x1xf32>, tensor<7x1xf32> -> tensor<7x1xf32>
  %e = glm.add %v, %eps : tensor<7x1xf32>, tensor<f32> -> tensor<7x1xf32>
  %d = glm.sqrt %e : tensor<7x1xf32>
  %c = glm.sub %r, %mean : tensor<7x64xf32>, tensor<7x1xf32> -> tensor<7x64xf32>
  %n = glm.div %c, %d : tensor<7x64xf32>, tensor<7x1xf32> -> tensor<7x64xf32>
  %g2 = glm.reshape %g : tensor<64xf32> to tensor<1x64xf32>
  %t = glm.mul %n, %g2 : tensor<7x64xf32>, tensor<1x64xf32> -> tensor<7x64xf32>
  %b2 = glm.reshape %b : tensor<64xf32> to tensor<1x64xf32>
  %z = glm.add %t, %b2 : tensor<7x64xf32>, tensor<1x64xf32> -> tensor<7x64xf32>
  %y = glm.reshape %z : tensor<7x64xf32> to tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Neither scale nor bias, by a reciprocal.
// CHECK-LABEL: @bare(
// CHECK-DAG: %[[ONES:.*]] = glm.constant dense<1.000000e+00> : tensor<64xf32>
// CHECK-DAG: %[[ZEROS:.*]] = glm.constant dense<0.000000e+00> : tensor<64xf32>
// CHECK: glm.layer_norm %{{.*}}, %[[ONES]], %[[ZEROS]] epsilon
glm.graph @bare(%x: tensor<1x7x64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %c, %c : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %r = glm.reciprocal %d : tensor<1x7x1xf32>
  %y = glm.mul %r, %c : tensor<1x7x1xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// What is added is no vector, so it stays an addition.
// CHECK-LABEL: @no_bias(
// CHECK: %[[N:.*]] = glm.layer_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon
// CHECK-NEXT: glm.add %[[N]]
glm.graph @no_bias(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<1x7x64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %c, %c : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the mean is over the tokens, and what remains is an RMS norm.
// CHECK-LABEL: @another_axis(
// CHECK-NOT: glm.layer_norm
// CHECK: glm.rms_norm
// CHECK-NEXT: glm.add
glm.graph @another_axis(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [1] : tensor<1x7x64xf32> -> tensor<1x1x64xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x1x64xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %c, %c : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the variance is of another tensor.
// CHECK-LABEL: @variance_of_another(
// CHECK-NOT: glm.{{rms|layer}}_norm
// CHECK: glm.return
glm.graph @variance_of_another(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>, %o: tensor<1x7x64xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %o, %o : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: mean(x^2) less another square than mean(x)^2.
// CHECK-LABEL: @variance_not_of_x(
// CHECK-NOT: glm.{{rms|layer}}_norm
// CHECK: glm.return
glm.graph @variance_not_of_x(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>, %o: tensor<1x7x1xf32>) -> tensor<1x7x64xf32> {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %x, %x : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %ms = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %sm = glm.mul %o, %o : tensor<1x7x1xf32>, tensor<1x7x1xf32> -> tensor<1x7x1xf32>
  %v = glm.sub %ms, %sm : tensor<1x7x1xf32>, tensor<1x7x1xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}

// Does not fire: the mean has another reader.
// CHECK-LABEL: @read_elsewhere(
// CHECK-NOT: glm.{{rms|layer}}_norm
// CHECK: glm.return
glm.graph @read_elsewhere(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> (tensor<1x7x64xf32>, tensor<1x7x1xf32>) {
  %eps = glm.constant dense<1.0e-05> : tensor<f32>
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %c, %c : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32>
}

// Does not fire: epsilon is an input.
// CHECK-LABEL: @epsilon_not_constant(
// CHECK-NOT: glm.{{rms|layer}}_norm
// CHECK: glm.return
glm.graph @epsilon_not_constant(%x: tensor<1x7x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>, %eps: tensor<f32>) -> tensor<1x7x64xf32> {
  %mean = glm.reduce "mean" %x [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %c = glm.sub %x, %mean : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %s = glm.mul %c, %c : tensor<1x7x64xf32>, tensor<1x7x64xf32> -> tensor<1x7x64xf32>
  %v = glm.reduce "mean" %s [2] : tensor<1x7x64xf32> -> tensor<1x7x1xf32>
  %e = glm.add %v, %eps : tensor<1x7x1xf32>, tensor<f32> -> tensor<1x7x1xf32>
  %d = glm.sqrt %e : tensor<1x7x1xf32>
  %n = glm.div %c, %d : tensor<1x7x64xf32>, tensor<1x7x1xf32> -> tensor<1x7x64xf32>
  %t = glm.mul %n, %g : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  %y = glm.add %t, %b : tensor<1x7x64xf32>, tensor<64xf32> -> tensor<1x7x64xf32>
  glm.return %y : tensor<1x7x64xf32>
}
