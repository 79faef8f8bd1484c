// RUN: glm-opt %s --glm-assign-layouts | FileCheck %s

// Transposes of models without windows stay where they are.
// CHECK-LABEL: @kept
// CHECK: %[[T:.*]] = glm.transpose
// CHECK: glm.exp %[[T]]
glm.graph @kept(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %t = glm.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = glm.exp %t : tensor<3x2xf32>
  glm.return %y : tensor<3x2xf32>
}
