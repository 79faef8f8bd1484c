// RUN: glm-opt %s --glm-assign-layouts --glm-fold-constants | FileCheck %s

// Between two convolutions nothing is transposed: bias and bounds are behind the
// first one's channels, the transposes of both meet. Weights: taps, then channels.
// CHECK-LABEL: @chain
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xf32>
// CHECK-DAG: %[[W:.*]] = glm.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00, 2.000000e+00, 4.000000e+00]]> : tensor<1x4xf32>
// CHECK-DAG: %[[T:.*]] = glm.transpose %[[X]] [0, 2, 3, 1]
// CHECK: %[[C:.*]] = glm.conv %[[T]], %[[W]] kernel [1, 2] {{.*}} channels_last : tensor<1x4x4x2xf32>, tensor<1x4xf32> -> tensor<1x4x3x1xf32>
// CHECK: %[[A:.*]] = glm.add %[[C]], %{{.*}} : tensor<1x4x3x1xf32>
// CHECK: %[[M:.*]] = glm.max %[[A]], %{{.*}} : tensor<1x4x3x1xf32>
// CHECK: %[[P:.*]] = glm.pool "max" %[[M]] {{.*}} channels_last : tensor<1x4x3x1xf32> -> tensor<1x3x2x1xf32>
// CHECK: %[[Y:.*]] = glm.transpose %[[P]] [0, 3, 1, 2]
// CHECK: glm.return %[[Y]]
glm.graph @chain(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x3x2xf32> {
  %w = glm.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %c = glm.conv %x, %w kernel [1, 2] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x2x4x4xf32>, tensor<1x4xf32> -> tensor<1x1x4x3xf32>
  %b = glm.constant dense<2.0> : tensor<1x1x1xf32>
  %a = glm.add %c, %b : tensor<1x1x4x3xf32>, tensor<1x1x1xf32> -> tensor<1x1x4x3xf32>
  %zero = glm.constant dense<0.0> : tensor<f32>
  %m = glm.max %a, %zero : tensor<1x1x4x3xf32>, tensor<f32> -> tensor<1x1x4x3xf32>
  %y = glm.pool "max" %m kernel [2, 2] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] : tensor<1x1x4x3xf32> -> tensor<1x1x3x2xf32>
  glm.return %y : tensor<1x1x3x2xf32>
}

// Constants of channels, concatenation along them, reductions of space and slices; a
// convolution of single elements is a product, of integers it stays.
// CHECK-LABEL: @between
// CHECK: %[[P:.*]] = glm.matmul %{{.*}}, %{{.*}} transposed : tensor<1x4x4x2xf32>, tensor<3x2xf32> -> tensor<1x4x4x3xf32>
// CHECK: glm.constant dense<{{\[\[\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00]{{\]\]\]}}> : tensor<1x1x1x3xf32>
// CHECK: %[[A:.*]] = glm.mul %[[P]]
// CHECK: %[[J:.*]] = glm.concat %[[P]], %[[A]] axis 3
// CHECK: %[[S:.*]] = glm.slice %[[J]] [0, 0, 0, 1] step [1, 1, 1, 1] : tensor<1x4x4x6xf32> to tensor<1x4x4x4xf32>
// CHECK: %[[R:.*]] = glm.reduce "mean" %[[S]] [1, 2]
// CHECK: %[[Y:.*]] = glm.transpose %[[R]] [0, 3, 1, 2]
// CHECK: %[[I:.*]] = glm.conv %{{.*}} kernel [1, 1] {{.*}} channels_last : tensor<1x4x4x2xi8>
// CHECK: glm.return %[[Y]]
glm.graph @between(%x: tensor<1x2x4x4xf32>, %q: tensor<1x2x4x4xi8>, %v: tensor<3x2xi8>) -> (tensor<1x4x1x1xf32>, tensor<1x3x4x4xi32>) {
  %w = glm.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %c = glm.conv %x, %w kernel [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x2x4x4xf32>, tensor<3x2xf32> -> tensor<1x3x4x4xf32>
  %f = glm.constant dense<[[[1.0]], [[2.0]], [[3.0]]]> : tensor<3x1x1xf32>
  %a = glm.mul %c, %f : tensor<1x3x4x4xf32>, tensor<3x1x1xf32> -> tensor<1x3x4x4xf32>
  %j = glm.concat %c, %a axis 1 : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x6x4x4xf32>
  %s = glm.slice %j [0, 1, 0, 0] step [1, 1, 1, 1] : tensor<1x6x4x4xf32> to tensor<1x4x4x4xf32>
  %r = glm.reduce "mean" %s [2, 3] : tensor<1x4x4x4xf32> -> tensor<1x4x1x1xf32>
  %i = glm.conv %q, %v kernel [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x2x4x4xi8>, tensor<3x2xi8> -> tensor<1x3x4x4xi32>
  glm.return %r, %i : tensor<1x4x1x1xf32>, tensor<1x3x4x4xi32>
}

// What also reads the model's own layout is not moved.
// CHECK-LABEL: @mixed
// CHECK: %[[P:.*]] = glm.pool "max"
// CHECK: %[[T:.*]] = glm.transpose %[[P]] [0, 3, 1, 2]
// CHECK: glm.add %[[T]], %{{.*}} : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
glm.graph @mixed(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %p = glm.pool "max" %x kernel [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] : tensor<1x2x4x4xf32> -> tensor<1x2x4x4xf32>
  %y = glm.add %p, %x : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32> -> tensor<1x2x4x4xf32>
  glm.return %y : tensor<1x2x4x4xf32>
}
