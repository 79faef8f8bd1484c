// RUN: glm-opt %s --glm-fold-pads | FileCheck %s

// Zeros before and behind along both dimensions of space, and pads of its own.
// CHECK-LABEL: @zeros
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x4x4xf32>
// CHECK: glm.conv %[[X]], %{{.*}} pads [1, 2, 3, 0]
glm.graph @zeros(%x: tensor<1x1x4x4xf32>, %w: tensor<2x4xf32>) -> tensor<1x2x7x5xf32> {
  %row = glm.constant dense<0.0> : tensor<1x1x1x4xf32>
  %rows = glm.constant dense<0.0> : tensor<1x1x2x4xf32>
  %zero = glm.constant dense<0.0> : tensor<1x1x1x1xf32>
  %columns = glm.expand %zero : tensor<1x1x1x1xf32> to tensor<1x1x7x2xf32>
  %a = glm.concat %row, %x, %rows axis 2 : (tensor<1x1x1x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x7x4xf32>
  %b = glm.concat %columns, %a axis 3 : (tensor<1x1x7x2xf32>, tensor<1x1x7x4xf32>) -> tensor<1x1x7x6xf32>
  %y = glm.conv %b, %w kernel [2, 2] strides [1, 1] dilations [1, 1] pads [0, 0, 1, 0] groups 1 : tensor<1x1x7x6xf32>, tensor<2x4xf32> -> tensor<1x2x7x5xf32>
  glm.return %y : tensor<1x2x7x5xf32>
}

// Integers are padded with any of their values.
// CHECK-LABEL: @zero_point
// CHECK: glm.conv %{{.*}} pads [2, 0] groups 1 pad_value -3 :
glm.graph @zero_point(%x: tensor<1x1x4xi8>, %w: tensor<2x2xi8>) -> tensor<1x2x5xi32> {
  %p = glm.constant dense<-3> : tensor<1x1x2xi8>
  %a = glm.concat %p, %x axis 2 : (tensor<1x1x2xi8>, tensor<1x1x4xi8>) -> tensor<1x1x6xi8>
  %y = glm.conv %a, %w kernel [2] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x1x6xi8>, tensor<2x2xi8> -> tensor<1x2x5xi32>
  glm.return %y : tensor<1x2x5xi32>
}

// Not other numbers than 0 of floats, nor channels, nor two values.
// CHECK-LABEL: @kept
// CHECK-COUNT-3: glm.concat
glm.graph @kept(%x: tensor<1x1x4xf32>, %w: tensor<2x2xf32>, %v: tensor<2x4xf32>, %q: tensor<1x1x4xi8>, %u: tensor<2x2xi8>) -> (tensor<1x2x4xf32>, tensor<1x2x3xf32>, tensor<1x2x5xi32>) {
  %one = glm.constant dense<1.0> : tensor<1x1x1xf32>
  %a = glm.concat %one, %x axis 2 : (tensor<1x1x1xf32>, tensor<1x1x4xf32>) -> tensor<1x1x5xf32>
  %y = glm.conv %a, %w kernel [2] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x1x5xf32>, tensor<2x2xf32> -> tensor<1x2x4xf32>
  %zeros = glm.constant dense<0.0> : tensor<1x1x4xf32>
  %b = glm.concat %zeros, %x axis 1 : (tensor<1x1x4xf32>, tensor<1x1x4xf32>) -> tensor<1x2x4xf32>
  %z = glm.conv %b, %v kernel [2] strides [1] dilations [1] pads [0, 0] groups 1 : tensor<1x2x4xf32>, tensor<2x4xf32> -> tensor<1x2x3xf32>
  %p = glm.constant dense<5> : tensor<1x1x1xi8>
  %c = glm.concat %p, %q axis 2 : (tensor<1x1x1xi8>, tensor<1x1x4xi8>) -> tensor<1x1x5xi8>
  %t = glm.conv %c, %u kernel [2] strides [1] dilations [1] pads [1, 0] groups 1 : tensor<1x1x5xi8>, tensor<2x2xi8> -> tensor<1x2x5xi32>
  glm.return %y, %z, %t : tensor<1x2x4xf32>, tensor<1x2x3xf32>, tensor<1x2x5xi32>
}
