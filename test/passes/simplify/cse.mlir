// RUN: glm-opt %s --cse | FileCheck %s

// MLIR's own pass: the ops of the dialect are free of side effects, so equal
// ones become one.
// CHECK-LABEL: @equal
// CHECK-COUNT-1: glm.transpose
// CHECK-NOT: glm.transpose
glm.graph @equal(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %a = glm.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %b = glm.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  glm.return %a, %b : tensor<3x2xf32>, tensor<3x2xf32>
}

// Does not fire: another axis, another weight.
// CHECK-LABEL: @different
// CHECK-COUNT-2: glm.weight
// CHECK-COUNT-2: glm.softmax
glm.graph @different() -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %v = glm.weight "v" <"f", 0, 16, raw> : tensor<2x2xf32>
  %w = glm.weight "w" <"f", 16, 16, raw> : tensor<2x2xf32>
  %a = glm.softmax %v axis 0 : tensor<2x2xf32>
  %b = glm.softmax %w axis 0 : tensor<2x2xf32>
  glm.return %a, %b : tensor<2x2xf32>, tensor<2x2xf32>
}
