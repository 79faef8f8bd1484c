// RUN: glm-opt %s --glm-merge-scales --glm-fold-constants | FileCheck %s

// 3 / 2 and a bound of 0; what is clamped and cast after is left as it is.
// CHECK-LABEL: @requantise
// CHECK-DAG: %[[S:.*]] = glm.constant dense<{{\[\[}}1.500000e+00], [3.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: %[[F:.*]] = glm.cast %{{.*}} : tensor<1x2x3xi32> to tensor<1x2x3xf32>
// CHECK-DAG: %[[L:.*]] = glm.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[M:.*]] = glm.mul %[[F]], %[[S]]
// CHECK: %[[B:.*]] = glm.max %[[M]], %[[L]]
// CHECK: glm.round %[[B]]
// CHECK-NOT: glm.div
glm.graph @requantise(%q: tensor<1x1x3xi8>, %w: tensor<2x1xi8>) -> tensor<1x2x3xf32> {
  %c = glm.conv %q, %w kernel [1] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x1x3xi8>, tensor<2x1xi8> -> tensor<1x2x3xi32>
  %f = glm.cast %c : tensor<1x2x3xi32> to tensor<1x2x3xf32>
  %s = glm.constant dense<[[3.0], [6.0]]> : tensor<2x1xf32>
  %m = glm.mul %f, %s : tensor<1x2x3xf32>, tensor<2x1xf32> -> tensor<1x2x3xf32>
  %one = glm.constant dense<1.0> : tensor<f32>
  %b = glm.max %m, %one : tensor<1x2x3xf32>, tensor<f32> -> tensor<1x2x3xf32>
  %t = glm.constant dense<2.0> : tensor<1x1x1xf32>
  %d = glm.div %b, %t : tensor<1x2x3xf32>, tensor<1x1x1xf32> -> tensor<1x2x3xf32>
  %r = glm.round %d : tensor<1x2x3xf32>
  glm.return %r : tensor<1x2x3xf32>
}

// Quantised by the scale and zero that it has: the integers. By another zero: the
// numbers, spelled out.
// CHECK-LABEL: @again
// CHECK-SAME: (%[[Q:.*]]: tensor<1x1x3xi8>
// CHECK: %[[P:.*]] = glm.pool "max" %[[Q]]
// CHECK: %[[F:.*]] = glm.cast %[[P]] : tensor<1x1x3xi8> to tensor<1x1x3xf32>
// CHECK: %[[Z:.*]] = glm.sub %[[F]], %{{.*}} : tensor<1x1x3xf32>, tensor<f32>
// CHECK: %[[X:.*]] = glm.mul %[[Z]], %{{.*}} : tensor<1x1x3xf32>, tensor<f32>
// CHECK: glm.div %[[X]]
// CHECK: %[[O:.*]] = glm.cast
// CHECK: glm.return %[[P]], %[[O]]
glm.graph @again(%q: tensor<1x1x3xi8>) -> (tensor<1x1x3xi8>, tensor<1x1x3xi8>) {
  %p = glm.pool "max" %q kernel [1] strides [1] dilations [1] pads [0, 0] : tensor<1x1x3xi8> -> tensor<1x1x3xi8>
  %s = glm.constant dense<0.5> : tensor<1x1x1xf32>
  %z = glm.constant dense<3> : tensor<1x1x1xi8>
  %n = glm.dequantize %p, %s zeros %z axis 2 group 3 : tensor<1x1x3xi8>, tensor<1x1x1xf32>, tensor<1x1x1xi8> -> tensor<1x1x3xf32>
  %d = glm.div %n, %s : tensor<1x1x3xf32>, tensor<1x1x1xf32> -> tensor<1x1x3xf32>
  %r = glm.round %d : tensor<1x1x3xf32>
  %low = glm.constant dense<-128.0> : tensor<f32>
  %high = glm.constant dense<127.0> : tensor<f32>
  %za = glm.constant dense<3.0> : tensor<f32>
  %aa = glm.add %r, %za : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %la = glm.max %aa, %low : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %ha = glm.min %la, %high : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %ya = glm.cast %ha : tensor<1x1x3xf32> to tensor<1x1x3xi8>
  %zb = glm.constant dense<4.0> : tensor<f32>
  %ab = glm.add %r, %zb : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %lb = glm.max %ab, %low : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %hb = glm.min %lb, %high : tensor<1x1x3xf32>, tensor<f32> -> tensor<1x1x3xf32>
  %yb = glm.cast %hb : tensor<1x1x3xf32> to tensor<1x1x3xi8>
  glm.return %ya, %yb : tensor<1x1x3xi8>, tensor<1x1x3xi8>
}

// A reshape on the way is one of the integers.
// CHECK-LABEL: @reshaped
// CHECK: %[[P:.*]] = glm.pool "max"
// CHECK: %[[R:.*]] = glm.reshape %[[P]] : tensor<1x1x3xi8> to tensor<1x3xi8>
// CHECK: glm.return %[[R]]
glm.graph @reshaped(%q: tensor<1x1x3xi8>) -> tensor<1x3xi8> {
  %p = glm.pool "max" %q kernel [1] strides [1] dilations [1] pads [0, 0] : tensor<1x1x3xi8> -> tensor<1x1x3xi8>
  %s = glm.constant dense<0.5> : tensor<1x1x1xf32>
  %n = glm.dequantize %p, %s axis 2 group 3 : tensor<1x1x3xi8>, tensor<1x1x1xf32> -> tensor<1x1x3xf32>
  %v = glm.reshape %n : tensor<1x1x3xf32> to tensor<1x3xf32>
  %t = glm.constant dense<0.5> : tensor<f32>
  %d = glm.div %v, %t : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %r = glm.round %d : tensor<1x3xf32>
  %low = glm.constant dense<-128.0> : tensor<f32>
  %high = glm.constant dense<127.0> : tensor<f32>
  %l = glm.max %r, %low : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %h = glm.min %l, %high : tensor<1x3xf32>, tensor<f32> -> tensor<1x3xf32>
  %y = glm.cast %h : tensor<1x3xf32> to tensor<1x3xi8>
  glm.return %y : tensor<1x3xi8>
}
