// RUN: glm-opt %s --glm-merge-scales | FileCheck %s

// Without convolutions of integers nothing changes.
// CHECK-LABEL: @kept
// CHECK: glm.dequantize
// CHECK: glm.div
glm.graph @kept(%q: tensor<3xi8>, %i: tensor<3xi32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %s = glm.constant dense<0.5> : tensor<1xf32>
  %n = glm.dequantize %q, %s axis 0 group 3 : tensor<3xi8>, tensor<1xf32> -> tensor<3xf32>
  %f = glm.cast %i : tensor<3xi32> to tensor<3xf32>
  %m = glm.mul %f, %s : tensor<3xf32>, tensor<1xf32> -> tensor<3xf32>
  %d = glm.div %m, %s : tensor<3xf32>, tensor<1xf32> -> tensor<3xf32>
  %r = glm.round %d : tensor<3xf32>
  glm.return %n, %r : tensor<3xf32>, tensor<3xf32>
}
