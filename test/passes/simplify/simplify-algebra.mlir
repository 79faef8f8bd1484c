// RUN: glm-opt %s --glm-simplify-algebra | FileCheck %s

// CHECK-LABEL: @neutral
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>)
// CHECK: glm.return %[[X]]
glm.graph @neutral(%x: tensor<2xf32>) -> tensor<2xf32> {
  %zero = glm.constant dense<0.0> : tensor<f32>
  %one = glm.constant dense<1.0> : tensor<2xf32>
  %a = glm.add %zero, %x : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %b = glm.sub %a, %zero : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %c = glm.mul %b, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %d = glm.div %c, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %e = glm.pow %d, %one : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %e : tensor<2xf32>
}

// Does not fire: 0 - x and 1 / x are not x, and a broadcast changes the shape.
// CHECK-LABEL: @not_neutral
// CHECK: glm.sub
// CHECK: glm.div
// CHECK: glm.add
glm.graph @not_neutral(%x: tensor<2xf32>) -> tensor<3x2xf32> {
  %zero = glm.constant dense<0.0> : tensor<f32>
  %zeros = glm.constant dense<0.0> : tensor<3x2xf32>
  %one = glm.constant dense<1.0> : tensor<f32>
  %a = glm.sub %zero, %x : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %b = glm.div %one, %a : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %c = glm.add %b, %zeros : tensor<2xf32>, tensor<3x2xf32> -> tensor<3x2xf32>
  glm.return %c : tensor<3x2xf32>
}

// CHECK-LABEL: @powers
// CHECK: glm.mul %[[X:.*]], %[[X]]
// CHECK: glm.sqrt
// CHECK: glm.pow
glm.graph @powers(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %two = glm.constant dense<2.0> : tensor<f32>
  %half = glm.constant dense<0.5> : tensor<f32>
  %odd = glm.constant dense<1.7> : tensor<f32>
  %a = glm.pow %x, %two : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %b = glm.pow %x, %half : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %c = glm.pow %x, %odd : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  glm.return %a, %b, %c : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @where
// CHECK-SAME: (%[[C:.*]]: tensor<2xi1>, %[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<2xf32>)
// CHECK-NEXT: %[[Z:.*]] = glm.where %[[C]], %[[X]], %[[Y]]
// CHECK-NEXT: glm.return %[[X]], %[[Y]], %[[Z]]
glm.graph @where(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %false = glm.constant dense<false> : tensor<2xi1>
  %same = glm.where %c, %x, %x : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %no = glm.where %false, %x, %y : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %maybe = glm.where %c, %x, %y : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  glm.return %same, %no, %maybe : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @transposes
// CHECK: %[[R:.*]] = glm.reshape %{{.*}} : tensor<1x3x4xf32> to tensor<3x1x4xf32>
// CHECK: %[[T:.*]] = glm.transpose %{{.*}} [1, 0]
// CHECK: glm.return %[[R]], %{{.*}}, %[[T]]
glm.graph @transposes(%x: tensor<1x3x4xf32>, %y: tensor<2x3xf32>)
    -> (tensor<3x1x4xf32>, tensor<2x3xf32>, tensor<3x2xf32>) {
  %ones = glm.transpose %x [1, 0, 2] : tensor<1x3x4xf32> -> tensor<3x1x4xf32>
  %once = glm.transpose %y [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %twice = glm.transpose %once [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  glm.return %ones, %twice, %once : tensor<3x1x4xf32>, tensor<2x3xf32>, tensor<3x2xf32>
}

// CHECK-LABEL: @tied_head
// CHECK: glm.matmul %{{.*}}, %{{.*}} transposed : tensor<7x64xf32>, tensor<256x64xf32>
glm.graph @tied_head(%x: tensor<7x64xf32>, %w: tensor<256x64xf32>) -> tensor<7x256xf32> {
  %t = glm.transpose %w [1, 0] : tensor<256x64xf32> -> tensor<64x256xf32>
  %y = glm.matmul %x, %t : tensor<7x64xf32>, tensor<64x256xf32> -> tensor<7x256xf32>
  glm.return %y : tensor<7x256xf32>
}

// Does not fire: this transpose moves the batch dimension too.
// CHECK-LABEL: @not_a_matrix_transpose
// CHECK: glm.transpose
glm.graph @not_a_matrix_transpose(%x: tensor<4x7x2xf32>, %w: tensor<3x2x4xf32>) -> tensor<4x7x3xf32> {
  %t = glm.transpose %w [2, 1, 0] : tensor<3x2x4xf32> -> tensor<4x2x3xf32>
  %y = glm.matmul %x, %t : tensor<4x7x2xf32>, tensor<4x2x3xf32> -> tensor<4x7x3xf32>
  glm.return %y : tensor<4x7x3xf32>
}

// The other operand has the whole shape; where it has not, the expand stays.
// CHECK-LABEL: @expands
// CHECK-COUNT-1: glm.expand
// CHECK-NOT: glm.expand
glm.graph @expands(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %e = glm.expand %x : tensor<1x3xf32> to tensor<2x3xf32>
  %a = glm.add %e, %y : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  %b = glm.add %e, %x : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>
  glm.return %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @gather_one
// CHECK: glm.slice %{{.*}} [0, 2] step [1, 1] : tensor<2x3xf32> to tensor<2x1xf32>
// CHECK: glm.reshape
// CHECK: glm.gather
glm.graph @gather_one(%x: tensor<2x3xf32>, %i: tensor<i64>) -> (tensor<2xf32>, tensor<2xf32>) {
  %last = glm.constant dense<-1> : tensor<i64>
  %a = glm.gather %x, %last axis 1 : tensor<2x3xf32>, tensor<i64> -> tensor<2xf32>
  %b = glm.gather %x, %i axis 1 : tensor<2x3xf32>, tensor<i64> -> tensor<2xf32>
  glm.return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @bools
// CHECK-SAME: (%[[X:.*]]: tensor<2xi1>)
// CHECK: glm.return %[[X]], %[[X]]
glm.graph @bools(%x: tensor<2xi1>) -> (tensor<2xi1>, tensor<2xi1>) {
  %true = glm.constant dense<true> : tensor<i1>
  %a = glm.and %x, %true : tensor<2xi1>, tensor<i1> -> tensor<2xi1>
  %n = glm.not %a : tensor<2xi1>
  %b = glm.not %n : tensor<2xi1>
  glm.return %a, %b : tensor<2xi1>, tensor<2xi1>
}
