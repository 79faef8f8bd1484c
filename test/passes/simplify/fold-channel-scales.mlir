// RUN: glm-opt %s --glm-fold-channel-scales --glm-fold-constants | FileCheck %s

// A batch norm behind a convolution with a bias: rows of weights times 2 and 4, and
// one bias, 1 * 2 + 10 and 3 * 4 + 20.
// CHECK-LABEL: @batch_norm
// CHECK-DAG: %[[W:.*]] = glm.constant dense<{{\[\[}}2.000000e+00, 4.000000e+00], [1.200000e+01, 1.600000e+01]]>
// CHECK-DAG: %[[B:.*]] = glm.constant dense<{{\[\[\[}}1.200000e+01{{\]\], \[\[}}3.200000e+01{{\]\]\]}}>
// CHECK-DAG: %[[C:.*]] = glm.conv %{{.*}}, %[[W]] kernel [1, 2]
// CHECK: %[[Y:.*]] = glm.add %[[C]], %[[B]]
// CHECK: glm.return %[[Y]]
glm.graph @batch_norm(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x3xf32> {
  %w = glm.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = glm.constant dense<[[[1.0]], [[3.0]]]> : tensor<2x1x1xf32>
  %f = glm.constant dense<[[[2.0]], [[4.0]]]> : tensor<2x1x1xf32>
  %o = glm.constant dense<[[[10.0]], [[20.0]]]> : tensor<2x1x1xf32>
  %c = glm.conv %x, %w kernel [1, 2] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x1x4x4xf32>, tensor<2x2xf32> -> tensor<1x2x4x3xf32>
  %d = glm.add %c, %b : tensor<1x2x4x3xf32>, tensor<2x1x1xf32> -> tensor<1x2x4x3xf32>
  %m = glm.mul %d, %f : tensor<1x2x4x3xf32>, tensor<2x1x1xf32> -> tensor<1x2x4x3xf32>
  %y = glm.add %m, %o : tensor<1x2x4x3xf32>, tensor<2x1x1xf32> -> tensor<1x2x4x3xf32>
  glm.return %y : tensor<1x2x4x3xf32>
}

// Columns of a product, whichever way its right side lies.
// CHECK-LABEL: @product
// CHECK-DAG: %[[W:.*]] = glm.constant dense<{{\[\[}}2.000000e+00, 6.000000e+00], [6.000000e+00, 1.200000e+01]]>
// CHECK: %[[Y:.*]] = glm.matmul %{{.*}}, %[[W]] : tensor<3x2xf32>
// CHECK: glm.return %[[Y]]
glm.graph @product(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = glm.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %f = glm.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %p = glm.matmul %x, %w : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %y = glm.mul %p, %f : tensor<3x2xf32>, tensor<2xf32> -> tensor<3x2xf32>
  glm.return %y : tensor<3x2xf32>
}

// Not one factor for all (attention has such), nor one along another dimension, nor
// where something else reads the convolution.
// CHECK-LABEL: @kept
// CHECK-COUNT-3: glm.mul
glm.graph @kept(%x: tensor<1x1x4x3xf32>, %a: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>) {
  %w = glm.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = glm.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %s = glm.constant dense<2.0> : tensor<f32>
  %p = glm.matmul %a, %w : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %y = glm.mul %p, %s : tensor<3x2xf32>, tensor<f32> -> tensor<3x2xf32>
  %f = glm.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %c = glm.conv %x, %v kernel [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x1x4x3xf32>, tensor<2x1xf32> -> tensor<1x2x4x3xf32>
  %z = glm.mul %c, %f : tensor<1x2x4x3xf32>, tensor<3xf32> -> tensor<1x2x4x3xf32>
  %g = glm.constant dense<[[[1.0]], [[3.0]]]> : tensor<2x1x1xf32>
  %d = glm.conv %x, %v kernel [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] groups 1 : tensor<1x1x4x3xf32>, tensor<2x1xf32> -> tensor<1x2x4x3xf32>
  %u = glm.mul %d, %g : tensor<1x2x4x3xf32>, tensor<2x1x1xf32> -> tensor<1x2x4x3xf32>
  glm.return %y, %z, %u, %d : tensor<3x2xf32>, tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>
}
