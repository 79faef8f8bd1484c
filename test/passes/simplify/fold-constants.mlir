// RUN: glm-opt %s --glm-fold-constants | FileCheck %s

// A whole constant subgraph, shape arithmetic included.
// CHECK-LABEL: @shape_arithmetic
// CHECK: %[[C:.*]] = glm.constant dense<[4, 6]> : tensor<2xi64>
// CHECK-NOT: glm.shape
// CHECK: glm.return %[[C]]
glm.graph @shape_arithmetic(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %s = glm.shape %x [0 : 2] : tensor<2x3xf32> -> tensor<2xi64>
  %two = glm.constant dense<2> : tensor<i64>
  %y = glm.mul %s, %two : tensor<2xi64>, tensor<i64> -> tensor<2xi64>
  glm.return %y : tensor<2xi64>
}

// A weight by another shape is the same weight.
// CHECK-LABEL: @reshape_of_weight
// CHECK: glm.weight "w" <"f", 0, 24, raw> : tensor<6xf32>
// CHECK-NOT: glm.reshape
glm.graph @reshape_of_weight() -> tensor<6xf32> {
  %w = glm.weight "w" <"f", 0, 24, raw> : tensor<2x3xf32>
  %y = glm.reshape %w : tensor<2x3xf32> to tensor<6xf32>
  glm.return %y : tensor<6xf32>
}

// Does not fire: an operand is not constant.
// CHECK-LABEL: @runtime
// CHECK: glm.add
glm.graph @runtime(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = glm.constant dense<1.0> : tensor<2xf32>
  %y = glm.add %x, %c : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %y : tensor<2xf32>
}

// Does not fire: a matmul can absorb the transpose of a weight.
// CHECK-LABEL: @transpose_for_matmul
// CHECK: glm.transpose
glm.graph @transpose_for_matmul(%x: tensor<1x3xf32>) -> tensor<1x2xf32> {
  %w = glm.weight "w" <"f", 0, 24, raw> : tensor<2x3xf32>
  %t = glm.transpose %w [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = glm.matmul %x, %t : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  glm.return %y : tensor<1x2xf32>
}

// Does not fire: a matmul reads less when it converts a narrow weight itself,
// transposed or not.
// CHECK-LABEL: @narrow_weight
// CHECK: %[[W:.*]] = glm.weight "w"
// CHECK: glm.cast %[[W]]
// CHECK: %[[V:.*]] = glm.weight "v"
// CHECK: glm.cast %[[V]]
glm.graph @narrow_weight(%x: tensor<1x3xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = glm.weight "w" <"f", 0, 12, raw> : tensor<3x2xf16>
  %c = glm.cast %w : tensor<3x2xf16> to tensor<3x2xf32>
  %y = glm.matmul %x, %c : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  %v = glm.weight "v" <"f", 12, 12, raw> : tensor<2x3xf16>
  %d = glm.cast %v : tensor<2x3xf16> to tensor<2x3xf32>
  %t = glm.transpose %d [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %z = glm.matmul %x, %t : tensor<1x3xf32>, tensor<3x2xf32> -> tensor<1x2xf32>
  glm.return %y, %z : tensor<1x2xf32>, tensor<1x2xf32>
}

// Does not fire: the result is large and larger than what it is made of.
// CHECK-LABEL: @blow_up
// CHECK: glm.expand
glm.graph @blow_up() -> tensor<1024x64xf32> {
  %c = glm.constant dense<1.0> : tensor<1x64xf32>
  %y = glm.expand %c : tensor<1x64xf32> to tensor<1024x64xf32>
  glm.return %y : tensor<1024x64xf32>
}

// Refuses: dividing integers by zero has no value when compiling.
// CHECK-LABEL: @division_by_zero
// CHECK: glm.div
glm.graph @division_by_zero() -> tensor<i64> {
  %a = glm.constant dense<1> : tensor<i64>
  %z = glm.constant dense<0> : tensor<i64>
  %y = glm.div %a, %z : tensor<i64>, tensor<i64> -> tensor<i64>
  glm.return %y : tensor<i64>
}
